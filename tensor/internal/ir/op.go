package ir

import (
	"slices"

	"genview/shaders/spirv"
)

// An Op says what a node computes, as data: at most one of View, Emit, EmitAt, Table, Pack, Reduce and Kernel is set, and none for a leaf.
// Nodes equal in Name, Attr, Shape, DType and inputs are the same node, so the functions may depend on nothing else.
type Op struct {
	Name  string // in listings
	Kind  Kind
	Shape []int
	DType DType
	Attr  any

	// View maps the layout of the input to that of the result; false if no layout can say it without a copy.
	View func(View) (View, bool)
	// Emit writes the expression of one element (four at a time) from the same element of each input.
	Emit func(b *spirv.Block, in ...spirv.ID) spirv.ID
	// EmitAt is Emit for what also depends on the elements' flat indices, an int vector.
	EmitAt func(b *spirv.Block, at spirv.ID, in ...spirv.ID) spirv.ID
	// Fold is Emit for numbers at compile time; optional.
	Fold func(in ...float64) float64
	// Table picks rows of the first input, a table [V, D], by the second, indices of the op's shape [..., D]; a row that does not exist is
	// zeros.
	Table bool
	// Pack puts the inputs one behind the other in memory; nothing is computed.
	Pack *Pack
	// Reduce combines the middle axis of an input [A, K, N] to [A, N].
	Reduce *Reduction
	// Kernel is a shader of its own.
	Kernel Kernel
}

// A Kind is what the compiler has rules for, beside what an op computes.
type Kind uint8

// The kinds. Plain are all that there is no rule for.
const (
	Plain    Kind = iota
	Var           // a leaf: state that lives between runs
	Input         // a leaf that is fed at every run
	Const         // a leaf of known values
	Full          // Attr, a float64, everywhere
	Sum           // of two inputs
	Diff          // of two inputs
	Product       // of two inputs
	Quotient      // of two inputs
	Negation      // of the input
	Pad           // a view that adds zeros
	After         // a view of the first input that is read after the others have been computed
	Copy          // of the input, in memory of its own
)

// A Pack says where its parts lie.
type Pack struct {
	At []int // where each begins, in elements: each can be bound by itself, and what lies between two of them is zero
}

// A Reduction combines elements in any order.
type Reduction struct {
	Name    string
	Unit    float64 // combining with it changes nothing
	Combine func(b *spirv.Block, x, y spirv.ID) spirv.ID
	// Subgroup combines the x of all invocations of a subgroup.
	Subgroup func(b *spirv.Block, x spirv.ID) spirv.ID

	Adds  bool // n equal elements combine to n times one
	Parts bool // it adds up the few parts in which a product is made
}

// A Kernel is what has a shader of its own: a [*Contraction], an [*Attention], [GroupRows] or [SumRows].
type Kernel interface {
	// Reads tells whether the shader reads an input in that layout; if not, the input is copied.
	Reads(input int, v View) bool
	// Joins tells whether the shader takes elementwise nodes that are made of its result.
	Joins() bool
}

// GroupRows sorts the places of indices [N] by the index: [V+1] of where each index's places begin, up to a multiple of 4, then [N] of
// places. An index outside 0 … V−1 is in none.
type GroupRows struct{ V int }

// Reads is true of contiguous inputs.
func (GroupRows) Reads(_ int, v View) bool { return v.Contiguous() }

// Joins is false.
func (GroupRows) Joins() bool { return false }

// SumRows adds up rows of x [N, D] in groups: row r of the result [V, D] is the sum of the rows places[begins[r]], …, places[begins[r+1]−1].
// Its inputs are x, places [N] and begins [V+1]; the last two may be one, as GroupRows makes it.
type SumRows struct{}

// Reads is true of contiguous inputs.
func (SumRows) Reads(_ int, v View) bool { return v.Contiguous() }

// Joins is false.
func (SumRows) Joins() bool { return false }

// FullOp is the op whose elements are all v.
func FullOp(dt DType, v float64, shape []int) Op {
	return Op{
		Name: "Full", Kind: Full, Shape: slices.Clone(shape), DType: dt, Attr: v,
		Emit: func(b *spirv.Block, _ ...spirv.ID) spirv.ID {
			return b.Same(b.Zero(spirv.Type{Elem: dt.Value(), N: 4}), v)
		},
		Fold: func(...float64) float64 { return v },
	}
}

// CopyOp is the op that computes its input into memory of its own.
func CopyOp(dt DType, shape []int) Op {
	return Op{
		Name: "Copy", Kind: Copy, Shape: shape, DType: dt,
		Emit: func(_ *spirv.Block, in ...spirv.ID) spirv.ID { return in[0] },
	}
}

// CastOp is the op that converts elements: floats to ints round towards zero, bools become 0 or 1, anything but 0 becomes true. To F16
// and BF16 it rounds to the nearest.
func CastOp(to DType, shape []int) Op {
	return Op{
		Name: "Cast", Shape: shape, DType: to,
		Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID {
			y := b.Cast(in[0], to.Value())
			if to.Packed() { // also where it is not stored in between
				y = b.Narrow(y, to.Mem())
			}
			return y
		},
	}
}

// ReshapeOp is the view that gives x another shape with as many elements.
func ReshapeOp(dt DType, shape []int) Op {
	return Op{Name: "Reshape", Shape: shape, DType: dt, View: func(v View) (View, bool) { return v.Reshape(shape) }}
}
