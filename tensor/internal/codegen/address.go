package codegen

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// addresses are the addresses of four consecutive elements in memory, counted in elements.
type addresses struct {
	quad  bool     // they are an aligned quad
	same  bool     // all four are the same element
	first spirv.ID // the address of the first, a scalar int, unless each is set
	step  int      // the distance between neighbours, unless each is set
	each  spirv.ID // int vector with an address for each element; 0: first and step say where they are
	valid spirv.ID // bool vector: elements that are not padding; 0: all are valid
}

// lane returns the address of element j of the four.
func (a addresses) lane(b *spirv.Block, j int) spirv.ID {
	switch {
	case a.each != 0:
		return b.Component(a.each, j)
	case a.step == 0 || j == 0:
		return a.first
	}
	return b.Add(a.first, b.Index(j*a.step))
}

// addresses returns the addresses of the four elements in memory with the layout v. Where all is
// padding the address is 0, so that nothing outside the memory is read.
func (e *emitter) addresses(v ir.View) addresses {
	b := e.b
	if len(v.Shape) == 0 {
		return addresses{same: true, first: b.Index(v.Offset)}
	}
	last := len(v.Shape) - 1
	if !e.whole || v.Shape[last]%4 != 0 && (len(v.Shape) > 1 || v.Lo != nil || v.Strides[0] != 1 || v.Offset%4 != 0) {
		return e.eachLane(v)
	}
	a := addresses{step: v.Strides[last], same: v.Strides[last] == 0, quad: v.Strides[last] == 1 && v.Offset%4 == 0}
	for _, s := range v.Strides[:last] {
		a.quad = a.quad && s%4 == 0
	}
	coords := e.coordinates(v.Shape)
	a.first = b.Index(v.Offset)
	var valid spirv.ID
	for i, c := range coords {
		a.first = b.Add(a.first, b.Mul(c, b.Same(c, float64(v.Strides[i]))))
		if v.Lo == nil || v.Lo[i] == 0 && v.Hi[i] == v.Shape[i] {
			continue
		}
		x := b.Splat(c)
		if i == last {
			x = b.Add(x, b.Lanes())
		}
		valid = both(b, valid, inside(b, x, v.Lo[i], v.Hi[i]))
	}
	if valid == 0 {
		return a
	}
	a.valid = valid
	if a.quad || a.same { // one address for all four: it must be valid if any of them is
		any := b.Component(valid, 0)
		for j := 1; j < 4; j++ {
			any = b.Or(any, b.Component(valid, j))
		}
		a.first = b.Select(any, a.first, b.Index(0))
		return a
	}
	a.each = b.Select(valid, b.Add(b.Splat(a.first), b.Mul(b.Lanes(), b.Int(a.step))), b.Int(0))
	return a
}

// eachLane computes the four addresses one by one, for layouts in which the four elements may lie in different rows.
func (e *emitter) eachLane(v ir.View) addresses {
	b := e.b
	at := b.Add(b.Splat(e.base), b.Cast(b.Lanes(), spirv.Uint))
	at = b.Min(at, b.Uint(uint32(e.n-1)))
	a := addresses{each: b.Int(v.Offset)}
	for i, c := range split(b, at, v.Shape) {
		a.each = b.Add(a.each, b.Mul(c, b.Int(v.Strides[i])))
		if v.Lo != nil && (v.Lo[i] != 0 || v.Hi[i] != v.Shape[i]) {
			a.valid = both(b, a.valid, inside(b, c, v.Lo[i], v.Hi[i]))
		}
	}
	if a.valid != 0 {
		a.each = b.Select(a.valid, a.each, b.Int(0))
	}
	return a
}

// coordinates returns the coordinates of the first of the four elements in a shape of the domain, as scalar ints.
func (e *emitter) coordinates(shape []int) []spirv.ID {
	if e.coords == nil {
		return split(e.b, e.base, shape)
	}
	// From the back, take the shortest runs of axes that have as many elements in both shapes: i0 … i−1 of shape and j0 … j−1 of coordsOf.
	// The coordinates of the second run make a flat index, which is split into coordinates of the first.
	b, out := e.b, make([]spirv.ID, len(shape))
	i, j := len(shape), len(e.coordsOf)
	for i > 0 && j > 0 {
		i0, j0, m, n := i-1, j-1, shape[i-1], e.coordsOf[j-1]
		for m != n {
			if m < n && i0 > 0 {
				i0--
				m *= shape[i0]
			} else {
				j0--
				n *= e.coordsOf[j0]
			}
		}
		flat := e.coords[j0]
		for k := j0 + 1; k < j; k++ {
			flat = b.Add(b.Mul(flat, b.Index(e.coordsOf[k])), e.coords[k])
		}
		copy(out[i0:i], split(b, b.Bitcast(flat, spirv.Uint), shape[i0:i]))
		i, j = i0, j0
	}
	return out
}

// split turns a flat index, a uint, into int coordinates within shape.
func split(b *spirv.Block, flat spirv.ID, shape []int) []spirv.ID {
	coords := make([]spirv.ID, len(shape))
	for i := len(shape) - 1; i > 0; i-- {
		n := b.Same(flat, float64(shape[i]))
		coords[i] = b.Bitcast(b.Mod(flat, n), spirv.Int)
		flat = b.Div(flat, n)
	}
	coords[0] = b.Bitcast(flat, spirv.Int)
	return coords
}

// inside tells whether lo ≤ x < hi.
func inside(b *spirv.Block, x spirv.ID, lo, hi int) spirv.ID {
	return b.And(b.LessEqual(b.Int(lo), x), b.Less(x, b.Int(hi)))
}

// both returns x and y; an x of 0 stands for true.
func both(b *spirv.Block, x, y spirv.ID) spirv.ID {
	if x == 0 {
		return y
	}
	return b.And(x, y)
}
