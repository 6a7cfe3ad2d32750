package tensor

import (
	"slices"

	"genview/tensor/internal/ir"
)

// Grad returns dy/dx for each x of xs. y must have one element. The results are ordinary tensors and can be differentiated again. If y
// does not depend on an x, that gradient is zero. If y depends on an x through an op without a gradient, such as a comparison, the
// results are poisoned.
func Grad(y *Tensor, xs ...*Tensor) []*Tensor {
	if y.err == nil && y.Len() != 1 {
		y = fail("Grad", []*Tensor{y}, "it has %d elements and must have one: sum it first", y.Len())
	}
	return VJP(y, Full(1, y.op.Shape...), xs...)
}

// VJP returns the product of the vector dy, of y's shape, with the Jacobian dy/dx, for each x of xs.
func VJP(y, dy *Tensor, xs ...*Tensor) []*Tensor { return vjp(y, dy, xs, nil) }

// vjp is VJP that stops at the given ends: no x may be an ancestor of an end. This makes it fast in the middle of a large graph.
func vjp(y, dy *Tensor, xs, ends []*Tensor) []*Tensor {
	out := make([]*Tensor, len(xs))
	if y.err != nil {
		for i := range out {
			out[i] = y
		}
		return out
	}
	needed := map[*Tensor]bool{} // whether a tensor is one of the xs or depends on one
	for _, x := range xs {
		needed[x] = true
	}
	goesOn := map[*Tensor]bool{} // whether one of its inputs is needed
	order := inOrder([]*Tensor{y}, ends...)
	for _, t := range order {
		if !t.isLeaf() && !t.op.NoGrad {
			goesOn[t] = slices.ContainsFunc(t.in, func(x *Tensor) bool { return needed[x] })
			needed[t] = needed[t] || goesOn[t]
		}
	}

	grads := map[*Tensor]*Tensor{y: dy}
	for i := len(order) - 1; i >= 0; i-- { // a plain loop: an iterator's function would appear as the caller in errors
		t := order[i]
		g := grads[t]
		if g == nil || !goesOn[t] {
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

// inOrder lists ys and all their ancestors, inputs first. It does not follow the inputs of ends, nor those of a variable, because a
// variable does not depend on its first value.
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

// withGrad returns y with grad as its gradient with respect to xs, instead of the gradients of the ops that compute it.
func (y *Tensor) withGrad(grad func(dy *Tensor) []*Tensor, xs ...*Tensor) *Tensor {
	return Op{
		Name: "WithGrad", Shape: y.op.Shape, DType: y.op.DType,
		View: func(v View) (View, bool) { return v, true },
		Grad: func(_, dy *Tensor) []*Tensor { return append([]*Tensor{nil}, grad(dy)...) },
	}.On(append([]*Tensor{y}, xs...)...)
}

// alias returns x as a separate node. A gradient with respect to the alias covers only what is computed from the alias.
func (x *Tensor) alias() *Tensor {
	return x.withGrad(func(dy *Tensor) []*Tensor { return []*Tensor{dy} }, x)
}

// replacedOn returns x, except on targets for which the condition holds: these compute y instead, which must have the same value. The
// gradient is that of x on all targets.
func (x *Tensor) replacedOn(on func(ir.Target) bool, y *Tensor) *Tensor {
	return Op{
		Name: "ReplacedOn", Shape: x.op.Shape, DType: x.op.DType,
		instead: func(target ir.Target, in []*Tensor) *Tensor {
			if on(target) {
				return in[1]
			}
			return in[0]
		},
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy, nil} },
	}.On(x, y)
}

// after returns x with the constraint that it is read after the others have been computed, unless another dependency forbids that. Nodes
// computed from the result are never merged with equal nodes computed from x, so they are computed again instead of being kept in memory.
func (x *Tensor) after(name string, others ...*Tensor) *Tensor {
	return Op{
		Name: "After", kind: ir.After, Shape: x.op.Shape, DType: x.op.DType, Attr: name,
		View: func(v View) (View, bool) { return v, true },
		Grad: func(_, dy *Tensor) []*Tensor { return append([]*Tensor{dy}, make([]*Tensor, len(others))...) },
	}.On(append([]*Tensor{x}, others...)...)
}
