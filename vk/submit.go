package vk

import (
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	vulkan "github.com/vulkan-go/vulkan"
)

// submitter runs one command buffer again and again. It calls Vulkan directly: vulkan-go's wrappers allocate at every call, and
// some 300 bytes a submission are never collected.
type submitter struct {
	pin                 runtime.Pinner
	dev, queue          uintptr
	fence               *uintptr
	info                *submitInfo
	submit, wait, reset uintptr
}

// unclosed keeps the submitters that were not closed, for ever where a program is forgotten: Go ends the process that lets go of a Pinner
// which still pins.
var unclosed sync.Map

// submitInfo is VkSubmitInfo.
type submitInfo struct {
	chained
	waitCount   uint32
	waits       unsafe.Pointer
	waitStages  unsafe.Pointer
	cmdCount    uint32
	cmds        *uintptr
	signalCount uint32
	signals     unsafe.Pointer
}

func (d *Device) newSubmitter(cmd vulkan.CommandBuffer, fence vulkan.Fence) *submitter {
	s := &submitter{
		dev: uintptr(unsafe.Pointer(d.dev)), queue: uintptr(unsafe.Pointer(d.queue)), fence: new(uintptr),
		submit: d.newer.find("vkQueueSubmit"), wait: d.newer.find("vkWaitForFences"), reset: d.newer.find("vkResetFences"),
	}
	*s.fence = uintptr(unsafe.Pointer(fence))
	cmds := new(uintptr)
	*cmds = uintptr(unsafe.Pointer(cmd))
	s.info = &submitInfo{chained: chained{sType: uint32(vulkan.StructureTypeSubmitInfo)}, cmdCount: 1, cmds: cmds}
	s.pin.Pin(s.info)
	s.pin.Pin(cmds)
	s.pin.Pin(s.fence)
	unclosed.Store(s, nil)
	return s
}

func (s *submitter) close() {
	s.pin.Unpin()
	unclosed.Delete(s)
}

func (s *submitter) fencePtr() uintptr { return uintptr(unsafe.Pointer(s.fence)) }

func (s *submitter) resetFence() vulkan.Result {
	r, _, _ := purego.SyscallN(s.reset, s.dev, 1, s.fencePtr())
	return vulkan.Result(int32(r))
}

func (s *submitter) run() vulkan.Result {
	r, _, _ := purego.SyscallN(s.submit, s.queue, 1, uintptr(unsafe.Pointer(s.info)), *s.fence)
	return vulkan.Result(int32(r))
}

func (s *submitter) waitFence(nanoseconds uint64) vulkan.Result {
	r, _, _ := purego.SyscallN(s.wait, s.dev, 1, s.fencePtr(), 1, uintptr(nanoseconds))
	return vulkan.Result(int32(r))
}
