package tensor

import (
	"genview/shaders"
	"genview/shaders/spirv"
	"genview/vk"
)

// operand is a matrix [B0, B1, R, C] in memory: where it begins and how far its rows, columns and products are apart.
type operand struct {
	off, row, col, s0, s1 int
	rows, cols            int
}

func matrix(v View) operand {
	return operand{v.Offset, v.Strides[2], v.Strides[3], v.Strides[0], v.Strides[1], v.Shape[2], v.Shape[3]}
}

// quads tells whether rows (or, transposed, columns) of the matrix can be read four floats at a time. An axis of size 1 has no
// stride worth the name.
func (o operand) quads() (transposed, ok bool) {
	whole := func(n ...int) bool {
		for _, v := range n {
			if v%4 != 0 {
				return false
			}
		}
		return true
	}
	switch {
	case o.col == 1 && whole(o.off, o.row, o.s0, o.s1, o.cols):
		return false, true
	case o.row == 1 && whole(o.off, o.col, o.s0, o.s1, o.rows):
		return true, true
	}
	return false, false
}

// matmulReads: products read any strides in place, as long as nothing is padded.
func matmulReads(_ int, v View) bool { return v.Lo == nil }

// matmul chooses the kernel of a product [B0, B1, M, K] × [B0, B1, K, N].
func matmul(on Target, in []View) Launch {
	a, b := matrix(in[0]), matrix(in[1])
	m, k, n := a.rows, a.cols, b.cols
	b0, b1 := in[0].Shape[0], in[0].Shape[1]
	push := shaders.MatMulPush{
		M: int32(m), N: int32(n), K: int32(k),
		OffA: int32(a.off), SAm: int32(a.row), SAk: int32(a.col),
		OffB: int32(b.off), SBk: int32(b.row), SBn: int32(b.col),
		Nb1: int32(b1), SA0: int32(a.s0), SA1: int32(a.s1), SB0: int32(b.s0), SB1: int32(b.s1),
	}
	if !on.CPU {
		return Launch{Module: shaders.MatMulTiled, Grid: vk.Groups(up(n, 64), up(m, 64), b0*b1), Push: push}
	}
	tile := tileRows(m, n, b0*b1)
	l := Launch{
		Module: shaders.MatMulGather, Grid: vk.Groups(up(n, 32), up(m, tile), b0*b1), Push: push,
		Consts: []spirv.Const{{ID: 1, Value: 1}, {ID: 2, Value: uint32(tile)}},
	}
	ta, okA := a.quads()
	tb, okB := b.quads()
	if okA && okB && k%4 == 0 {
		l.Module = shaders.MatMulRows
		ku := 4
		if k%8 == 0 {
			ku = 8
		}
		l.Consts = append(l.Consts, spirv.Const{ID: 3, Value: uint32(ku)}, spirv.Const{ID: 4, Value: bit(ta)}, spirv.Const{ID: 5, Value: bit(tb)})
	}
	return l
}

// tileRows is the height of a lavapipe tile: as tall as leaves both worker threads enough to do.
func tileRows(m, n, products int) int {
	for _, t := range []int{32, 16} {
		if m >= t && up(m, t)*up(n, 32)*products >= 8 {
			return t
		}
	}
	return 8
}

func up(n, by int) int { return (n + by - 1) / by }

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
