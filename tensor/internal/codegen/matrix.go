package codegen

import (
	"fmt"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// matrixTile is the size of the part of a product that a workgroup of four subgroups computes by matrix multiplication. Each subgroup
// computes a quarter of it, from slabs of both operands in shared memory.
const (
	matrixTile   = 64
	matrixSlab   = 32 // along k
	matrixPart   = 32 // the size of a subgroup's part of the tile
	matrixShared = 2*2*matrixTile*matrixSlab + 4*matrixTile*matrixTile
)

// multiplies tells whether a product uses the F16 matrix multiplication of the device. Both operands must be F16, or may be rounded to
// it, and each axis of the product must be more than half of a tile.
func (p *Product) multiplies() bool {
	m, l := p.on.Matrices, p.on.Info.Limits
	half := func(o operand) bool {
		dt := o.base.DType
		return dt == ir.F16 || dt == ir.F32 && p.on.Products == ir.F16
	}
	rounds := p.x.base.DType == ir.F16 || p.y.base.DType == ir.F16 || p.on.Products == ir.F16
	threads := 4 * p.on.Info.SubgroupSize
	return m.M > 0 && rounds && half(p.x) && half(p.y) && 2*p.M > matrixTile && 2*p.N > matrixTile && 2*p.K > matrixSlab &&
		threads > 0 && matrixTile*matrixSlab/4%threads == 0 && threads <= l.MaxInvocations && threads <= l.MaxGroupSize[0] && matrixShared <= l.SharedMemory
}

// A slab is a part of an operand in shared memory, stored line by line. Lines run along k, or along the rows or columns if the operand is
// contiguous along these.
type slab struct {
	o      operand
	l      loading
	size   int // the size of the operand along its rows or columns
	shared spirv.Shared
}

// line returns the length of a line in quads.
func (s slab) line() int {
	if s.l.outer {
		return matrixTile / 4
	}
	return matrixSlab / 4
}

// matrix is the variant that multiplies by cooperative matrices: a workgroup of four subgroups computes one tile of the result.
func (p *Product) matrix() Variant {
	m := p.on.Matrices
	form := fmt.Sprintf("matrices %d×%d×%d", m.M, m.N, m.K)
	return Variant{form, 1, func() Generated {
		lanes := p.on.Info.SubgroupSize
		threads := 4 * lanes
		p.b = block(p.on, p.u.Title(), threads)
		b := p.b
		b.Multiply(m, lanes)
		groups := ir.Up(p.M, matrixTile) * ir.Up(p.N, matrixTile) * p.Z
		const quads = matrixTile * matrixSlab / 4
		x := slab{p.x, p.x.loading(), p.M, b.Shared(quads, spirv.Type{Elem: spirv.Uint, N: 2})}
		y := slab{p.y, p.y.loading(), p.N, b.Shared(quads, spirv.Type{Elem: spirv.Uint, N: 2})}
		out := b.Shared(matrixTile*matrixTile, spirv.Type{Elem: spirv.Float, N: 1})

		id := b.LocalID(0)
		at := split(b, b.Bitcast(group(b, p.on, groups), spirv.Uint), []int{p.Z, ir.Up(p.M, matrixTile), ir.Up(p.N, matrixTile)})
		b.If(b.Less(at[0], b.Index(p.Z)), func() { // the condition is the same for the whole workgroup
			z, m0, n0 := at[0], b.Mul(at[1], b.Index(matrixTile)), b.Mul(at[2], b.Index(matrixTile))
			sub := b.Subgroup()
			row, col := b.Mul(b.Shr(sub, 1), b.Index(matrixPart)), b.Mul(b.And(sub, b.Index(1)), b.Index(matrixPart))
			var sums [matrixPart / 4][matrixPart / 4]spirv.Sum
			each := func(f func(i, j int)) {
				for i := range matrixPart / m.M {
					for j := range matrixPart / m.N {
						f(i, j)
					}
				}
			}
			each(func(i, j int) {
				first := b.Add(b.Mul(b.Add(row, b.Index(i*m.M)), b.Index(matrixTile)), b.Add(col, b.Index(j*m.N)))
				sums[i][j] = b.Sum(m, out, first, matrixTile, lanes, b.And(id, b.Index(lanes-1)))
			})
			b.For(b.Index(0), b.Index(p.K), matrixSlab, func(k0 spirv.ID) {
				p.fillSlab(x, id, threads, z, m0, k0)
				p.fillSlab(y, id, threads, z, n0, k0)
				b.Barrier()
				for k := 0; k < matrixSlab; k += m.K {
					var right [matrixPart / 4]spirv.Factor
					for j := range matrixPart / m.N {
						right[j] = b.FactorB(m, y.shared, y.begin(b, b.Add(col, b.Index(j*m.N)), k), y.line(), !y.l.outer)
					}
					for i := range matrixPart / m.M {
						left := b.FactorA(m, x.shared, x.begin(b, b.Add(row, b.Index(i*m.M)), k), x.line(), x.l.outer)
						for j := range matrixPart / m.N {
							b.AddProduct(sums[i][j], left, right[j])
						}
					}
				}
				b.Barrier()
			})
			each(func(i, j int) { b.StoreSum(sums[i][j]) })
			b.Barrier()
			b.For(id, b.Index(matrixTile*matrixTile/4), threads, func(q spirv.ID) {
				row := b.Add(m0, b.Div(q, b.Index(matrixTile/4)))
				col := b.Add(n0, b.Shl(b.And(q, b.Index(matrixTile/4-1)), 2))
				b.If(b.And(b.Less(row, b.Index(p.M)), b.Less(col, b.Index(p.N))), func() {
					var c [4]spirv.ID
					for j := range c {
						c[j] = b.LoadShared(out, b.Add(b.Shl(q, 2), b.Index(j)))
					}
					p.result(z, row, col, b.Vec(c[0], c[1], c[2], c[3]))
				})
			})
		})
		g := p.finish(b.Module(), form, groups/p.Z)
		g.Consts = nil
		return g
	}}
}

// begin returns the offset in shared memory at which a factor begins, at a row or column of the tile and a k of the slab.
func (s slab) begin(b *spirv.Block, outer spirv.ID, k int) spirv.ID {
	if s.l.outer {
		return b.Add(b.Index(k*s.line()), b.Shr(outer, 2))
	}
	return b.Add(b.Mul(outer, b.Index(s.line())), b.Index(k/4))
}

// fillSlab loads the slab that begins at the row or column first and at k0. Elements beyond the last k are 0. Elements beyond the last
// row or column are arbitrary: the results computed from them are not stored.
func (p *Product) fillSlab(s slab, id spirv.ID, threads int, z, first, k0 spirv.ID) {
	b := p.b
	zero := b.Zero(spirv.Type{Elem: spirv.Float, N: 1})
	for t := 0; t < matrixTile*matrixSlab/4; t += threads {
		q := b.Add(id, b.Index(t))
		line, along := b.Div(q, b.Index(s.line())), b.Shl(b.Mod(q, b.Index(s.line())), 2)
		outer, k := b.Add(first, line), b.Add(k0, along)
		if s.l.outer {
			outer, k = b.Add(first, along), b.Add(k0, line)
		}
		place := func(outer, k spirv.ID) (at, inside spirv.ID) {
			inside = b.Less(k, b.Index(p.K))
			outer, k = b.Min(outer, b.Index(s.size-1)), b.Min(k, b.Index(p.K-1))
			return b.Add(b.Add(offset(b, s.o.batch, z), offset(b, s.o.outer, outer)), offset(b, s.o.inner, k)), inside
		}
		var x spirv.ID
		if s.l.width == 4 { // all four elements lie inside, or none
			inside := b.Less(k, b.Index(p.K))
			o, i := b.Select(b.Less(outer, b.Index(s.size)), outer, b.Index(0)), b.Select(inside, k, b.Index(0))
			at := b.Add(b.Add(offset(b, s.o.batch, z), offset(b, s.o.outer, o)), offset(b, s.o.inner, i))
			v := b.Load(p.mem(s.o.base, 4), b.Shr(at, 2))
			x = b.Select(b.Splat(inside), v, b.Zero(b.TypeOf(v)))
		} else {
			var v [4]spirv.ID
			for j := range v {
				o, i := outer, b.Add(k, b.Index(j))
				if s.l.outer {
					o, i = b.Add(outer, b.Index(j)), k
				}
				at, inside := place(o, i)
				v[j] = b.Select(inside, b.Load(p.mem(s.o.base, 1), at), zero)
			}
			x = b.Vec(v[0], v[1], v[2], v[3])
		}
		words := b.RoundHalf
		if s.o.base.DType == ir.F16 {
			words = b.PackHalf
		}
		b.StoreShared(s.shared, q, words(x))
	}
}
