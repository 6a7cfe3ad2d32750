package tensor_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// outputs builds the op of the case. It returns the value, and the gradient of Σ w·y with the weights 1, 2, 3, 1, 2, 3, … for each input.
func (c *specialCase) outputs(op func(in []*T) *T) (y *T, grads []*T) {
	var in, xs []*T
	for _, i := range c.in {
		x := i.tensor()
		in = append(in, x)
		if i.kind == "x" {
			xs = append(xs, x)
		}
	}
	y = op(in)
	if c.grads == nil || y.Err() != nil {
		return y, nil
	}
	w := make([]float32, len(c.y))
	for i := range w {
		w[i] = float32(i%3 + 1)
	}
	return y, tensor.VJP(y, tensor.Const(w, y.Shape()...), xs...)
}

// run compares the case with PyTorch's answers.
func (c *specialCase) run(t *testing.T, rt *tensor.Runtime, least float64) {
	for _, d := range differences {
		if slices.Contains(d.cases, c.name) {
			d.tried.Store(true)
		}
	}
	op := specialOps[c.name]
	if op == nil {
		t.Fatal("there is no op of that name in specialOps")
	}
	y, grads := c.outputs(op)
	if err := y.Err(); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(y.Shape()) != fmt.Sprint(c.shape) {
		t.Fatalf("the shape is %v, want %v", y.Shape(), c.shape)
	}
	outs := []*T{y.Cast(tensor.F32)}
	for _, g := range grads {
		outs = append(outs, g.Cast(tensor.F32))
	}
	p, err := rt.Compile(tensor.Outputs{Fetch: outs})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	for i, x := range outs {
		got := make([]float32, x.Len())
		if err := p.Fetch(x, got); err != nil {
			t.Fatal(err)
		}
		what, want := "value", c.y
		if i > 0 {
			what, want = fmt.Sprintf("gradient %d", i-1), c.grads[i-1]
		}
		c.compare(t, what, got, want, least)
	}
}

// compare reports every element that differs from PyTorch's, except for the intended differences. least is the smallest positive number
// that the device has.
func (c *specialCase) compare(t *testing.T, what string, got, want []float32, least float64) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if c.equal(float64(g), float64(w), least) {
			continue
		}
		at := make([][]float32, len(c.in)) // the elements of the inputs from which this one is computed
		for k, in := range c.in {
			at[k] = in.around(i, len(want))
		}
		if d := c.difference(what, at); d != nil {
			d.used.Store(true)
			continue
		}
		t.Errorf("%s, element %d of %g: got %g, want %g", what, i, at, g, w)
	}
}

// around returns the row of the input from which element i of n is computed, or the single element if the input has no rows.
func (in specialInput) around(i, n int) []float32 {
	width := 1
	if len(in.shape) > 1 {
		width = in.shape[len(in.shape)-1]
	}
	if n == len(in.v) {
		i /= width
	}
	if (i+1)*width > len(in.v) {
		return in.v
	}
	return in.v[i*width : (i+1)*width]
}

// equal tells whether got equals want: the same special number, or a close one.
func (c *specialCase) equal(got, want, least float64) bool {
	if math.IsNaN(want) || math.IsInf(want, 0) {
		return got == want || math.IsNaN(got) && math.IsNaN(want)
	}
	relative, absolute := 1e-5, 4*least
	switch c.name {
	case "GELU", "GELUTanh": // 1 + erf(x/√2) cancels, as it does in PyTorch
		relative = 1e-4
	case "Div/itself", "Softmax", "LogSoftmax": // the gradient is a difference of equal numbers
		absolute = 1e-7
	}
	return math.Abs(got-want) <= relative*math.Abs(want)+absolute
}

// A difference is an intended difference from PyTorch. The package's documentation has a line for each.
type difference struct {
	name  string
	cases []string                               // names of ops
	where func(what string, at [][]float32) bool // depends on the elements of the inputs
	tried atomic.Bool                            // one of the cases was run
	used  atomic.Bool
}

func anyOf(v []float32, f func(size float64) bool) bool {
	return slices.ContainsFunc(v, func(x float32) bool { return f(math.Abs(float64(x))) })
}

func finiteAbove(limit float64) func(size float64) bool {
	return func(size float64) bool { return size >= limit && !math.IsInf(size, 0) }
}

var differences = []*difference{
	{
		name: "squares", cases: []string{"Std/0", "Std/1", "LayerNorm", "BatchNorm", "InstanceNorm", "GroupNorm"},
		where: func(_ string, at [][]float32) bool {
			return anyOf(at[0], finiteAbove(1e19)) || anyOf(at[0], func(size float64) bool { return size > 0 && size < 1e-19 })
		},
	},
	{name: "products", cases: []string{"Prod"}, where: func(what string, at [][]float32) bool { return what != "value" && anyOf(at[0], finiteAbove(1e19)) }},
	{name: "shares", cases: []string{"LogSumExp"}, where: func(what string, at [][]float32) bool { return what != "value" && anyOf(at[0], finiteAbove(1e7)) }},
	{
		name: "denormal results", cases: []string{"Exp", "Mish", "Softplus", "ELU", "SELU", "CrossEntropy", "PowScalar/-3"},
		where: func(_ string, at [][]float32) bool { return anyOf(at[0], finiteAbove(87)) },
	},
	{name: "log1p", cases: []string{"Log1p"}, where: func(_ string, at [][]float32) bool { return at[0][0] == 3e38 }},
	{name: "expm1", cases: []string{"ELU", "SELU"}, where: func(what string, at [][]float32) bool { return what == "value" && at[0][0] < 0 && at[0][0] > -1e-7 }},
	{name: "cross-entropy", cases: []string{"BCEWithLogits"}, where: func(what string, at [][]float32) bool {
		x, t := float64(at[0][0]), at[1][0]
		return what == "value" && (math.IsInf(x, -1) && t > 0 || x > 16 && t == 1)
	}},
}

func (c *specialCase) difference(what string, at [][]float32) *difference {
	for _, d := range differences {
		if slices.Contains(d.cases, c.name) && d.where(what, at) {
			return d
		}
	}
	return nil
}

func TestSpecial(t *testing.T) {
	cases := specialCases(t)
	for _, family := range []struct {
		name string
		tensor.Options
	}{
		{"device", tensor.Options{}},
		{"gpu", tensor.Options{Family: tensor.ForGPU}},
	} {
		t.Run(family.name, func(t *testing.T) {
			t.Parallel()
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), family.Options)
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			least := 0x1p-126
			if v := floats(t, rt, tensor.Const([]float32{0x1p-140}).Scale(2)); v[0] > 0 {
				least = 0x1p-149
			}
			for _, c := range cases {
				var in []string
				for _, i := range c.in {
					in = append(in, i.name)
				}
				t.Run(c.name+" of "+strings.Join(in, " and "), func(t *testing.T) { c.run(t, rt, least) })
			}
			for _, d := range differences {
				if d.tried.Load() && !d.used.Load() {
					t.Errorf("%s: there is no such difference from PyTorch", d.name)
				}
			}
		})
	}
}

// TestSharedGradients checks the gradient of equal extremes, along rows that are reduced in stages and along axes that are not adjacent.
func TestSharedGradients(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	const n = 4096
	v := make([]float32, 2*n)
	for i := range v {
		v[i] = float32(i % 7 % 4)
	}
	for i := range 70 { // most of the first row's equal elements are contiguous
		v[i] = 3
	}
	x := tensor.Const(v, 2, n)
	for _, c := range []struct {
		name string
		y    *T
		best float32
		rows int
	}{
		{"Max of rows", x.Max(1), 3, 2},
		{"Min of rows", x.Min(1), 0, 2},
		{"Max of all", x.Max(), 3, 1},
		{"Max of axes that are not neighbours", x.Reshape(2, 64, 64).Permute(1, 0, 2).Max(0, 2), 3, 2},
		{"Norm of ∞", x.Norm(math.Inf(1), 1), 3, 2},
	} {
		got := floats(t, rt, tensor.Grad(c.y.Sum(), x)[0])
		each := len(v) / c.rows
		for row := range c.rows {
			count := 0
			for _, a := range v[row*each : (row+1)*each] {
				if a == c.best {
					count++
				}
			}
			for i, a := range v[row*each : (row+1)*each] {
				want := float32(0)
				if a == c.best {
					want = 1 / float32(count)
				}
				if g := got[row*each+i]; math.Abs(float64(g-want)) > 1e-9 {
					t.Fatalf("%s: the gradient of element %d of row %d, one of %d equal ones, is %g, want %g", c.name, i, row, count, g, want)
				}
			}
		}
	}
}

// TestSpecialGradientsOfSpecial checks that an infinite gradient affects only its own element.
func TestSpecialGradientsOfSpecial(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	inf := float32(math.Inf(1))
	x := tensor.Const([]float32{-1, 2, -3, 4}, 4)
	dy := tensor.Const([]float32{inf, 1, inf, inf}, 4)
	for _, c := range []struct {
		name string
		y    *T
		want string
	}{
		{"ReLU", x.ReLU(), "[0 1 0 +Inf]"},
		{"Clamp", x.Clamp(-2, 3), "[+Inf 1 0 0]"},
		{"Maximum", x.Maximum(tensor.Full(0)), "[0 1 0 +Inf]"},
		{"Where", tensor.Where(x.Greater(tensor.Full(0)), x, tensor.Full(0)), "[0 1 0 +Inf]"},
		{"LeakyReLU", x.LeakyReLU(0), "[0 1 0 +Inf]"},
	} {
		if got := fmt.Sprint(floats(t, rt, tensor.VJP(c.y, dy, x)[0])); got != c.want {
			t.Errorf("%s: the gradient is %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSpecialDifferences(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		if !strings.Contains(string(doc), "//   - "+d.name+": ") {
			t.Errorf("the package's documentation has no line on %s", d.name)
		}
	}
}
