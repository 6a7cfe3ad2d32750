package tensor

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"genview/shaders/spirv"
)

// A Tensor is a node of a graph: an operation, what it is applied to, and the shape and type of its result. It is never changed
// once made and holds no numbers; a [Program] computes them. Tensors are safe for concurrent use.
//
// A tensor built from wrong shapes is poisoned, and so is all that is built on it: [Runtime.Compile] returns the first error.
type Tensor struct {
	op    Op
	in    []*Tensor
	label string // of inputs, variables and taps
	data  []byte // of constants
	err   error
	taps  []*Tensor
	home  *pack // of variables: what they are a part of, nil for nothing
}

// An Op says what a node computes: exactly one of View, Emit, EmitAt, Table, Pack, Reduce, Kernel is set, or none for a leaf and for what
// each target computes as something else. Nodes equal in Name, Attr, Shape and inputs are the same node, so the functions may depend on
// nothing else.
type Op struct {
	Name  string
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
	// Table picks rows of in[0], a table [V, D], by the indices in[1], of the op's shape [..., D]; a row that there is not is zeros.
	Table bool
	// Pack lays the inputs one behind the other in memory, as the pack says; nothing is computed.
	Pack *pack
	// Reduce combines the middle axis of an input [A, K, N] to [A, N].
	Reduce *reduction
	// Kernel writes the shader of the op and of the elementwise nodes of its unit, which are made of its results.
	Kernel func(f *fusion, u *unit, on Target) generated
	// product is the contraction whose shader Kernel writes; nil: it writes another.
	product *contraction
	// Joins tells whether Kernel takes such nodes.
	Joins bool
	// Instead is what a target computes in place of the op; optional, and nil is the op itself.
	Instead func(on Target, in []*Tensor) *Tensor
	// Order is the op with the axes of its result in another order; optional.
	Order func(axes []int) Op
	// Reads tells whether Kernel can read input i in that layout; nil means only contiguous ones.
	Reads func(i int, v View) bool

	// Grad returns the gradient of each input (nil: none) from the result y and its gradient dy.
	Grad func(y, dy *Tensor) []*Tensor
}

// most is the number of elements of a tensor at most: shaders count with 32 bits.
const most = 1<<31 - 1

// On applies the op. Inputs that are poisoned poison the result.
func (o Op) On(in ...*Tensor) *Tensor {
	t := &Tensor{op: o, in: in}
	for _, x := range in {
		if x.err != nil {
			t.err = x.err
			return t
		}
		t.taps = merge(t.taps, x.taps)
	}
	elements := 1
	for _, n := range o.Shape {
		if n < 1 {
			return fail(o.Name, in, "the result would have the shape %s: each axis must be at least 1", dims(o.Shape))
		}
		if elements > most/n {
			return fail(o.Name, in, "the result would have the shape %s: more than %d elements", dims(o.Shape), most)
		}
		elements *= n
	}
	return t
}

func merge(a, b []*Tensor) []*Tensor {
	for _, t := range b {
		if !slices.Contains(a, t) {
			a = append(a[:len(a):len(a)], t)
		}
	}
	return a
}

// fail returns a poisoned tensor whose error names the op, the operands' shapes, what is wrong, and the caller's line. Where the op
// is a part of what the caller asked for, it names that, too.
func fail(name string, in []*Tensor, format string, args ...any) *Tensor {
	for _, x := range in {
		if x.err != nil {
			return x
		}
	}
	var shapes []string
	for _, x := range in {
		shapes = append(shapes, dims(x.op.Shape))
	}
	asked, line := caller()
	what := name
	if asked != name {
		what = asked + ": " + name
	}
	if len(shapes) > 0 {
		what += " " + strings.Join(shapes, " × ")
	}
	err := fmt.Errorf("tensor: %s: %s (%s)", what, fmt.Sprintf(format, args...), line)
	return &Tensor{op: Op{Name: name, Shape: []int{1}}, err: err}
}

// caller returns the exported function of this package that was called from outside, and file:line of that call (the package's
// tests count as outside).
func caller() (asked, line string) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	own := ""
	for {
		f, more := frames.Next()
		dir, file := path.Split(f.File)
		if own == "" {
			own = dir
		}
		if dir != own || strings.HasSuffix(file, "_test.go") {
			if i := strings.LastIndex(f.File, "/genview/"); i >= 0 {
				file = f.File[i+len("/genview/"):]
			} else if parts := strings.Split(f.File, "/"); len(parts) > 3 {
				file = strings.Join(parts[len(parts)-3:], "/")
			}
			return asked, fmt.Sprintf("%s:%d", file, f.Line)
		}
		for part := range strings.SplitSeq(f.Function, ".") { // genview/tensor.(*Tensor).Softmax.func1
			if part[0] >= 'A' && part[0] <= 'Z' {
				asked = part
			}
		}
		if !more {
			return asked, "unknown line"
		}
	}
}

func dims(shape []int) string { return fmt.Sprint(shape) }

// Shape returns the sizes of the axes. The caller may keep and change it.
func (x *Tensor) Shape() []int { return slices.Clone(x.op.Shape) }

// Rank returns the number of axes.
func (x *Tensor) Rank() int { return len(x.op.Shape) }

// Dim returns the size of an axis; negative axes count from the end. It is 1 for an axis that x does not have.
func (x *Tensor) Dim(axis int) int {
	if axis < 0 {
		axis += x.Rank()
	}
	if axis < 0 || axis >= x.Rank() {
		return 1
	}
	return x.op.Shape[axis]
}

// Len returns the number of elements.
func (x *Tensor) Len() int { return size(x.op.Shape) }

// DType returns the type of the elements.
func (x *Tensor) DType() DType { return x.op.DType }

// Name returns what an input or variable was called, or the name of the op.
func (x *Tensor) Name() string {
	if x.label != "" {
		return x.label
	}
	return x.op.Name
}

// Err returns the first error that x was built from, or nil.
func (x *Tensor) Err() error { return x.err }

func (x *Tensor) String() string {
	return fmt.Sprintf("%s %s %s", x.Name(), x.op.DType, dims(x.op.Shape))
}

// Input is a tensor that is fed at every run.
func Input(name string, dt DType, shape ...int) *Tensor {
	t := Op{Name: "Input", Shape: shape, DType: dt}.On()
	t.label = name
	return t
}

// Var is state on the device that lives between runs. init gives its shape, type and first value. Two calls make two variables.
func Var(name string, init *Tensor) *Tensor {
	t := Op{Name: "Var", Shape: init.op.Shape, DType: init.op.DType}.On(init)
	t.label, t.taps = name, nil
	return t
}

// Const is a tensor of known values: a []float32, []int32 or []bool of as many elements as the shape has. The values are copied.
func Const(values any, shape ...int) *Tensor {
	dt, p, err := encode(values)
	if err != nil {
		return fail("Const", nil, "%v", err)
	}
	return constOf("Const", dt, p, shape)
}

func constOf(name string, dt DType, p []byte, shape []int) *Tensor {
	if n := len(p) / dt.bytes(1); n != size(shape) {
		return fail(name, nil, "%d values for the shape %s, which has %d", n, dims(shape), size(shape))
	}
	t := Op{Name: "Const", Shape: slices.Clone(shape), DType: dt}.On()
	t.data = p
	return t
}

// ConstAs is a Const of floats that are kept as F16 or BF16, which they are rounded to, or as F32.
func ConstAs(dt DType, values []float32, shape ...int) *Tensor {
	if !dt.float() {
		return fail("ConstAs", nil, "it takes a type of floats, not %s", dt)
	}
	p := make([]byte, dt.bytes(len(values)))
	putFloats(p, dt, values)
	return constOf("ConstAs", dt, p, shape)
}

// Full is a tensor of the same float value everywhere.
func Full(v float64, shape ...int) *Tensor { return fullOf(F32, v, shape) }

func fullOf(dt DType, v float64, shape []int) *Tensor {
	return Op{
		Name: "Full", Shape: slices.Clone(shape), DType: dt, Attr: v,
		Emit: func(b *spirv.Block, _ ...spirv.ID) spirv.ID {
			return b.Same(b.Zero(spirv.Type{Elem: dtypes[dt].value, N: 4}), v)
		},
		Fold: func(...float64) float64 { return v },
	}.On()
}

// Iota counts 0, 1, 2, … along an axis, as int32.
func Iota(axis int, shape ...int) *Tensor {
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return fail("Iota", nil, "axis %d of the shape %s", axis, dims(shape))
	}
	n := shape[axis]
	flat := Op{
		Name: "Iota", Shape: []int{n}, DType: I32,
		EmitAt: func(_ *spirv.Block, at spirv.ID, _ ...spirv.ID) spirv.ID { return at },
	}.On()
	for range shape[axis+1:] {
		flat = flat.Unsqueeze(-1)
	}
	return flat.Expand(shape...)
}

// Tap names a node so that a viewer can ask for it; it costs nothing until someone does. It returns x under that name.
func Tap(name string, x *Tensor) *Tensor {
	t := Op{
		Name: "Tap", Shape: x.op.Shape, DType: x.op.DType, Attr: name,
		View: func(v View) (View, bool) { return v, true },
		Grad: func(_, dy *Tensor) []*Tensor { return []*Tensor{dy} },
	}.On(x)
	t.label = name
	t.taps = merge(t.taps, []*Tensor{t})
	return t
}

// Taps returns the tapped nodes that ys are built on, in order of construction.
func Taps(ys ...*Tensor) []*Tensor {
	var all []*Tensor
	for _, y := range ys {
		all = merge(all, y.taps)
	}
	return all
}
