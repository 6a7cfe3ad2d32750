package tensor

import (
	"cmp"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"genview/shaders/spirv"
	"genview/tensor/internal/ir"
)

// A Tensor is a node of a graph: an operation, what it is applied to, and the shape and type of its result. It is never changed
// once made and holds no numbers; a [Program] computes them. Tensors are safe for concurrent use.
//
// A tensor built from wrong shapes is poisoned, and so is all that is built on it: [Runtime.Compile] returns the first error.
type Tensor struct {
	op    Op
	in    []*Tensor
	label string                 // of inputs, variables and taps
	data  []byte                 // of constants
	fill  func(values []float32) // of constants of f32 in place of data
	err   error
	taps  []*Tensor // that it is built on, in order of construction
	tap   uint64    // of taps: the number of the construction
	home  *pack     // of variables: what they are a part of, nil for nothing
}

// A View is a layout: which element of a buffer each element of a tensor is. Elements outside [Lo, Hi) on some axis are not in the buffer
// at all and read as zero.
type View = ir.View

// An Op says what a node computes: at most one of View, Emit and EmitAt is set. Nodes equal in Name, Attr, Shape and inputs are the same
// node, so the functions may depend on nothing else.
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

	// Grad returns the gradient of each input (nil: zero) from the result y and its gradient dy. To ask for the gradient of an op without
	// one is an error.
	Grad func(y, dy *Tensor) []*Tensor
	// NoGrad says that the gradients of all inputs are zero, as those of Sign are.
	NoGrad bool

	kind   ir.Kind
	table  bool
	pack   *ir.Pack
	reduce *ir.Reduction
	kernel ir.Kernel
	// instead is what a target computes in place of the op; optional, and nil is the op itself.
	instead func(on ir.Target, in []*Tensor) *Tensor
}

// opOf is an op of package ir, without a gradient.
func opOf(o ir.Op) Op {
	return Op{
		Name: o.Name, Shape: o.Shape, DType: o.DType, Attr: o.Attr, View: o.View, Emit: o.Emit, EmitAt: o.EmitAt, Fold: o.Fold,
		kind: o.Kind, table: o.Table, pack: o.Pack, reduce: o.Reduce, kernel: o.Kernel,
	}
}

// ir is what is compiled of the op.
func (o Op) ir() ir.Op {
	return ir.Op{
		Name: o.Name, Kind: o.kind, Shape: o.Shape, DType: o.DType, Attr: o.Attr, View: o.View, Emit: o.Emit, EmitAt: o.EmitAt, Fold: o.Fold,
		Table: o.table, Pack: o.pack, Reduce: o.reduce, Kernel: o.kernel,
	}
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
	if _, ok := count(o.Shape); !ok {
		return impossible(o, in)
	}
	return t
}

// merge returns the taps of both, in order of construction, as a and b are. Mostly that is one of the two. A network of many layers has
// many taps, and merges them at every node.
func merge(a, b []*Tensor) []*Tensor {
	if len(a) < len(b) {
		a, b = b, a
	}
	i, missing := 0, false
	for _, t := range b {
		for i < len(a) && a[i].tap < t.tap {
			i++
		}
		if i == len(a) || a[i] != t {
			missing = true
			break
		}
	}
	if !missing {
		return a
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(x, y *Tensor) int { return cmp.Compare(x.tap, y.tap) })
	return slices.Compact(all)
}

// tapped counts all taps.
var tapped atomic.Uint64

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
func (x *Tensor) Len() int { return ir.Size(x.op.Shape) }

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
	t := Op{Name: "Input", kind: ir.Input, Shape: shape, DType: dt}.On()
	t.label = name
	return t
}

// Var is state on the device that lives between runs. init gives its shape, type and first value. Two calls make two variables.
func Var(name string, init *Tensor) *Tensor {
	t := Op{Name: "Var", kind: ir.Var, Shape: init.op.Shape, DType: init.op.DType}.On(init)
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
	want, ok := count(shape)
	if n := len(p) / dt.Bytes(1); !ok || n != want {
		return fail(name, nil, "%d values do not fill the shape %s", n, dims(shape))
	}
	t := Op{Name: "Const", kind: ir.Const, Shape: slices.Clone(shape), DType: dt}.On()
	t.data = p
	return t
}

// ConstFunc is a Const of float32 that are computed whenever a runtime puts them on a device, and not kept on the host: fill gets the
// slice to fill. It must give the same values each time, and be safe for concurrent use.
func ConstFunc(fill func(values []float32), shape ...int) *Tensor {
	t := Op{Name: "Const", kind: ir.Const, Shape: slices.Clone(shape), DType: F32}.On()
	t.fill = fill
	return t
}

// write writes a constant's values to p.
func (x *Tensor) write(p []byte) {
	if x.fill == nil {
		copy(p, x.data)
		return
	}
	values := make([]float32, x.Len())
	x.fill(values)
	putFloats(p, F32, values)
}

// ConstAs is a Const of floats that are kept as F16 or BF16, which they are rounded to, or as F32.
func ConstAs(dt DType, values []float32, shape ...int) *Tensor {
	if !dt.IsFloat() {
		return fail("ConstAs", nil, "it takes a type of floats, not %s", dt)
	}
	p := make([]byte, dt.Bytes(len(values)))
	putFloats(p, dt, values)
	return constOf("ConstAs", dt, p, shape)
}

// Full is a tensor of the same float value everywhere.
func Full(v float64, shape ...int) *Tensor { return fullOf(F32, v, shape) }

func fullOf(dt DType, v float64, shape []int) *Tensor { return opOf(ir.FullOp(dt, v, shape)).On() }

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
	t.label, t.tap = name, tapped.Add(1)
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
