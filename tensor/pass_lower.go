package tensor

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// lowering rebuilds a graph from its roots: what nothing needs is left out, equal nodes become one, constants are folded, views
// that no layout can express read from a copy, and every remaining view knows its base.
type lowering struct {
	on     Target
	done   map[*Tensor]*Tensor
	byKey  map[string]*Tensor
	number map[*Tensor]int
	where  map[*Tensor]place
	order  []*Tensor // every node that is left, inputs first
}

// A place is what a node is, once views are resolved: a base that is computed or stored, seen through a layout.
type place struct {
	base  *Tensor
	view  View
	after []*Tensor // what is computed, if it is, before this is read
}

func newLowering(on Target) *lowering {
	return &lowering{
		on: on, done: map[*Tensor]*Tensor{}, byKey: map[string]*Tensor{}, number: map[*Tensor]int{}, where: map[*Tensor]place{},
	}
}

func (t *Tensor) isLeaf() bool {
	return t.op.Name == "Var" || t.op.Name == "Input" || t.op.Name == "Const"
}

func (t *Tensor) isElementwise() bool { return t.op.Emit != nil || t.op.EmitAt != nil || t.op.Table }

// looksUp tells whether input i is a table that t looks rows up in, at places that only the indices know.
func (t *Tensor) looksUp(i int) bool { return t.op.Table && i == 0 }

func (l *lowering) lower(t *Tensor) *Tensor {
	if r, ok := l.done[t]; ok {
		return r
	}
	if t.isLeaf() {
		l.done[t] = l.add(t)
		return t
	}
	if t.op.Instead != nil {
		if x := t.op.Instead(l.on, t.in); x != nil {
			l.done[t] = l.lower(x)
			return l.done[t]
		}
	}
	in := make([]*Tensor, len(t.in))
	for i, x := range t.in {
		in[i] = l.lower(x)
	}
	r := l.simplify(t.op, in)
	if r == nil {
		r = l.share(t.op, in)
	}
	if r.op.Name == afterName && len(r.in) > 1 { // it does not need the others, which nobody else may
		p := l.where[r]
		p.after = slices.Concat(p.after, r.in[1:])
		l.where[r], r.in = p, r.in[:1]
	}
	l.done[t] = r
	return r
}

// simplify returns what an op on these inputs amounts to, or nil.
func (l *lowering) simplify(o Op, in []*Tensor) *Tensor {
	full := func(i int) (float64, bool) {
		v, ok := in[i].op.Attr.(float64)
		return v, ok && in[i].op.Name == "Full"
	}
	is := func(i int, want float64) bool { v, ok := full(i); return ok && v == want }
	constant := func(v float64) *Tensor { return l.share(fullOf(o.DType, v, o.Shape).op, nil) }

	switch {
	case o.View != nil && o.Name != afterName:
		if v, ok := o.View(ir.RowMajor(in[0].op.Shape)); ok && v.Contiguous() && slices.Equal(o.Shape, in[0].op.Shape) {
			return in[0] // taps, detached values and the like
		}
		if v, ok := full(0); ok && (o.Name != "Pad" || v == 0) {
			return constant(v)
		}
	case o.Fold != nil && len(in) > 0 && o.DType == F32:
		vals := make([]float64, len(in))
		for i := range in {
			v, ok := full(i)
			if !ok {
				vals = nil
				break
			}
			vals[i] = v
		}
		if vals != nil {
			if v := o.Fold(vals...); !math.IsNaN(v) {
				return constant(v)
			}
		}
	case o.Reduce == sumOf && o.DType == F32:
		if v, ok := full(0); ok {
			return constant(v * float64(in[0].op.Shape[1]))
		}
	}
	switch {
	case o.Name == "Add" && is(0, 0):
		return in[1]
	case (o.Name == "Add" || o.Name == "Sub") && is(1, 0):
		return in[0]
	case o.Name == "Mul" && is(0, 1):
		return in[1]
	case (o.Name == "Mul" || o.Name == "Div") && is(1, 1):
		return in[0]
	case o.Name == "Neg" && in[0].op.Name == "Neg":
		return in[0].in[0]
	}
	return l.asItLies(o, in)
}

// asItLies computes an elementwise op whose operands are all permuted alike in the order in which they lie in memory, and permutes
// the result: nil where that is not so.
func (l *lowering) asItLies(o Op, in []*Tensor) *Tensor {
	if o.Emit == nil || o.Table {
		return nil
	}
	var as *View
	for _, x := range in {
		p := l.where[x]
		switch {
		case x.op.Name == "Full":
		case as == nil && p.view.Permutes(p.base.Len()):
			as = &p.view
		case as == nil || !slices.Equal(as.Strides, p.view.Strides) || !p.view.Permutes(p.base.Len()):
			return nil
		}
	}
	if as == nil {
		return nil
	}
	n, strides := ir.Size(o.Shape), as.Strides
	flat := make([]*Tensor, len(in))
	for i, x := range in {
		if x.op.Name == "Full" {
			flat[i] = l.share(fullOf(x.op.DType, x.op.Attr.(float64), []int{n}).op, nil)
			continue
		}
		flat[i] = l.share(Op{
			Name: "Reshape", Shape: []int{n}, DType: x.op.DType,
			View: func(v View) (View, bool) { return v.Reshape([]int{n}) },
		}, []*Tensor{l.where[x].base})
	}
	plain, shape := o, o.Shape
	plain.Shape = []int{n}
	return l.share(Op{
		Name: "Lie", Shape: shape, DType: o.DType, Attr: fmt.Sprint(strides),
		View: func(v View) (View, bool) {
			return View{Shape: shape, Strides: strides, Offset: v.Offset}, v.Contiguous()
		},
	}, []*Tensor{l.share(plain, flat)})
}

// share returns the one node that applies o to in.
func (l *lowering) share(o Op, in []*Tensor) *Tensor {
	var key strings.Builder
	fmt.Fprintf(&key, "%s|%v|%v|%d", o.Name, o.Attr, o.Shape, o.DType)
	for _, x := range in {
		fmt.Fprintf(&key, "|%d", l.number[x])
	}
	if t, ok := l.byKey[key.String()]; ok {
		return t
	}
	t := &Tensor{op: o, in: in}
	if o.View != nil {
		if _, ok := l.place(t); !ok {
			t.in = []*Tensor{l.share(copyOp(in[0]), in)}
		}
	}
	l.byKey[key.String()] = l.add(t)
	return t
}

// add numbers a new node and finds its place.
func (l *lowering) add(t *Tensor) *Tensor {
	if _, ok := l.number[t]; !ok {
		l.number[t] = len(l.number)
		l.where[t], _ = l.place(t)
		l.order = append(l.order, t)
	}
	return t
}

func (l *lowering) place(t *Tensor) (place, bool) {
	if t.op.View == nil {
		return place{base: t, view: ir.RowMajor(t.op.Shape)}, true
	}
	p := l.where[t.in[0]]
	v, ok := t.op.View(p.view)
	return place{p.base, v, p.after}, ok
}

// whole returns t itself, or a copy where t is a view that is not its base as it lies.
func (l *lowering) whole(t *Tensor) *Tensor {
	if p := l.where[t]; p.base == t || p.view.Contiguous() && ir.Size(p.base.op.Shape) == t.Len() {
		return t
	}
	return l.share(copyOp(t), []*Tensor{t})
}

const copyName = "Copy"

// copyOp computes x into memory of its own.
func copyOp(x *Tensor) Op {
	return Op{
		Name: copyName, Shape: x.op.Shape, DType: x.op.DType,
		Emit: func(_ *spirv.Block, in ...spirv.ID) spirv.ID { return in[0] },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy} },
	}
}

// resort restores the order of nodes, inputs first, after copies were put in.
func (l *lowering) resort() { l.order = inOrder(l.order) }
