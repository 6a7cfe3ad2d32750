package codegen

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// groupRows writes the kernel of ir.GroupRows: indices [N] → starts [V+1], padded to a multiple of 4, then order [N], as sumRows takes
// them. Each row of V reads all indices twice: once to count those before it, and once to find its own. On a GPU it reads sixteen at
// once, because there are too few subgroups to hide the latency of memory.
func groupRows(f *fuse.Fusion, u *fuse.Unit, on ir.Target, v int) Generated {
	x := f.Where[u.Node.In[0]].Base
	n := x.Len()
	local := 64
	if on.CPU && v < local {
		local = on.Lanes
	}
	groups := ir.Up(v+1, local)
	e := newEmitter(f, u, on, n, local)
	b := e.b
	out := e.out(u.Node, 1)
	sixteens := n / 16 * 16
	if on.CPU {
		sixteens = 0
	}
	each := func(body func(i, at spirv.ID)) {
		if sixteens > 0 {
			from := e.mem(x, 4)
			b.For(b.Index(0), b.Index(sixteens), 16, func(i spirv.ID) {
				var quads [4]spirv.ID
				for j := range quads {
					quads[j] = b.Load(from, b.Add(b.Shr(i, 2), b.Index(j)))
				}
				for j := range 16 {
					body(b.Add(i, b.Index(j)), b.Component(quads[j/4], j%4))
				}
			})
		}
		if sixteens < n {
			from := e.mem(x, 1)
			b.For(b.Index(sixteens), b.Index(n), 1, func(i spirv.ID) { body(i, b.Load(from, i)) })
		}
	}
	row := b.Add(b.Mul(group(b, on, groups), b.Index(local)), b.LocalID(0))
	b.If(b.LessEqual(row, b.Index(v)), func() {
		before := b.Cell(b.Index(0))
		each(func(_, at spirv.ID) {
			counts := b.And(b.LessEqual(b.Index(0), at), b.Less(at, row))
			b.Set(before, b.Add(b.Get(before), b.Cast(counts, spirv.Int)))
		})
		b.Store(out, row, b.Get(before))
		next := b.Cell(b.Add(b.Get(before), b.Index(ir.Up(v+1, 4)*4)))
		each(func(i, at spirv.ID) {
			mine := b.And(b.Equal(at, row), b.Less(row, b.Index(v)))
			b.If(mine, func() {
				b.Store(out, b.Get(next), i)
				b.Set(next, b.Add(b.Get(next), b.Index(1)))
			})
		})
	})
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups, Form: "order"}
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
