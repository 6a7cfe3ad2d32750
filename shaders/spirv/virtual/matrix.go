package virtual

import "fmt"

// Instructions of SPV_KHR_cooperative_matrix and SPV_NV_cooperative_matrix, which all of a subgroup carry out together.
const (
	typeMatrixKHR, loadMatrixKHR, storeMatrixKHR, mulAddKHR = 4456, 4457, 4458, 4459
	typeMatrixNV, loadMatrixNV, storeMatrixNV, mulAddNV     = 5358, 5359, 5360, 5361
)

// matrix carries out an instruction of matrices. In registers each invocation has all of a matrix, a row after the other, as floats.
//
//go:norace
func (g *group) matrix(lanes []*invocation, i *instruction) {
	first := lanes[0]
	switch i.op {
	case loadMatrixKHR, loadMatrixNV:
		g.moveMatrix(lanes, i, i.t, 1, func(v *invocation, component, cell, bits, shift int) {
			x, unknown := v.readShared(cell)
			x, unknown = x>>shift&(1<<bits-1), unknown>>shift&(1<<bits-1)
			if bits == 16 {
				x = bitsOf(ofHalf(uint16(x)))
			}
			first.regs[i.res+component], first.unknown[i.res+component] = x, spread(unknown)
		})
	case storeMatrixKHR, storeMatrixNV:
		from := i.a[1]
		g.moveMatrix(lanes, i, g.run.d.Kernel.of[i.w[1]], 2, func(v *invocation, component, cell, _, _ int) {
			v.writeShared(cell, first.regs[from+component], first.unknown[from+component])
		})
	default:
		first.multiply(i)
	}
	for _, v := range lanes {
		if v != first && i.n > 0 {
			copy(v.regs[i.res:i.res+i.n], first.regs[i.res:])
			copy(v.unknown[i.res:i.res+i.n], first.unknown[i.res:])
		}
		v.pc, v.state = v.pc+1, running
	}
}

// moveMatrix calls f for each component of a matrix in shared memory, with the cell that it is in, and where in it. Which invocation
// accesses a component is the device's to choose. The operands from n on are the stride and the layout.
//
//go:norace
func (g *group) moveMatrix(lanes []*invocation, i *instruction, t *typ, n int, f func(v *invocation, component, cell, bits, shift int)) {
	first := lanes[0]
	stride, layout := i.a[n], i.a[n+1]
	if i.op == loadMatrixKHR || i.op == storeMatrixKHR {
		stride, layout = layout, stride
	}
	flags := uint32(visible)
	does := "reads"
	if n == 2 {
		flags, does = available, "writes"
	}
	first.ordered(i, n+2, flags, does)
	for _, v := range lanes {
		for _, at := range []int{i.a[0], stride, layout} {
			if v.regs[at] != first.regs[at] || v.unknown[at] != 0 {
				v.fault("does not take the same matrix as others of its subgroup,", "")
			}
		}
	}
	if i.from.class != workgroup {
		first.fault("keeps a matrix where the virtual GPU does not know it,", "")
		return
	}
	bits := t.elem.bits
	line := int(first.regs[stride]) * i.from.elem.cells * 32 / bits // components
	for row := range t.n {
		for col := range t.cells / t.n {
			at := row*line + col
			if first.regs[layout] != 0 { // by columns
				at = col*line + row
			}
			cell := int(first.regs[i.a[0]]) + at*bits/32
			if cell >= len(g.shared) {
				first.fault(does+" outside of shared memory,", fmt.Sprintf("cell %d of %d", cell, len(g.shared)))
				return
			}
			f(lanes[g.run.rng.IntN(len(lanes))], row*(t.cells/t.n)+col, cell, bits, at*bits%32)
		}
	}
}

// spread is all bits where any is.
//
//go:norace
func spread(unknown uint64) uint64 {
	if unknown != 0 {
		return all
	}
	return 0
}

// multiply adds the product of two matrices to a third.
//
//go:norace
func (v *invocation) multiply(i *instruction) {
	rows, inner := i.from.n, i.from.cells/i.from.n
	cols := i.n / rows
	for r := range rows {
		for c := range cols {
			to := i.res + r*cols + c
			sum, unknown := f32(v.regs[i.a[2]+r*cols+c]), v.unknown[i.a[2]+r*cols+c]
			for k := range inner {
				x, y := i.a[0]+r*inner+k, i.a[1]+k*cols+c
				sum += f32(v.regs[x]) * f32(v.regs[y])
				unknown |= v.unknown[x] | v.unknown[y]
			}
			v.regs[to], v.unknown[to] = bitsOf(sum), unknown
		}
	}
}
