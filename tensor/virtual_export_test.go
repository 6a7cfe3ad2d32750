package tensor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"genview/shaders/spirv/virtual"
	"genview/vk"
)

// Subgroups makes the runtime's GPU kernels assume subgroups of that size, whatever the device has.
func (rt *Runtime) Subgroups(size int) {
	rt.mustSettle()
	rt.target.Info.SubgroupSize = size
}

// A VirtualGPU caches the kernels that it has loaded.
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

// A VirtualMemory replaces a device's buffers on the virtual GPU. It stays as programs leave it.
type VirtualMemory struct {
	gpu  *VirtualGPU
	copy map[*vk.Buffer]*virtual.Buffer
}

// Memory returns empty memory.
func (g *VirtualGPU) Memory() *VirtualMemory {
	return &VirtualMemory{g, map[*vk.Buffer]*virtual.Buffer{}}
}

// Hold copies the device memory that programs use. Variables, constants and inputs are marked as written; intermediate values and results
// are not.
func (m *VirtualMemory) Hold(programs ...*Program) error {
	for _, p := range programs {
		var all []vk.View
		for s := range p.prog.Steps() {
			all = append(all, s.Views...)
		}
		for _, r := range p.results { // these may be constants
			all = append(all, r.view)
		}
		for _, v := range all {
			if err := m.hold(p, v.Buffer); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *VirtualMemory) hold(p *Program, b *vk.Buffer) error {
	if m.copy[b] != nil {
		return nil
	}
	m.copy[b] = virtual.NewBuffer("memory", b.Size())
	if p.keepsNothingIn(b) {
		return nil
	}
	all := make([]byte, b.Size())
	if _, err := b.ReadAt(all, 0); err != nil {
		return err
	}
	m.copy[b].Write(0, all)
	return nil
}

// keepsNothingIn tells whether a buffer holds nothing that is needed before a run of the program: it holds only intermediate values and
// results.
func (p *Program) keepsNothingIn(b *vk.Buffer) bool {
	fed := slices.ContainsFunc(p.feeds, func(f feedSlot) bool { return f.dev == b })
	return !fed && (slices.Contains(p.own, b) || p.scratch != nil && b == p.scratch.Buffer)
}

// Inputs lists the inputs of a program.
func (p *Program) Inputs() []*Tensor {
	var all []*Tensor
	for _, f := range p.feeds {
		all = append(all, f.input)
	}
	return all
}

// Results lists the tensors that a program computes, in any order.
func (p *Program) Results() []*Tensor { return slices.Collect(maps.Keys(p.results)) }

// Run runs a program on the virtual GPU and returns its faults. An input that is not fed keeps its value.
func (m *VirtualMemory) Run(p *Program, feed Feed) (faults []virtual.Fault, err error) {
	if err := m.Hold(p); err != nil {
		return nil, err
	}
	for b, c := range m.copy {
		if p.keepsNothingIn(b) {
			c.Forget()
		}
	}
	for _, f := range p.feeds {
		if values, ok := feed[f.input]; ok {
			all := make([]byte, f.input.bytes())
			if err := put(all, f.input.op.DType, values); err != nil {
				return nil, err
			}
			m.copy[f.dev].Write(0, all)
		}
	}
	for s := range p.prog.Steps() {
		if len(faults) > 20 {
			break
		}
		found, err := m.step(s)
		if err != nil {
			return nil, err
		}
		faults = append(faults, found...)
	}
	return faults, nil
}

func (m *VirtualMemory) step(s vk.Step) ([]virtual.Fault, error) {
	var views []virtual.View
	for _, v := range s.Views {
		views = append(views, virtual.View{Buffer: m.copy[v.Buffer], Lo: v.Lo, Hi: v.Hi})
	}
	switch {
	case s.Module != nil:
		k, err := m.gpu.load(s)
		if err != nil {
			return nil, err
		}
		m.gpu.Seed++ // another order of invocations
		return virtual.Run(&virtual.Dispatch{Kernel: k, Views: views, Groups: s.Groups}, m.gpu.Options), nil
	case s.Fill != nil:
		word := binary.LittleEndian.AppendUint32(nil, *s.Fill)
		views[0].Buffer.Write(views[0].Lo, bytes.Repeat(word, (views[0].Hi-views[0].Lo)/4))
	default:
		views[0].Buffer.Copy(views[0].Lo, views[1].Buffer, views[1].Lo, views[1].Hi)
	}
	return nil, nil
}

// Read returns a result of a program. It returns an error if the result depends on memory that was never written.
func (m *VirtualMemory) Read(p *Program, x *Tensor) ([]float32, error) {
	r := p.results[x]
	b := m.copy[r.view.Buffer]
	for i := range x.bytes() {
		if at := r.view.Lo + i; b.Unknown[at/4]>>(8*(at%4))&0xff != 0 {
			return nil, fmt.Errorf("byte %d of %s is made of what nobody has written", i, x)
		}
	}
	out := make([]float32, x.Len())
	return out, take(out, r.dtype, b.Bytes[r.view.Lo:r.view.Lo+r.bytes])
}

// Run runs a program by itself. It returns the program's faults, and a function that reads its results. The inputs come from a run on the
// device, or are zero.
func (g *VirtualGPU) Run(p *Program) ([]virtual.Fault, func(x *Tensor) ([]float32, error), error) {
	m := g.Memory()
	faults, err := m.Run(p, nil)
	return faults, func(x *Tensor) ([]float32, error) { return m.Read(p, x) }, err
}

// BoundTwice counts the dispatches that bind the same memory twice and write it.
func (p *Program) BoundTwice() int {
	n := 0
	for s := range p.prog.Steps() {
		if s.Module != nil && len(vk.Shared(s.Module, s.Views)) > 0 {
			n++
		}
	}
	return n
}
