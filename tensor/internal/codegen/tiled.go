package codegen

import (
	"cmp"
	"fmt"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// A Tile is the part of a product that a workgroup of a GPU computes: m × n of the result, for which it loads slabs of k columns of one
// operand and k rows of the other. Each invocation computes byM × byN of it. If there are several teams, each computes all of the tile
// from a part of each slab, and the results are added up.
type Tile struct {
	M, N, K, byM, byN int
	Teams             int

	rate float64 // multiplications per time on a GPU whose memory is busy, relative to the best tile
}

// tiles serve all GPUs. Large ones read less from memory and from shared memory per multiplication; small ones give more workgroups to
// distribute. The tiles of 64 × 64, 32 × 32 and the narrow ones run on every Vulkan device: they need 16 KB and 128 invocations.
//
// Among tiles of equal size a device takes the first that fits. Slabs (k) are thin, so that many workgroups share a core's memory: with
// the 64 KB of AMD's GPUs each of four SIMDs has about four subgroups of 64. With fewer subgroups, nothing hides the latency of memory.
// The tile with four teams serves products of a few tiles: each SIMD of a core works on a quarter of the terms.
var tiles = []Tile{
	{128, 128, 8, 8, 8, 1, 1},
	{128, 128, 8, 8, 4, 1, 0.9},
	{128, 64, 8, 8, 8, 1, 0.9},
	{128, 64, 8, 8, 4, 1, 0.8},
	{64, 128, 8, 8, 8, 1, 0.9},
	{64, 128, 8, 8, 4, 1, 0.8},
	{64, 64, 8, 8, 4, 1, 0.75},
	{128, 32, 4, 8, 4, 1, 0.65},
	{32, 128, 4, 4, 8, 1, 0.65},
	{32, 32, 8, 4, 4, 1, 0.45},
	{32, 32, 16, 4, 4, 4, 0.4},
	{64, 16, 4, 4, 4, 1, 0.35},
	{16, 64, 4, 4, 4, 1, 0.35},
}

// Tiles lists all tiles.
func Tiles() []Tile { return slices.Clone(tiles) }

// String returns the beginning of the form of the tile's kernels.
func (t Tile) String() string {
	if t.Teams > 1 {
		return fmt.Sprintf("tiled %d×%d×%d", t.M, t.N, t.Teams)
	}
	return fmt.Sprintf("tiled %d×%d", t.M, t.N)
}

func (t Tile) invocations() int { return t.M / t.byM * t.N / t.byN * t.Teams }

// shared returns the bytes of shared memory that the tile takes if the lines of both operands are padded by so many quads.
func (t Tile) shared(pad int) int { return 2 * t.K * (t.M + t.N + 8*pad) * 4 }

// fits tells whether the device runs the tile with lines padded by so many quads. If subgroups have 64 invocations or more, tiles with 64
// sums in each invocation are left out: on AMD's GCN they leave registers for only two subgroups per SIMD.
func (t Tile) fits(on ir.Target, pad int) bool {
	const invocations, shared, sums = 128, 16 << 10, 32 // the first two are limits that every Vulkan device has; the third keeps registers free where subgroups are large
	l := on.Info.Limits
	if on.Info.SubgroupSize >= 64 && t.byM*t.byN > sums {
		return false
	}
	return t.invocations() <= max(invocations, min(l.MaxInvocations, l.MaxGroupSize[0])) && t.shared(pad) <= max(shared, l.SharedMemory)
}

// suits tells whether a product of m × n is more than half of the tile along each axis. Small tiles always suit.
func (t Tile) suits(m, n int) bool {
	const small = 32
	return (t.M <= small || m > t.M/2) && (t.N <= small || n > t.N/2)
}

// cost estimates the time for z products of m × k × n, in multiplications of all cores. If there are many tiles, it is what memory allows;
// else the core that has most of them decides, because a workgroup stays on one core. That is on average half a workgroup more than the
// mean, for the number of cores is a guess. Of a core's four SIMDs each has some of the subgroups. For
// each of k a subgroup issues a multiplication for each of its sums, and instructions that load from shared memory and, once a slab, from
// memory. It waits in between, while other subgroups run. The numbers of instructions are those of AMD's compiler for GCN.
func (t Tile) cost(on ir.Target, z, m, n, k int) float64 {
	const (
		simds = 4   // of a core
		ends  = 32  // cost of the beginning and end of a tile, in steps of k
		best  = 0.9 // of the best tile's instructions multiply
	)
	cores, lanes := float64(on.Cores()), float64(max(on.Info.SubgroupSize, 32))
	groups := float64(z * ir.Up(m, t.M) * ir.Up(n, t.N))
	subgroups := max(1, groups/cores+0.5) * float64(t.invocations()) / (simds * lanes) // of a SIMD
	issue, wait := float64(t.byM*t.byN+2)/float64(t.Teams)+36/float64(t.K), 5+7/float64(t.Teams)+48/float64(t.K)
	step := max(issue+wait, subgroups*issue)
	return float64(k+ends) * max(groups*float64(t.M*t.N)/(best*t.rate), step*cores*simds*lanes)
}

// tilesFor lists the tiles for z products of m × k × n, those of least cost first.
func tilesFor(on ir.Target, z, m, n, k int) []Tile {
	var all []Tile
	for _, t := range tiles {
		same := slices.ContainsFunc(all, func(a Tile) bool { return a.M == t.M && a.N == t.N && a.Teams == t.Teams })
		if t.fits(on, 0) && t.suits(m, n) && !same {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b Tile) int { return cmp.Compare(a.cost(on, z, m, n, k), b.cost(on, z, m, n, k)) })
	return all
}

// tiled returns the kernels for GPUs, which differ in the tile.
func (p *Product) tiled() []Variant {
	var all []Variant
	for _, t := range tilesFor(p.on, p.Z, p.M, p.N, p.K) {
		all = append(all, p.tiledOf(t))
	}
	return all
}

// A loading says how a tile is filled from an operand: one or four consecutive elements at a time, contiguous along the rows or columns
// (outer) or along k.
type loading struct {
	width int
	outer bool
}

func (o operand) loading() loading {
	switch {
	case ir.AlignedQuads(o.inner, o.batch, o.outer):
		return loading{4, false}
	case ir.AlignedQuads(o.outer, o.batch, o.inner):
		return loading{4, true}
	}
	return loading{1, o.outer.Near() > o.inner.Near()}
}

// form describes a loading, for the name of the kernel. T marks an operand that is transposed: transposed says which order is the usual
// one.
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

// tiledOf is the variant for GPUs in which a workgroup computes a tile of the result from slabs in shared memory.
func (p *Product) tiledOf(t Tile) Variant {
	a, b := p.x.loading(), p.y.loading()
	form := fmt.Sprintf("%s%s%s", t, a.form("a", true), b.form("b", false))
	return Variant{form, t.Teams, func() Generated {
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
		return p.finish(m, form, ir.Up(p.M, t.M)*ir.Up(p.N, t.N), uint32(t.invocations()), uint32(t.M), uint32(t.N), uint32(t.K),
			uint32(t.byM), uint32(t.byN), uint32(pad), uint32(a.width), uint32(b.width), bit(a.outer), bit(!b.outer), uint32(t.Teams))
	}}
}

// Parts decides along which inner axis, and into how many parts, a GPU splits the terms of the product; 1 means no split. A product with
// few tiles and many terms, such as the gradient of a weight, is computed in parts that run in parallel. Each part is written and read
// once more, which takes a dispatch.
func Parts(on ir.Target, c *ir.Contraction) (axis, parts int) {
	const most, terms, element, dispatch, worth = 512, 64, 64, 500_000, 0.9
	z, m, n, k := ir.Size(c.Batch), ir.Size(c.Rows), ir.Size(c.Columns), ir.Size(c.Inner)
	cost := func(parts int) float64 {
		return tilesFor(on, z*parts, m, n, k/parts)[0].cost(on, z*parts, m, n, k/parts)
	}
	parts, least := 1, worth*cost(1)
	for i, inner := range c.Inner {
		for p := 2; p <= min(inner, most, k/terms); p++ {
			if inner%p != 0 || i == len(c.Inner)-1 && inner%4 == 0 && inner/p%4 != 0 { // four consecutive elements stay together
				continue
			}
			if sum := cost(p) + float64(p*z*m*n)*element + float64(on.Cores())*dispatch; sum < least {
				axis, parts, least = i, p, sum
			}
		}
	}
	return axis, parts
}
