package vk

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

// Class says which family of kernels suits a device.
type Class int

// Kernels for a GPU use workgroups with shared memory; kernels for a CPU (lavapipe) use lanes.
const (
	GPU Class = iota
	CPU
)

func (c Class) String() string { return [...]string{"gpu", "cpu"}[c] }

// MarshalText returns the name of the class.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Options says which device to open, and how.
type Options struct {
	Device       string        // an index, or part of a name; empty takes discrete > integrated > virtual > CPU
	Validation   bool          // turn on the validation layer, including synchronization validation
	OnMessage    func(string)  // receives messages of the validation layer
	Profile      bool          // time each dispatch, and collect the compiler's statistics of kernels
	ForceStaging bool          // do not map device memory even if that is possible
	Longest      time.Duration // limit for a submission, because systems kill long ones; 0: 250 ms on a GPU, none on a CPU
	CacheDir     string        // folder for compiled pipelines; empty: they are not kept

	// Fail is for tests of driver failures. Before some Vulkan calls it receives the call's name, and an error that it returns replaces the
	// call. It must be safe for concurrent use; nil fails nothing.
	Fail func(call string) error
}

// A Device is an open device. It is safe for concurrent use.
type Device struct {
	info     Info
	opts     Options
	instance vulkan.Instance
	newer    newer
	stop     func()
	pd       vulkan.PhysicalDevice
	dev      vulkan.Device
	queue    vulkan.Queue
	family   uint32
	clock    clock
	mapped   bool
	types    [2]uint32 // memory types for device buffers and for host buffers

	compilerSpeaks bool // Statistics returns more than nothing

	pipelines pipelines

	mu       sync.Mutex
	pools    [2]pool
	held     int64
	nextID   uint64
	live     map[*Buffer]bool
	programs map[*Program]bool // programs with Vulkan objects
	kernels  map[kernelKey]*Kernel
	idle     []*Kernel // kernels without users, the longest unused first
	closed   bool

	qmu  sync.Mutex // guards the queue
	cmds vulkan.CommandPool
	cmu  sync.Mutex // guards cmds
}

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
			PushConstants: int(l.MaxPushConstantsSize),
			StorageAlign:  int(l.MinStorageBufferOffsetAlignment), TexelAlign: int(l.MinTexelBufferOffsetAlignment),
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

// Open opens a device.
func Open(o Options) (*Device, error) {
	in, err := newInstance(o)
	if err != nil {
		return nil, err
	}
	d := &Device{
		opts: o, instance: in.instance, newer: in.newer,
		live: map[*Buffer]bool{}, programs: map[*Program]bool{}, kernels: map[kernelKey]*Kernel{}, stop: func() {},
	}
	if o.Validation {
		d.stop = in.listen(o.OnMessage)
	}
	if err := d.open(in); err != nil {
		d.stop()
		vulkan.DestroyInstance(in.instance, nil)
		return nil, err
	}
	return d, nil
}

func (i Info) tooOld() error {
	return fmt.Errorf("vk: the driver of %s speaks Vulkan %s, and 1.1 is needed: update it, or %s", i.Name, i.API, install)
}

// A NoDeviceError says that no device has the name that was asked for.
type NoDeviceError struct {
	Asked   string
	Devices []Info // all devices
	able    string // those that can compute
}

func (e *NoDeviceError) Error() string {
	return fmt.Sprintf("vk: there is no device %q; choose one of %s", e.Asked, e.able)
}

// named returns the devices that a name may mean: the one with that index, else those of that name, else those whose names contain it. If
// several match, those that can compute are meant.
func named(infos []Info, name string) []Info {
	lower := strings.ToLower(name)
	for _, fits := range []func(Info) bool{
		func(i Info) bool { return strconv.Itoa(i.Index) == name },
		func(i Info) bool { return strings.ToLower(i.Name) == lower },
		func(i Info) bool { return strings.Contains(strings.ToLower(i.Name), lower) },
	} {
		var found, able []Info
		for _, i := range infos {
			if fits(i) {
				found = append(found, i)
			}
			if fits(i) && i.Compute {
				able = append(able, i)
			}
		}
		switch {
		case len(able) > 0:
			return able
		case len(found) > 0:
			return found[:1] // choose returns an error that says why it cannot be used
		}
	}
	return nil
}

// choose returns the device with that name or index.
func choose(infos []Info, name string) (Info, error) {
	var names, able []string // able holds those that can compute
	for _, i := range infos {
		names = append(names, i.Name)
		if i.Compute {
			able = append(able, fmt.Sprintf("%d (%s)", i.Index, i.Name))
		}
	}
	if old := slices.IndexFunc(infos, func(i Info) bool { return i.Old }); old >= 0 && len(able) == 0 {
		return Info{}, infos[old].tooOld()
	}
	if len(able) == 0 {
		return Info{}, fmt.Errorf("vk: none of the devices has a queue that computes (%s): %s", strings.Join(names, ", "), install)
	}
	list := strings.Join(able, ", ")
	if name != "" {
		meant := named(infos, name)
		if len(meant) == 0 {
			return Info{}, &NoDeviceError{name, infos, list}
		}
		i := meant[0]
		switch {
		case len(meant) > 1:
			var which []string
			for _, i := range meant {
				which = append(which, fmt.Sprintf("%d (%s)", i.Index, i.Name))
			}
			return i, fmt.Errorf("vk: %q may be any of %d devices; give the index of one, of %s", name, len(meant), strings.Join(which, ", "))
		case i.Old:
			return i, i.tooOld()
		case !i.Compute:
			return i, fmt.Errorf("vk: the device %s has no queue that computes; choose one of %s", i.Name, list)
		}
		return i, nil
	}
	sorted := slices.Clone(infos)
	slices.SortStableFunc(sorted, func(a, b Info) int {
		if a.typeOrder == b.typeOrder && a.Class == CPU && a.Lavapipe != b.Lavapipe { // lavapipe, for which we have kernels
			if a.Lavapipe {
				return -1
			}
			return 1
		}
		return a.typeOrder - b.typeOrder
	})
	return sorted[slices.IndexFunc(sorted, func(i Info) bool { return i.Compute })], nil
}

func (d *Device) open(in *instance) error {
	infos, pds, err := in.enumerate()
	if err != nil {
		return err
	}
	if d.info, err = choose(infos, d.opts.Device); err != nil {
		return err
	}
	d.pd = pds[d.info.Index]
	d.family, _ = d.newer.computeFamily(d.pd)
	var extensions []string
	// A driver that offers the extension, such as MoltenVK, requires it to be enabled; enabling it on another, such as a native driver for
	// macOS, is an error.
	offered := d.newer.extensions(d.pd)
	if subset := "VK_KHR_portability_subset"; offered[subset] {
		extensions = append(extensions, subset)
	}
	var want features
	if d.info.Int64 {
		want[int64s] = 1
	}
	var a arena
	defer a.free()
	more, next := enableMatrices(&a, d.info.Matrices)
	extensions = append(extensions, more...)
	if d.info.FullSubgroups {
		extensions = append(extensions, subgroupSizeControl)
		next = at(&a, switches{chained: chained{subgroupSizeFeatures, pointer(next)}, on: [4]uint32{1, 1}})
	}
	if d.opts.Profile && offered[executableExtension] && d.newer.has(d.pd, executableFeatures) {
		d.compilerSpeaks = true
		extensions = append(extensions, executableExtension)
		next = at(&a, switches{chained: chained{executableFeatures, pointer(next)}, on: [4]uint32{1}})
	}
	if err := d.fails("vkCreateDevice"); err != nil {
		return err
	}
	h, err := d.newer.create("vkCreateDevice", unsafe.Pointer(d.pd), at(&a, deviceInfo{
		chained:    chained{uint32(vulkan.StructureTypeDeviceCreateInfo), pointer(next)},
		queueCount: 1, queues: at(&a, queueInfo{
			chained: head(vulkan.StructureTypeDeviceQueueCreateInfo), family: d.family, count: 1, priorities: at(&a, float32(1)),
		}),
		extensionCount: uint32(len(extensions)), extensions: a.texts(extensions), features: at(&a, want),
	}))
	if err != nil {
		return err
	}
	dev := vulkan.Device(h)
	// C writes to this memory, which must not share an allocation with Go pointers, so it is not in d: cgo checks that.
	var queue vulkan.Queue
	vulkan.GetDeviceQueue(dev, d.family, 0, &queue)
	d.dev, d.queue = dev, queue
	pool := vulkan.CommandPoolCreateInfo{
		SType: vulkan.StructureTypeCommandPoolCreateInfo, QueueFamilyIndex: d.family,
	}
	var cmds vulkan.CommandPool
	if err := check("vkCreateCommandPool", vulkan.CreateCommandPool(d.dev, &pool, nil, &cmds)); err != nil {
		vulkan.DestroyDevice(d.dev, nil)
		return err
	}
	d.cmds = cmds
	bits, err := d.memoryBits()
	if err != nil {
		vulkan.DestroyCommandPool(d.dev, d.cmds, nil)
		vulkan.DestroyDevice(d.dev, nil)
		return err
	}
	m := chooseMemory(memoryTypes(d.pd), bits)
	d.mapped = d.info.Unified && m.unified && !d.opts.ForceStaging
	d.types = [2]uint32{m.device, m.host}
	if d.mapped {
		d.types[0] = m.both
	}
	if err := d.openPipelines(); err != nil {
		vulkan.DestroyCommandPool(d.dev, d.cmds, nil)
		vulkan.DestroyDevice(d.dev, nil)
		return err
	}
	if (d.opts.Profile || d.longest() > 0) && d.info.TimestampBits > 0 {
		d.clock = clock{d.info.period, d.info.TimestampBits}
	}
	return nil
}

// Info returns the description of the device.
func (d *Device) Info() Info { return d.info }

// errClosed is the error of calls after the device's Close.
var errClosed = errors.New("vk: the device is closed")

// fails returns the error that Options.Fail has for a call.
func (d *Device) fails(call string) error {
	if d.opts.Fail == nil {
		return nil
	}
	return d.opts.Fail(call)
}

// opened tells whether the device is not closed.
func (d *Device) opened() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.closed
}

// wait waits until the queue is empty.
func (d *Device) wait() error {
	if !d.opened() {
		return errClosed
	}
	return d.becomeIdle()
}

// becomeIdle is wait for Close, which has already marked the device as closed.
func (d *Device) becomeIdle() error {
	if d.info.HeapBytes == 0 { // without memory nothing was submitted, and Mesa's null devices crash in the call
		return nil
	}
	d.qmu.Lock()
	defer d.qmu.Unlock()
	if err := d.fails("vkQueueWaitIdle"); err != nil {
		return err
	}
	return check("vkQueueWaitIdle", vulkan.QueueWaitIdle(d.queue))
}

// unused tells whether, after a wait with this result, the device can no longer use what is to be freed. That is so for a lost device;
// after any other error it is not known.
func unused(err error) bool { return err == nil || errors.Is(err, ErrDeviceLost) }

// Close waits for the device and frees it. An error names the buffers and counts the programs that were still open. Close frees these, too;
// their own Close then does nothing. If the wait fails, nothing is freed, because the driver may still use it. No other method may run at
// the same time.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	d.mu.Unlock()
	err := d.becomeIdle()
	if !unused(err) {
		return fmt.Errorf("vk: Close: the device did not become idle, so its memory was not freed: %w", err)
	}
	left := d.closeOpen()
	for _, k := range d.kernels {
		k.destroy()
	}
	d.closePipelines()
	for i := range d.pools {
		d.pools[i].free(d)
	}
	vulkan.DestroyCommandPool(d.dev, d.cmds, nil)
	vulkan.DestroyDevice(d.dev, nil)
	d.stop()
	vulkan.DestroyInstance(d.instance, nil)
	return errors.Join(err, left)
}

// closeOpen frees programs and buffers that are still open, and returns an error that names them.
func (d *Device) closeOpen() error {
	programs := 0
	for p := range d.programs {
		if !p.closed {
			programs++
		}
		p.closed = true
		p.free()
	}
	var names []string
	for b := range d.live {
		if !b.closed {
			names = append(names, fmt.Sprintf("%s (%s)", b.name, Bytes(int64(b.size))))
		}
		b.closed = true
		b.free()
	}
	var err error
	if programs > 0 {
		err = fmt.Errorf("vk: Close: %d programs were still open", programs)
	}
	if n := len(names); n > 0 {
		slices.Sort(names)
		if n > 10 {
			names = append(names[:10], "…")
		}
		err = errors.Join(err, fmt.Errorf("vk: Close: %d buffers were still open: %s", n, strings.Join(names, ", ")))
	}
	return err
}
