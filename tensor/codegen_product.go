package tensor

import (
	"fmt"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// A contraction says which axes of a product's operands are of which kind: x is [batch…, rows…, inner…], y is [batch…, inner…,
// columns…], and the result [batch…, rows…, columns…] in the order out.
type contraction struct {
	batch, rows, inner, columns []int // sizes
	out                         []int // axis i of the result is axis out[i] of [batch…, rows…, columns…]
}

// An operand is where the elements of a matrix are: the sum of what its axes of each kind say.
type operand struct {
	base                *Tensor
	batch, outer, inner View // outer are rows of x, or columns of y; the offset is in batch
}

// offset returns where the element at a flat index of v is.
func offset(b *spirv.Block, v View, flat spirv.ID) spirv.ID {
	sum := b.Index(v.Offset)
	if len(v.Shape) == 0 {
		return sum
	}
	for i, c := range split(b, b.Bitcast(flat, spirv.Uint), v.Shape) {
		sum = b.Add(sum, b.Mul(c, b.Index(v.Strides[i])))
	}
	return sum
}

// four reads the elements at, at+1, at+2, at+3 along v of what begins at base; at is a multiple of 4.
func (e *emitter) four(t *Tensor, base spirv.ID, v View, at spirv.ID, aligned bool) spirv.ID {
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

// A producer writes the shader of one product.
type producer struct {
	*emitter
	u          *unit
	x, y       operand
	z, m, n, k int
	// Where the result goes.
	outBatch, outRows, outColumns View
}

func (c *contraction) kernel(f *fusion, u *unit, on Target) generated {
	p := c.producer(f, u, on)
	all := p.variants()
	return all[f.tuning.pick(p.class(), forms(all))].generate()
}

// producer begins the kernel of a unit whose node is the contraction.
func (c *contraction) producer(f *fusion, u *unit, on Target) *producer {
	p := &producer{emitter: f.newEmitter(u, on, u.node.Len(), 1), u: u}
	p.z, p.m, p.n, p.k = ir.Size(c.batch), ir.Size(c.rows), ir.Size(c.columns), ir.Size(c.inner)
	nb, nr, ni, nc := len(c.batch), len(c.rows), len(c.inner), len(c.columns)
	vx, vy := f.where[u.node.in[0]], f.where[u.node.in[1]]
	p.x = operand{vx.base, vx.view.Part(0, nb), vx.view.Part(nb, nr), vx.view.Part(nb+nr, ni)}
	p.y = operand{vy.base, vy.view.Part(0, nb), vy.view.Part(nb+ni, nc), vy.view.Part(nb, ni)}
	p.x.batch.Offset, p.y.batch.Offset = vx.view.Offset, vy.view.Offset
	p.outBatch, p.outRows, p.outColumns = c.result()
	return p
}

// A variant is one way to write the kernel of a product.
type variant struct {
	form     string
	generate func() generated // at most once of one producer
}

// variants lists the ways there are for the target, first the one that is best by rule.
func (p *producer) variants() []variant {
	if p.on.CPU {
		return p.lanes()
	}
	if p.multiplies() {
		return append([]variant{p.matrix()}, p.tiled()...)
	}
	return p.tiled()
}

func forms(all []variant) []string {
	var out []string
	for _, v := range all {
		out = append(out, v.form)
	}
	return out
}

// lanes are the kernels for lavapipe, which differ in how tall a tile is and how many k there are in an iteration.
func (p *producer) lanes() []variant {
	across := ir.Up(p.n, 4*p.on.Lanes) * p.z
	best := tileRows(p.m, across)
	ku := 4 // of long loops more at a time, for what they carry is stored each time, as long as the code is near; of short ones less
	if p.k%8 == 0 && p.k >= 256 && p.on.Lanes < 16 {
		ku = 8
	}
	all := []variant{p.lanesOf(best, ku)}
	for _, tile := range []int{32, 16, 8} {
		for _, k := range []int{8, 4} {
			if (tile != best || k != ku) && p.m >= tile && p.k%k == 0 {
				all = append(all, p.lanesOf(tile, k))
			}
		}
	}
	return all
}

func (p *producer) lanesOf(tile, ku int) variant {
	x, y := p.x, p.y
	alongX, alongY := ir.Fours(x.inner, x.batch, x.outer), ir.Fours(y.inner, y.batch, y.outer)
	ta := !alongX && ir.Fours(x.outer, x.batch, x.inner)
	tb := !ir.Fours(y.outer, y.batch, y.inner)
	across := 4 * p.on.Lanes
	form := fmt.Sprintf("lanes %d×%d k%d", tile, across, ku)
	if ta {
		form += " aT"
	}
	if tb {
		form += " bT"
	}
	return variant{form, func() generated {
		load := func(o operand, across, aligned bool) func(a []spirv.ID) spirv.ID {
			return func(a []spirv.ID) spirv.ID {
				if across { // a[0] is where a four of the outer axis begins
					return p.b.Load(p.mem(o.base, 4), p.b.Shr(p.b.Add(a[0], offset(p.b, o.inner, a[1])), 2))
				}
				return p.four(o.base, a[0], o.inner, a[1], aligned)
			}
		}
		touch := p.hole("touch", func(a []spirv.ID) spirv.ID { return p.touch(a[0], a[1], a[2]) })
		m := p.fill(shaders.MatMulLanes, load(x, ta, alongX), load(y, !tb, alongY), touch)
		return p.finish(m, form, ir.Up(p.m, tile)*ir.Up(p.n, across), uint32(tile), uint32(ku), bit(ta), bit(tb), uint32(p.on.Lanes))
	}}
}

func (p *producer) finish(m *spirv.Module, form string, tiles int, consts ...uint32) generated {
	g := generated{module: m, binds: p.binds, groups: tiles * p.z, form: form, flops: 2 * float64(p.z) * float64(p.m) * float64(p.n) * float64(p.k)}
	for i, v := range append([]uint32{uint32(p.z), uint32(p.m), uint32(p.n), uint32(p.k)}, consts...) {
		g.consts = append(g.consts, spirv.Const{ID: i, Value: v})
	}
	return g
}

// fill fills the holes of a kernel: those that all have, and its loads.
func (p *producer) fill(kernel *spirv.Module, loadA, loadB func(a []spirv.ID) spirv.ID, more ...spirv.Hole) *spirv.Module {
	holes := append(more, p.hole("rowA", p.begins(p.x)), p.hole("columnB", p.begins(p.y)), p.hole("loadA", loadA), p.hole("loadB", loadB),
		p.hole("result", func(a []spirv.ID) spirv.ID {
			p.result(a[0], a[1], a[2], a[3])
			return 0
		}))
	return kernel.Fill(p.u.title(), holes...)
}

// begins returns where a row or column of a matrix of o begins.
func (e *emitter) begins(o operand) func(a []spirv.ID) spirv.ID {
	return func(a []spirv.ID) spirv.ID { return e.b.Add(offset(e.b, o.batch, a[0]), offset(e.b, o.outer, a[1])) }
}

func (e *emitter) hole(name string, body func(a []spirv.ID) spirv.ID) spirv.Hole {
	return spirv.Hole{Name: name, Body: func(b *spirv.Block, a []spirv.ID) spirv.ID {
		e.on.care(b)
		e.b = b
		return body(a)
	}}
}

// touch reads what the columns from n on of row m will be written over, as ints.
func (p *producer) touch(z, m, n spirv.ID) spirv.ID {
	b := p.b
	at := b.Add(b.Add(offset(b, p.outBatch, z), offset(b, p.outRows, m)), offset(b, p.outColumns, n))
	near := b.Index(0)
	for _, t := range p.u.outs {
		near = b.Or(near, b.Bitcast(b.Component(b.Load(p.mem(t, 4), b.Shr(at, 2)), 0), spirv.Int))
	}
	return near
}

// result makes of four columns of a row what the unit makes of them, and stores it.
func (p *producer) result(z, m, n, c spirv.ID) {
	b, u := p.b, p.u
	row := b.Add(offset(b, p.outBatch, z), offset(b, p.outRows, m))
	first := b.Add(row, offset(b, p.outColumns, n))
	if ir.Fours(p.outColumns, p.outBatch, p.outRows) {
		outs := p.outs(u, 4)
		p.locate(z, m, n)
		for i, v := range p.results(u, first, true, c) {
			p.store(outs[i], u.outs[i], b.Shr(first, 2), v)
		}
		return
	}
	outs := p.outs(u, 1)
	values := []spirv.ID{c}
	if len(u.elems) > 0 { // only where columns are neighbours
		values = p.results(u, first, false, c)
	}
	for j := range 4 {
		column := b.Add(n, b.Index(j))
		b.If(b.Less(column, b.Index(p.n)), func() {
			at := b.Add(row, offset(b, p.outColumns, column))
			for i, t := range u.outs {
				p.store(outs[i], t, at, b.Component(values[i], j))
			}
		})
	}
}

// locate says where in the result the columns from n on of row m are.
func (p *producer) locate(z, m, n spirv.ID) {
	type axis struct {
		stride, size int
		at           spirv.ID
	}
	var all []axis
	for _, v := range []struct {
		View
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
	p.known, p.coords = nil, nil
	for _, a := range all {
		p.known, p.coords = append(p.known, a.size), append(p.coords, a.at)
	}
}

// result returns where the result goes, along the axes of each kind.
func (c *contraction) result() (batch, rows, columns View) {
	canonical := slices.Concat(c.batch, c.rows, c.columns)
	shape, inverse := make([]int, len(c.out)), make([]int, len(c.out))
	for i, a := range c.out {
		shape[i], inverse[a] = canonical[a], i
	}
	v := ir.RowMajor(shape).Permute(inverse)
	nb, nr := len(c.batch), len(c.rows)
	return v.Part(0, nb), v.Part(nb, nr), v.Part(nb+nr, len(c.columns))
}

// joins tells whether elementwise nodes can be computed with the result: where four of its columns are side by side.
func (c *contraction) joins() bool {
	_, _, columns := c.result()
	return c.inFours() || len(columns.Shape) == 0 || len(columns.Shape) == 1 && columns.Strides[0] == 1
}

// inFours tells whether the result is stored four of its columns at a time.
func (c *contraction) inFours() bool {
	batch, rows, columns := c.result()
	return ir.Fours(columns, batch, rows)
}

// tileRows is the height of a lavapipe tile, of which there are so many side by side: as tall as leaves both worker threads enough to
// do, or halves of all.
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
