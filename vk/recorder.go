package vk

import (
	"context"
	"errors"
	"fmt"

	"genview/shaders/spirv"
)

// Grid is the size of a dispatch.
type Grid struct {
	n       [3]int
	threads bool
}

// Threads asks for that many invocations along x, y and z; the number of workgroups is rounded up.
func Threads(n ...int) Grid { return grid(n, true) }

// Groups asks for that many workgroups along x, y and z.
func Groups(n ...int) Grid { return grid(n, false) }

func grid(n []int, threads bool) Grid {
	g := Grid{n: [3]int{1, 1, 1}, threads: threads}
	copy(g.n[:], n)
	return g
}

type command struct {
	label         string
	kernel        *Kernel // nil for all but dispatches
	groups        [3]int
	views         []View
	fill          *uint32
	target        *target // of Show
	reads, writes []extent
	barrier       bool
}

// A Recorder records a program. It is for one goroutine. It keeps the first error, and Finish returns it.
type Recorder struct {
	d        *Device
	label    string
	commands []command
	hazards  hazards
	err      error
}

// NewRecorder starts a recording.
func (d *Device) NewRecorder() *Recorder { return &Recorder{d: d} }

// Label names the following dispatches, for profiles.
func (r *Recorder) Label(name string) { r.label = name }

func (r *Recorder) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("vk: "+format, args...)
	}
}

// Dispatch runs a kernel on views, one for each binding of its module, in order.
func (r *Recorder) Dispatch(k *Kernel, g Grid, v ...View) {
	if r.err != nil {
		return
	}
	if k == nil {
		r.fail("Dispatch: the kernel is nil")
		return
	}
	m := k.module
	c := command{label: r.label, kernel: k, groups: g.n, views: v}
	if c.label == "" {
		c.label = m.Name
	}
	if len(v) != len(m.Bindings) {
		r.fail("Dispatch %s: %d views were given, the shader has %d bindings", m.Name, len(v), len(m.Bindings))
		return
	}
	limits := r.d.info.Limits
	for i := range c.groups {
		if g.threads {
			c.groups[i] = (c.groups[i] + k.local[i] - 1) / k.local[i]
		}
		if c.groups[i] < 1 || c.groups[i] > limits.MaxGroups[i] {
			r.fail("Dispatch %s: %v workgroups; there must be at least 1, and the device takes at most %v", m.Name, c.groups, limits.MaxGroups)
			return
		}
	}
	for i, b := range m.Bindings {
		if err := r.bindable(v[i], b.Kind); err != nil {
			r.fail("Dispatch %s: binding %d: %v", m.Name, b.Index, err)
			return
		}
		if b.Reads {
			c.reads = append(c.reads, v[i].extent())
		}
		if b.Writes {
			c.writes = append(c.writes, v[i].extent())
		}
	}
	for _, i := range Shared(m, v) {
		if b := m.Bindings[i]; !b.Aliased {
			r.fail("Dispatch %s: binding %d shares memory that is written with another one, and is not declared Aliased", m.Name, b.Index)
			return
		}
	}
	r.add(c)
}

// Shared returns the bindings of a module, by their index, that share memory with another binding if bound to these views, where one of the
// two is written. A driver assumes that there are none unless they are declared Aliased (spirv.Module.Alias).
func Shared(m *spirv.Module, v []View) []int {
	var all []int
	for i, a := range m.Bindings {
		for j, b := range m.Bindings {
			if i != j && (a.Writes || b.Writes) && v[i].extent().overlaps(v[j].extent()) {
				all = append(all, i)
				break
			}
		}
	}
	return all
}

func (r *Recorder) add(c command) {
	c.barrier = r.hazards.before(c.reads, c.writes)
	r.commands = append(r.commands, c)
}

// bindable returns an error if a view cannot be bound.
func (r *Recorder) bindable(v View, k spirv.Kind) error {
	l := r.d.info.Limits
	if err := r.inside(v); err != nil {
		return err
	}
	if k == spirv.Storage {
		switch {
		case v.Len() > l.MaxStorageRange:
			return fmt.Errorf("%s of %s, the device binds at most %s at once", Bytes(int64(v.Len())), v.Buffer.name, Bytes(int64(l.MaxStorageRange)))
		case v.Lo%max(l.StorageAlign, 4) != 0:
			return fmt.Errorf("offset %d of %s is no multiple of %d", v.Lo, v.Buffer.name, l.StorageAlign)
		}
		return nil
	}
	texel := 4
	if k == spirv.TexelRGBA32F || k == spirv.TexelRGBA32I {
		texel = 16
	}
	switch {
	case v.Len()/texel > l.MaxTexels:
		return fmt.Errorf("%d texels of %s, the device binds at most %d at once", v.Len()/texel, v.Buffer.name, l.MaxTexels)
	case v.Lo%max(l.TexelAlign, texel) != 0 || v.Len()%texel != 0:
		return fmt.Errorf("bytes %d to %d of %s are no whole texels of %d bytes at a multiple of %d", v.Lo, v.Hi, v.Buffer.name, texel, l.TexelAlign)
	}
	return nil
}

// inside returns an error unless the view lies in a buffer of this device.
func (r *Recorder) inside(v View) error {
	switch {
	case v.Buffer == nil:
		return errors.New("the view has no buffer")
	case v.Buffer.d != r.d:
		return fmt.Errorf("%s belongs to another device", v.Buffer.name)
	case v.Lo < 0 || v.Lo >= v.Hi || v.Hi > v.Buffer.size:
		return fmt.Errorf("bytes %d to %d of %s, which has %d", v.Lo, v.Hi, v.Buffer.name, v.Buffer.size)
	}
	return nil
}

// Copy copies src to dst, which must have one length and not overlap.
func (r *Recorder) Copy(dst, src View) {
	if r.err != nil {
		return
	}
	if err := errors.Join(r.inside(dst), r.inside(src)); err != nil {
		r.fail("Copy: %v", err)
		return
	}
	if dst.Len() != src.Len() || dst.extent().overlaps(src.extent()) {
		r.fail("Copy: %d bytes of %s to %d bytes of %s: they must be as long and not overlap", src.Len(), src.Buffer.name, dst.Len(), dst.Buffer.name)
		return
	}
	r.add(command{label: "Copy", views: []View{dst, src}, reads: []extent{src.extent()}, writes: []extent{dst.extent()}})
}

// Fill fills dst with a 4-byte value.
func (r *Recorder) Fill(dst View, value uint32) {
	if r.err != nil {
		return
	}
	if err := r.inside(dst); err != nil || dst.Lo%4 != 0 || dst.Len()%4 != 0 {
		r.fail("Fill: bytes %d to %d are no whole words of a buffer", dst.Lo, dst.Hi)
		return
	}
	r.add(command{label: "Fill", views: []View{dst}, fill: &value, writes: []extent{dst.extent()}})
}

// Finish ends the recording and returns the program, or the first error.
func (r *Recorder) Finish() (*Program, error) {
	if r.err != nil {
		return nil, r.err
	}
	p := &Program{d: r.d, commands: r.commands, profiled: r.d.opts.Profile}
	p.begins, p.measured = r.d.first(len(r.commands))
	if err := r.d.adopt(p); err != nil {
		return nil, err
	}
	if err := p.prepare(); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// adopt registers a program with its device, for Close.
func (d *Device) adopt(p *Program) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return errClosed
	}
	for _, c := range p.commands {
		if c.kernel != nil && c.kernel.users == 0 {
			return fmt.Errorf("vk: Finish: the kernel %s is closed", c.kernel.module.Name)
		}
	}
	for _, c := range p.commands {
		if c.kernel != nil {
			d.use(c.kernel)
		}
	}
	d.programs[p] = true
	return nil
}

func (r *Recorder) once() error {
	p, err := r.Finish()
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Run(context.Background())
}
