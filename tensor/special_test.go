package tensor_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// A specialCase is one of PyTorch's answers to special numbers, from testdata/special.txt.
type specialCase struct {
	name  string // of an op in specialOps
	in    []specialInput
	shape []int
	y     []float32
	grads [][]float32 // of each input that has one; nil: y has none
}

// A specialInput is named, since several cases have it. Its kind is x where it has a gradient, f where it has none, i where it is int32.
type specialInput struct {
	name, kind string
	shape      []int
	v          []float32
}

func (in specialInput) tensor() *T {
	if in.kind != "i" {
		return tensor.Const(in.v, in.shape...)
	}
	v := make([]int32, len(in.v))
	for i, x := range in.v {
		v[i] = int32(x)
	}
	return tensor.Const(v, in.shape...)
}

// specialCases reads testdata/special.txt, which scripts/torchspecial writes.
func specialCases(t *testing.T) []*specialCase {
	t.Helper()
	f, err := os.Open("testdata/special.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inputs := map[string]specialInput{}
	var all []*specialCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "#":
		case "in":
			inputs[words[1]] = specialInput{words[1], words[2], specialShape(t, words[3]), specialNumbers(t, words[4:])}
		case "case":
			c := &specialCase{name: words[1]}
			for _, name := range words[2:] {
				c.in = append(c.in, inputs[name])
			}
			all = append(all, c)
		case "y":
			c := all[len(all)-1]
			c.shape, c.y = specialShape(t, words[1]), specialNumbers(t, words[2:])
		default: // g0, g1, …
			c := all[len(all)-1]
			c.grads = append(c.grads, specialNumbers(t, words[1:]))
		}
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("testdata/special.txt: %d cases: %v", len(all), err)
	}
	return all
}

// specialShape reads a shape such as 3x5; of one number, which has no axes, it is ().
func specialShape(t *testing.T, s string) []int {
	t.Helper()
	if s == "()" {
		return nil
	}
	var shape []int
	for _, d := range strings.Split(s, "x") {
		n, err := strconv.Atoi(d)
		if err != nil {
			t.Fatal(err)
		}
		shape = append(shape, n)
	}
	return shape
}

func specialNumbers(t *testing.T, words []string) []float32 {
	t.Helper()
	v := make([]float32, len(words))
	for i, w := range words {
		x, err := strconv.ParseFloat(w, 32)
		if err != nil {
			t.Fatal(err)
		}
		v[i] = float32(x)
	}
	return v
}

// outputs builds the op of the case: its value, and the gradient of Σ w·y with the weights 1, 2, 3, 1, 2, 3, … for each input.
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

// compare reports every element that is neither PyTorch's nor one of those where we differ on purpose. least is the smallest number that
// the device has.
func (c *specialCase) compare(t *testing.T, what string, got, want []float32, least float64) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if c.equal(float64(g), float64(w), least) {
			continue
		}
		at := make([][]float32, len(c.in)) // the elements of the inputs that this one is made of
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

// around returns the row that element i of n stands in, or comes from, or the element where the input has no rows.
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

// equal tells whether got is want: the same special number, or near it.
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

// A difference from PyTorch is on purpose. The package's documentation has a line for each.
type difference struct {
	name  string
	cases []string                               // names of ops
	where func(what string, at [][]float32) bool // by the elements of the inputs
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

// TestSharedGradients holds the gradient of equal extremes along rows that are combined in stages, and of axes that are not neighbours.
func TestSharedGradients(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	const n = 4096
	v := make([]float32, 2*n)
	for i := range v {
		v[i] = float32(i % 7 % 4)
	}
	for i := range 70 { // most of the first row's equal ones stand together
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

// TestSpecialGradientsOfSpecial holds that an infinite gradient reaches what it belongs to and nothing else.
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

func onFirst(f func(x *T) *T) func(in []*T) *T { return func(in []*T) *T { return f(in[0]) } }

func onTwo(f func(x, y *T) *T) func(in []*T) *T { return func(in []*T) *T { return f(in[0], in[1]) } }

func truthOf(f func(x, y *T) *T) func(in []*T) *T {
	return onTwo(func(x, y *T) *T { return f(x.Cast(tensor.Bool), y.Cast(tensor.Bool)) })
}

// specialOps are the ops of testdata/special.txt by name.
var specialOps = map[string]func(in []*T) *T{
	"Neg": onFirst((*T).Neg), "Abs": onFirst((*T).Abs), "Sign": onFirst((*T).Sign), "Floor": onFirst((*T).Floor), "Ceil": onFirst((*T).Ceil),
	"Trunc": onFirst((*T).Trunc), "Round": onFirst((*T).Round), "Square": onFirst((*T).Square), "Sqrt": onFirst((*T).Sqrt),
	"Rsqrt": onFirst((*T).Rsqrt), "Reciprocal": onFirst((*T).Reciprocal), "Exp": onFirst((*T).Exp), "Expm1": onFirst((*T).Expm1),
	"Log": onFirst((*T).Log), "Log1p": onFirst((*T).Log1p), "Erf": onFirst((*T).Erf), "Sin": onFirst((*T).Sin), "Cos": onFirst((*T).Cos),
	"Tanh": onFirst((*T).Tanh), "Sigmoid": onFirst((*T).Sigmoid), "Softplus": onFirst((*T).Softplus), "ReLU": onFirst((*T).ReLU),
	"LeakyReLU": onFirst(func(x *T) *T { return x.LeakyReLU(0.2) }), "ELU": onFirst(func(x *T) *T { return x.ELU(1.5) }),
	"SELU": onFirst((*T).SELU), "GELU": onFirst((*T).GELU), "GELUTanh": onFirst((*T).GELUTanh), "Mish": onFirst((*T).Mish),
	"SiLU": onFirst((*T).SiLU), "Clamp": onFirst(func(x *T) *T { return x.Clamp(-1, 2) }),
	"Hardtanh": onFirst(func(x *T) *T { return x.Hardtanh(-1, 2) }),
	"Scale":    onFirst(func(x *T) *T { return x.Scale(3) }), "Scale/0": onFirst(func(x *T) *T { return x.Scale(0) }),
	"Shift": onFirst(func(x *T) *T { return x.Shift(2) }), "Sub/itself": onFirst(func(x *T) *T { return x.Sub(x) }),
	"Div/itself":   onFirst(func(x *T) *T { return x.Div(x) }),
	"Mul/0":        onFirst(func(x *T) *T { return x.Mul(tensor.Full(0, x.Shape()...)) }),
	"Add/opposite": onFirst(func(x *T) *T { return x.Add(x.Neg()) }),
	"MaskedFill": onFirst(func(x *T) *T {
		even := tensor.Iota(0, x.Len()).And(tensor.Const([]int32{1})).Equal(tensor.Const([]int32{0}))
		return x.MaskedFill(even, 7)
	}),
	"Where":   onFirst(func(x *T) *T { return tensor.Where(x.Greater(tensor.Full(0)), x, x.Square()) }),
	"Max/all": onFirst(func(x *T) *T { return x.Slice(0, 3, x.Len()).Max() }), "Roll": onFirst(func(x *T) *T { return x.Roll(0, 3) }),
	"Flip": onFirst(func(x *T) *T { return x.Flip(0) }), "Tile": onFirst(func(x *T) *T { return x.Tile(2) }),
	"Concat": onFirst(func(x *T) *T { return tensor.Concat(0, x, x.Scale(2)) }), "Pad": onFirst(func(x *T) *T { return x.Pad(0, 2, 1) }),
	"PadConstant":  onFirst(func(x *T) *T { return x.PadConstant(0, 2, 1, math.Inf(-1)) }),
	"PadReflect":   onFirst(func(x *T) *T { return x.PadReflect(0, 2, 1) }),
	"PadReplicate": onFirst(func(x *T) *T { return x.PadReplicate(0, 2, 1) }),
	"CumSum":       onFirst(func(x *T) *T { return x.Slice(0, 3, 23).CumSum(0) }), "Detach": onFirst((*T).Detach),
	"PowScalar/-3": powOf(-3), "PowScalar/-2": powOf(-2), "PowScalar/-1": powOf(-1), "PowScalar/-0.5": powOf(-0.5), "PowScalar/0": powOf(0),
	"PowScalar/0.5": powOf(0.5), "PowScalar/1": powOf(1), "PowScalar/1.5": powOf(1.5), "PowScalar/2": powOf(2), "PowScalar/3": powOf(3),
	"PowScalar/10": powOf(10), "PowScalar/-10": powOf(-10), "PowScalar/2.5": powOf(2.5),

	"Add": onTwo((*T).Add), "Sub": onTwo((*T).Sub), "Mul": onTwo((*T).Mul), "Div": onTwo((*T).Div), "Maximum": onTwo((*T).Maximum),
	"Minimum": onTwo((*T).Minimum), "Pow": onTwo((*T).Pow), "Less": onTwo((*T).Less), "LessEqual": onTwo((*T).LessEqual),
	"Greater": onTwo((*T).Greater), "GreaterEqual": onTwo((*T).GreaterEqual), "Equal": onTwo((*T).Equal), "NotEqual": onTwo((*T).NotEqual),
	"And": truthOf((*T).And), "Or": truthOf((*T).Or), "Xor": truthOf((*T).Xor),
	"Lerp": onTwo(func(x, y *T) *T { return x.Lerp(y, tensor.Full(0.25)) }), "MSE": onTwo((*T).MSE), "L1": onTwo((*T).L1),
	"Huber":      onTwo(func(x, y *T) *T { return x.Huber(y, 0.7) }),
	"Where/less": onTwo(func(x, y *T) *T { return tensor.Where(x.Less(y), x, y) }), "KLNormal": onTwo((*T).KLNormal),
	"Hinge": onTwo(func(x, y *T) *T { return x.Hinge(y, 1) }), "BCEWithLogits": onTwo((*T).BCEWithLogits), "KLDiv": onTwo((*T).KLDiv),

	"Sum": onFirst(func(x *T) *T { return x.Sum(1) }), "Mean": onFirst(func(x *T) *T { return x.Mean(1) }),
	"Var/0": onFirst(func(x *T) *T { return x.Var(0, 1) }), "Var/1": onFirst(func(x *T) *T { return x.Var(1, 1) }),
	"Std/0": onFirst(func(x *T) *T { return x.Std(0, 1) }), "Std/1": onFirst(func(x *T) *T { return x.Std(1, 1) }),
	"Max": onFirst(func(x *T) *T { return x.Max(1) }), "Min": onFirst(func(x *T) *T { return x.Min(1) }),
	"Prod": onFirst(func(x *T) *T { return x.Prod(1) }), "ArgMax": onFirst(func(x *T) *T { return x.ArgMax(1) }),
	"ArgMin": onFirst(func(x *T) *T { return x.ArgMin(1) }), "LogSumExp": onFirst(func(x *T) *T { return x.LogSumExp(1) }),
	"Softmax": onFirst(func(x *T) *T { return x.Softmax(1) }), "LogSoftmax": onFirst(func(x *T) *T { return x.LogSoftmax(1) }),
	"CumSum/rows": onFirst(func(x *T) *T { return x.CumSum(1) }), "Sort": onFirst(func(x *T) *T { y, _ := x.Sort(1, false); return y }),
	"Sort/places":  onFirst(func(x *T) *T { _, y := x.Sort(1, false); return y }),
	"Sort/falling": onFirst(func(x *T) *T { y, _ := x.Sort(1, true); return y }),
	"TopK":         onFirst(func(x *T) *T { y, _ := x.TopK(1, 3); return y }),
	"Tril":         onFirst(func(x *T) *T { return x.Tril(0) }), "Triu": onFirst(func(x *T) *T { return x.Triu(0) }), "Transpose": onFirst((*T).T),
	"Any":       onFirst(func(x *T) *T { return x.Greater(tensor.Full(0)).Any(1) }),
	"All":       onFirst(func(x *T) *T { return x.Greater(tensor.Full(0)).All(1) }),
	"Norm/inf":  normOf(math.Inf(1), 1),
	"Norm/-inf": normOf(math.Inf(-1), 1), "Norm/0": normOf(0, 1), "Norm/1": normOf(1, 1), "Norm/2": normOf(2, 1), "Norm/3": normOf(3, 1),
	"Norm/0.5": normOf(0.5, 1), "Slice": onFirst(func(x *T) *T { return x.Slice(1, 1, 4) }),
	"SumKeep": onFirst(func(x *T) *T { return x.SumKeep(1).Square().Mul(x) }),
	"Max/02":  onFirst(func(x *T) *T { return x.Max(0, 2) }), "Min/02": onFirst(func(x *T) *T { return x.Min(0, 2) }),
	"Max/012": onFirst(func(x *T) *T { return x.Max() }), "Min/012": onFirst(func(x *T) *T { return x.Min() }),
	"Max/1": onFirst(func(x *T) *T { return x.Max(1) }), "Min/1": onFirst(func(x *T) *T { return x.Min(1) }),
	"Max/01": onFirst(func(x *T) *T { return x.Max(0, 1) }), "Min/01": onFirst(func(x *T) *T { return x.Min(0, 1) }),
	"Norm/inf/02": normOf(math.Inf(1), 0, 2), "Norm/inf/012": normOf(math.Inf(1)), "Norm/inf/1": normOf(math.Inf(1), 1),
	"Norm/inf/01": normOf(math.Inf(1), 0, 1), "Std/02": onFirst(func(x *T) *T { return x.Std(1, 0, 2) }),
	"Std/012": onFirst(func(x *T) *T { return x.Std(1) }), "Std/1/1": onFirst(func(x *T) *T { return x.Std(1, 1) }),
	"Std/01": onFirst(func(x *T) *T { return x.Std(1, 0, 1) }),

	"LayerNorm":    func(in []*T) *T { return in[0].LayerNorm(in[1], in[2], 1e-5) },
	"RMSNorm":      func(in []*T) *T { return in[0].RMSNorm(in[1], 1e-5) },
	"InstanceNorm": func(in []*T) *T { return in[0].InstanceNorm(in[1], in[2], 1e-5) },
	"GroupNorm":    func(in []*T) *T { return in[0].GroupNorm(in[0].Dim(1)/2, in[1], in[2], 1e-5) },
	"BatchNorm": func(in []*T) *T {
		mean, variance := in[0].BatchStatistics()
		return in[0].BatchNorm(mean, variance, in[1], in[2], 1e-5)
	},

	"MaxPool2d/2":       poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{2}}),
	"MaxPool2d/3,1,1":   poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{3}, Stride: []int{1}, Padding: []int{1}}),
	"MaxPool2d/2,1":     poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{2}, Stride: []int{1}}),
	"MaxPool2d/2,2,1,2": poolOf((*T).MaxPool2d, tensor.PoolOptions{Kernel: []int{2}, Stride: []int{2}, Padding: []int{1}, Dilation: []int{2}}),
	"MaxPool1d/3,2,1": onFirst(func(x *T) *T {
		return x.Squeeze(1).MaxPool1d(tensor.PoolOptions{Kernel: []int{3}, Stride: []int{2}, Padding: []int{1}})
	}),
	"AvgPool2d/3,1,1":     poolOf((*T).AvgPool2d, tensor.PoolOptions{Kernel: []int{3}, Stride: []int{1}, Padding: []int{1}}),
	"AvgPool2d/2":         poolOf((*T).AvgPool2d, tensor.PoolOptions{Kernel: []int{2}}),
	"AdaptiveMaxPool/3,3": onFirst(func(x *T) *T { return x.AdaptiveMaxPool(3, 3) }),
	"AdaptiveMaxPool/2,1": onFirst(func(x *T) *T { return x.AdaptiveMaxPool(2, 1) }),
	"AdaptiveMaxPool/3":   onFirst(func(x *T) *T { return x.Squeeze(1).AdaptiveMaxPool(3) }),
	"AdaptiveAvgPool/3,3": onFirst(func(x *T) *T { return x.AdaptiveAvgPool(3, 3) }),
	"AdaptiveAvgPool/2,1": onFirst(func(x *T) *T { return x.AdaptiveAvgPool(2, 1) }),
	"UpsampleNearest/6,5": onFirst(func(x *T) *T { return x.UpsampleNearest(6, 5) }),
	"UpsampleLinear/7,6":  onFirst(func(x *T) *T { return x.UpsampleLinear(false, 7, 6) }), "UpsampleLinear/aligned": onFirst(func(x *T) *T { return x.UpsampleLinear(true, 7, 7) }),
	"PixelUnshuffle": onFirst(func(x *T) *T { return x.PixelUnshuffle(2) }),
	"Unfold":         onFirst(func(x *T) *T { return x.Unfold([2]int{3, 3}, tensor.ConvOptions{Padding: []int{1}}) }),
	"Fold": onFirst(func(x *T) *T {
		o := tensor.ConvOptions{Padding: []int{1}}
		return x.Unfold([2]int{3, 3}, o).Fold([2]int{4, 4}, [2]int{3, 3}, o)
	}),

	"CrossEntropy": onTwo(func(x, t *T) *T { return x.CrossEntropy(t, tensor.CrossEntropyDefaults()) }),
	"CrossEntropy/smoothed": onTwo(func(x, t *T) *T {
		return x.CrossEntropy(t, tensor.CrossEntropyOptions{LabelSmoothing: 0.1, IgnoreIndex: -100})
	}),
	"NLL": onTwo((*T).NLL),

	"Embedding":   func(in []*T) *T { return tensor.Embedding(in[2], in[0]).Mul(in[1]) },
	"IndexSelect": func(in []*T) *T { return in[0].IndexSelect(0, in[2]).Mul(in[1]) },
	"ScatterAdd":  func(in []*T) *T { return in[0].ScatterAdd(0, in[2].Unsqueeze(1).Expand(5, 2), in[1]) },
	"Gather":      func(in []*T) *T { return in[0].Gather(0, in[2].Unsqueeze(1).Expand(5, 2)).Mul(in[1]) },
	"ScaledDotProductAttention": func(in []*T) *T {
		var o tensor.AttentionOptions
		if len(in) > 3 {
			o.Mask = in[3].Cast(tensor.Bool)
		}
		return tensor.ScaledDotProductAttention(in[0], in[1], in[2], o)
	},
}

func powOf(p float64) func(in []*T) *T { return onFirst(func(x *T) *T { return x.PowScalar(p) }) }

func normOf(p float64, axes ...int) func(in []*T) *T {
	return onFirst(func(x *T) *T { return x.Norm(p, axes...) })
}

func poolOf(f func(x *T, o tensor.PoolOptions) *T, o tensor.PoolOptions) func(in []*T) *T {
	return onFirst(func(x *T) *T { return f(x, o) })
}
