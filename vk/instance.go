package vk

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	vulkan "github.com/vulkan-go/vulkan"
)

// Devices describes every Vulkan device, including those that cannot compute.
func Devices() ([]Info, error) {
	in, err := newInstance(Options{})
	if err != nil {
		return nil, err
	}
	defer vulkan.DestroyInstance(in.instance, nil)
	infos, _, err := in.enumerate()
	return infos, err
}

type instance struct {
	newer
}

// newInstance loads the Vulkan library and makes an instance, with the validation layer if the options ask for it.
func newInstance(o Options) (*instance, error) {
	l, err := load()
	if err != nil {
		return nil, err
	}
	var a arena
	defer a.free()
	var layers, extensions []string
	var next uintptr
	if o.Validation {
		layers, extensions = []string{"VK_LAYER_KHRONOS_validation"}, []string{"VK_EXT_debug_utils", "VK_EXT_validation_features"}
		const synchronization = 4
		next = at(&a, validationFeatures{chained: chained{sType: 1000247000}, count: 1, enabled: at(&a, uint32(synchronization))})
	}
	var flags uint32
	if runtime.GOOS == "darwin" { // MoltenVK is a portability driver, which must be asked for
		extensions = append(extensions, "VK_KHR_portability_enumeration")
		flags = 1
	}
	extensions = append(extensions, o.Extensions...)
	name := a.text("genview")
	out, handle := put(&a, uintptr(0))
	r := newer{proc: l.proc}.call("vkCreateInstance", at(&a, instanceInfo{
		chained: chained{uint32(vulkan.StructureTypeInstanceCreateInfo), pointer(next)}, flags: flags,
		application: at(&a, applicationInfo{
			chained: head(vulkan.StructureTypeApplicationInfo), name: name, engine: name, api: vulkan.MakeVersion(1, 3, 0),
		}),
		layerCount: uint32(len(layers)), layers: a.texts(layers),
		extensionCount: uint32(len(extensions)), extensions: a.texts(extensions),
	}), 0, out)
	switch {
	case r == vulkan.ErrorLayerNotPresent:
		return nil, errors.New("vk: the validation layer is not installed: apt-get install vulkan-validationlayers")
	case r == vulkan.ErrorIncompatibleDriver, r == vulkan.ErrorInitializationFailed:
		return nil, noDriver(DriverFiles())
	case r == vulkan.ErrorExtensionNotPresent && len(o.Extensions) > 0:
		return nil, fmt.Errorf("vk: %w: no driver has %s", ErrCannotPresent, strings.Join(o.Extensions, " and "))
	case r < 0:
		return nil, check("vkCreateInstance", r)
	}
	h := vulkan.Instance(pointer(handle[0]))
	if err := vulkan.InitInstance(h); err != nil {
		vulkan.DestroyInstance(h, nil)
		return nil, fmt.Errorf("vk: %w", err)
	}
	return &instance{newer{l.proc, h}}, nil
}

// enumerate lists the devices, with what is known of each.
func (in *instance) enumerate() ([]Info, []vulkan.PhysicalDevice, error) {
	var n uint32
	r := vulkan.EnumeratePhysicalDevices(in.instance, &n, nil)
	if err := check("vkEnumeratePhysicalDevices", r); err != nil && r != vulkan.ErrorInitializationFailed {
		return nil, nil, err
	}
	if r < 0 || n == 0 { // the loader's result if all of its drivers fail
		return nil, nil, errors.New("vk: there is no Vulkan device, none of the drivers finds one that is theirs: " + install)
	}
	pds := make([]vulkan.PhysicalDevice, n)
	if err := check("vkEnumeratePhysicalDevices", vulkan.EnumeratePhysicalDevices(in.instance, &n, pds)); err != nil {
		return nil, nil, err
	}
	var infos []Info
	for i, pd := range pds {
		infos = append(infos, in.describe(i, pd))
	}
	return infos, pds, nil
}

var types = map[vulkan.PhysicalDeviceType]struct {
	name  string
	order int
}{
	vulkan.PhysicalDeviceTypeDiscreteGpu:   {"discrete", 0},
	vulkan.PhysicalDeviceTypeIntegratedGpu: {"integrated", 1},
	vulkan.PhysicalDeviceTypeVirtualGpu:    {"virtual", 2},
	vulkan.PhysicalDeviceTypeCpu:           {"cpu", 3},
	vulkan.PhysicalDeviceTypeOther:         {"other", 4},
}

// oldest is the first version of Vulkan that takes SPIR-V 1.3, which all kernels use.
var oldest = vulkan.MakeVersion(1, 1, 0)

// describe asks the driver what a device is and what its limits are.
func (in *instance) describe(index int, pd vulkan.PhysicalDevice) Info {
	var p vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(pd, &p)
	p.Deref()
	p.Limits.Deref()
	l := p.Limits
	d := in.driver(pd, p.ApiVersion)
	const mesaLLVMPipe = 13
	kind := types[p.DeviceType]
	info := Info{
		Index: index, Name: text(p.DeviceName[:]), Type: kind.name, typeOrder: kind.order,
		Driver: strings.TrimSpace(d.name + " " + d.info), API: vulkan.Version(p.ApiVersion).String(),
		SubgroupSize: d.subgroup, Arithmetic: d.arithmetic, Special: d.special, driver: d.id,
		Limits: Limits{
			MaxStorageRange: int(l.MaxStorageBufferRange), MaxTexels: int(l.MaxTexelBufferElements),
			MaxBuffers: int(l.MaxPerStageDescriptorStorageBuffers), MaxTexelBuffers: int(l.MaxPerStageDescriptorStorageImages),
			MaxGroups: ints(l.MaxComputeWorkGroupCount), MaxGroupSize: ints(l.MaxComputeWorkGroupSize),
			MaxInvocations: int(l.MaxComputeWorkGroupInvocations), SharedMemory: int(l.MaxComputeSharedMemorySize),
			StorageAlign: int(l.MinStorageBufferOffsetAlignment), TexelAlign: int(l.MinTexelBufferOffsetAlignment),
		},
	}
	var f vulkan.PhysicalDeviceFeatures
	vulkan.GetPhysicalDeviceFeatures(pd, &f)
	f.Deref()
	info.Int64 = f.ShaderInt64 != 0
	cpu := p.DeviceType == vulkan.PhysicalDeviceTypeCpu
	info.Lavapipe = (d.id == mesaLLVMPipe || cpu) && (d.subgroup == 8 || d.subgroup == 16) && d.shuffle
	if cpu {
		info.Class = CPU
	}
	if family, ok := in.newer.computeFamily(pd); ok {
		info.TimestampBits, info.period = int(in.newer.queueFamilies(pd)[family].timestampBits), float64(l.TimestampPeriod)
		info.Compute = p.ApiVersion >= oldest
		info.Old = !info.Compute
	}
	info.FullSubgroups = in.newer.fullSubgroups(pd, p.ApiVersion, info.SubgroupSize)
	if info.FullSubgroups { // kernels with cooperative matrices require it
		info.Matrices = in.matrices(pd, p.ApiVersion)
	}
	m := chooseMemory(memoryTypes(pd), ^uint32(0))
	if m.heap == 0 { // a compiler without hardware, such as RADV's null device: it comes last, for those who name it
		info.typeOrder = len(types)
	}
	info.HeapBytes = m.heap
	info.Limits.MaxAllocation = int(m.heap)
	if d.allocation > 0 {
		info.Limits.MaxAllocation = int(min(uint64(m.heap), d.allocation))
	}
	info.Unified = m.unified && (cpu || p.DeviceType == vulkan.PhysicalDeviceTypeIntegratedGpu)
	return info
}

func ints(v [3]uint32) [3]int { return [3]int{int(v[0]), int(v[1]), int(v[2])} }

// computeFamily returns a queue family that can compute, if possible one that can also draw: the main one.
func (n newer) computeFamily(pd vulkan.PhysicalDevice) (uint32, bool) {
	found, ok := uint32(0), false
	for i, f := range n.queueFamilies(pd) {
		if f.flags&uint32(vulkan.QueueComputeBit) == 0 {
			continue
		}
		if f.flags&uint32(vulkan.QueueGraphicsBit) != 0 {
			return uint32(i), true
		}
		if !ok {
			found, ok = uint32(i), true
		}
	}
	return found, ok
}
