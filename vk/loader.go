package vk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/ebitengine/purego"
	vulkan "github.com/vulkan-go/vulkan"
	"golang.org/x/sys/cpu"
)

var libraries = map[string][]string{
	"darwin":  {"libvulkan.1.dylib", "libvulkan.dylib", "libMoltenVK.dylib", "/opt/homebrew/lib/libvulkan.1.dylib", "/usr/local/lib/libvulkan.1.dylib"},
	"linux":   {"libvulkan.so.1", "libvulkan.so"},
	"windows": {"vulkan-1.dll"},
}

// install is the remedy if there is no Vulkan driver; the packages are Debian's.
const install = "install your GPU's driver or, to run on the CPU, Mesa's: apt-get install mesa-vulkan-drivers"

// loaded is the Vulkan library: its name, and vkGetInstanceProcAddr.
type loaded struct {
	name string
	proc uintptr
}

// load finds the Vulkan library. It does so once, because a loaded library stays for the life of the process.
var load = sync.OnceValues(func() (loaded, error) {
	widen()
	separate()
	l, err := find(libraries[runtime.GOOS])
	if err != nil {
		return l, err
	}
	vulkan.SetGetInstanceProcAddr(pointer(l.proc))
	if err := vulkan.Init(); err != nil {
		return l, fmt.Errorf("vk: the Vulkan library does not start: %w", err)
	}
	return l, nil
})

// find loads the first of these Vulkan libraries that exists.
func find(names []string) (loaded, error) {
	lib, name, err := openAny(names)
	if err != nil {
		return loaded{}, fmt.Errorf("vk: no Vulkan loader found (%w): %s libvulkan1", err, install)
	}
	proc, err := symbol(lib, "vkGetInstanceProcAddr")
	if err != nil {
		return loaded{}, fmt.Errorf("vk: %s is no Vulkan library, or a broken one: %w", name, err)
	}
	return loaded{name, proc}, nil
}

// WidthVariable is the environment variable for the width of lavapipe's vectors in bits. A process reads it once, when it first opens or
// lists devices.
const WidthVariable = "LP_NATIVE_VECTOR_WIDTH"

// UsualWidth returns the default width of lavapipe's vectors: 512 bits if the processor has them. lavapipe itself chooses at most 256; a
// matrix product of 512³ then takes 1.7 times as long on AMD's Zen 4.
func UsualWidth() int {
	if x := cpu.X86; x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
		return 512
	}
	return 256
}

// widen makes lavapipe use wide vectors, unless the user has set the driver's variable.
func widen() {
	if _, set := os.LookupEnv(WidthVariable); !set && UsualWidth() == 512 {
		_ = os.Setenv(WidthVariable, "512")
	}
}

// shaderCache is the environment variable for the folder in which Mesa's drivers keep machine code.
const shaderCache = "MESA_SHADER_CACHE_DIR"

// separate gives each vector width its own folder for machine code, within the user's folder or ours. Mesa (22.3) identifies code by the
// shader alone, so that in a shared folder a process would run code for vectors of another width.
func separate() {
	const prefix = "vectors-"
	base := os.Getenv(shaderCache)
	switch user, err := os.UserCacheDir(); {
	case strings.HasPrefix(filepath.Base(base), prefix): // set by a parent process, perhaps for another width
		base = filepath.Dir(base)
	case base != "":
	case err != nil:
		return
	default:
		base = filepath.Join(user, "genview")
	}
	bits, err := strconv.Atoi(os.Getenv(WidthVariable))
	if err != nil {
		bits = 256
	}
	dir := filepath.Join(base, prefix+strconv.Itoa(bits))
	if os.MkdirAll(dir, 0o755) == nil {
		_ = os.Setenv(shaderCache, dir)
	}
}

func openAny(names []string) (lib uintptr, name string, err error) {
	err = errors.New("no name of the library is known for " + runtime.GOOS)
	for _, name = range names {
		if lib, err = open(name); err == nil {
			return lib, name, nil
		}
	}
	return 0, "", err
}

// pointer converts an address from C to a pointer. It never points into Go memory.
func pointer(addr uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// newer calls functions that vulkan-go does not have.
type newer struct {
	proc     uintptr // vkGetInstanceProcAddr
	instance vulkan.Instance
}

func (n newer) find(name string) uintptr {
	p := append([]byte(name), 0)
	var pin runtime.Pinner
	pin.Pin(&p[0])
	defer pin.Unpin()
	f, _, _ := purego.SyscallN(n.proc, uintptr(unsafe.Pointer(n.instance)), uintptr(unsafe.Pointer(&p[0])))
	return f
}

// driver holds values of VkPhysicalDeviceSubgroupProperties and VkPhysicalDeviceDriverProperties.
type driver struct {
	subgroup   int
	shuffle    bool
	arithmetic bool
	allocation uint64 // most bytes of one allocation; 0: unknown
	id         uint32
	name, info string
	special    bool // shaders can require that NaN, infinities and signs of zeros of 32 bits are preserved
}

type chained struct {
	sType uint32
	pNext unsafe.Pointer
}

type subgroupProperties struct {
	chained
	size, stages, ops, quads uint32
}

type maintenanceProperties struct {
	chained
	sets       uint32
	allocation uint64
}

type driverProperties struct {
	chained
	id   uint32
	name [256]byte
	info [256]byte
	_    [4]byte
}

// floatProperties is VkPhysicalDeviceFloatControlsProperties. In each group of three, the second is for 32-bit floats.
type floatProperties struct {
	chained
	independence                       [2]uint32
	special, denormal, flush, rte, rtz [3]uint32
	_                                  [4]byte
}

type properties2 struct {
	chained
	_ [1024]byte // VkPhysicalDeviceProperties, which has 824 bytes
}

// driver returns the subgroup and driver properties of a physical device of Vulkan 1.1 or newer.
func (n newer) driver(pd vulkan.PhysicalDevice, api uint32) driver {
	f := n.find("vkGetPhysicalDeviceProperties2")
	if f == 0 || api < vulkan.MakeVersion(1, 1, 0) {
		return driver{}
	}
	var d driverProperties
	var s subgroupProperties
	var m maintenanceProperties
	var p properties2
	var fl floatProperties
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&d)
	pin.Pin(&s)
	pin.Pin(&m)
	pin.Pin(&p)
	pin.Pin(&fl)
	d.sType, s.sType, m.sType, p.sType, fl.sType = 1000196000, 1000094000, 1000168000, 1000059001, 1000197000
	p.pNext, s.pNext = unsafe.Pointer(&s), unsafe.Pointer(&m)
	if api >= vulkan.MakeVersion(1, 2, 0) { // the structs came with 1.2
		m.pNext, d.pNext = unsafe.Pointer(&d), unsafe.Pointer(&fl)
	}
	purego.SyscallN(f, uintptr(unsafe.Pointer(pd)), uintptr(unsafe.Pointer(&p)))
	const compute, basic, arithmetic, shuffle = 0x20, 1, 4, 0x10
	has := func(ops uint32) bool { return s.stages&compute != 0 && s.ops&ops == ops }
	return driver{
		subgroup: int(s.size), shuffle: has(shuffle), arithmetic: has(basic | arithmetic), allocation: m.allocation,
		id: d.id, name: text(d.name[:]), info: text(d.info[:]),
		special: fl.special[1] != 0,
	}
}

// text converts a C string. It replaces control characters and invalid UTF-8 by U+FFFD, because drivers are not trusted.
func text(p []byte) string {
	p, _, _ = bytes.Cut(p, []byte{0})
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, string(p))
}
