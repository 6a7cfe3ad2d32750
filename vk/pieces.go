package vk

import (
	"time"

	vulkan "github.com/vulkan-go/vulkan"
)

// Systems kill a submission that keeps a GPU busy too long (Windows after two seconds), because the GPU may have to draw the desktop. So on
// GPUs no submission of a program takes longer than Options.Longest, unless a single command does. The first run is submitted a few
// commands at a time, and timed. Then the program is recorded again, usually as one submission.

const (
	longest = 250 * time.Millisecond // of a submission, on GPUs
	probing = 16                     // commands in a submission of the first run
)

// longest returns the time limit of a submission; 0: none.
func (d *Device) longest() time.Duration {
	switch {
	case d.opts.Longest != 0:
		return d.opts.Longest
	case d.info.Class == CPU:
		return 0
	}
	return longest
}

// first returns how n commands are divided in the first run, and whether that is final.
func (d *Device) first(n int) (begins []int, stay bool) {
	if d.longest() == 0 || n <= 1 {
		return []int{0}, true
	}
	for i := 0; i < n; i += probing {
		begins = append(begins, i)
	}
	return begins, false
}

// measure records the program again from the times of its first run, in submissions within the limit. p.mu is held.
func (p *Program) measure() error {
	took := make([]time.Duration, len(p.commands))
	if p.queries != vulkan.NullQueryPool {
		var err error
		if _, took, err = p.ticks(); err != nil {
			return err
		}
	} else { // the times of single commands are unknown
		for i := range took {
			took[i] = p.took / time.Duration(len(took))
		}
	}
	p.d.cmu.Lock()
	defer p.d.cmu.Unlock()
	p.erase()
	p.begins, p.measured = pieces(took, p.d.longest()), true
	if err := p.write(); err != nil { // on an error, the next run measures again
		p.erase()
		p.measured = false
		return err
	}
	p.untime()
	return nil
}

// again records the program once more, because it is to be timed, or no longer. p.mu is held.
func (p *Program) again() error {
	p.d.cmu.Lock()
	defer p.d.cmu.Unlock()
	p.erase()
	err := p.timers()
	if err == nil {
		err = p.write()
	}
	if err != nil { // the next run tries it again
		p.erase()
		return err
	}
	p.stale = false
	p.untime()
	return nil
}

// untime frees the timestamps if runs do not record them.
func (p *Program) untime() {
	if p.queries != vulkan.NullQueryPool && !p.timed() {
		vulkan.DestroyQueryPool(p.d.dev, p.queries, nil)
		p.queries = vulkan.NullQueryPool
	}
}

// timed tells whether runs record when their commands end.
func (p *Program) timed() bool {
	return p.queries != vulkan.NullQueryPool && (p.profiled || !p.measured)
}

// erase frees the recorded command buffers. d.cmu is held.
func (p *Program) erase() {
	if p.queue != nil {
		p.queue.close()
		p.queue = nil
	}
	if p.cmds != nil {
		vulkan.FreeCommandBuffers(p.d.dev, p.d.cmds, uint32(len(p.cmds)), p.cmds)
		p.cmds = nil
	}
}

// pieces returns where to divide commands with these durations so that no part takes longer than most, unless a single command does.
func pieces(took []time.Duration, most time.Duration) (begins []int) {
	begins = []int{0}
	sum := time.Duration(0)
	for i, t := range took {
		if sum += t; sum > most && i > begins[len(begins)-1] {
			begins, sum = append(begins, i), t
		}
	}
	return begins
}
