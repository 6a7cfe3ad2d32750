package codegen

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// columns writes the reduction of columns of x [A, K, N].
type columns struct {
	*emitter
	u       *fuse.Unit
	x       *ir.Node
	r       *ir.Reduction
	a, k, n int
	deep    int      // invocations that share the rows of the same columns
	down    spirv.ID // the first row of this invocation
	outs    []spirv.Mem
}

// reduceColumns lets each invocation walk down four consecutive columns. On a GPU several invocations share the rows of the same columns
// if that keeps more of them busy.
func reduceColumns(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	x := u.Node.In[0]
	c := columns{u: u, x: x, r: u.Node.Reduce, a: x.Shape[0], k: x.Shape[1], n: x.Shape[2]}
	items := c.a * c.quads()
	c.deep = depth(on, items, c.k, 8)
	side := 64
	if on.CPU && items < 64*16 {
		side = on.Lanes
	}
	if c.deep > 1 {
		side = min(side, on.Invocations(256)/c.deep)
	}
	groups := (items + side - 1) / side
	c.emitter = newEmitter(f, u, on, x.Len(), side*c.deep)
	b := c.b
	c.outs = c.emitter.outs(u, c.width())
	id := b.LocalID(0)
	item := id
	c.down = b.Index(0)
	if c.deep > 1 {
		item, c.down = b.And(id, b.Index(side-1)), b.Shr(id, log2(side))
	}
	item = b.Add(b.Mul(group(b, on, groups), b.Index(side)), item)
	valid := b.Less(item, b.Index(items))
	if c.deep == 1 {
		b.If(valid, func() {
			at, v := c.total(item)
			c.write(item, at, v)
		})
		return Generated{Module: b.Module(), Binds: c.binds, Groups: groups}
	}
	at, v := c.total(b.Min(item, b.Index(items-1)))
	shared := b.Shared(side*c.deep, b.TypeOf(v))
	b.StoreShared(shared, id, v)
	c.tree(c.r, shared, id, c.down, c.deep, side)
	b.If(b.And(b.Equal(c.down, b.Index(0)), valid), func() { c.write(item, at, b.LoadShared(shared, id)) })
	return Generated{Module: b.Module(), Binds: c.binds, Groups: groups}
}

// quads returns the number of quads of columns.
func (c *columns) quads() int { return ir.Up(c.n, 4) }

// width returns the number of elements that one store writes.
func (c *columns) width() int {
	if c.n%4 != 0 {
		return 1
	}
	return 4
}

// total combines the rows down, down + deep, … of four columns. It also returns the position of these columns.
func (c *columns) total(item spirv.ID) (at []spirv.ID, v spirv.ID) {
	b, k, n := c.b, c.k, c.n
	at = split(b, b.Bitcast(item, spirv.Uint), []int{c.a, c.quads()})
	first := b.Add(b.Mul(at[0], b.Index(k*n)), b.Shl(at[1], 2))
	read := func(i spirv.ID) spirv.ID {
		c.at(b.Bitcast(b.Add(first, b.Mul(i, b.Index(n))), spirv.Uint), n%4 == 0)
		return c.value(c.x)
	}
	term := func(i spirv.ID) spirv.ID {
		if c.deep > 1 {
			i = b.Add(b.Mul(i, b.Index(c.deep)), c.down)
		}
		return read(i)
	}
	total := b.Cell(c.identity(c.r, spirv.Type{Elem: c.x.DType.Value(), N: 4}))
	const unroll = 4
	rows := k / c.deep
	full := rows / unroll * unroll
	if full > 0 {
		b.For(b.Index(0), b.Index(full), unroll, func(i spirv.ID) {
			sum := term(i)
			for j := 1; j < unroll; j++ {
				sum = c.r.Combine(b, sum, term(b.Add(i, b.Index(j))))
			}
			b.Set(total, c.r.Combine(b, b.Get(total), sum))
		})
	}
	for i := full; i < rows; i++ {
		b.Set(total, c.r.Combine(b, b.Get(total), term(b.Index(i))))
	}
	if rest := k % c.deep; rest > 0 {
		b.If(b.Less(c.down, b.Index(rest)), func() {
			b.Set(total, c.r.Combine(b, b.Get(total), read(b.Add(b.Index(rows*c.deep), c.down))))
		})
	}
	return at, b.Get(total)
}

// write stores the outputs of the unit for four columns.
func (c *columns) write(item spirv.ID, at []spirv.ID, v spirv.ID) {
	b := c.b
	col := b.Shl(at[1], 2)
	start := b.Add(b.Mul(at[0], b.Index(c.n)), col)
	results := c.results(c.u, start, c.width() == 4, v)
	if c.width() == 4 {
		for i, t := range c.u.Outs {
			c.store(c.outs[i], t, item, results[i])
		}
		return
	}
	for j := range 4 {
		b.If(b.Less(b.Add(col, b.Index(j)), b.Index(c.n)), func() {
			for i, t := range c.u.Outs {
				c.store(c.outs[i], t, b.Add(start, b.Index(j)), b.Component(results[i], j))
			}
		})
	}
}

// depth returns the number of invocations that share one of so many items, such as the columns of a matrix, with k terms each. On a GPU it
// doubles until all are busy, or until each has few terms. An invocation that adds up many terms waits for memory many times. Four items
// side by side remain in a workgroup, so that it reads 64 bytes or more at a time.
func depth(on ir.Target, items, k, few int) int {
	const busy, most = 1 << 15, 64
	deep := 1
	for !on.CPU && deep < min(most, on.Invocations(256)/4) && items*deep < busy && k/(2*deep) >= few {
		deep *= 2
	}
	return deep
}
