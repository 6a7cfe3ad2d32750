package vk

import (
	"testing"

	"genview/shaders/spirv"
)

// TestMatrixSizes: of what drivers list, the first that is added up in float32 by a subgroup is taken, in either structure.
func TestMatrixSizes(t *testing.T) {
	pack := func(words int, fields ...uint32) matrixSize {
		p := make([]uint64, words)
		for i, f := range fields {
			p[2+i/2] |= uint64(f) << (32 * (i % 2))
		}
		return sizeOf(p)
	}
	const f16, f32, u8, bf16, subgroup, workgroup = 0, 1, 7, 1000141000, 3, 2
	khr := []matrixSize{ // with whether it saturates before the scope
		pack(7, 16, 16, 32, u8, u8, 5, 5, 0, subgroup),
		pack(7, 16, 16, 16, f16, f16, f16, f16, 0, subgroup),
		pack(7, 16, 16, 16, bf16, bf16, f32, f32, 0, subgroup),
		pack(7, 64, 64, 16, f16, f16, f32, f32, 0, workgroup),
		pack(7, 8, 16, 16, f16, f16, f32, f32, 0, subgroup),
		pack(7, 16, 16, 16, f16, f16, f32, f32, 0, subgroup),
	}
	nv := []matrixSize{pack(6, 16, 16, 16, f16, f16, f16, f16, subgroup), pack(6, 16, 8, 8, f16, f16, f32, f32, subgroup)}
	for _, c := range []struct {
		all  []matrixSize
		d    spirv.Dialect
		want spirv.Matrices
	}{
		{khr, spirv.KHR, spirv.Matrices{M: 8, N: 16, K: 16, Dialect: spirv.KHR}},
		{nv, spirv.NV, spirv.Matrices{M: 16, N: 8, K: 8, Dialect: spirv.NV}},
		{khr[:4], spirv.KHR, spirv.Matrices{}},
		{nil, spirv.KHR, spirv.Matrices{}},
	} {
		if got := chooseMatrices(c.all, c.d); got != c.want {
			t.Errorf("%v: got %+v, want %+v", c.all, got, c.want)
		}
	}
}
