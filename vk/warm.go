package vk

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

// Warm compiles the machine code of programs on one device before their first run, for drivers that compile a kernel only when it first
// runs, as lavapipe does. It computes nothing. It is meant to run while the host does something else, and ends with ctx, which is not an
// error. heard, which may be nil, receives the number of the programs' dispatches whose kernels are ready; it is called from several
// goroutines, one at a time.
//
// lavapipe compiles on one core for each device. So Warm opens the same device again for every further core. Each of them compiles other
// kernels, and the driver keeps the code on disk, where the programs' own device finds it. If the driver keeps nothing, the program's own
// device compiles them again, and no time is won.
func Warm(ctx context.Context, heard func(done, all int), programs ...*Program) error {
	if len(programs) == 0 || programs[0].d.info.Class != CPU {
		return nil
	}
	d, w := programs[0].d, newWarming(ctx, heard, programs)
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), mostWarming, len(w.left)) - 1 {
		others.Go(func() { w.aside(d) })
	}
	var err error
	for part := w.next(); part != nil && err == nil; part = w.next() {
		if err = d.warm(part); err == nil {
			w.made(part)
		}
	}
	if err != nil {
		w.end()
	}
	others.Wait()
	for _, part := range w.elsewhere {
		if err == nil && ctx.Err() == nil {
			err = d.warm(part)
		}
	}
	return err
}

// mostWarming is the largest number of devices that compile in parallel: each needs memory for its compiler.
const mostWarming = 8

// warming is shared by the devices that warm up programs.
type warming struct {
	ctx   context.Context
	heard func(done, all int)
	all   int

	mu        sync.Mutex
	left      [][]command // dispatches of one kernel each, without workgroups
	elsewhere [][]command // those that other devices have compiled
	done      int
}

// newWarming groups the programs' dispatches by kernel, without workgroups, those that take a compiler longest first.
func newWarming(ctx context.Context, heard func(done, all int), programs []*Program) *warming {
	w := &warming{ctx: ctx, heard: heard}
	at := map[*Kernel]int{}
	for _, p := range programs {
		w.all += p.dispatches
		for _, c := range p.commands {
			if c.kernel == nil {
				continue
			}
			i, ok := at[c.kernel]
			if !ok {
				i = len(w.left)
				at[c.kernel] = i
				w.left = append(w.left, nil)
			}
			c.groups, c.barrier = [3]int{}, true // nothing is computed, but the validation layer does not know
			w.left[i] = append(w.left[i], c)
		}
	}
	slices.SortStableFunc(w.left, func(x, y []command) int {
		return cmp.Compare(len(y[0].kernel.module.Words), len(x[0].kernel.module.Words))
	})
	return w
}

// next returns the dispatches of a kernel that nobody has compiled; nil: there are none, or Warm is to end.
func (w *warming) next() []command {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.left) == 0 || w.ctx.Err() != nil {
		return nil
	}
	part := w.left[0]
	w.left = w.left[1:]
	return part
}

// end leaves no dispatches to anyone.
func (w *warming) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = nil
}

// made reports that the machine code of some commands is there, one by one.
func (w *warming) made(part []command) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range part {
		if w.heard == nil || w.ctx.Err() != nil { // no calls after ctx has ended
			return
		}
		w.done++
		w.heard(w.done, w.all)
	}
}

// warm runs dispatches without workgroups.
func (d *Device) warm(part []command) error { return (&Recorder{d: d, commands: part}).once() }

// aside opens the same device again and compiles on it. If that fails, for example for lack of memory, the other devices compile the rest.
func (w *warming) aside(like *Device) {
	d, err := Open(Options{Device: strconv.Itoa(like.info.Index), ForceStaging: like.opts.ForceStaging})
	if err != nil {
		return
	}
	if d.info.Key() != like.info.Key() { // the index now means another device
		_ = d.Close()
		return
	}
	buffers := map[*Buffer]*Buffer{}
	defer func() {
		for _, b := range buffers {
			b.Close()
		}
		_ = d.Close() // an error would lose nothing
	}()
	for part := w.next(); part != nil && err == nil; part = w.next() {
		err = d.repeat(part, buffers)
		w.mu.Lock()
		w.elsewhere = append(w.elsewhere, part)
		w.mu.Unlock()
		w.made(part)
	}
}

// repeat warms up a kernel of another device on this one. It binds buffers of the same sizes, because the machine code may depend on them.
func (d *Device) repeat(part []command, buffers map[*Buffer]*Buffer) error {
	k, err := d.NewKernel(part[0].kernel.module, part[0].kernel.consts...)
	if err != nil {
		return err
	}
	defer k.Close()
	var there []command
	for _, c := range part {
		c.kernel = k
		c.views = slices.Clone(c.views)
		for i := range c.views {
			v := &c.views[i]
			if buffers[v.Buffer] == nil {
				b, err := d.NewBuffer(v.Buffer.name, v.Buffer.size)
				if err != nil {
					return err
				}
				buffers[v.Buffer] = b
			}
			v.Buffer = buffers[v.Buffer]
		}
		there = append(there, c)
	}
	return d.warm(there)
}
