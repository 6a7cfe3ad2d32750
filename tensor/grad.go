package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// Grad returns dy/dx for each x of xs, where y has one element. The results are ordinary tensors: they can be differentiated
// again. The gradient of an x that y does not depend on is zero. Where y depends on an x through an op that has no gradient, as
// comparisons have none, the results are poisoned.
func Grad(y *Tensor, xs ...*Tensor) []*Tensor {
	if y.err == nil && y.Len() != 1 {
		y = fail("Grad", []*Tensor{y}, "it has %d elements and must have one: sum it first", y.Len())
	}
	return VJP(y, Full(1, y.op.Shape...), xs...)
}

// VJP returns the product of the vector dy, of y's shape, with the Jacobian dy/dx, for each x of xs.
func VJP(y, dy *Tensor, xs ...*Tensor) []*Tensor { return vjp(y, dy, xs, nil) }

// vjp is VJP, which looks no further back than to some ends: no x is what an end is made of. In the middle of a large graph it is fast.
func vjp(y, dy *Tensor, xs, ends []*Tensor) []*Tensor {
	out := make([]*Tensor, len(xs))
	if y.err != nil {
		for i := range out {
			out[i] = y
		}
		return out
	}
	needed := map[*Tensor]bool{} // does it depend on an x?
	for _, x := range xs {
		needed[x] = true
	}
	order := inOrder([]*Tensor{y}, ends...)
	for _, t := range order {
		if !t.isLeaf() && !t.op.NoGrad {
			needed[t] = needed[t] || slices.ContainsFunc(t.in, func(x *Tensor) bool { return needed[x] })
		}
	}

	grads := map[*Tensor]*Tensor{y: dy}
	for i := len(order) - 1; i >= 0; i-- { // no iterator, which would be the caller in errors
		t := order[i]
		g := grads[t]
		if g == nil || !needed[t] || len(t.in) == 0 || t.isLeaf() || t.op.NoGrad {
			continue
		}
		if t.op.Grad == nil {
			return slices.Repeat([]*Tensor{fail(t.op.Name, t.in, "it has no gradient: Detach it where it is to count as a constant")}, len(xs))
		}
		for j, gi := range t.op.Grad(t, g) {
			in := t.in[j]
			if gi == nil || !needed[in] {
				continue
			}
			if have := grads[in]; have != nil {
				gi = have.Add(gi)
			}
			grads[in] = gi
		}
	}
	for i, x := range xs {
		switch {
		case x.err != nil:
			out[i] = x
		case grads[x] != nil:
			out[i] = grads[x]
		default:
			out[i] = Full(0, x.op.Shape...)
		}
	}
	return out
}

// inOrder lists what ys are made of and ys, inputs first, and of some ends not what they are made of. What a variable started from is not
// what it is.
func inOrder(ys []*Tensor, ends ...*Tensor) []*Tensor {
	return ir.InOrder(ys, func(t *Tensor) []*Tensor {
		if t.isLeaf() || slices.Contains(ends, t) {
			return nil
		}
		return t.in
	})
}

// isLeaf tells whether x is a variable, an input or a constant.
func (x *Tensor) isLeaf() bool {
	return x.op.kind == ir.Var || x.op.kind == ir.Input || x.op.kind == ir.Const
}

// withGrad is y, computed from xs, with a gradient of its own instead of that of the ops that it is made of.
func (y *Tensor) withGrad(grad func(dy *Tensor) []*Tensor, xs ...*Tensor) *Tensor {
	return Op{
		Name: "WithGrad", Shape: y.op.Shape, DType: y.op.DType,
		View: func(v View) (View, bool) { return v, true },
		Grad: func(_, dy *Tensor) []*Tensor { return append([]*Tensor{nil}, grad(dy)...) },
	}.On(append([]*Tensor{y}, xs...)...)
}

// alias is x as a node of its own: a gradient with respect to it is that of what is made of the alias, and of nothing else.
func (x *Tensor) alias() *Tensor {
	return x.withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{dy} }, x)
}

// or is x, or on targets of which that is true y, which computes the same. Its gradient is that of x.
func (x *Tensor) or(on func(ir.Target) bool, y *Tensor) *Tensor {
	return Op{
		Name: "Or", Shape: x.op.Shape, DType: x.op.DType,
		instead: func(target ir.Target, in []*Tensor) *Tensor {
			if on(target) {
				return in[1]
			}
			return in[0]
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy, nil} },
	}.On(x, y)
}

// after is x, to be read after others are computed, as far as nothing else forbids that. What is made of it is not what is made of x
// itself, or of x under another name: it is made again instead of being kept.
func (x *Tensor) after(name string, others ...*Tensor) *Tensor {
	return Op{
		Name: "After", kind: ir.After, Shape: x.op.Shape, DType: x.op.DType, Attr: name,
		View: func(v View) (View, bool) { return v, true },
		Grad: func(_, dy *Tensor) []*Tensor { return append([]*Tensor{dy}, make([]*Tensor, len(others))...) },
	}.On(append([]*Tensor{x}, others...)...)
}
