package tensor

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// A Target is what kernels are chosen for.
type Target struct {
	CPU   bool // lavapipe: texel loads, no shared memory; otherwise a GPU
	Lanes int  // of lavapipe, 8 or 16
	Info  vk.Info
	Bind  int // bytes that one binding holds at most; 0: what the device says

	Products DType          // what operands of products are kept in
	Matrices spirv.Matrices // that a GPU multiplies; zero: none, or it does so wrong
}

// room returns how many bytes a binding holds that is read by texels of that many bytes, or, with 0, as a storage buffer: a multiple
// of what any device asks of offsets.
func (on Target) room(texel int) int {
	n := on.Info.Limits.MaxStorageRange
	if texel > 0 {
		n = on.Info.Limits.MaxTexels * texel
	}
	if on.Bind > 0 {
		n = min(n, on.Bind)
	}
	return max(n/alignment, 1) * alignment
}

// A bound is what one binding of a shader is: bytes lo ≤ i < hi of a tensor's memory.
type bound struct {
	t      *Tensor
	lo, hi int
}

// A generated shader: what it binds, in order, its constants, how many workgroups it wants, and of a kernel, in which form it is
// written and what it adds and multiplies.
type generated struct {
	module *spirv.Module
	binds  []bound
	groups int
	consts []spirv.Const
	form   string
	flops  float64
}

// maxGroupsX is how many workgroups lie along x; more go on along y. Every device allows 65,535. Tests lower it.
var maxGroupsX = 32768

// An emitter writes the expressions of a unit into a shader: four neighbouring elements of its domain at a time.
type emitter struct {
	*fusion
	b     *spirv.Block
	on    Target
	stops map[*Tensor]bool // read from memory; nil: what is stored outside own
	own   map[*Tensor]bool // computed here
	mems  map[memKey]spirv.Mem
	binds []bound

	base   spirv.ID             // flat index of the first of the four, a scalar uint
	whole  bool                 // base is a multiple of 4
	n      int                  // elements of the domain
	known  []int                // a shape of the domain in which the first of the four is known to be at coords; nil: none is
	coords []spirv.ID           // scalar ints
	once   map[*Tensor]spirv.ID // single numbers, read before all else
	rows   map[*Tensor]spirv.ID // one number for the row that the four are in
	values map[*Tensor]spirv.ID
	views  map[string]spirv.ID // loads through layouts
	writes []write
}

type memKey struct {
	t *Tensor
	n int
}

// at begins four new elements.
func (e *emitter) at(base spirv.ID, whole bool) {
	e.base, e.whole = base, whole
	e.values, e.views = map[*Tensor]spirv.ID{}, map[string]spirv.ID{}
}

// mem declares t's memory as an array of scalars (n = 1) or vectors (n = 4) to read from.
func (e *emitter) mem(t *Tensor, n int) spirv.Mem {
	k := memKey{t: t, n: n}
	m, ok := e.mems[k]
	if !ok {
		elem := spirv.Type{Elem: t.op.DType.Mem(), N: n}
		if e.on.CPU {
			m = e.bind(t, n, e.on.room(texel(t, n)), func(i int) spirv.Mem { return e.b.Texels(i, elem) })
		} else {
			m = e.bind(t, n, e.on.room(0), func(i int) spirv.Mem { return e.b.Buffer(i, elem, true, false) })
		}
		e.mems[k] = m
	}
	return m
}

// out declares t's memory to write to, one, four or eight elements at a time. lavapipe writes lane by lane and component by component:
// of 64 bits there are half as many.
func (e *emitter) out(t *Tensor, n int) spirv.Mem {
	elem := spirv.Type{Elem: t.op.DType.Mem(), N: n}
	if n >= 4 && e.on.CPU && e.on.Info.Int64 && !t.op.DType.Packed() {
		elem = spirv.Type{Elem: spirv.Long, N: n / 2}
	}
	return e.bind(t, n, e.on.room(0), func(i int) spirv.Mem { return e.b.Buffer(i, elem, false, true) })
}

// bind declares t's memory at the next bindings, as many as it takes with so much room in each.
func (e *emitter) bind(t *Tensor, n, room int, declare func(binding int) spirv.Mem) spirv.Mem {
	var parts []spirv.Mem
	for lo, bytes := 0, inQuads(t); lo < bytes; lo += room {
		parts = append(parts, declare(len(e.binds)))
		e.binds = append(e.binds, bound{t, lo, min(lo+room, bytes)})
	}
	return spirv.Join(room/t.op.DType.Bytes(n), parts...)
}

// texel returns the bytes of the texels through which lavapipe reads t's memory, as scalars or in fours.
func texel(t *Tensor, n int) int {
	if t.op.DType.Packed() {
		return 4
	}
	return 4 * n
}

// inQuads returns the bytes of t's memory, which shaders read and write four elements at a time.
func inQuads(t *Tensor) int { return t.op.DType.Bytes(ir.Up(t.Len(), 4) * 4) }

// single reads the single numbers that a unit needs, once for all elements.
func (e *emitter) single(u *unit) {
	for _, t := range u.elems {
		for _, x := range t.in {
			b := e.where[x].base
			if b.Len() > 1 || u.own[b] || !e.stored[b] || e.once[b] != 0 {
				continue
			}
			v := e.b.Splat(e.b.Load(e.mem(b, 1), e.b.Index(0)))
			e.once[b] = e.b.Cast(v, b.op.DType.Value())
		}
	}
}

// value returns the four elements of t, which has the domain's elements in the domain's order.
func (e *emitter) value(t *Tensor) spirv.ID {
	p := e.where[t]
	if v, ok := e.rows[p.base]; ok {
		return e.b.Splat(v)
	}
	if v, ok := e.once[p.base]; ok && p.view.Lo == nil {
		return v
	}
	if !p.view.Contiguous() || p.base.Len() != t.Len() {
		return e.through(p)
	}
	t = p.base
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

func (e *emitter) computes(t *Tensor) bool {
	if e.stops != nil {
		return !e.stops[t]
	}
	return e.own[t] || inlined(t) && !e.stored[t]
}

func (e *emitter) expr(t *Tensor) spirv.ID {
	if t.op.Table {
		return e.lookUp(t)
	}
	in := make([]spirv.ID, len(t.in))
	for i, x := range t.in {
		in[i] = e.value(x)
	}
	if t.op.Emit != nil {
		return t.op.Emit(e.b, in...)
	}
	flat := e.b.Add(e.b.Splat(e.b.Bitcast(e.base, spirv.Int)), e.b.Lanes())
	return t.op.EmitAt(e.b, flat, in...)
}

// lookUp reads four elements of rows of a table. Neighbours lie in one row where rows are whole quads.
func (e *emitter) lookUp(t *Tensor) spirv.ID {
	b, table := e.b, e.where[t.in[0]].base
	rows, cols := t.in[0].op.Shape[0], t.in[0].op.Shape[1]
	row := e.value(t.in[1])
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
	return b.Cast(x, table.op.DType.Value())
}

// through returns four elements of a base seen through a layout.
func (e *emitter) through(p place) spirv.ID {
	if inlined(p.base) && e.computes(p.base) {
		if p.base.op.Emit != nil {
			return p.base.op.Emit(e.b)
		}
		var lane [4]spirv.ID
		a := e.addresses(p.view.Collapse())
		for j := range lane {
			lane[j] = a.lane(e.b, j)
		}
		return p.base.op.EmitAt(e.b, e.b.Vec(lane[0], lane[1], lane[2], lane[3]))
	}
	key := fmt.Sprint(e.number[p.base], p.view)
	v, ok := e.views[key]
	if !ok {
		v = e.load(p.base, p.view)
		e.views[key] = v
	}
	return v
}

// load reads four elements of t's memory through a layout with the domain's elements.
func (e *emitter) load(t *Tensor, v View) spirv.ID {
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
	return b.Cast(x, t.op.DType.Value())
}

// store writes x, one element of t, four, or twice four, to memory.
func (e *emitter) store(m spirv.Mem, t *Tensor, i spirv.ID, x ...spirv.ID) {
	e.b.Store(m, i, e.kept(m, t, x...))
}

// kept returns x, elements of t, as they are kept in memory.
func (e *emitter) kept(m spirv.Mem, t *Tensor, x ...spirv.ID) spirv.ID {
	v := x[0]
	if !t.op.DType.Packed() {
		v = e.b.Cast(v, t.op.DType.Mem())
	}
	if len(x) > 1 {
		v = e.b.Longs(v, e.b.Cast(x[1], t.op.DType.Mem()))
	}
	return e.b.Fit(m, v)
}

// A write is a store that waits for others.
type write struct {
	mem          spirv.Mem
	at, v, valid spirv.ID // valid 0: always
}

// later writes x to memory, where it is valid, when flush is called.
func (e *emitter) later(m spirv.Mem, t *Tensor, i, valid spirv.ID, x ...spirv.ID) {
	e.writes = append(e.writes, write{m, i, e.kept(m, t, x...), valid})
}

// flush writes what waits; all invocations must come here. lavapipe writes lane by lane, and for each lane it puts whole vectors on the
// stack, to take one element of each. What lives across a barrier is in memory already, where it reads no more than it writes: half the
// time. So all that a store is made of must be ready before.
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

// pair is how many of so many quads, one behind the other, a lane writes at once: lavapipe finds out for each store anew which lanes
// write, and where. Of what is packed it is one.
func (on Target) pair(u *unit, quads int) int {
	packed := slices.ContainsFunc(u.outs, func(t *Tensor) bool { return t.op.DType.Packed() })
	if on.CPU && on.Info.Int64 && quads%2 == 0 && !packed {
		return 2
	}
	return 1
}

// invocations is how many of so many, a power of two, a workgroup may have.
func (on Target) invocations(most int) int {
	const all = 128 // that all of Vulkan has
	for l := on.Info.Limits; most > max(all, min(l.MaxInvocations, l.MaxGroupSize[0])); {
		most /= 2
	}
	return most
}

// group returns the number of this workgroup, counted along x, then y.
func group(b *spirv.Block, groups int) spirv.ID {
	if groups <= maxGroupsX {
		return b.Group(0)
	}
	return b.Add(b.Mul(b.Group(1), b.Index(maxGroupsX)), b.Group(0))
}

// bound returns the shader as it must be declared where its bindings are these views, some of which may share memory.
func (g generated) bound(views []vk.View) *spirv.Module {
	return g.module.Alias(vk.Shared(g.module, views)...)
}

func (g generated) grid() vk.Grid {
	if g.groups <= maxGroupsX {
		return vk.Groups(g.groups)
	}
	return vk.Groups(maxGroupsX, ir.Up(g.groups, maxGroupsX))
}

// constants are those of the kernel, with how many workgroups lie along x where a test has lowered that.
func (g generated) constants() []spirv.Const {
	const row = 31 // the constant's number in all kernels that are written in GLSL
	for _, c := range g.module.Consts {
		if c.ID == row && int(c.Default) != maxGroupsX {
			return append(slices.Clone(g.consts), spirv.Const{ID: row, Value: uint32(maxGroupsX)})
		}
	}
	return g.consts
}

// launched is how many workgroups run where a shader asks for so many: those along y come in whole rows.
func launched(groups int) int {
	if groups <= maxGroupsX {
		return groups
	}
	return ir.Up(groups, maxGroupsX) * maxGroupsX
}

// title names a unit after its ops, for profiles.
func (u *unit) title() string {
	names := make([]string, 0, 1+len(u.elems))
	if u.node != nil {
		names = append(names, u.node.op.Name)
	}
	for _, t := range u.more {
		names = append(names, t.op.Name)
	}
	for _, t := range u.elems {
		names = append(names, t.op.Name)
	}
	if len(names) > 6 {
		names = append(names[:5], fmt.Sprintf("%d more", len(names)-5))
	}
	return strings.Join(names, "·")
}

// generate writes the shader of an elementwise unit or a reduction.
func (f *fusion) generate(u *unit, on Target) generated {
	if u.node != nil && u.node.op.Kernel != nil {
		return u.node.op.Kernel(f, u, on)
	}
	if u.node != nil {
		return f.generateReduce(u, on)
	}
	n := u.outs[0].Len()
	quads := (n + 3) / 4
	local, each, stride := on.invocations(256), 1, on.Lanes
	if on.CPU { // the lanes walk a contiguous stretch (the driver runs them to the end before the next ones)
		local = 32
		for each < 4 && quads >= local*each*2*16 {
			each *= 2
		}
	}
	per := local * each
	groups := (quads + per - 1) / per
	pair := 1
	if each > 1 {
		pair = on.pair(u, quads)
	}
	e := f.newEmitter(u, on, n, local)
	b := e.b
	outs := e.outs(u, 4*pair)
	lane := b.LocalID(0)
	start := b.Mul(group(b, groups), b.Index(per/pair))
	if each > 1 {
		start = b.Add(start, b.Add(b.Mul(b.Shr(lane, log2(stride)), b.Index(stride*each/pair)), b.And(lane, b.Index(stride-1))))
	} else {
		start = b.Add(start, lane)
	}
	write := func(at, valid spirv.ID) {
		values := make([][]spirv.ID, len(u.outs))
		for h := range pair {
			quad := at
			if pair > 1 {
				quad = b.Add(b.Shl(at, 1), b.Index(h))
			}
			e.at(b.Bitcast(b.Shl(quad, 2), spirv.Uint), true)
			for i, t := range u.outs {
				values[i] = append(values[i], e.value(t))
			}
		}
		for i, t := range u.outs {
			e.later(outs[i], t, at, valid, values[i]...)
		}
	}
	some := quads < launched(groups)*per // of the invocations have nothing to do
	switch {
	case on.CPU: // lanes compute what is not stored: that costs less than to leave it out
		e.single(u)
		for k := range each / pair {
			at, valid := b.Add(start, b.Index(stride*k)), spirv.ID(0)
			if some {
				valid, at = b.Less(at, b.Index(quads/pair)), b.Min(at, b.Index(quads/pair-1))
			}
			write(at, valid)
		}
		e.flush()
	case some: // and must not read: others may be writing there, in place of what they have read
		b.If(b.Less(start, b.Index(quads)), func() {
			e.single(u)
			write(start, 0)
			e.flush()
		})
	default:
		e.single(u)
		write(start, 0)
		e.flush()
	}
	return generated{module: b.Module(), binds: e.binds, groups: groups}
}

func log2(n int) int { return bits.Len(uint(n)) - 1 }

func (f *fusion) newEmitter(u *unit, on Target, n, local int) *emitter {
	return &emitter{
		fusion: f, b: on.block(u.title(), local), on: on, n: n,
		stops: u.stops, own: u.own, mems: map[memKey]spirv.Mem{}, once: map[*Tensor]spirv.ID{},
	}
}

// block begins a shader whose workgroups have so many invocations.
func (on Target) block(name string, local int) *spirv.Block {
	b := spirv.NewBlock(name, local, 1, 1)
	on.care(b)
	return b
}

// care has special numbers kept in a shader, where the device can promise that. lavapipe's functions do so by themselves.
func (on Target) care(b *spirv.Block) {
	if on.Info.Special {
		b.KeepSpecial()
	}
	if !on.CPU {
		b.CarryNaN()
	}
}
