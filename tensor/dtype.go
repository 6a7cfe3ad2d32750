package tensor

import "genview/tensor/internal/ir"

// DType is the type of a tensor's elements.
//
// F16 and BF16 are storage types: they take half the memory of F32. Products read them and accumulate in F32. All other ops cast them to
// F32, which costs nothing, because shaders convert them when they read them. A cast to F16 or BF16 rounds to the nearest number, and a
// tie to the even one. BF16 has the range of F32 with 8 bits of precision; F16 has 11 bits, and its largest number is 65504.
type DType = ir.DType

// The types of elements.
const (
	F32  = ir.F32  // float32
	I32  = ir.I32  // int32
	Bool = ir.Bool // 0 or 1
	F16  = ir.F16  // IEEE 754's binary16
	BF16 = ir.BF16 // the upper half of a float32
)

// bytes returns the size of x on the device.
func (x *Tensor) bytes() int { return x.op.DType.Bytes(x.Len()) }
