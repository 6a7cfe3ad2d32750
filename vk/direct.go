package vk

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
	vulkan "github.com/vulkan-go/vulkan"
)

// vulkan-go copies a slice of structs into C memory that a finalizer frees at the next garbage collection, perhaps while the call still
// reads it: with GOGC=5 one process in thirty crashed in vkCreateComputePipelines. So calls with such slices are made here, with pinned
// structs in Go memory.

// arena holds the memory that a call reads and writes. The zero arena is ready for use.
type arena struct{ pin runtime.Pinner }

// put stores values one after the other and returns their address, or 0 if there are none, and a slice of them.
func put[T any](a *arena, values ...T) (uintptr, []T) {
	if len(values) == 0 {
		return 0, nil
	}
	s := append([]T(nil), values...)
	a.pin.Pin(&s[0])
	return uintptr(unsafe.Pointer(&s[0])), s
}

func at[T any](a *arena, values ...T) uintptr {
	p, _ := put(a, values...)
	return p
}

// text stores a string in C's form.
func (a *arena) text(s string) uintptr { return at(a, append([]byte(s), 0)...) }

func (a *arena) texts(s []string) uintptr {
	p := make([]uintptr, len(s))
	for i := range s {
		p[i] = a.text(s[i])
	}
	return at(a, p...)
}

func (a *arena) free() { a.pin.Unpin() }

// call calls a Vulkan function.
func (n newer) call(name string, args ...uintptr) vulkan.Result {
	r, _, _ := purego.SyscallN(n.find(name), args...)
	return vulkan.Result(int32(r))
}

// create calls a function that makes one object from a create info, and returns the object's handle.
func (n newer) create(name string, owner unsafe.Pointer, info uintptr) (unsafe.Pointer, error) {
	var a arena
	defer a.free()
	out, handle := put(&a, uintptr(0))
	err := check(name, n.call(name, uintptr(owner), info, 0, out))
	return pointer(handle[0]), err
}

func head(s vulkan.StructureType) chained { return chained{sType: uint32(s)} }

type applicationInfo struct {
	chained
	name   uintptr
	_      uint32
	engine uintptr
	_      uint32
	api    uint32
}

type instanceInfo struct {
	chained
	flags          uint32
	application    uintptr
	layerCount     uint32
	layers         uintptr
	extensionCount uint32
	extensions     uintptr
}

type queueInfo struct {
	chained
	_, family, count uint32
	priorities       uintptr
}

type deviceInfo struct {
	chained
	_, queueCount  uint32
	queues         uintptr
	_              uint32
	_              uintptr
	extensionCount uint32
	extensions     uintptr
	features       uintptr
}

// features is a VkPhysicalDeviceFeatures.
type features [55]uint32

// int64s returns the feature shaderInt64.
const int64s = 40

type queueFamily struct {
	flags, _, timestampBits uint32
	_                       [3]uint32
}

// queueFamilies returns the queue families of a physical device.
func (n newer) queueFamilies(pd vulkan.PhysicalDevice) []queueFamily {
	var a arena
	defer a.free()
	pcount, count := put(&a, uint32(0))
	n.call("vkGetPhysicalDeviceQueueFamilyProperties", uintptr(unsafe.Pointer(pd)), pcount, 0)
	pfamilies, families := put(&a, make([]queueFamily, count[0])...)
	n.call("vkGetPhysicalDeviceQueueFamilyProperties", uintptr(unsafe.Pointer(pd)), pcount, pfamilies)
	return families[:min(int(count[0]), len(families))]
}

// validationFeatures is VkValidationFeaturesEXT.
type validationFeatures struct {
	chained
	count   uint32
	enabled uintptr
	_       uint32
	_       uintptr
}

type setLayoutBinding struct {
	binding, kind, count, stages uint32
	_                            uintptr
}

type setLayoutInfo struct {
	chained
	_, count uint32
	bindings uintptr
}

type pipelineLayoutInfo struct {
	chained
	_, setCount uint32
	sets        uintptr
	_           uint32 // push constants: none
	_           uintptr
}

type mapEntry struct {
	id, offset uint32
	size       uintptr
}

type specializationInfo struct {
	count   uint32
	entries uintptr
	size    uintptr
	data    uintptr
}

type shaderStage struct {
	chained
	flags, stage   uint32
	module         uintptr
	name           uintptr
	specialization uintptr
}

type computePipelineInfo struct {
	chained
	flags  uint32
	stage  shaderStage
	layout uintptr
	_      uintptr
	_      int32
}

type pipelineCacheInfo struct {
	chained
	_          uint32
	size, data uintptr
}

type poolSize struct{ kind, count uint32 }

type descriptorPoolInfo struct {
	chained
	_, sets, count uint32
	sizes          uintptr
}

type descriptorBuffer struct {
	buffer       uintptr
	offset, size uint64
}

type writeDescriptor struct {
	chained
	set                     uintptr
	binding, _, count, kind uint32
	_, buffers, texels      uintptr
}

type memoryBarrier struct {
	chained
	src, dst uint32
}

type bufferCopy struct{ src, dst, size uint64 }
