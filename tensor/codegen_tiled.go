package tensor

import (
	"cmp"
	"fmt"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// A tile is what a workgroup of a GPU makes of a product: m × n of the result, k columns of one operand and rows of the other at a time.
// Each invocation makes byM × byN of it.
type tile struct {
	m, n, k, byM, byN int

	rate float64 // multiplications in the same time, of a busy GPU, as a share of the best
}

// tiles are for all GPUs. Large ones read less for each multiplication, from memory and from shared memory; of small ones there are
// more to share out. Those of 64 × 64, 32 × 32 and the narrow ones run wherever there is Vulkan, in 16 KB and 128 invocations.
//
// Of tiles of one size a device takes the first that fits. Slabs (k) are thin, so that many workgroups share a core's memory: with the 64 KB
// of AMD's GPUs each of four SIMDs has about four subgroups of 64. With fewer, nothing is left to run while one waits for memory.
var tiles = []tile{
	{128, 128, 8, 8, 8, 1},
	{128, 128, 8, 8, 4, 0.9},
	{128, 64, 8, 8, 8, 0.9},
	{128, 64, 8, 8, 4, 0.8},
	{64, 128, 8, 8, 8, 0.9},
	{64, 128, 8, 8, 4, 0.8},
	{64, 64, 8, 8, 4, 0.75},
	{128, 32, 4, 8, 4, 0.65},
	{32, 128, 4, 4, 8, 0.65},
	{32, 32, 8, 4, 4, 0.45},
	{64, 16, 4, 4, 4, 0.35},
	{16, 64, 4, 4, 4, 0.35},
}

func (t tile) invocations() int { return t.m / t.byM * t.n / t.byN }

// shared returns how many bytes of shared memory the tile takes where lines of both operands lie so many fours apart.
func (t tile) shared(pad int) int { return 2 * t.k * (t.m + t.n + 8*pad) * 4 }

// fits tells whether the device runs the tile with lines so many fours apart. Where subgroups have 64 invocations or more, tiles with 64
// sums in each are left out: on AMD's GCN they leave registers for two subgroups a SIMD.
func (t tile) fits(on Target, pad int) bool {
	const invocations, shared, sums = 128, 16 << 10, 32 // that all of Vulkan has; and in registers, where subgroups are large
	l := on.Info.Limits
	if on.Info.SubgroupSize >= 64 && t.byM*t.byN > sums {
		return false
	}
	return t.invocations() <= max(invocations, min(l.MaxInvocations, l.MaxGroupSize[0])) && t.shared(pad) <= max(shared, l.SharedMemory)
}

// suits tells whether a product of m × n is more than half of the tile along each axis, which small tiles need not be.
func (t tile) suits(m, n int) bool {
	const small = 32
	return (t.m <= small || m > t.m/2) && (t.n <= small || n > t.n/2)
}

// cores is how many processors with shared memory of their own the device has: Vulkan does not say.
func (on Target) cores() int {
	if on.Info.Type == "integrated" {
		return 12
	}
	return 64
}

// cost estimates how long the device takes for z products of m × k × n, counted in multiplications of all its cores: a core that has
// few subgroups waits for memory, and where a tile begins and ends, nothing is multiplied.
func (t tile) cost(on Target, z, m, n, k int) float64 {
	const enough, ends = 16, 32 // subgroups of a core, four for each of four parts; k
	groups := float64(z * ir.Up(m, t.m) * ir.Up(n, t.n))
	busy := min(1, groups*float64(t.invocations())/float64(enough*max(on.Info.SubgroupSize, 32)*on.cores()))
	return groups * float64(t.m*t.n) * float64(k+ends) / (t.rate * busy)
}

// tilesFor lists the tiles for z products of m × k × n, that first which costs least.
func tilesFor(on Target, z, m, n, k int) []tile {
	var all []tile
	for _, t := range tiles {
		same := slices.ContainsFunc(all, func(a tile) bool { return a.m == t.m && a.n == t.n })
		if t.fits(on, 0) && t.suits(m, n) && !same {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b tile) int { return cmp.Compare(a.cost(on, z, m, n, k), b.cost(on, z, m, n, k)) })
	return all
}

// tiled are the kernels for GPUs, which differ in the tile.
func (p *producer) tiled() []variant {
	var all []variant
	for _, t := range tilesFor(p.on, p.z, p.m, p.n, p.k) {
		all = append(all, p.tiledOf(t))
	}
	return all
}

// A loading says how a tile is filled from an operand: ones or fours at a time, neighbours along the rows or columns or along k.
type loading struct {
	width int
	outer bool
}

func (o operand) loading() loading {
	switch {
	case ir.Fours(o.inner, o.batch, o.outer):
		return loading{4, false}
	case ir.Fours(o.outer, o.batch, o.inner):
		return loading{4, true}
	}
	return loading{1, o.outer.Near() > o.inner.Near()}
}

// form says how an operand is loaded that lies as is usual where transposed says so.
func (l loading) form(name string, transposed bool) string {
	switch {
	case l.width == 4 && l.outer == transposed:
		return " " + name + "4T"
	case l.width == 4:
		return " " + name + "4"
	case l.outer == transposed:
		return " " + name + "T"
	}
	return ""
}

func (p *producer) tiledOf(t tile) variant {
	a, b := p.x.loading(), p.y.loading()
	form := fmt.Sprintf("tiled %d×%d%s%s", t.m, t.n, a.form("a", true), b.form("b", false))
	return variant{form, func() generated {
		load := func(o operand, l loading) func(at []spirv.ID) spirv.ID {
			return func(at []spirv.ID) spirv.ID {
				if l.width == 4 {
					return p.b.Load(p.mem(o.base, 4), p.b.Shr(at[0], 2))
				}
				return p.b.Splat(p.b.Load(p.mem(o.base, 1), at[0]))
			}
		}
		inner := func(o operand) func(k []spirv.ID) spirv.ID {
			return func(k []spirv.ID) spirv.ID { return offset(p.b, o.inner, k[0]) }
		}
		pad := 0
		if (!a.outer || !b.outer) && t.fits(p.on, 1) {
			pad = 1
		}
		m := p.fill(shaders.MatMulTiled, load(p.x, a), load(p.y, b), p.hole("innerA", inner(p.x)), p.hole("innerB", inner(p.y)))
		return p.finish(m, form, ir.Up(p.m, t.m)*ir.Up(p.n, t.n), uint32(t.invocations()), uint32(t.m), uint32(t.n), uint32(t.k),
			uint32(t.byM), uint32(t.byN), uint32(pad), uint32(a.width), uint32(b.width), bit(a.outer), bit(!b.outer))
	}}
}

// parts says along which axis of the inner ones, and into how many parts, a GPU cuts the terms of the product: 1 leaves them together.
// Parts of a product with few tiles and many terms, as the gradient of a weight is, are made side by side; each is written and read
// once more, which takes a dispatch.
func (c *contraction) parts(on Target) (axis, parts int) {
	const most, terms, element, dispatch, worth = 64, 64, 64, 1_000_000, 0.8
	z, m, n, k := ir.Size(c.batch), ir.Size(c.rows), ir.Size(c.columns), ir.Size(c.inner)
	cost := func(parts int) float64 {
		return tilesFor(on, z*parts, m, n, k/parts)[0].cost(on, z*parts, m, n, k/parts)
	}
	parts, least := 1, worth*cost(1)
	for i, inner := range c.inner {
		for p := 2; p <= min(inner, most, k/terms); p++ {
			if inner%p != 0 || i == len(c.inner)-1 && inner%4 == 0 && inner/p%4 != 0 { // what lies in fours stays so
				continue
			}
			if sum := cost(p) + float64(p*z*m*n)*element + float64(on.cores())*dispatch; sum < least {
				axis, parts, least = i, p, sum
			}
		}
	}
	return axis, parts
}

// partsOf adds up the parts of a product.
var partsOf = &reduction{"Parts", 0, (*spirv.Block).Add, (*spirv.Block).SubgroupAdd}

// inParts is the contraction as the sum of parts, each of which has some of the terms; nil where the target makes it in one.
func (c contraction) inParts(name string, on Target, x, y *Tensor) *Tensor {
	if on.CPU {
		return nil
	}
	axis, parts := c.parts(on)
	if parts == 1 {
		return nil
	}
	cut := func(x *Tensor, at int) *Tensor { // the axis becomes two, the first of which goes in front
		shape := x.Shape()
		shape[at] /= parts
		x = x.Reshape(slices.Insert(shape, at, parts)...)
		return x.Permute(slices.Concat([]int{at}, ir.Counting(0, at), ir.Counting(at+1, x.Rank()-at-1))...)
	}
	nb, nr := len(c.batch), len(c.rows)
	part := contraction{batch: append([]int{parts}, c.batch...), rows: c.rows, inner: slices.Clone(c.inner), columns: c.columns, out: []int{0}}
	part.inner[axis] /= parts
	for _, a := range c.out {
		part.out = append(part.out, a+1)
	}
	o := part.op(name, nil)
	o.Instead = nil
	all := o.On(cut(x, nb+nr+axis), cut(y, nb+axis))
	shape := all.Shape()[1:]
	sum := Op{Name: partsOf.name, Shape: []int{1, ir.Size(shape)}, DType: F32, Reduce: partsOf}
	return sum.On(all.Reshape(1, parts, ir.Size(shape))).Reshape(shape...)
}
