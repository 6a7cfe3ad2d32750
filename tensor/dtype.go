package tensor

import "genview/shaders/spirv"

// DType is the type of a tensor's elements. Each takes 32 bits on the device.
type DType uint8

// The types of elements.
const (
	F32  DType = iota // float32
	I32               // int32
	Bool              // 0 or 1
)

var dtypes = [...]struct {
	name  string
	value spirv.Elem // in an expression
	mem   spirv.Elem // in memory
}{
	F32:  {"f32", spirv.Float, spirv.Float},
	I32:  {"i32", spirv.Int, spirv.Int},
	Bool: {"bool", spirv.Bool, spirv.Int},
}

func (d DType) String() string { return dtypes[d].name }
