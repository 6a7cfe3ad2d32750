package codegen

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// groupRows writes the kernel of ir.GroupRows: indices [N] → starts [V+1], padded to a multiple of 4, then order [N], as sumRows takes
// them. All indices are read twice for each row of V: once to count those of rows before it and its own, and once to find its own. On a GPU
// several invocations share a row, each with a run of indices. They tell each other how many they counted.
func groupRows(f *fuse.Fusion, u *fuse.Unit, on ir.Target, v int) Generated {
	x := f.Where[u.Node.In[0]].Base
	n := x.Len()
	g := grouper{x: x, n: n, whole: n / 16 * 16, deep: depth(on, v+1, n, 16)}
	local := 64
	switch {
	case on.CPU:
		g.whole = 0
		if v < local {
			local = on.Lanes
		}
	case g.deep > 1:
		local = on.Invocations(256)
	}
	groups := ir.Up(v+1, local/g.deep)
	g.emitter = newEmitter(f, u, on, n, local)
	b := g.b
	out, id := g.out(u.Node, 1), b.LocalID(0)
	row := b.Add(b.Mul(group(b, on, groups), b.Index(local/g.deep)), b.Shr(id, log2(g.deep)))
	g.place = b.And(id, b.Index(g.deep-1))
	before, own := b.Cell(b.Index(0)), b.Cell(b.Index(0))
	count := func(c spirv.Cell, counts spirv.ID) { b.Set(c, b.Add(b.Get(c), b.Cast(counts, spirv.Int))) }
	g.each(func(_, at spirv.ID) {
		count(before, b.And(b.LessEqual(b.Index(0), at), b.Less(at, row)))
		count(own, b.Equal(at, row))
	})
	start, skip := g.starts(id, local, b.Get(before), b.Get(own))
	b.If(b.And(b.Equal(g.place, b.Index(0)), b.LessEqual(row, b.Index(v))), func() { b.Store(out, row, start) })
	b.If(b.Less(row, b.Index(v)), func() {
		next := b.Cell(b.Add(b.Add(start, skip), b.Index(ir.Up(v+1, 4)*4)))
		g.each(func(i, at spirv.ID) {
			b.If(b.Equal(at, row), func() {
				b.Store(out, b.Get(next), i)
				b.Set(next, b.Add(b.Get(next), b.Index(1)))
			})
		})
	})
	return Generated{Module: b.Module(), Binds: g.binds, Groups: groups, Form: "order"}
}

// A grouper reads the indices x [n] of groupRows. Each row is shared by deep invocations.
type grouper struct {
	*emitter
	x              *ir.Node
	n, whole, deep int      // whole of n are read sixteen at once, because there are too few subgroups to hide the latency of memory
	place          spirv.ID // of this invocation among those that share a row
}

// each calls body with the numbers of the indices that this invocation reads, in ascending order, and with the indices.
func (g *grouper) each(body func(i, at spirv.ID)) {
	b := g.b
	if g.whole > 0 {
		from, run := g.mem(g.x, 4), ir.Up(g.whole/16, g.deep)*16
		lo := b.Mul(g.place, b.Index(run))
		hi := b.Min(b.Add(lo, b.Index(run)), b.Index(g.whole))
		b.For(lo, hi, 16, func(i spirv.ID) {
			var quads [4]spirv.ID
			for j := range quads {
				quads[j] = b.Load(from, b.Add(b.Shr(i, 2), b.Index(j)))
			}
			for j := range 16 {
				body(b.Add(i, b.Index(j)), b.Component(quads[j/4], j%4))
			}
		})
	}
	if g.whole < g.n {
		from := g.mem(g.x, 1)
		b.If(b.Equal(g.place, b.Index(g.deep-1)), func() {
			b.For(b.Index(g.whole), b.Index(g.n), 1, func(i spirv.ID) { body(i, b.Load(from, i)) })
		})
	}
}

// starts returns how many indices belong to rows before this one, and how many of its own precede those of this invocation, from what each
// invocation has counted.
func (g *grouper) starts(id spirv.ID, local int, before, own spirv.ID) (start, skip spirv.ID) {
	b := g.b
	if g.deep == 1 {
		return before, b.Index(0)
	}
	zero := b.Index(0)
	sum := b.Vec(before, own, zero, zero)
	// With two places in turn, one barrier for each step is enough.
	turn, shared := 0, [2]spirv.Shared{b.Shared(local, b.TypeOf(sum)), b.Shared(local, b.TypeOf(sum))}
	at := func(i spirv.ID) spirv.ID {
		s := shared[turn]
		turn = 1 - turn
		b.StoreShared(s, id, sum)
		b.Barrier()
		return b.LoadShared(s, i)
	}
	for step := 1; step < g.deep; step *= 2 { // sum becomes that of twice as many invocations, this one being the last
		from := at(b.Max(b.Sub(id, b.Index(step)), zero))
		sum = b.Add(sum, b.Select(b.Splat(b.Less(g.place, b.Index(step))), b.Zero(b.TypeOf(sum)), from))
	}
	last := at(b.Or(id, b.Index(g.deep-1)))
	return b.Component(last, 0), b.Sub(b.Component(sum, 1), own)
}

// sumRows writes the kernel of ir.SumRows: x [N, D], order [N], starts [V+1] → [V, D]. Row r of the result is the sum of the rows
// order[starts[r]], …, order[starts[r+1]−1] of x. Order and starts may be one tensor, as groupRows makes it.
func sumRows(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	x, order, starts := f.Where[u.Node.In[0]].Base, f.Where[u.Node.In[1]].Base, f.Where[u.Node.In[2]].Base
	v, d := u.Node.Shape[0], u.Node.Shape[1]
	width := 1
	if d%4 == 0 {
		width = 4
	}
	each := 1 // quads of a row that one invocation adds up: it reads the row's indices once for all of them
	for each < 8 && d%(2*each*width) == 0 {
		each *= 2
	}
	const local = 64
	items := v * d / width / each
	groups := ir.Up(items, local)
	e := newEmitter(f, u, on, items, local)
	b := e.b
	from := e.mem(x, width)
	at, ends, skip := e.mem(order, 1), e.mem(starts, 1), 0
	if order == starts {
		skip = ir.Up(v+1, 4) * 4
	}
	out := e.out(u.Node, width)
	item := b.Add(b.Mul(group(b, on, groups), b.Index(local)), b.LocalID(0))
	b.If(b.Less(item, b.Index(items)), func() {
		c := split(b, b.Bitcast(item, spirv.Uint), []int{v, d / width / each})
		sums := make([]spirv.Cell, each)
		for i := range sums {
			sums[i] = b.Cell(b.Zero(spirv.Type{Elem: x.DType.Value(), N: width}))
		}
		b.For(b.Load(ends, c[0]), b.Load(ends, b.Add(c[0], b.Index(1))), 1, func(i spirv.ID) {
			first := b.Add(b.Mul(b.Load(at, b.Add(i, b.Index(skip))), b.Index(d/width)), b.Mul(c[1], b.Index(each)))
			for i, sum := range sums {
				b.Set(sum, b.Add(b.Get(sum), b.Load(from, b.Add(first, b.Index(i)))))
			}
		})
		for i, sum := range sums {
			b.Store(out, b.Add(b.Mul(item, b.Index(each)), b.Index(i)), b.Get(sum))
		}
	})
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups, Form: "segments", FLOPs: float64(x.Len())}
}
