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

// A Tensor is a node of a graph: an operation, its inputs, and the shape and type of its result. It never changes once it is made and
// holds no numbers; a [Program] computes them. Tensors are safe for concurrent use.
//
// A tensor built from wrong shapes is poisoned, and so is every tensor built on it: [Runtime.Compile] returns the first error.
type Tensor struct {
	op    Op
	in    []*Tensor
	label string                 // of inputs, variables and taps
	data  []byte                 // of constants
	fill  func(values []float32) // of float32 constants that are computed when needed, instead of data
	err   error
	taps  []*Tensor // the taps that the tensor depends on, in order of construction
	tap   uint64    // of taps: a number that counts up with each tap that is made
	home  *pack     // of variables: the flat variable that contains it; nil: none
}

// A View is a layout: it maps each element of a tensor to an element of a buffer. Elements outside [Lo, Hi) on some axis are padding:
// they are not in the buffer and read as zero.
type View = ir.View

// An Op says what a node computes: at most one of View, Emit and EmitAt is set. Nodes with equal Name, Attr, Shape and inputs are merged
// into one node, so the functions may depend on nothing else.
type Op struct {
	Name  string
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

	// Grad returns the gradient of each input (nil: zero) from the result y and its gradient dy. Differentiating an op that has neither
	// Grad nor NoGrad is an error.
	Grad func(y, dy *Tensor) []*Tensor
	// NoGrad says that the gradients of all inputs are zero, as those of Sign are.
	NoGrad bool

	kind   ir.Kind
	table  bool
	pack   *ir.Pack
	reduce *ir.Reduction
	kernel ir.Kernel
	// instead returns another way to compute the op on a target, or nil to compute the op itself. It is optional.
	instead func(on ir.Target, in []*Tensor) *Tensor
}

// opOf converts an op of package ir. The result has no gradient.
func opOf(o ir.Op) Op {
	return Op{
		Name: o.Name, Shape: o.Shape, DType: o.DType, Attr: o.Attr, View: o.View, Emit: o.Emit, EmitAt: o.EmitAt, Fold: o.Fold,
		kind: o.Kind, table: o.Table, pack: o.Pack, reduce: o.Reduce, kernel: o.Kernel,
	}
}

// ir returns the part of the op that the compiler reads.
func (o Op) ir() ir.Op {
	return ir.Op{
		Name: o.Name, Kind: o.kind, Shape: o.Shape, DType: o.DType, Attr: o.Attr, View: o.View, Emit: o.Emit, EmitAt: o.EmitAt, Fold: o.Fold,
		Table: o.table, Pack: o.pack, Reduce: o.reduce, Kernel: o.kernel,
	}
}

// most is the largest number of elements that a tensor may have: shaders count with 32 bits.
const most = 1<<31 - 1

// On applies the op to inputs. A poisoned input poisons the result.
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

// merge returns the union of two lists of taps, each in order of construction. Usually one list contains the other, and merge returns it
// without a copy: a network of many layers has many taps, and every node merges them.
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

// tapped counts the taps made so far.
var tapped atomic.Uint64

// fail returns a poisoned tensor. Its error names the op, the shapes of its operands, the fault, and the caller's line. If the caller
// called another function that uses the op, the error names that function as well.
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

// caller returns the exported function of this package that was called from outside the package, and file:line of that call. The
// package's tests count as outside.
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

// Dim returns the size of an axis; negative axes count from the end. An axis that x does not have has size 1.
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

// Name returns the name of an input or variable, or else the name of the op.
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

// Input makes a tensor whose values are given at every run.
func Input(name string, dt DType, shape ...int) *Tensor {
	t := Op{Name: "Input", kind: ir.Input, Shape: shape, DType: dt}.On()
	t.label = name
	return t
}

// Var makes a variable: state on the device that lives between runs. init gives its shape, type and first value. Two calls make two
// variables.
func Var(name string, init *Tensor) *Tensor {
	t := Op{Name: "Var", kind: ir.Var, Shape: init.op.Shape, DType: init.op.DType}.On(init)
	t.label, t.taps = name, nil
	return t
}

// Const makes a tensor of known values: a []float32, []int32 or []bool with as many elements as the shape has. It copies the values.
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

// ConstFunc makes a float32 constant whose values are not kept on the host. Whenever a runtime loads it onto a device, it calls fill with
// the slice to fill. fill must give the same values each time and be safe for concurrent use.
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

// ConstAs makes a constant of F16, BF16 or F32, and rounds the values to that type.
func ConstAs(dt DType, values []float32, shape ...int) *Tensor {
	if !dt.IsFloat() {
		return fail("ConstAs", nil, "it takes a type of floats, not %s", dt)
	}
	p := make([]byte, dt.Bytes(len(values)))
	putFloats(p, dt, values)
	return constOf("ConstAs", dt, p, shape)
}

// Full makes a tensor whose elements all have the same float value.
func Full(v float64, shape ...int) *Tensor { return fullOf(F32, v, shape) }

func fullOf(dt DType, v float64, shape []int) *Tensor { return opOf(ir.FullOp(dt, v, shape)).On() }

// Iota makes an int32 tensor that counts 0, 1, 2, … along an axis.
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

// Tap names a node so that a viewer can fetch it, and returns x under that name. A tap costs nothing until it is fetched.
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

// Taps returns the tapped nodes that ys depend on, in order of construction.
func Taps(ys ...*Tensor) []*Tensor {
	var all []*Tensor
	for _, y := range ys {
		all = merge(all, y.taps)
	}
	return all
}
