package tensor

import "genview/tensor/internal/ir"

// DType is the type of a tensor's elements.
//
// F16 and BF16 are for what is kept in memory: they take half of F32's, and products read them and add up in F32. For all else they
// are cast to F32, which costs nothing, since that is what they are once they are read. To cast to them rounds to the nearest number
// that there is, halves to the even one. BF16 reaches as far as F32 with 8 bits of precision; F16 has 11, and ends at 65504.
type DType = ir.DType

// The types of elements.
const (
	F32  = ir.F32  // float32
	I32  = ir.I32  // int32
	Bool = ir.Bool // 0 or 1
	F16  = ir.F16  // IEEE 754's binary16
	BF16 = ir.BF16 // the upper half of a float32
)

// bytes returns how many t takes on the device.
func (x *Tensor) bytes() int { return x.op.DType.Bytes(x.Len()) }
