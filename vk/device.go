package vk

import (
	"errors"
	"fmt"
	"slices"
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
	Extensions   []string      // of the instance: those with which a window system makes surfaces; empty: for a device without windows

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
	presents       bool // it can have swapchains

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

// open chooses a device and makes what d needs of it.
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
	dev, err := d.create()
	if err != nil {
		return err
	}
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
	if d.info.TimestampBits > 0 {
		d.clock = clock{d.info.period, d.info.TimestampBits}
	}
	return nil
}

// create makes Vulkan's device, with the extensions that kernels, statistics and portable drivers need.
func (d *Device) create() (vulkan.Device, error) {
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
	if len(d.opts.Extensions) > 0 && offered[swapchainExtension] {
		d.presents = true
		extensions = append(extensions, swapchainExtension)
	}
	if err := d.fails("vkCreateDevice"); err != nil {
		return nil, err
	}
	h, err := d.newer.create("vkCreateDevice", unsafe.Pointer(d.pd), at(&a, deviceInfo{
		chained:    chained{uint32(vulkan.StructureTypeDeviceCreateInfo), pointer(next)},
		queueCount: 1, queues: at(&a, queueInfo{
			chained: head(vulkan.StructureTypeDeviceQueueCreateInfo), family: d.family, count: 1, priorities: at(&a, float32(1)),
		}),
		extensionCount: uint32(len(extensions)), extensions: a.texts(extensions), features: at(&a, want),
	}))
	return vulkan.Device(h), err
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
