package ir

import "genview/shaders/spirv"

// DType is the type of a tensor's elements.
//
// F16 and BF16 are storage types: they take half the memory of F32. Products read them and accumulate in F32. All other ops cast them to
// F32, which costs nothing, because shaders convert them when they read them. A cast to F16 or BF16 rounds to the nearest number, and a
// tie to the even one. BF16 has the range of F32 with 8 bits of precision; F16 has 11 bits, and its largest number is 65504.
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
	value spirv.Elem // the type in an expression
	mem   spirv.Elem // the type in memory
	bytes int        // the size in memory
}{
	F32:  {"f32", spirv.Float, spirv.Float, 4},
	I32:  {"i32", spirv.Int, spirv.Int, 4},
	Bool: {"bool", spirv.Bool, spirv.Int, 4},
	F16:  {"f16", spirv.Float, spirv.Half, 2},
	BF16: {"bf16", spirv.Float, spirv.Brain, 2},
}

func (d DType) String() string { return dtypes[d].name }

// Packed tells whether two elements share 32 bits. Such elements are read one by one and written four at a time.
func (d DType) Packed() bool { return dtypes[d].bytes < 4 }

// IsFloat tells whether products take elements of the type.
func (d DType) IsFloat() bool { return d == F32 || d.Packed() }

// Bytes returns the size of n elements on the device.
func (d DType) Bytes(n int) int { return dtypes[d].bytes * n }

// Value is the type of the elements in an expression.
func (d DType) Value() spirv.Elem { return dtypes[d].value }

// Mem is the type of the elements in memory.
func (d DType) Mem() spirv.Elem { return dtypes[d].mem }
