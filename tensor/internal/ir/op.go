package ir

import (
	"slices"

	"genview/shaders/spirv"
)

// An Op says as data what a node computes: at most one of View, Emit, EmitAt, Table, Pack, Reduce and Kernel is set, and none for a leaf.
// Nodes with equal Name, Attr, Shape, DType and inputs are merged into one node, so the functions may depend on nothing else.
type Op struct {
	Name  string // for listings
	Kind  Kind
	Shape []int
	DType DType
	Attr  any

	// View maps the layout of the input to that of the result. It returns false if no layout can express the result without a copy.
	View func(View) (View, bool)
	// Emit writes the expression of four consecutive elements, as a vector, from the same four elements of each input.
	Emit func(b *spirv.Block, in ...spirv.ID) spirv.ID
	// EmitAt is Emit for expressions that also depend on the flat indices of the four elements, an int vector.
	EmitAt func(b *spirv.Block, at spirv.ID, in ...spirv.ID) spirv.ID
	// Fold computes the expression from constant inputs at compile time. It is optional.
	Fold func(in ...float64) float64
	// Table picks rows of the first input, a table [V, D]. The second input has the indices, in the op's shape [..., D]. A row out of
	// range is zeros.
	Table bool
	// Pack lays the inputs one behind the other in memory; nothing is computed.
	Pack *Pack
	// Reduce combines the middle axis of an input [A, K, N] to [A, N].
	Reduce *Reduction
	// Kernel is set for ops with a shader of their own.
	Kernel Kernel
}

// A Kind marks the ops for which the compiler has special rules.
type Kind uint8

// The kinds. Plain marks all ops without special rules.
const (
	Plain    Kind = iota
	Var           // a leaf: state that lives between runs
	Input         // a leaf that is fed at every run
	Const         // a leaf of known values
	Full          // every element is Attr, a float64
	Sum           // of two inputs
	Diff          // of two inputs
	Product       // of two inputs
	Quotient      // of two inputs
	Negation      // of the input
	Pad           // a view that adds zeros
	After         // a view of the first input that is read after the other inputs have been computed
	Copy          // the input, in memory of its own
)

// A Pack says how its parts lie in memory.
type Pack struct {
	At []int // the offset of each part, in elements: each part can be bound by itself, and the gaps between parts are zero
}

// A Reduction combines elements in any order.
type Reduction struct {
	Name     string
	Identity float64 // the neutral element: combining with it changes nothing
	Combine  func(b *spirv.Block, x, y spirv.ID) spirv.ID
	// Subgroup combines the x of all invocations of a subgroup.
	Subgroup func(b *spirv.Block, x spirv.ID) spirv.ID

	Adds  bool // combining n equal elements gives n times one element
	Parts bool // it adds up the few parts of a product
}

// A Kernel is an op with a shader of its own: a [*Contraction], an [*Attention], [GroupRows], [SumRows] or [Resample].
type Kernel interface {
	// Reads tells whether the shader can read an input in that layout. Otherwise the input is copied.
	Reads(input int, v View) bool
	// Joins tells whether elementwise nodes of its result can be fused into the shader.
	Joins() bool
}

// GroupRows sorts the positions of indices [N] by the index. The result is [V+1], the offset at which each index's positions begin,
// padded to a multiple of 4, and then the positions [N]. An index outside 0 … V−1 is left out.
type GroupRows struct{ V int }

// Reads tells whether the shader reads a layout: it must be contiguous.
func (GroupRows) Reads(_ int, v View) bool { return v.Contiguous() }

// Joins is false: the shader takes no elementwise nodes.
func (GroupRows) Joins() bool { return false }

// SumRows adds up groups of rows of x [N, D]: row r of the result [V, D] is the sum of the rows positions[begins[r]], …,
// positions[begins[r+1]−1]. Its inputs are x, positions [N] and begins [V+1]; the last two may be one tensor, as GroupRows makes it.
type SumRows struct{}

// Reads tells whether the shader reads a layout: it must be contiguous.
func (SumRows) Reads(_ int, v View) bool { return v.Contiguous() }

// Joins is false: the shader takes no elementwise nodes.
func (SumRows) Joins() bool { return false }

// Resample weighs elements along the middle axis of x [R, M, N]: element [r, k, n] of the result [R, K, N] is the sum over t of
// weight[t, k]·x[r, at[t, k], n]. Its inputs are x, at [T, K] and weight [T, K].
type Resample struct{}

// Reads tells whether the shader reads a layout: it must be contiguous.
func (Resample) Reads(_ int, v View) bool { return v.Contiguous() }

// Joins is false: the shader takes no elementwise nodes.
func (Resample) Joins() bool { return false }

// FullOp returns the op whose elements are all v.
func FullOp(dt DType, v float64, shape []int) Op {
	return Op{
		Name: "Full", Kind: Full, Shape: slices.Clone(shape), DType: dt, Attr: v,
		Emit: func(b *spirv.Block, _ ...spirv.ID) spirv.ID {
			return b.Same(b.Zero(spirv.Type{Elem: dt.Value(), N: 4}), v)
		},
		Fold: func(...float64) float64 { return v },
	}
}

// CopyOp returns the op that copies its input into memory of its own.
func CopyOp(dt DType, shape []int) Op {
	return Op{
		Name: "Copy", Kind: Copy, Shape: shape, DType: dt,
		Emit: func(_ *spirv.Block, in ...spirv.ID) spirv.ID { return in[0] },
	}
}

// CastOp returns the op that converts elements: floats to ints round towards zero, bools become 0 or 1, and every value except 0 becomes
// true. A conversion to F16 or BF16 rounds to the nearest.
func CastOp(to DType, shape []int) Op {
	return Op{
		Name: "Cast", Shape: shape, DType: to,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			y := b.Cast(in[0], to.Value())
			if to.Packed() { // it rounds even if the result is not stored
				y = b.Narrow(y, to.Mem())
			}
			return y
		},
	}
}

// ReshapeOp returns the view that gives x another shape with as many elements.
func ReshapeOp(dt DType, shape []int) Op {
	return Op{Name: "Reshape", Shape: shape, DType: dt, View: func(v View) (View, bool) { return v.Reshape(shape) }}
}
