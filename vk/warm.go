package vk

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

// Warm makes the program's machine code ahead of its first run, on drivers that make a kernel's only when it first runs, as lavapipe does.
// It ends when ctx does, which is no error: it is for a time in which the host does something else. Nothing is computed. heard, which may be
// nil, is told for how many of the program's dispatches the kernels are ready; its calls come from several goroutines, one at a time.
//
// lavapipe compiles on one core for each device. So the same device is opened once more for every further core. Each of these compiles
// other kernels, and the driver keeps the code on disk, where the program's own device finds it afterwards. Where the driver keeps nothing,
// the own device compiles them again: no time is won.
func (p *Program) Warm(ctx context.Context, heard func(done, all int)) error {
	if p.d.info.Class != CPU {
		return nil
	}
	w := &warming{ctx: ctx, heard: heard, all: p.dispatches, left: p.byKernel()}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), mostWarming, len(w.left)) - 1 {
		others.Go(func() { w.aside(p.d) })
	}
	var err error
	for part := w.next(); part != nil && err == nil; part = w.next() {
		if err = p.d.warm(part); err == nil {
			w.made(part)
		}
	}
	if err != nil {
		w.end()
	}
	others.Wait()
	for _, part := range w.elsewhere {
		if err == nil && ctx.Err() == nil {
			err = p.d.warm(part)
		}
	}
	return err
}

// mostWarming is how many devices make machine code side by side, at most: each takes memory of its own for the compiler.
const mostWarming = 8

// warming is what the devices that warm a program up share.
type warming struct {
	ctx   context.Context
	heard func(done, all int)
	all   int

	mu        sync.Mutex
	left      [][]command // dispatches of one kernel each, with nothing to do
	elsewhere [][]command // those that other devices have made
	done      int
}

// byKernel returns the program's dispatches of each kernel, without workgroups; those first that are the most work for a compiler.
func (p *Program) byKernel() [][]command {
	at := map[*Kernel]int{}
	var all [][]command
	for _, c := range p.commands {
		if c.kernel == nil {
			continue
		}
		i, ok := at[c.kernel]
		if !ok {
			i = len(all)
			at[c.kernel] = i
			all = append(all, nil)
		}
		c.groups, c.barrier = [3]int{}, true // nothing is computed, but the validation layer does not know
		all[i] = append(all[i], c)
	}
	slices.SortStableFunc(all, func(x, y []command) int {
		return cmp.Compare(len(y[0].kernel.module.Words), len(x[0].kernel.module.Words))
	})
	return all
}

// next takes the dispatches of a kernel that nobody has made yet; nil: there are none, or enough has been done.
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

// end leaves nothing for anybody to make.
func (w *warming) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = nil
}

func (w *warming) made(part []command) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range part {
		if w.heard == nil || w.ctx.Err() != nil { // who has heard enough ends ctx
			return
		}
		w.done++
		w.heard(w.done, w.all)
	}
}

// warm runs dispatches without workgroups.
func (d *Device) warm(part []command) error { return (&Recorder{d: d, commands: part}).once() }

// aside opens the same device once more and makes machine code on it. Where that fails, as for want of memory, the other devices make the
// rest.
func (w *warming) aside(like *Device) {
	d, err := Open(Options{Device: strconv.Itoa(like.info.Index), ForceStaging: like.opts.ForceStaging})
	if err != nil {
		return
	}
	if d.info.Key() != like.info.Key() { // devices are counted otherwise now
		_ = d.Close()
		return
	}
	buffers := map[*Buffer]*Buffer{}
	defer func() {
		for _, b := range buffers {
			b.Close()
		}
		_ = d.Close() // nothing is lost with it
	}()
	for part := w.next(); part != nil && err == nil; part = w.next() {
		err = d.repeat(part, buffers)
		w.mu.Lock()
		w.elsewhere = append(w.elsewhere, part)
		w.mu.Unlock()
		w.made(part)
	}
}

// repeat warms up a kernel of another device on this one. It binds buffers of the same sizes, since the machine code may depend on them.
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
