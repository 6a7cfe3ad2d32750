package tensor

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"genview/shaders/spirv/virtual"
	"genview/vk"
)

// Subgroups has the runtime's GPU kernels count on subgroups of that size, whatever the device's is.
func (rt *Runtime) Subgroups(size int) {
	rt.mustSettle()
	rt.target.Info.SubgroupSize = size
}

// A VirtualGPU keeps the kernels that it has loaded.
type VirtualGPU struct {
	virtual.Options
	kernels map[string]*virtual.Kernel
}

func NewVirtualGPU(o virtual.Options) *VirtualGPU {
	return &VirtualGPU{o, map[string]*virtual.Kernel{}}
}

func (g *VirtualGPU) load(s vk.Step) (*virtual.Kernel, error) {
	key := fmt.Sprintf("%p %v", s.Module, s.Consts)
	k, err := g.kernels[key], error(nil)
	if k == nil {
		k, err = virtual.Load(s.Module, s.Consts...)
		g.kernels[key] = k
	}
	return k, err
}

// A virtualMemory is what the virtual GPU has in place of a device's buffers.
type virtualMemory map[*vk.Buffer]*virtual.Buffer

// of returns the copy of a buffer. What the host has written of it is known: variables and constants whole, inputs whole, and nothing of
// what lies between kernels or is a result.
func (m virtualMemory) of(p *Program, b *vk.Buffer) (*virtual.Buffer, error) {
	if c := m[b]; c != nil {
		return c, nil
	}
	c := virtual.NewBuffer("memory", b.Size())
	m[b] = c
	known := true
	for _, own := range p.own {
		known = known && own != b
	}
	if p.scratch != nil && b == p.scratch.Buffer {
		known = false
	}
	for _, f := range p.feeds {
		known = known || f.dev == b
	}
	if known {
		all := make([]byte, b.Size())
		if _, err := b.ReadAt(all, 0); err != nil {
			return nil, err
		}
		c.Write(0, all)
	}
	return c, nil
}

// Run runs a program on the virtual GPU and returns what is wrong with it, and how to read what it computed. Its inputs have been
// fed by a run on the device, or are zero.
func (g *VirtualGPU) Run(p *Program) (faults []virtual.Fault, float32s func(x *Tensor) ([]float32, error), err error) {
	m := virtualMemory{}
	for s := range p.prog.Steps() {
		var views []virtual.View
		for _, v := range s.Views {
			c, err := m.of(p, v.Buffer)
			if err != nil {
				return nil, nil, err
			}
			views = append(views, virtual.View{Buffer: c, Lo: v.Lo, Hi: v.Hi})
		}
		switch {
		case s.Module != nil:
			k, err := g.load(s)
			if err != nil {
				return nil, nil, err
			}
			g.Seed++ // another order
			faults = append(faults, virtual.Run(&virtual.Dispatch{Kernel: k, Push: s.Push, Views: views, Groups: s.Groups}, g.Options)...)
		case s.Fill != nil:
			word := binary.LittleEndian.AppendUint32(nil, *s.Fill)
			views[0].Buffer.Write(views[0].Lo, bytes.Repeat(word, (views[0].Hi-views[0].Lo)/4))
		default:
			views[0].Buffer.Copy(views[0].Lo, views[1].Buffer, views[1].Lo, views[1].Hi)
		}
		if len(faults) > 20 {
			break
		}
	}
	return faults, func(x *Tensor) ([]float32, error) {
		r := p.results[x]
		b, err := m.of(p, r.view.Buffer)
		if err != nil {
			return nil, err
		}
		for i := range x.bytes() {
			if at := r.view.Lo + i; b.Unknown[at/4]>>(8*(at%4))&0xff != 0 {
				return nil, fmt.Errorf("byte %d of %s is made of what nobody has written", i, x)
			}
		}
		out := make([]float32, x.Len())
		return out, take(out, r.dtype, b.Bytes[r.view.Lo:r.view.Lo+r.bytes])
	}, nil
}

// BoundTwice counts the dispatches that bind memory twice and write it.
func (p *Program) BoundTwice() int {
	n := 0
	for s := range p.prog.Steps() {
		if s.Module != nil && len(vk.Shared(s.Module, s.Views)) > 0 {
			n++
		}
	}
	return n
}

// ProductsForLavapipe tells whether a program has products in lavapipe's own kernels. Those read past the ends of what is bound, and
// touch what they will write, where it is known what this one driver does: a virtual GPU would only say so.
func (p *Program) ProductsForLavapipe() bool {
	for s := range p.prog.Steps() {
		if s.Module != nil && len(s.Module.Consts) > 0 && p.rt.target.CPU {
			return true
		}
	}
	return false
}
