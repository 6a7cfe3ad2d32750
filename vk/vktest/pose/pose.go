// Package pose makes lavapipe report that it is another device: with other limits, memory types, subgroup sizes, and another version of
// Vulkan. It still computes as lavapipe does.
//
// The one idea: the pose is a driver, written in Go, that wraps lavapipe's driver and replaces some of its functions. So the loader, the
// validation layer and the program all see the posed device, and the layer checks a program as it would on the real one. Overriding the
// values inside package vk would be simpler, but would only test vk against itself. The loader needs a library to load: it consists of
// three C functions that know the addresses of the Go functions.
package pose

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"genview/vk"

	"github.com/ebitengine/purego"
)

// A Pose is the description that a device gives of itself.
type Pose struct {
	Name       string
	Integrated bool     // otherwise discrete
	Minor      uint32   // of its version of Vulkan 1
	Driver     uint32   // VkDriverId
	Subgroup   uint32   // invocations in a subgroup
	Types      []uint32 // of memory: VkMemoryPropertyFlags
	NoInt64    bool     // shaders have no 64-bit integers
	Limits     func(*Limits)
}

// Poses are named poses: devices that people have, and one with Vulkan's minimum. Memory types and subgroup sizes are those of the drivers,
// as gpuinfo.org lists them.
var Poses = map[string]Pose{
	"radv": {Name: "AMD, as RADV says", Minor: 3, Driver: 3, Subgroup: 64, Types: []uint32{1, 1, 6, 7, 14, 14, 1 | 0xc0, 6 | 0xc0, 14 | 0xc0}, Limits: func(l *Limits) {
		l.SharedMemory, l.NonCoherentAtom = 64<<10, 64
	}},
	"nvidia": {Name: "NVIDIA, as its driver says", Minor: 3, Driver: 4, Subgroup: 32, Types: []uint32{0, 1, 6, 14, 7}, Limits: func(l *Limits) {
		l.SharedMemory, l.StorageAlign, l.NonCoherentAtom = 48<<10, 16, 64
	}},
	"intel": {Name: "Intel, as Mesa says", Integrated: true, Minor: 3, Driver: 6, Subgroup: 8, Types: []uint32{1 | 6, 1 | 14}, Limits: func(l *Limits) {
		l.SharedMemory, l.TexelAlign, l.StorageAlign, l.NonCoherentAtom = 64<<10, 64, 64, 64
	}},
	"adreno": {Name: "Adreno, as Qualcomm says", Integrated: true, Minor: 1, Driver: 8, Subgroup: 64, Types: []uint32{1, 7, 1 | 10, 15}, Limits: func(l *Limits) {
		l.SharedMemory, l.TexelAlign, l.StorageAlign, l.NonCoherentAtom = 32<<10, 64, 64, 64
		l.StageBuffers, l.SetBuffers, l.StageImages, l.SetImages = 24, 24, 8, 8
	}},
	// Vulkan specification, table "Required Limits".
	"minimum": {Name: "a device of Vulkan's least", Minor: 1, Driver: 0, Subgroup: 4, Types: []uint32{1, 6}, NoInt64: true, Limits: func(l *Limits) {
		l.Texels, l.StorageRange, l.PushConstants, l.Allocations = 64<<10, 128<<20, 128, 4096
		l.StageBuffers, l.SetBuffers, l.StageImages, l.SetImages, l.StageResources = 4, 24, 4, 24, 128
		l.SharedMemory, l.Groups, l.Invocations, l.GroupSize = 16<<10, [3]uint32{65535, 65535, 65535}, 128, [3]uint32{128, 128, 64}
		l.TexelAlign, l.StorageAlign, l.NonCoherentAtom = 256, 256, 256
	}},
}

// Names lists the poses.
func Names() []string { return slices.Sorted(maps.Keys(Poses)) }

// Limits are the limits in VkPhysicalDeviceLimits that concern compute shaders.
type Limits struct {
	_                          [5]uint32
	Texels, _, StorageRange    uint32
	PushConstants, Allocations uint32
	_                          uint32
	_                          [2]uint64
	_                          [3]uint32
	StageBuffers, _            uint32
	StageImages, _             uint32
	StageResources             uint32
	_                          [3]uint32
	SetBuffers, _, _           uint32
	SetImages                  uint32
	_                          [23]uint32
	SharedMemory               uint32
	Groups                     [3]uint32
	Invocations                uint32
	GroupSize                  [3]uint32
	_                          [13]uint32
	_, TexelAlign, _           uint64
	StorageAlign               uint64
	_                          [35]uint32
	_                          [2]uint64
	NonCoherentAtom            uint64
}

// properties is VkPhysicalDeviceProperties.
type properties struct {
	api, _, _, _, kind uint32
	name               [256]byte
	_                  [16]byte
	limits             Limits
}

// memoryProperties is VkPhysicalDeviceMemoryProperties.
type memoryProperties struct {
	typeCount uint32
	types     [32]struct{ flags, heap uint32 }
	heapCount uint32
	heaps     [16]struct {
		size  uint64
		flags uint64
	}
}

// memoryRequirements is VkMemoryRequirements.
type memoryRequirements struct {
	_, _  uint64
	types uint32
}

// chained is the beginning of structs in a chain.
type chained struct {
	sType uint32
	next  *chained
}

// driver is the pose of one process. It lives as long as the process, because C knows its functions.
type driver struct {
	pose Pose
	real uintptr            // vk_icdGetInstanceProcAddr
	ours map[string]uintptr // functions that replace the real ones

	once  sync.Once
	reals map[string]uintptr // the replaced functions, as found in the first instance; they are the same in all others
}

// stub is the library that the loader loads, which passes every call on to this process.
const stub = `
int vk_icdNegotiateLoaderICDInterfaceVersion(unsigned *version) { *version = 5; return 0; }
void *vk_icdGetInstanceProcAddr(void *instance, const char *name) { return ((void *(*)(void *, const char *))PROC)(instance, name); }
void *vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) { return vk_icdGetInstanceProcAddr(instance, name); }
`

// Variables are the environment variables that name drivers for the loader, the newer and the older name.
var Variables = []string{"VK_DRIVER_FILES", "VK_ICD_FILENAMES"}

// Driver makes a driver in a folder with a C compiler, and returns its manifest file for the [Variables]. Only this process can use it, as
// long as the folder exists. Each call uses about ten of purego's 2,000 callbacks for ever.
func Driver(dir string, p Pose) (file string, err error) {
	proc, err := functions(p)
	if err != nil {
		return "", err
	}
	source, library, file := filepath.Join(dir, "pose.c"), filepath.Join(dir, "pose.so"), filepath.Join(dir, "pose.json")
	if err := os.WriteFile(source, []byte(stub), 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("cc", "-shared", "-fPIC", fmt.Sprintf("-DPROC=%#x", proc), "-o", library, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("pose: cc: %w: %s", err, out)
	}
	return file, os.WriteFile(file, fmt.Appendf(nil, `{"file_format_version": "1.0.0", "ICD": {"library_path": %q, "api_version": "1.3.0"}}`, library), 0o600)
}

// functions returns the address of the pose's vkGetInstanceProcAddr.
func functions(p Pose) (proc uintptr, err error) {
	files := vk.DriverFiles()
	i := slices.IndexFunc(files, func(f vk.DriverFile) bool { return strings.Contains(f.Library, "lvp") && f.Problem == "" })
	if i < 0 {
		return 0, fmt.Errorf("pose: lavapipe is not among the drivers %v: apt-get install mesa-vulkan-drivers", files)
	}
	real, err := files[i].Proc()
	if err != nil {
		return 0, err
	}
	d := &driver{pose: p, real: real, reals: map[string]uintptr{}}
	call := purego.NewCallback
	properties2, memory2, features2, need2 := call(d.properties2), call(d.memory2), call(d.features2), call(d.need2)
	d.ours = map[string]uintptr{
		"vkGetInstanceProcAddr":                   call(d.proc),
		"vkGetDeviceProcAddr":                     call(d.deviceProc),
		"vkGetPhysicalDeviceProperties":           call(d.properties),
		"vkGetPhysicalDeviceProperties2":          properties2,
		"vkGetPhysicalDeviceProperties2KHR":       properties2,
		"vkGetPhysicalDeviceMemoryProperties":     call(d.memory),
		"vkGetPhysicalDeviceMemoryProperties2":    memory2,
		"vkGetPhysicalDeviceMemoryProperties2KHR": memory2,
		"vkGetPhysicalDeviceFeatures":             call(d.features),
		"vkGetPhysicalDeviceFeatures2":            features2,
		"vkGetPhysicalDeviceFeatures2KHR":         features2,
		"vkGetBufferMemoryRequirements":           call(d.need),
		"vkGetBufferMemoryRequirements2":          need2,
		"vkGetBufferMemoryRequirements2KHR":       need2,
		"vkAllocateMemory":                        call(d.allocate),
	}
	return d.ours["vkGetInstanceProcAddr"], nil
}

// proc returns a function: ours, or lavapipe's.
func (d *driver) proc(instance uintptr, name *byte) uintptr {
	if instance != 0 {
		d.once.Do(func() {
			for n := range d.ours {
				c := append([]byte(n), 0)
				d.reals[n], _, _ = purego.SyscallN(d.real, instance, uintptr(unsafe.Pointer(&c[0])))
			}
		})
	}
	if f := d.ours[text(name)]; f != 0 {
		return f
	}
	f, _, _ := purego.SyscallN(d.real, instance, uintptr(unsafe.Pointer(name)))
	return f
}

func (d *driver) deviceProc(device uintptr, name *byte) uintptr {
	if f := d.ours[text(name)]; f != 0 {
		return f
	}
	return d.call("vkGetDeviceProcAddr", device, uintptr(unsafe.Pointer(name)))
}

// call calls a function of lavapipe's.
//
//go:uintptrescapes
func (d *driver) call(name string, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(d.reals[name], args...)
	return r
}

func text(p *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}

func (d *driver) properties(pd uintptr, p *properties) uintptr {
	d.call("vkGetPhysicalDeviceProperties", pd, uintptr(unsafe.Pointer(p)))
	d.lie(p)
	return 0
}

// lie changes the properties of the real device to those of the pose.
func (d *driver) lie(p *properties) {
	const integrated, discrete = 1, 2
	p.api, p.kind = 1<<22|d.pose.Minor<<12, discrete
	if d.pose.Integrated {
		p.kind = integrated
	}
	p.name = [256]byte{}
	copy(p.name[:255], d.pose.Name)
	if d.pose.Limits != nil {
		d.pose.Limits(&p.limits)
	}
}

// properties2 fills a chain of structs. It poses in those of subgroups and of the driver, both in the separate ones and in those of Vulkan
// 1.1 and 1.2.
func (d *driver) properties2(pd uintptr, c *chained) uintptr {
	d.call("vkGetPhysicalDeviceProperties2", pd, uintptr(unsafe.Pointer(c)))
	d.lie((*properties)(unsafe.Add(unsafe.Pointer(c), 16)))
	for c = c.next; c != nil; c = c.next {
		field := func(offset int) *uint32 { return (*uint32)(unsafe.Add(unsafe.Pointer(c), offset)) }
		switch c.sType {
		case 1000094000: // VkPhysicalDeviceSubgroupProperties
			*field(16) = d.pose.Subgroup
		case 50: // VkPhysicalDeviceVulkan11Properties
			*field(64) = d.pose.Subgroup
		case 1000196000, 52: // VkPhysicalDeviceDriverProperties, VkPhysicalDeviceVulkan12Properties
			*field(16) = d.pose.Driver
		}
	}
	return 0
}

func (d *driver) memory(_ uintptr, p *memoryProperties) uintptr {
	const local, size = 1, 8 << 30
	*p = memoryProperties{typeCount: uint32(len(d.pose.Types)), heapCount: 2}
	p.heaps[0].size, p.heaps[0].flags, p.heaps[1].size = size, local, size
	for i, flags := range d.pose.Types {
		p.types[i].flags, p.types[i].heap = flags, 1-flags&local
	}
	return 0
}

func (d *driver) memory2(pd uintptr, c *chained) uintptr {
	return d.memory(pd, (*memoryProperties)(unsafe.Add(unsafe.Pointer(c), 16)))
}

// features are numbered as in VkPhysicalDeviceFeatures.
func (d *driver) features(pd uintptr, f *[55]uint32) uintptr {
	d.call("vkGetPhysicalDeviceFeatures", pd, uintptr(unsafe.Pointer(f)))
	const int64s = 40
	if d.pose.NoInt64 {
		f[int64s] = 0
	}
	return 0
}

func (d *driver) features2(pd uintptr, c *chained) uintptr {
	d.call("vkGetPhysicalDeviceFeatures2", pd, uintptr(unsafe.Pointer(c)))
	return d.features(pd, (*[55]uint32)(unsafe.Add(unsafe.Pointer(c), 16)))
}

// need reports that a buffer can use all posed memory types; lavapipe has only one.
func (d *driver) need(device, buffer uintptr, r *memoryRequirements) uintptr {
	d.call("vkGetBufferMemoryRequirements", device, buffer, uintptr(unsafe.Pointer(r)))
	r.types = 1<<len(d.pose.Types) - 1
	return 0
}

func (d *driver) need2(device, info uintptr, c *chained) uintptr {
	d.call("vkGetBufferMemoryRequirements2", device, info, uintptr(unsafe.Pointer(c)))
	(*memoryRequirements)(unsafe.Add(unsafe.Pointer(c), 16)).types = 1<<len(d.pose.Types) - 1
	return 0
}

// allocation is VkMemoryAllocateInfo.
type allocation struct {
	chained
	size uint64
	kind uint32
}

func (d *driver) allocate(device uintptr, info *allocation, allocator, memory uintptr) uintptr {
	own := *info
	own.kind = 0
	return d.call("vkAllocateMemory", device, uintptr(unsafe.Pointer(&own)), allocator, memory)
}
