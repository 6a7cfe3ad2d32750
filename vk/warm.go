package vk

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

// Warm lets a driver that makes a kernel's machine code when it first runs it, as lavapipe does, make those of this program until ctx
// ends, which is no error: it is for a time in which the host does something else. Nothing is computed. heard is told, by one goroutine at
// a time, of how many of the program's dispatches the kernels are done; it may be nil.
//
// lavapipe makes machine code on one core a device. So the device is opened once more for each further core, and each of these makes the code of
// other kernels, which the driver keeps on disk: there the program's own device finds it. Where it does not, because the user has switched
// that off, the device makes it itself.
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

// aside makes machine code on a device that is the same one, opened anew. If that goes wrong, for want of memory for one, the rest is left
// to others.
func (w *warming) aside(like *Device) {
	d, err := Open(Options{Device: strconv.Itoa(like.info.Index), ForceStaging: like.opts.ForceStaging})
	if err != nil {
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

// repeat warms a kernel of another device up. What is bound there has the size of what it stands for, on which machine code depends.
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
