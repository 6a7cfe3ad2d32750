package codegen

import (
	"fmt"
	"strings"

	"genview/tensor/internal/ir"
)

// Class describes everything about a product that decides which kernel is the fastest.
func (p *Product) Class() string {
	on := "gpu"
	if p.on.CPU {
		on = fmt.Sprintf("lanes%d", p.on.Lanes)
	}
	return fmt.Sprintf("%s %d×%d×%d×%d a %s b %s c %s", on, p.Z, p.M, p.K, p.N, p.x, p.y, operand{nil, p.outBatch, p.outRows, p.outColumns})
}

// String describes the layout of an operand: its type if that is not ir.F32, sizes and strides, and whether its offset is a multiple of
// four.
func (o operand) String() string {
	var parts []string
	for _, v := range []ir.View{o.batch, o.outer, o.inner} {
		var axes []string
		for i, n := range v.Shape {
			axes = append(axes, fmt.Sprintf("%d:%d", n, v.Strides[i]))
		}
		parts = append(parts, strings.Join(axes, ","))
	}
	s := strings.Join(parts, "|")
	if o.base != nil && o.base.DType != ir.F32 {
		s = o.base.DType.String() + " " + s
	}
	if o.batch.Offset%4 != 0 {
		s += "+"
	}
	return s
}
