package tensor_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
	"genview/vk/vktest"
)

// pseudo returns n numbers between −½ and ½ that follow a formula, and the function that gives number i.
func pseudo(n int) (x *T, at func(i int) float64) {
	const m = 1021 // a prime, so that neighbouring rows differ
	i := tensor.Iota(0, n)
	of := func(v int32) *T { return tensor.Const([]int32{v}, 1) }
	x = i.Sub(i.Div(of(m)).Mul(of(m))).Cast(tensor.F32).Scale(1.0 / m).Shift(-0.5)
	return x, func(i int) float64 { return float64(i%m)/m - 0.5 }
}

// A largeCase is a tensor that is computed, and the reference for its element i.
type largeCase struct {
	name string
	y    *T
	want func(i int) float64
}

// sumOf returns f(0) + f(1) + … + f(k−1).
func sumOf(k int, f func(i int) float64) float64 {
	s := 0.0
	for i := range k {
		s += f(i)
	}
	return s
}

// largeCases are ops on one tensor of 600 001 rows and 113 columns, which is 271 MB of float32.
func largeCases() []largeCase {
	const rows, cols = 600_001, 113
	const n = rows * cols
	x, at := pseudo(n)
	v := tensor.Var("x", x)
	m := v.Reshape(rows, cols)
	const batch = 70_001
	return []largeCase{
		{"elementwise", v.Square().Shift(1), func(i int) float64 { return at(i)*at(i) + 1 }},
		{"broadcast", m.Mul(m.Slice(1, 3, 4)).Add(m.Slice(0, 5, 6)), func(i int) float64 { return at(i)*at(i/cols*cols+3) + at(5*cols+i%cols) }},
		{"transpose", m.T(), func(i int) float64 { return at(i%rows*cols + i/rows) }},
		{"sum of rows", m.Sum(1), func(i int) float64 { return sumOf(cols, func(k int) float64 { return at(i*cols + k) }) }},
		{"sum of columns", v.Reshape(cols, rows).Sum(0), func(i int) float64 { return sumOf(cols, func(k int) float64 { return at(k*rows + i) }) }},
		{"maximum of all", v.Max(), func(int) float64 { return 1020.0/1021 - 0.5 }},
		{"softmax", m.Softmax(1), func(i int) float64 {
			return math.Exp(at(i)) / sumOf(cols, func(k int) float64 { return math.Exp(at(i/cols*cols + k)) })
		}},
		{"concat", tensor.Concat(0, m.Slice(0, 1, rows), m.Slice(0, 0, 1)), func(i int) float64 { return at((i + cols) % n) }},
		{"products", v.Slice(0, 0, batch*35).Reshape(batch, 5, 7).MatMul(v.Slice(0, 0, batch*42).Reshape(batch, 7, 6)), func(i int) float64 {
			z, r, k := i/30, i/6%5, i%6
			return sumOf(7, func(j int) float64 { return at(z*35+r*7+j) * at(z*42+j*6+k) })
		}},
		{"wide product", m.MatMul(v.Slice(0, 0, cols*8).Reshape(cols, 8)), func(i int) float64 {
			return sumOf(cols, func(k int) float64 { return at(i/8*cols+k) * at(k*8+i%8) })
		}},
	}
}

// The table of embeddings that the tests look rows up in has GPT-2's vocabulary and width.
const vocabulary, embeddingWidth = 50_257, 768

// picked are the rows that are looked up.
var picked = []int{0, 50256, 43690, 7, 43691, 50256}

// embeddingCases look rows up in a large table, and differentiate that.
func embeddingCases() []largeCase {
	const width = embeddingWidth
	some, at := pseudo(vocabulary * width)
	table := tensor.Var("table", some.Reshape(vocabulary, width))
	words := tensor.Const([]int32{0, 50256, 43690, 7, 43691, 50256}, 6)
	cotangent, cotangentAt := pseudo(6 * width)
	return []largeCase{
		{"embedding", tensor.Embedding(words, table), func(i int) float64 { return at(picked[i/width]*width + i%width) }},
		{"gradient of an embedding", tensor.VJP(tensor.Embedding(words, table), cotangent.Reshape(6, width), table)[0], func(i int) float64 {
			return sumOf(6, func(k int) float64 {
				if picked[k] != i/width {
					return 0
				}
				return cotangentAt(k*width + i%width)
			})
		}},
	}
}

// TestLarge computes on more than 2²⁴ elements, with more workgroups than one axis of a dispatch can have, and with tensors that exceed
// what the device can bind at once. It compares some elements of each result with float64.
func TestLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED in -short: large tensors")
	}
	for _, c := range slices.Concat(largeCases(), embeddingCases()) {
		for name, family := range map[string]tensor.Family{"device": tensor.ForDevice, "gpu": tensor.ForGPU} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family})
				if err != nil {
					t.Fatal(err)
				}
				defer rt.Close()
				c.run(t, rt)
			})
		}
	}
}

// run compares the first and last elements, 300 random ones, and those of the rows that a gradient of an embedding makes nonzero.
func (c largeCase) run(t *testing.T, rt *tensor.Runtime) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	var places []int
	for _, p := range []int{0, 1, 2, 3, c.y.Len() / 2, c.y.Len() - 2, c.y.Len() - 1} {
		places = append(places, max(p, 0)%c.y.Len())
	}
	for range 300 {
		places = append(places, r.IntN(c.y.Len()))
	}
	for _, w := range picked {
		places = append(places, w*embeddingWidth%c.y.Len())
	}
	var index []int32
	var want []float64
	for _, p := range places {
		index, want = append(index, int32(p)), append(want, c.want(p))
	}
	got := floats(t, rt, c.y.Reshape(-1).IndexSelect(0, tensor.Const(index, len(index))))
	compare(t, "some of the elements", got, want, 1e-5)
}

// TestLargeRandom holds that a random number depends on its index alone, and not on how many numbers are drawn.
func TestLargeRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED in -short: large tensors")
	}
	rt := runtimeOf(t, vk.Options{})
	many := tensor.NewRNG("rng", 5).Uniform(1<<25 + 5)
	few := floats(t, rt, tensor.NewRNG("rng", 5).Uniform(1000))
	for i, v := range floats(t, rt, many.Slice(0, 0, 1000)) {
		if v != few[i] {
			t.Fatalf("number %d is %v among many and %v among few", i, v, few[i])
		}
	}
	if m := floats(t, rt, many.Mean())[0]; math.Abs(float64(m)-0.5) > 1e-3 {
		t.Errorf("the mean is %v", m)
	}
}

// TestTooLarge holds that a tensor with more elements than an index can address is an error, and is not computed wrong.
func TestTooLarge(t *testing.T) {
	for _, y := range []*T{
		tensor.Full(1, 1<<16, 1<<16),
		tensor.Full(1, 1<<16, 1).Mul(tensor.Full(1, 1, 1<<16)),
		tensor.Input("x", tensor.F32, 1<<40, 1<<40),
	} {
		if y.Err() == nil {
			t.Errorf("%s is taken", y)
		} else {
			t.Log(y.Err())
		}
	}
}

// TestTooLargeNeverPanics builds every op and its first two derivatives under many limits on the number of elements. Whichever part of
// an op exceeds the limit, the result is an error and never a panic.
func TestTooLargeNeverPanics(t *testing.T) {
	build := func(c optest.Case, shapes [][]int, limit int) (y *T, trace string) {
		in := make([]*T, len(shapes))
		for i, s := range shapes {
			in[i] = tensor.Input(fmt.Sprint("x", i), tensor.F32, s...)
		}
		defer tensor.Limit(limit)()
		defer func() {
			if p := recover(); p != nil {
				trace = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
		}()
		y = c.Op(in)
		if !c.Ints {
			first := tensor.Grad(y.Square().Sum(), in...)
			sum := tensor.Full(0)
			for _, g := range first {
				sum = sum.Add(g.Square().Sum())
			}
			tensor.Grad(sum, in...)
		}
		return y, ""
	}
	for _, c := range optest.Cases {
		for _, shapes := range c.Dims[:min(len(c.Dims), 3)] {
			for limit := 1; limit < 1<<14; limit += 1 + limit/3 {
				if _, trace := build(c, shapes, limit); trace != "" {
					t.Errorf("%s of %v, where %d elements are too many, panics: %s", c.Name, shapes, limit+1, trace)
					break
				}
			}
		}
	}
	var size *tensor.SizeError
	if y := tensor.Full(1, 1<<16, 1<<16).Sum(); !errors.As(y.Err(), &size) || !strings.Contains(y.Err().Error(), "16.0 GiB") {
		t.Errorf("got the error %v, want a SizeError that says 16.0 GiB", y.Err())
	}
	if y := tensor.Full(1, math.MaxInt, math.MaxInt, 4); !errors.As(y.Err(), &size) {
		t.Errorf("got the error %v, want a SizeError", y.Err())
	}
}
