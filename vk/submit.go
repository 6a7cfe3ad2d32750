package vk

import (
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	vulkan "github.com/vulkan-go/vulkan"
)

// submitter runs command buffers repeatedly, each in its own submission. It calls Vulkan directly: vulkan-go's wrappers allocate in every
// call, and some 300 bytes per submission are never collected.
type submitter struct {
	pin          runtime.Pinner
	dev, queue   uintptr
	fence        *uintptr
	infos        []*submitInfo
	submit, idle uintptr
	wait, reset  uintptr
	semaphores   *semaphores // nil: none
}

// semaphores order runs with what shows images.
type semaphores struct {
	wait, signal uint64
	stage        uint32 // that waits
}

// unclosed keeps submitters reachable until they are closed, because Go ends the process if a Pinner is collected while it still pins.
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

// newSubmitter prepares the arguments of the calls that submit cmds and wait for them, so that a run allocates nothing.
func (d *Device) newSubmitter(cmds []vulkan.CommandBuffer, fence vulkan.Fence) *submitter {
	s := &submitter{
		dev: uintptr(unsafe.Pointer(d.dev)), queue: uintptr(unsafe.Pointer(d.queue)), fence: new(uintptr),
		submit: d.newer.find("vkQueueSubmit"), idle: d.newer.find("vkQueueWaitIdle"), wait: d.newer.find("vkWaitForFences"), reset: d.newer.find("vkResetFences"),
	}
	*s.fence = uintptr(unsafe.Pointer(fence))
	s.pin.Pin(s.fence)
	for _, c := range cmds {
		cmd := new(uintptr)
		*cmd = uintptr(unsafe.Pointer(c))
		info := &submitInfo{chained: chained{sType: uint32(vulkan.StructureTypeSubmitInfo)}, cmdCount: 1, cmds: cmd}
		s.pin.Pin(info)
		s.pin.Pin(cmd)
		s.infos = append(s.infos, info)
	}
	unclosed.Store(s, nil)
	return s
}

// between makes all runs from the next one on wait for one semaphore before they copy anything, and signal another one at their end. Commands
// before the first copy do not wait.
func (s *submitter) between(wait, signal uint64) {
	if s.semaphores == nil {
		s.semaphores = &semaphores{stage: uint32(vulkan.PipelineStageTransferBit)}
		s.pin.Pin(s.semaphores)
		first, last := s.infos[0], s.infos[len(s.infos)-1]
		first.waitCount, first.waits, first.waitStages = 1, unsafe.Pointer(&s.semaphores.wait), unsafe.Pointer(&s.semaphores.stage)
		last.signalCount, last.signals = 1, unsafe.Pointer(&s.semaphores.signal)
	}
	s.semaphores.wait, s.semaphores.signal = wait, signal
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

// run submits all command buffers; the fence is signalled when the last one has ended. If one cannot be submitted, run waits for the
// others.
func (s *submitter) run() vulkan.Result {
	for i, info := range s.infos {
		fence := uintptr(0)
		if i == len(s.infos)-1 {
			fence = *s.fence
		}
		r, _, _ := purego.SyscallN(s.submit, s.queue, 1, uintptr(unsafe.Pointer(info)), fence)
		if r := vulkan.Result(int32(r)); r < 0 {
			if i > 0 {
				purego.SyscallN(s.idle, s.queue)
			}
			return r
		}
	}
	return vulkan.Success
}

func (s *submitter) waitFence(nanoseconds uint64) vulkan.Result {
	r, _, _ := purego.SyscallN(s.wait, s.dev, 1, s.fencePtr(), 1, uintptr(nanoseconds))
	return vulkan.Result(int32(r))
}
