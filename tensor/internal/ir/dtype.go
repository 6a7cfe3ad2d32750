package ir

import "genview/shaders/spirv"

// DType is the type of a tensor's elements.
//
// F16 and BF16 are for what is kept in memory: they take half of F32's, and products read them and add up in F32. For all else they
// are cast to F32, which costs nothing, since that is what they are once they are read. To cast to them rounds to the nearest number
// that there is, halves to the even one. BF16 reaches as far as F32 with 8 bits of precision; F16 has 11, and ends at 65504.
type DType uint8

// The types of elements.
const (
	F32  DType = iota // float32
	I32               // int32
	Bool              // 0 or 1
	F16               // IEEE 754's binary16
	BF16              // the upper half of a float32
)

var dtypes = [...]struct {
	name  string
	value spirv.Elem // in an expression
	mem   spirv.Elem // in memory
	bytes int        // in memory
}{
	F32:  {"f32", spirv.Float, spirv.Float, 4},
	I32:  {"i32", spirv.Int, spirv.Int, 4},
	Bool: {"bool", spirv.Bool, spirv.Int, 4},
	F16:  {"f16", spirv.Float, spirv.Half, 2},
	BF16: {"bf16", spirv.Float, spirv.Brain, 2},
}

func (d DType) String() string { return dtypes[d].name }

// Packed tells whether two elements share 32 bits: they are read one by one and written in fours.
func (d DType) Packed() bool { return dtypes[d].bytes < 4 }

// IsFloat tells whether products take elements of the type.
func (d DType) IsFloat() bool { return d == F32 || d.Packed() }

// Bytes returns how many n elements take on the device.
func (d DType) Bytes(n int) int { return dtypes[d].bytes * n }

// Value is the type of the elements in an expression.
func (d DType) Value() spirv.Elem { return dtypes[d].value }

// Mem is the type of the elements in memory.
func (d DType) Mem() spirv.Elem { return dtypes[d].mem }
