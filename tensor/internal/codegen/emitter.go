package codegen

import (
	"fmt"
	"math/bits"

	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/tensor/internal/lower"
)

// An emitter writes the expressions of a unit into a shader, for four consecutive elements of its domain at a time. The domain is the
// tensor whose elements the shader goes through, such as the result of an elementwise unit or the input of a reduction.
type emitter struct {
	*fuse.Fusion
	b     *spirv.Block
	on    ir.Target
	stops map[*ir.Node]bool // nodes to read from memory; nil: all stored nodes outside own
	own   map[*ir.Node]bool // nodes computed here
	mems  map[memKey]spirv.Mem
	binds []Bound

	base     spirv.ID              // flat index of the first of the four elements, a scalar uint
	whole    bool                  // base is a multiple of 4
	n        int                   // number of elements of the domain
	coords   []spirv.ID            // the coordinates of the first of the four elements in coordsOf, as scalar ints; nil: base alone is known
	coordsOf []int                 // a shape of the domain
	scalars  map[*ir.Node]spirv.ID // the values of tensors with one element, loaded before everything else
	rows     map[*ir.Node]spirv.ID // for the row that contains the four elements: values of nodes that have one element for each row
	values   map[*ir.Node]spirv.ID // for the four elements: values of nodes that have the domain's elements in the domain's order
	views    map[string]spirv.ID   // for the four elements: values loaded through other layouts
	writes   []write               // the stores that flush will make
}

type memKey struct {
	t *ir.Node
	n int
}

// at moves to the four elements from base on, for which nothing has been computed. whole tells that base is a multiple of 4.
func (e *emitter) at(base spirv.ID, whole bool) {
	e.base, e.whole = base, whole
	e.values, e.views = map[*ir.Node]spirv.ID{}, map[string]spirv.ID{}
}

// mem declares t's memory as an array of scalars (n = 1) or vectors (n = 4) to read from.
func (e *emitter) mem(t *ir.Node, n int) spirv.Mem {
	k := memKey{t: t, n: n}
	m, ok := e.mems[k]
	if !ok {
		elem := spirv.Type{Elem: t.DType.Mem(), N: n}
		if e.on.CPU {
			m = e.bind(t, n, e.on.Room(Texel(t, n)), func(i int) spirv.Mem { return e.b.Texels(i, elem) })
		} else {
			m = e.bind(t, n, e.on.Room(0), func(i int) spirv.Mem { return e.b.Buffer(i, elem, true, false) })
		}
		e.mems[k] = m
	}
	return m
}

// out declares t's memory for writing one, four or eight elements at a time. lavapipe writes lane by lane and component by component, so
// it writes components of 64 bits, which are half as many.
func (e *emitter) out(t *ir.Node, n int) spirv.Mem {
	elem := spirv.Type{Elem: t.DType.Mem(), N: n}
	if n >= 4 && e.on.CPU && e.on.Info.Int64 && !t.DType.Packed() {
		elem = spirv.Type{Elem: spirv.Long, N: n / 2}
	}
	return e.bind(t, n, e.on.Room(0), func(i int) spirv.Mem { return e.b.Buffer(i, elem, false, true) })
}

// bind declares t's memory at the next bindings, as many as it needs with room bytes in each.
func (e *emitter) bind(t *ir.Node, n, room int, declare func(binding int) spirv.Mem) spirv.Mem {
	var parts []spirv.Mem
	for lo, bytes := 0, t.InQuads(); lo < bytes; lo += room {
		parts = append(parts, declare(len(e.binds)))
		e.binds = append(e.binds, Bound{t, lo, min(lo+room, bytes)})
	}
	return spirv.Join(room/t.DType.Bytes(n), parts...)
}

// Texel returns the bytes of the texels through which lavapipe reads t's memory, as scalars (n = 1) or four at a time (n = 4).
func Texel(t *ir.Node, n int) int {
	if t.DType.Packed() {
		return 4
	}
	return 4 * n
}

// loadScalars loads the tensors with one element that the elementwise nodes of a unit read, once for all elements.
func (e *emitter) loadScalars(u *fuse.Unit) {
	for _, t := range u.Elems {
		for _, x := range t.In {
			b := e.Where[x].Base
			if b.Len() > 1 || u.Own[b] || !e.Stored[b] || e.scalars[b] != 0 {
				continue
			}
			v := e.b.Splat(e.b.Load(e.mem(b, 1), e.b.Index(0)))
			e.scalars[b] = e.b.Cast(v, b.DType.Value())
		}
	}
}

// value returns four consecutive elements of t, which has the domain's elements in the domain's order.
func (e *emitter) value(t *ir.Node) spirv.ID {
	p := e.Where[t]
	if v, ok := e.rows[p.Base]; ok {
		return e.b.Splat(v)
	}
	if v, ok := e.scalars[p.Base]; ok && p.View.Lo == nil {
		return v
	}
	if !p.View.Contiguous() || p.Base.Len() != t.Len() {
		return e.through(p)
	}
	t = p.Base
	if v, ok := e.values[t]; ok {
		return v
	}
	var v spirv.ID
	if e.computes(t) {
		v = e.expr(t)
	} else {
		v = e.load(t, ir.RowMajor([]int{t.Len()}))
	}
	e.values[t] = v
	return v
}

// computes tells whether the shader computes t, and does not read it from memory.
func (e *emitter) computes(t *ir.Node) bool {
	if e.stops != nil {
		return !e.stops[t]
	}
	return e.own[t] || t.Inlined() && !e.Stored[t]
}

// expr writes the expression of t, an elementwise node, for the four elements.
func (e *emitter) expr(t *ir.Node) spirv.ID {
	if t.Table {
		return e.lookUp(t)
	}
	in := make([]spirv.ID, len(t.In))
	for i, x := range t.In {
		in[i] = e.value(x)
	}
	if t.Emit != nil {
		return t.Emit(e.b, in...)
	}
	flat := e.b.Add(e.b.Splat(e.b.Bitcast(e.base, spirv.Int)), e.b.Lanes())
	return t.EmitAt(e.b, flat, in...)
}

// lookUp writes the expression of t, which picks rows of a table. Rows out of range are zeros. If the length of a row is a multiple of 4,
// the four elements lie in one row and are loaded as a quad.
func (e *emitter) lookUp(t *ir.Node) spirv.ID {
	b, table := e.b, e.Where[t.In[0]].Base
	rows, cols := t.In[0].Shape[0], t.In[0].Shape[1]
	row := e.value(t.In[1])
	valid := inside(b, row, 0, rows)
	first := b.Mul(b.Select(valid, row, b.Int(0)), b.Int(cols))
	var x spirv.ID
	if e.whole && cols%4 == 0 {
		col := b.Bitcast(b.Mod(e.base, b.Same(e.base, float64(cols))), spirv.Int)
		x = b.Load(e.mem(table, 4), b.Shr(b.Add(b.Component(first, 0), col), 2))
	} else {
		flat := b.Add(b.Splat(e.base), b.Cast(b.Lanes(), spirv.Uint))
		at := b.Add(first, b.Bitcast(b.Mod(flat, b.Uint(uint32(cols))), spirv.Int))
		m := e.mem(table, 1)
		x = b.Vec(b.Load(m, b.Component(at, 0)), b.Load(m, b.Component(at, 1)), b.Load(m, b.Component(at, 2)), b.Load(m, b.Component(at, 3)))
	}
	x = b.Select(valid, x, b.Zero(b.TypeOf(x)))
	return b.Cast(x, table.DType.Value())
}

// through returns four consecutive elements of a place that shows its base in another order than the domain's.
func (e *emitter) through(p lower.Place) spirv.ID {
	if p.Base.Inlined() && e.computes(p.Base) {
		if p.Base.Emit != nil {
			return p.Base.Emit(e.b)
		}
		var lane [4]spirv.ID
		a := e.addresses(p.View.Collapse())
		for j := range lane {
			lane[j] = a.lane(e.b, j)
		}
		return p.Base.EmitAt(e.b, e.b.Vec(lane[0], lane[1], lane[2], lane[3]))
	}
	key := fmt.Sprint(e.Number[p.Base], p.View)
	v, ok := e.views[key]
	if !ok {
		v = e.load(p.Base, p.View)
		e.views[key] = v
	}
	return v
}

// load reads four consecutive elements of t's memory through a layout with the domain's elements.
func (e *emitter) load(t *ir.Node, v ir.View) spirv.ID {
	b := e.b
	a := e.addresses(v.Collapse())
	var x spirv.ID
	switch {
	case a.quad:
		x = b.Load(e.mem(t, 4), b.Shr(a.first, 2))
	case a.same:
		x = b.Splat(b.Load(e.mem(t, 1), a.first))
	default:
		m := e.mem(t, 1)
		x = b.Vec(b.Load(m, a.lane(b, 0)), b.Load(m, a.lane(b, 1)), b.Load(m, a.lane(b, 2)), b.Load(m, a.lane(b, 3)))
	}
	if a.valid != 0 {
		x = b.Select(a.valid, x, b.Zero(b.TypeOf(x)))
	}
	return b.Cast(x, t.DType.Value())
}

// store writes x to element, quad or pair of quads i of t's memory. x is a scalar, a vector, or two vectors.
func (e *emitter) store(m spirv.Mem, t *ir.Node, i spirv.ID, x ...spirv.ID) {
	e.b.Store(m, i, e.stored(m, t, x...))
}

// stored returns x, values of t, in the type that the memory m stores: packed, or with components of 64 bits, if m has those. Two vectors
// become one of components of 64 bits.
func (e *emitter) stored(m spirv.Mem, t *ir.Node, x ...spirv.ID) spirv.ID {
	v := x[0]
	if !t.DType.Packed() {
		v = e.b.Cast(v, t.DType.Mem())
	}
	if len(x) > 1 {
		v = e.b.Longs(v, e.b.Cast(x[1], t.DType.Mem()))
	}
	return e.b.Fit(m, v)
}

// A write is a store that is delayed until flush.
type write struct {
	mem          spirv.Mem
	at, v, valid spirv.ID // valid 0: always valid
}

// storeLater registers a store of x, which flush makes if valid is true; see store.
func (e *emitter) storeLater(m spirv.Mem, t *ir.Node, i, valid spirv.ID, x ...spirv.ID) {
	e.writes = append(e.writes, write{m, i, e.stored(m, t, x...), valid})
}

// flush makes the registered stores. All invocations must reach it, because on lavapipe it begins with a barrier, which halves the time
// of the stores. lavapipe stores lane by lane; to get one lane's element of a value, it would write the whole vector register to the stack
// each time. A value that lives across a barrier is in memory already. So all values are computed before the barrier.
func (e *emitter) flush() {
	if e.on.CPU && len(e.writes) > 0 {
		e.b.Barrier()
	}
	for i := 0; i < len(e.writes); {
		valid, n := e.writes[i].valid, 1
		for i+n < len(e.writes) && e.writes[i+n].valid == valid {
			n++
		}
		group := e.writes[i : i+n]
		i += n
		write := func() {
			for _, w := range group {
				e.b.Store(w.mem, w.at, w.v)
			}
		}
		if valid == 0 {
			write()
		} else {
			e.b.If(valid, write)
		}
	}
	e.writes = nil
}

func log2(n int) int { return bits.Len(uint(n)) - 1 }

// newEmitter begins the shader of a unit, with a domain of n elements and local invocations in a workgroup.
func newEmitter(f *fuse.Fusion, u *fuse.Unit, on ir.Target, n, local int) *emitter {
	return &emitter{
		Fusion: f, b: block(on, u.Title(), local), on: on, n: n,
		stops: u.Stops, own: u.Own, mems: map[memKey]spirv.Mem{}, scalars: map[*ir.Node]spirv.ID{},
	}
}

// block begins a shader with local invocations in a workgroup.
func block(on ir.Target, name string, local int) *spirv.Block {
	b := spirv.NewBlock(name, local, 1, 1)
	care(on, b)
	return b
}

// care makes a shader keep NaN, infinities and the signs of zeros as far as the device can. lavapipe's functions of NaN are NaN anyway.
func care(on ir.Target, b *spirv.Block) {
	if on.Info.Special {
		b.KeepSpecial()
	}
	if !on.CPU {
		b.CarryNaN()
	}
}
