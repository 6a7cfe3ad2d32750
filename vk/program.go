package vk

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

// A Program is a finished recording. It can be submitted any number of times; each run begins when the previous one has ended.
type Program struct {
	d          *Device
	begins     []int // the first command of each submission
	measured   bool  // the submissions are known to be short enough
	profiled   bool  // each run times its commands
	stale      bool  // the next run is recorded again before
	cmds       []vulkan.CommandBuffer
	pool       vulkan.DescriptorPool
	sets       []vulkan.DescriptorSet
	queries    vulkan.QueryPool
	labels     []string
	kernels    []string
	dispatches int
	barriers   int
	commands   []command

	mu     sync.Mutex
	began  time.Time     // start of the newest run
	took   time.Duration // upper bound of its duration
	fence  []vulkan.Fence
	queue  *submitter
	run    uint64 // number of the newest submitted run
	done   uint64 // number of the newest run known to have ended
	timing uint64 // number of the first run that times its commands
	closed bool

	after, before uint64 // semaphores for showing an image: one to wait for before it is written, one to signal at the end; 0: none
}

// A Ticket stands for one run of a program.
type Ticket struct {
	p   *Program
	run uint64
}

// Stats counts the dispatches and the barriers between them.
func (p *Program) Stats() (dispatches, barriers int) { return p.dispatches, p.barriers }

// Submit starts a run, after the previous one has ended.
func (p *Program) Submit() (Ticket, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return Ticket{}, errors.New("vk: Submit: the program is closed")
	}
	if err := p.wait(context.Background(), p.run); err != nil {
		return Ticket{}, err
	}
	if p.done > 0 && !p.measured {
		if err := p.measure(); err != nil {
			return Ticket{}, err
		}
	}
	if p.stale {
		if err := p.again(); err != nil {
			return Ticket{}, err
		}
	}
	if p.queue == nil {
		p.queue = p.d.newSubmitter(p.cmds, p.fence[0])
	}
	if err := check("vkResetFences", p.queue.resetFence()); err != nil {
		return Ticket{}, err
	}
	if err := p.start(); err != nil {
		return Ticket{}, err
	}
	p.run++
	return Ticket{p, p.run}, nil
}

func (p *Program) start() error {
	if err := p.d.fails("vkQueueSubmit"); err != nil {
		return err
	}
	p.d.qmu.Lock()
	defer p.d.qmu.Unlock()
	if p.before != 0 {
		p.queue.between(p.after, p.before)
	}
	p.began = time.Now()
	return check("vkQueueSubmit", p.queue.run())
}

// Run submits the program and waits for it.
func (p *Program) Run(ctx context.Context) error {
	t, err := p.Submit()
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

// Wait waits until the run or the context has ended.
func (t Ticket) Wait(ctx context.Context) error {
	if t.p == nil {
		return nil
	}
	t.p.mu.Lock()
	defer t.p.mu.Unlock()
	return t.p.wait(ctx, t.run)
}

// wait waits for a run; p.mu is held.
func (p *Program) wait(ctx context.Context, run uint64) error {
	if p.done >= run {
		return nil
	}
	slice := ^uint64(0)
	if ctx.Done() != nil {
		slice = uint64(20 * time.Millisecond)
	}
	if err := p.d.fails("vkWaitForFences"); err != nil {
		return err
	}
	for {
		switch r := p.queue.waitFence(slice); {
		case r == vulkan.Success:
			p.done, p.took = p.run, time.Since(p.began)
			return nil
		case r != vulkan.Timeout:
			return check("vkWaitForFences", r)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// Close waits for the newest run and frees the program. A second Close does nothing, nor does one after the device's Close. If the wait
// fails, the device's Close frees the program, because the driver may still run it.
func (p *Program) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.closed = true
	err := p.wait(context.Background(), p.run)
	if err != nil { // the fence does not say when the run ends, but an idle queue does
		err = p.d.wait()
	}
	if !unused(err) {
		return
	}
	p.free()
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	delete(p.d.programs, p)
	for _, c := range p.commands {
		if c.kernel != nil {
			p.d.unuse(c.kernel)
		}
	}
}

// free frees the program's Vulkan objects.
func (p *Program) free() {
	dev := p.d.dev
	p.d.cmu.Lock()
	p.erase()
	p.d.cmu.Unlock()
	if p.fence != nil {
		vulkan.DestroyFence(dev, p.fence[0], nil)
	}
	if p.pool != vulkan.NullDescriptorPool {
		vulkan.DestroyDescriptorPool(dev, p.pool, nil)
	}
	if p.queries != vulkan.NullQueryPool {
		vulkan.DestroyQueryPool(dev, p.queries, nil)
	}
}

// A Timing is the start of one command of a run, on the device's clock, and its duration.
type Timing struct {
	Label, Kernel   string // Kernel is "" for all but dispatches
	Start, Duration time.Duration
}

// timers makes the timestamps that measure each command, where the device has a clock and someone wants to know.
func (p *Program) timers() error {
	if p.d.clock.period == 0 || len(p.commands) == 0 || p.measured && !p.profiled || p.queries != vulkan.NullQueryPool {
		return nil
	}
	p.labels, p.kernels = nil, nil
	for _, c := range p.commands {
		p.labels = append(p.labels, c.label)
		kernel := ""
		if c.kernel != nil {
			kernel = c.kernel.module.Name
		}
		p.kernels = append(p.kernels, kernel)
	}
	info := vulkan.QueryPoolCreateInfo{
		SType: vulkan.StructureTypeQueryPoolCreateInfo, QueryType: vulkan.QueryTypeTimestamp, QueryCount: uint32(len(p.commands) + 1),
	}
	var queries vulkan.QueryPool
	err := check("vkCreateQueryPool", vulkan.CreateQueryPool(p.d.dev, &info, nil, &queries))
	p.queries = queries
	return err
}

// stamp records when all commands so far have ended. A command's time counts from the end of those before it, not from its own start, which
// may come while they still run: so all times add up to that of the run.
func (p *Program) stamp(cmd vulkan.CommandBuffer, i int) {
	if p.timed() {
		vulkan.CmdWriteTimestamp(cmd, vulkan.PipelineStageBottomOfPipeBit, p.queries, uint32(i))
	}
}

// Profile makes the runs from the next one on time their commands, or ends that. For that the next run is recorded again.
// Programs of a device that was opened with Options.Profile are always timed. It is an error if the device keeps no timestamps.
func (p *Program) Profile(on bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	on = on || p.d.opts.Profile
	switch {
	case p.closed:
		return errors.New("vk: Profile: the program is closed")
	case on && p.d.clock.period == 0:
		return fmt.Errorf("vk: Profile: %s keeps no times of what it computes", p.d.info.Name)
	case on != p.profiled:
		p.profiled, p.stale, p.timing = on, true, p.run+1
	}
	return nil
}

// Timings returns the times of the newest run's commands. The device must have been opened with Profile, or the program told to Profile before
// that run.
func (p *Program) Timings() ([]Timing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, errors.New("vk: Timings: the program is closed")
	case p.queries == vulkan.NullQueryPool || !p.profiled || p.run < p.timing:
		return nil, errors.New("vk: Timings: the device keeps no timestamps, or the newest run was not profiled")
	}
	if err := p.wait(context.Background(), p.run); err != nil {
		return nil, err
	}
	starts, took, err := p.ticks()
	if err != nil {
		return nil, err
	}
	out := make([]Timing, len(p.labels))
	for i := range out {
		out[i] = Timing{p.labels[i], p.kernels[i], starts[i], took[i]}
	}
	return out, nil
}

// ticks reads the start and the duration of each command of the newest run, which has ended.
func (p *Program) ticks() (starts, took []time.Duration, err error) {
	ticks := make([]uint64, len(p.commands)+1)
	var pin runtime.Pinner
	pin.Pin(&ticks[0])
	defer pin.Unpin()
	r := vulkan.GetQueryPoolResults(p.d.dev, p.queries, 0, uint32(len(ticks)), uint(8*len(ticks)), unsafe.Pointer(&ticks[0]), 8,
		vulkan.QueryResultFlags(vulkan.QueryResult64Bit|vulkan.QueryResultWaitBit))
	if err := check("vkGetQueryPoolResults", r); err != nil {
		return nil, nil, err
	}
	starts, took = p.d.clock.read(ticks)
	return starts, took, nil
}

// clock describes a device's timestamps.
type clock struct {
	period float64 // nanoseconds per tick; 0: no profiling, or the device has no timestamps
	bits   int     // valid bits of a timestamp
}

// read converts timestamps to starts and durations: ticks[0] is when the first command began, the others are when commands ended.
// Timestamps may wrap around.
func (c clock) read(ticks []uint64) (starts, took []time.Duration) {
	mask := ^uint64(0) >> (64 - c.bits)
	ns := func(ticks uint64) time.Duration { return time.Duration(float64(ticks) * c.period) }
	start, passed := ticks[0]&mask, uint64(0)
	for i, end := range ticks[1:] {
		n := (end - ticks[i]) & mask
		starts, took = append(starts, ns(start+passed)), append(took, ns(n))
		passed += n
	}
	return starts, took
}
