package vk

import (
	"time"

	vulkan "github.com/vulkan-go/vulkan"
)

// Systems end what keeps a GPU busy for long: Windows does so after two seconds, since the GPU may be drawing the desktop. So on GPUs no
// submission of a program takes longer than Options.Longest, unless one command alone does. The first run is submitted a few commands at a
// time, and timed. Then the program is recorded again, mostly as one submission.

const (
	longest = 250 * time.Millisecond // of a submission, on GPUs
	probing = 16                     // commands in a submission of the first run
)

// longest returns how long a submission may take; 0: as long as it does.
func (d *Device) longest() time.Duration {
	switch {
	case d.opts.Longest != 0:
		return d.opts.Longest
	case d.info.Class == CPU:
		return 0
	}
	return longest
}

// first returns how n commands are submitted in the first run, and whether that is how they stay.
func (d *Device) first(n int) (begins []int, stay bool) {
	if d.longest() == 0 || n <= 1 {
		return []int{0}, true
	}
	for i := 0; i < n; i += probing {
		begins = append(begins, i)
	}
	return begins, false
}

// measure records the program again, in submissions none of which takes too long, from what the first run took. p.mu is held.
func (p *Program) measure() error {
	took := make([]time.Duration, len(p.commands))
	if p.queries != vulkan.NullQueryPool {
		var err error
		if _, took, err = p.ticks(); err != nil {
			return err
		}
	} else { // nobody knows what each of them took
		for i := range took {
			took[i] = p.took / time.Duration(len(took))
		}
	}
	p.d.cmu.Lock()
	defer p.d.cmu.Unlock()
	p.erase()
	p.begins, p.measured = pieces(took, p.d.longest()), true
	if err := p.write(); err != nil { // the next run measures and records again
		p.erase()
		p.measured = false
		return err
	}
	if p.queries != vulkan.NullQueryPool && !p.timed() {
		vulkan.DestroyQueryPool(p.d.dev, p.queries, nil)
		p.queries = vulkan.NullQueryPool
	}
	return nil
}

// timed tells whether a run writes down when its commands end.
func (p *Program) timed() bool {
	return p.queries != vulkan.NullQueryPool && (p.d.opts.Profile || !p.measured)
}

// erase frees what is recorded. d.cmu is held.
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

// pieces returns where commands that take so long are divided, so that none of the parts takes longer than most if one command alone does
// not.
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
