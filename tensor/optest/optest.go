// Package optest holds the table of ops: for each what it must give, in float64 and by plain loops, on which inputs. The tests of
// package tensor go through it with gradients and on every family of kernels, and genview doctor goes through its values on a
// user's device.
//
// TestGraphs evaluates the references over random graphs, with updates, feeds and gradients, and holds programs against them: 500 graphs,
// or as many as the flag -fuzzgraphs says.
//
// A second table, Benches, has ops at the sizes that models have: BenchmarkOps and genview bench ops time them.
package optest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"genview/tensor"
)

// Cases is the table: one or more rows for each op.
var Cases = slices.Concat(
	elementwiseCases, reduceCases, lookupCases, softmaxCases, shapeCases, productCases, convCases, lossCases,
	indexCases, layerCases, narrowCases,
)

// A Case is one row of the table.
type Case struct {
	Name  string                                       // the exported function or method, and after a slash the special case
	Op    func(in []*tensor.Tensor) *tensor.Tensor     // on inputs of the shapes of one entry of Dims
	Ref   func(in []Array) Array                       // the reference: the same in float64, by plain loops
	Dims  [][][]int                                    // for each subtest the shapes of the inputs
	In    func(r *rand.Rand) float64                   // draws an element
	Also  []float64                                    // special points at which values are compared, too; for ops of two inputs, all combinations
	Rows  [][]float64                                  // special points along an axis: each is given to the op as [1, n]
	Ints  bool                                         // the result is not differentiable: value only
	Order int                                          // the highest derivative to check; 0 means 2
	Tol   float64                                      // relative to the largest value; 0 means 1e-5
	Draws func(r *rand.Rand, shape []int, i int) Array // draws a whole input, instead of In
}

// Tolerance returns the allowed error, relative to the largest number of the result.
func (c Case) Tolerance() float64 {
	if c.Tol == 0 {
		return 1e-5
	}
	return c.Tol
}

// Draw draws inputs of these shapes.
func (c Case) Draw(r *rand.Rand, shapes [][]int) []Array {
	var out []Array
	for i, s := range shapes {
		if c.Draws != nil {
			out = append(out, c.Draws(r, s, i).Round())
			continue
		}
		a := newArray(s...)
		for j := range a.V {
			a.V[j] = c.In(r)
		}
		out = append(out, a.Round())
	}
	return out
}

// An Array is a tensor of the reference.
type Array struct {
	Shape []int
	V     []float64
}

func newArray(shape ...int) Array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return Array{shape, make([]float64, n)}
}

// Noise draws an array from the normal distribution.
func Noise(r *rand.Rand, shape []int) Array {
	a := newArray(shape...)
	for i := range a.V {
		a.V[i] = r.NormFloat64()
	}
	return a.Round()
}

// Tensor returns the array as a constant.
func (a Array) Tensor() *tensor.Tensor {
	f := make([]float32, len(a.V))
	for i, x := range a.V {
		f[i] = float32(x)
	}
	return tensor.Const(f, a.Shape...)
}

// T returns the array with its last two axes exchanged.
func (a Array) T() Array {
	rank := len(a.Shape)
	rows, cols := a.Shape[rank-2], a.Shape[rank-1]
	shape := slices.Clone(a.Shape)
	shape[rank-2], shape[rank-1] = cols, rows
	b := newArray(shape...)
	for i, x := range a.V {
		at, row, col := i/(rows*cols)*rows*cols, i/cols%rows, i%cols
		b.V[at+col*rows+row] = x
	}
	return b
}

// Tensors returns arrays as constants.
func Tensors(in []Array) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, a := range in {
		out = append(out, a.Tensor())
	}
	return out
}

// Round makes every element a float32, so that the device starts from the same numbers.
func (a Array) Round() Array {
	for i, x := range a.V {
		a.V[i] = float64(float32(x))
	}
	return a
}

// Plus returns a + scale·b.
func (a Array) Plus(b Array, scale float64) Array {
	c := newArray(a.Shape...)
	for i := range c.V {
		c.V[i] = a.V[i] + scale*b.V[i]
	}
	return c
}

// Dot returns Σ aᵢbᵢ.
func Dot(a, b Array) float64 {
	s := 0.0
	for i := range a.V {
		s += a.V[i] * b.V[i]
	}
	return s
}

// Compare returns an error if got differs from want: if an element is off by more than tol times the largest one.
func Compare(got []float32, want []float64, tol float64) error {
	scale := 1e-3
	for _, w := range want {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			scale = max(scale, math.Abs(w))
		}
	}
	return compare(got, want, tol, func(float64) float64 { return scale })
}

// ComparePoints is Compare for special points, which differ in size: the error of each element must be within tol times that element.
func ComparePoints(got []float32, want []float64, tol float64) error {
	return compare(got, want, tol, func(w float64) float64 {
		if math.IsInf(w, 0) {
			return 0
		}
		return max(math.Abs(w), 1e-4)
	})
}

// compare returns the first element whose error is larger than tol times the scale of what is wanted. NaN must be NaN.
func compare(got []float32, want []float64, tol float64, scale func(w float64) float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("got %d elements, want %d", len(got), len(want))
	}
	for i, w := range want {
		w = rounded(w)
		g := float64(got[i])
		if w == g || math.IsNaN(w) && math.IsNaN(g) {
			continue
		}
		if s := tol * scale(w); !(math.Abs(g-w) <= s) {
			return fmt.Errorf("element %d: got %g, want %g (± %.1g)", i, g, w, s)
		}
	}
	return nil
}

// rounded returns w, or an infinity if w is out of float32's range.
func rounded(w float64) float64 {
	if math.Abs(w) > math.MaxFloat32 {
		return float64(float32(w)) // infinite
	}
	return w
}

// Points lists the special points as inputs.
func (c Case) Points() [][]Array {
	var all [][]Array
	n := len(c.Also)
	switch {
	case n > 0 && len(c.Dims[0]) == 2:
		all = append(all, []Array{{[]int{n, 1}, c.Also}, {[]int{n}, c.Also}})
	case n > 0:
		all = append(all, []Array{{[]int{n}, c.Also}})
	}
	for _, r := range c.Rows {
		all = append(all, []Array{{[]int{1, len(r)}, r}})
	}
	return all
}

// Value computes the op on these inputs and compares it with the reference.
func (c Case) Value(rt *tensor.Runtime, in []Array) error { return c.value(rt, in, Compare) }

// Point is Value for one of Points.
func (c Case) Point(rt *tensor.Runtime, in []Array) error { return c.value(rt, in, ComparePoints) }

// value runs the op and its reference on the same inputs, and compares the results.
func (c Case) value(rt *tensor.Runtime, in []Array, compare func(got []float32, want []float64, tol float64) error) error {
	want := c.Ref(in)
	y := c.Op(Tensors(in))
	if y.Err() == nil && fmt.Sprint(y.Shape()) != fmt.Sprint(want.Shape) && len(want.Shape) > 0 {
		return fmt.Errorf("the shape is %v, want %v", y.Shape(), want.Shape)
	}
	got, err := rt.Floats(y.Cast(tensor.F32))
	if err != nil {
		return err
	}
	return compare(got, want.V, c.Tolerance())
}
