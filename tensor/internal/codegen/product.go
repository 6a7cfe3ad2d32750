package codegen

import (
	"fmt"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// An operand is a matrix operand: the address of an element is the sum of the offsets along its axes of each kind.
type operand struct {
	base                *ir.Node
	batch, outer, inner ir.View // outer: the rows of x, or the columns of y; the operand's offset is in batch
}

// offset returns the offset of the element at a flat index of v.
func offset(b *spirv.Block, v ir.View, flat spirv.ID) spirv.ID {
	sum := b.Index(v.Offset)
	if len(v.Shape) == 0 {
		return sum
	}
	for i, c := range split(b, b.Bitcast(flat, spirv.Uint), v.Shape) {
		sum = b.Add(sum, b.Mul(c, b.Index(v.Strides[i])))
	}
	return sum
}

// loadQuad reads the elements at, at+1, at+2, at+3 along v, with base as the origin; at is a multiple of 4.
func (e *emitter) loadQuad(t *ir.Node, base spirv.ID, v ir.View, at spirv.ID, aligned bool) spirv.ID {
	b := e.b
	if aligned {
		return b.Load(e.mem(t, 4), b.Shr(b.Add(base, offset(b, v, at)), 2))
	}
	m := e.mem(t, 1)
	var x [4]spirv.ID
	last := len(v.Shape) - 1
	for j := range x {
		switch {
		case j > 0 && last >= 0 && v.Shape[last]%4 == 0:
			x[j] = b.Add(x[0], b.Index(j*v.Strides[last]))
		default:
			x[j] = b.Add(base, offset(b, v, b.Add(at, b.Index(j))))
		}
	}
	return b.Vec(b.Load(m, x[0]), b.Load(m, x[1]), b.Load(m, x[2]), b.Load(m, x[3]))
}

// A Product writes the shader of one product.
type Product struct {
	*emitter
	u          *fuse.Unit
	x, y       operand
	Z, M, N, K int
	// The layout of the result.
	outBatch, outRows, outColumns ir.View
}

// product writes the shader of a unit whose node is a contraction.
func product(f *fuse.Fusion, u *fuse.Unit, on ir.Target, pick Pick) Generated {
	p := NewProduct(f, u, on)
	all := p.Variants()
	if pick == nil {
		return all[0].Generate()
	}
	return all[pick(p.Class(), forms(all))].Generate()
}

// NewProduct begins the shader of a unit whose node is a contraction.
func NewProduct(f *fuse.Fusion, u *fuse.Unit, on ir.Target) *Product {
	c := u.Node.Contraction()
	p := &Product{emitter: newEmitter(f, u, on, u.Node.Len(), 1), u: u}
	p.Z, p.M, p.N, p.K = ir.Size(c.Batch), ir.Size(c.Rows), ir.Size(c.Columns), ir.Size(c.Inner)
	nb, nr, ni, nc := len(c.Batch), len(c.Rows), len(c.Inner), len(c.Columns)
	vx, vy := f.Where[u.Node.In[0]], f.Where[u.Node.In[1]]
	p.x = operand{vx.Base, vx.View.Part(0, nb), vx.View.Part(nb, nr), vx.View.Part(nb+nr, ni)}
	p.y = operand{vy.Base, vy.View.Part(0, nb), vy.View.Part(nb+ni, nc), vy.View.Part(nb, ni)}
	p.x.batch.Offset, p.y.batch.Offset = vx.View.Offset, vy.View.Offset
	p.outBatch, p.outRows, p.outColumns = c.Result()
	return p
}

// A Variant is one way to write the kernel of a product.
type Variant struct {
	Form     string
	Teams    int              // kernels with other numbers of them add up the terms of an element in another order
	Generate func() Generated // a Product generates only one of its variants, once
}

// Variants lists the kernels for the target, the rule's choice first.
func (p *Product) Variants() []Variant {
	if p.on.CPU {
		return p.lanes()
	}
	if p.multiplies() {
		return append([]Variant{p.matrix()}, p.tiled()...)
	}
	return p.tiled()
}

// Rivals lists the kernels that may give the same bits as the rule's choice, which is the first.
func (p *Product) Rivals() []Variant {
	all := p.Variants()
	teams := all[0].Teams
	return slices.DeleteFunc(all, func(v Variant) bool { return v.Teams != teams })
}

// Every lists all kernels, even those that do not suit the product.
func (p *Product) Every() []Variant {
	if p.on.CPU {
		return p.lanes()
	}
	var all []Variant
	for _, t := range tiles {
		all = append(all, p.tiledOf(t))
	}
	return all
}

func forms(all []Variant) []string {
	var out []string
	for _, v := range all {
		out = append(out, v.Form)
	}
	return out
}

// lanes returns the kernels for lavapipe, which differ in the height of the tile and the steps of k per iteration.
func (p *Product) lanes() []Variant {
	across := ir.Up(p.N, 4*p.on.Lanes) * p.Z
	best := tileRows(p.M, across)
	ku := 4 // more steps for long loops, because each iteration stores its state, as long as the code stays in the cache; fewer for short loops
	if p.K%8 == 0 && p.K >= 256 && p.on.Lanes < 16 {
		ku = 8
	}
	all := []Variant{p.lanesOf(best, ku)}
	for _, tile := range []int{32, 16, 8} {
		for _, k := range []int{8, 4} {
			if (tile != best || k != ku) && p.M >= tile && p.K%k == 0 {
				all = append(all, p.lanesOf(tile, k))
			}
		}
	}
	return all
}

// lanesOf is the variant for lavapipe in which a subgroup computes tile rows of the result, each lane four columns, in steps of ku terms.
func (p *Product) lanesOf(tile, ku int) Variant {
	x, y := p.x, p.y
	alongX, alongY := ir.AlignedQuads(x.inner, x.batch, x.outer), ir.AlignedQuads(y.inner, y.batch, y.outer)
	ta := !alongX && ir.AlignedQuads(x.outer, x.batch, x.inner)
	tb := !ir.AlignedQuads(y.outer, y.batch, y.inner)
	across := 4 * p.on.Lanes
	form := fmt.Sprintf("lanes %d×%d k%d", tile, across, ku)
	if ta {
		form += " aT"
	}
	if tb {
		form += " bT"
	}
	return Variant{form, 1, func() Generated {
		load := func(o operand, across, aligned bool) func(a []spirv.ID) spirv.ID {
			return func(a []spirv.ID) spirv.ID {
				if across { // a[0] is the first of four consecutive elements along the outer axis
					return p.b.Load(p.mem(o.base, 4), p.b.Shr(p.b.Add(a[0], offset(p.b, o.inner, a[1])), 2))
				}
				return p.loadQuad(o.base, a[0], o.inner, a[1], aligned)
			}
		}
		touch := p.hole("touch", func(a []spirv.ID) spirv.ID { return p.touch(a[0], a[1], a[2]) })
		m := p.fill(shaders.MatMulLanes, load(x, ta, alongX), load(y, !tb, alongY), touch)
		return p.finish(m, form, ir.Up(p.M, tile)*ir.Up(p.N, across), uint32(tile), uint32(ku), bit(ta), bit(tb), uint32(p.on.Lanes))
	}}
}

func (p *Product) finish(m *spirv.Module, form string, tiles int, consts ...uint32) Generated {
	g := Generated{Module: m, Binds: p.binds, Groups: tiles * p.Z, Row: p.on.GroupsX(), Form: form, FLOPs: 2 * float64(p.Z) * float64(p.M) * float64(p.N) * float64(p.K)}
	for i, v := range append([]uint32{uint32(p.Z), uint32(p.M), uint32(p.N), uint32(p.K)}, consts...) {
		g.Consts = append(g.Consts, spirv.Const{ID: i, Value: v})
	}
	return g
}

// fill fills the holes of a kernel: those that all kernels have, and its loads.
func (p *Product) fill(kernel *spirv.Module, loadA, loadB func(a []spirv.ID) spirv.ID, more ...spirv.Hole) *spirv.Module {
	holes := append(more, p.hole("rowA", p.begins(p.x)), p.hole("columnB", p.begins(p.y)), p.hole("loadA", loadA), p.hole("loadB", loadB),
		p.hole("result", func(a []spirv.ID) spirv.ID {
			p.result(a[0], a[1], a[2], a[3])
			return 0
		}))
	return kernel.Fill(p.u.Title(), holes...)
}

// begins returns the offset of a row or column of a matrix of o.
func (e *emitter) begins(o operand) func(a []spirv.ID) spirv.ID {
	return func(a []spirv.ID) spirv.ID { return e.b.Add(offset(e.b, o.batch, a[0]), offset(e.b, o.outer, a[1])) }
}

func (e *emitter) hole(name string, body func(a []spirv.ID) spirv.ID) spirv.Hole {
	return spirv.Hole{Name: name, Body: func(b *spirv.Block, a []spirv.ID) spirv.ID {
		care(e.on, b)
		e.b = b
		return body(a)
	}}
}

// touch reads, as ints, the memory that the columns from n on of row m will overwrite.
func (p *Product) touch(z, m, n spirv.ID) spirv.ID {
	b := p.b
	at := b.Add(b.Add(offset(b, p.outBatch, z), offset(b, p.outRows, m)), offset(b, p.outColumns, n))
	near := b.Index(0)
	for _, t := range p.u.Outs {
		near = b.Or(near, b.Bitcast(b.Component(b.Load(p.mem(t, 4), b.Shr(at, 2)), 0), spirv.Int))
	}
	return near
}

// result applies the unit's expressions to four consecutive columns of a row, and stores the results.
func (p *Product) result(z, m, n, c spirv.ID) {
	b, u := p.b, p.u
	row := b.Add(offset(b, p.outBatch, z), offset(b, p.outRows, m))
	first := b.Add(row, offset(b, p.outColumns, n))
	if ir.AlignedQuads(p.outColumns, p.outBatch, p.outRows) {
		outs := p.outs(u, 4)
		p.locate(z, m, n)
		for i, v := range p.results(u, first, true, c) {
			p.store(outs[i], u.Outs[i], b.Shr(first, 2), v)
		}
		return
	}
	outs := p.outs(u, 1)
	values := []spirv.ID{c}
	if len(u.Elems) > 0 { // there are such expressions only if columns are contiguous
		values = p.results(u, first, false, c)
	}
	for j := range 4 {
		column := b.Add(n, b.Index(j))
		b.If(b.Less(column, b.Index(p.N)), func() {
			at := b.Add(row, offset(b, p.outColumns, column))
			for i, t := range u.Outs {
				p.store(outs[i], t, at, b.Component(values[i], j))
			}
		})
	}
}

// locate sets the coordinates in the result of the columns from n on of row m.
func (p *Product) locate(z, m, n spirv.ID) {
	type axis struct {
		stride, size int
		at           spirv.ID
	}
	var all []axis
	for _, v := range []struct {
		ir.View
		flat spirv.ID
	}{{p.outBatch, z}, {p.outRows, m}, {p.outColumns, n}} {
		if len(v.Shape) == 0 {
			continue
		}
		for i, c := range split(p.b, p.b.Bitcast(v.flat, spirv.Uint), v.Shape) {
			all = append(all, axis{v.Strides[i], v.Shape[i], c})
		}
	}
	slices.SortFunc(all, func(a, b axis) int { return b.stride - a.stride })
	p.coordsOf, p.coords = nil, nil
	for _, a := range all {
		p.coordsOf, p.coords = append(p.coordsOf, a.size), append(p.coords, a.at)
	}
}

// tileRows is the height of a lavapipe tile, if a row of tiles consists of across tiles. It is as large as possible while both worker
// threads have enough tiles, or exactly half of them.
func tileRows(m, across int) int {
	for _, t := range []int{32, 16} {
		if tiles := ir.Up(m, t) * across; m >= t && (tiles >= 8 || m%t == 0 && tiles%2 == 0) {
			return t
		}
	}
	for t := 1; t < 8; t *= 2 {
		if m <= t {
			return t
		}
	}
	return 8
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
