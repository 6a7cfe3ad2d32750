package vk

import "context"

// These names are for the tests of the cache of pipelines.

func (d *Device) CachePath() string { return d.pipelines.path }

func (d *Device) CacheLoaded() int { return d.pipelines.loaded }

func (d *Device) CacheData() []byte { return d.cached() }

var WriteCache = writeCache

// OpenPrograms counts the programs that hold objects of the driver.
func (d *Device) OpenPrograms() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.programs)
}

// OpenKernels counts the kernels that hold objects of the driver, and IdleKernels is how many of those nobody may use.
func (d *Device) OpenKernels() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.kernels)
}

const IdleKernels = idleKernels

// DropBarriers leaves out all barriers that belong between the commands recorded so far.
func (r *Recorder) DropBarriers() {
	for i := range r.commands {
		r.commands[i].barrier = false
	}
}

// Submissions is in how many the program runs.
func (p *Program) Submissions() int { return len(p.begins) }

var Pieces = pieces

// NoClock is for devices that keep no timestamps.
func (d *Device) NoClock() { d.clock = clock{} }

// WarmAside has another device compile a part of what Warm distributes, and returns how many kernels it compiled and how many it left.
func WarmAside(ctx context.Context, heard func(done, all int), programs ...*Program) (made, left int) {
	w := newWarming(ctx, heard, programs)
	w.aside(programs[0].d)
	return len(w.elsewhere), len(w.left)
}
