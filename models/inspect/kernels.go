package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"genview/models/watch"
	"genview/tensor"
)

// A Profile adds up what kernels take in training steps. The zero value has no steps.
type Profile struct {
	Most int // steps that count: further ones let the others fade; 0: all count alike

	steps float64
	rows  map[string]*row
}

// row is the sum of the runs of a kernel.
type row struct {
	kernel              tensor.Kernel
	shapes              string
	ns, count, ops, mem float64
}

// Timings returns what each kernel took in the newest step, which programs made. They must have been profiled.
func Timings(programs []*tensor.Program) (step []tensor.Timing, err error) {
	for _, p := range programs {
		t, err := p.Timings()
		if err != nil {
			return nil, err
		}
		step = append(step, t...)
	}
	return step, nil
}

// Add adds a step.
func (p *Profile) Add(step []tensor.Timing) {
	if p.rows == nil {
		p.rows = map[string]*row{}
	}
	if p.Most > 0 && p.steps >= float64(p.Most) {
		p.fade(float64(p.Most-1) / p.steps)
	}
	for _, t := range step {
		k := t.Kernel
		shapes := fmt.Sprint(k.Shapes)
		shapes = shapes[1 : len(shapes)-1]
		key := k.Ops + k.Form + shapes
		if p.rows[key] == nil {
			p.rows[key] = &row{kernel: k, shapes: shapes}
		}
		r := p.rows[key]
		r.ns, r.count, r.ops, r.mem = r.ns+float64(t.Duration), r.count+1, r.ops+k.FLOPs, r.mem+float64(k.Bytes)
	}
	p.steps++
}

// fade lets all steps so far count less.
func (p *Profile) fade(by float64) {
	p.steps *= by
	for _, r := range p.rows {
		r.ns, r.count, r.ops, r.mem = by*r.ns, by*r.count, by*r.ops, by*r.mem
	}
}

// Kernels returns what each kernel takes of a step, the slowest first.
func (p *Profile) Kernels() []watch.Kernel {
	total := 0.0
	for _, r := range p.rows {
		total += r.ns
	}
	var out []watch.Kernel
	for _, r := range slices.SortedFunc(maps.Values(p.rows), func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.ns, a.ns), cmp.Compare(a.kernel.Ops+a.kernel.Form+a.shapes, b.kernel.Ops+b.kernel.Form+b.shapes))
	}) {
		ns := max(r.ns, 1)
		out = append(out, watch.Kernel{
			Ops: r.kernel.Ops, Kernel: r.kernel.Form, Shapes: r.shapes, MS: r.ns / float64(time.Millisecond) / p.steps, Share: r.ns / max(total, 1),
			Calls: r.count / p.steps, GFLOPs: r.ops / ns, GBs: r.mem / ns,
		})
	}
	return out
}
