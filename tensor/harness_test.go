package tensor_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// An opCase is one row of the table of ops: what to call, what it must give, and on which inputs.
type opCase struct {
	name  string                                       // the exported function or method
	op    func(in []*tensor.Tensor) *tensor.Tensor     // on inputs of the shapes of one entry of dims
	ref   func(in []array) array                       // the same in float64, by plain loops
	dims  [][][]int                                    // for each subtest the shapes of the inputs
	in    func(r *rand.Rand) float64                   // draws an element
	also  []float64                                    // special points for ops of one input: values are compared there too
	ints  bool                                         // the result is not differentiable: value only
	order int                                          // of derivatives to check; 0 means 2
	tol   float64                                      // relative to the largest value; 0 means 1e-5
	draws func(r *rand.Rand, shape []int, i int) array // instead of in
}

// An array is a tensor of the reference.
type array struct {
	shape []int
	v     []float64
}

func newArray(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return array{shape, make([]float64, n)}
}

func (a array) tensor() *tensor.Tensor {
	f := make([]float32, len(a.v))
	for i, x := range a.v {
		f[i] = float32(x)
	}
	return tensor.Const(f, a.shape...)
}

// round makes every element a float32, so that the device starts from the same numbers.
func (a array) round() array {
	for i, x := range a.v {
		a.v[i] = float64(float32(x))
	}
	return a
}

func (a array) plus(b array, scale float64) array {
	c := newArray(a.shape...)
	for i := range c.v {
		c.v[i] = a.v[i] + scale*b.v[i]
	}
	return c
}

func dot(a, b array) float64 {
	s := 0.0
	for i := range a.v {
		s += a.v[i] * b.v[i]
	}
	return s
}

func (c opCase) draw(r *rand.Rand, shapes [][]int) []array {
	var out []array
	for i, s := range shapes {
		if c.draws != nil {
			out = append(out, c.draws(r, s, i).round())
			continue
		}
		a := newArray(s...)
		for j := range a.v {
			a.v[j] = c.in(r)
		}
		out = append(out, a.round())
	}
	return out
}

func noise(r *rand.Rand, shape []int) array {
	a := newArray(shape...)
	for i := range a.v {
		a.v[i] = r.NormFloat64()
	}
	return a.round()
}

func tensors(in []array) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, a := range in {
		out = append(out, a.tensor())
	}
	return out
}

func floats(t *testing.T, rt *tensor.Runtime, x *tensor.Tensor) []float32 {
	t.Helper()
	f, err := rt.Floats(x.Cast(tensor.F32))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func compare(t *testing.T, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: got %d elements, want %d", what, len(got), len(want))
	}
	scale := 1e-3
	for _, w := range want {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			scale = max(scale, math.Abs(w))
		}
	}
	for i, w := range want {
		g := float64(got[i])
		if w == g || math.IsNaN(w) && math.IsNaN(g) {
			continue
		}
		if !(math.Abs(g-w) <= tol*scale) {
			t.Fatalf("%s: element %d: got %g, want %g (± %.1g)", what, i, g, w, tol*scale)
		}
	}
}

func (c opCase) run(t *testing.T, rt *tensor.Runtime) {
	tol := c.tol
	if tol == 0 {
		tol = 1e-5
	}
	dims := c.dims
	if testing.Short() {
		dims = dims[:min(len(dims), 2)]
	}
	for n, shapes := range dims {
		t.Run(strings.ReplaceAll(fmt.Sprint(shapes), " ", "x"), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			in := c.draw(r, shapes)
			y := c.op(tensors(in))
			if err := y.Err(); err != nil {
				t.Fatal(err)
			}
			want := c.ref(in)
			if fmt.Sprint(y.Shape()) != fmt.Sprint(want.shape) {
				t.Fatalf("the shape is %v, want %v", y.Shape(), want.shape)
			}
			got := floats(t, rt, y)
			compare(t, "value", got, want.v, tol)
			if again := floats(t, rt, c.op(tensors(in))); fmt.Sprint(again) != fmt.Sprint(got) {
				t.Error("two runs give different bits")
			}
			c.strided(t, rt, in, want, tol)
			if !c.ints {
				c.gradients(t, rt, r, in, want.shape, tol)
			}
		})
	}
	if len(c.also) > 0 {
		in := []array{{[]int{len(c.also)}, c.also}}
		compare(t, "special points", floats(t, rt, c.op(tensors(in))), c.ref(in).v, tol)
	}
}

// strided gives the op transposed and sliced layouts of the same numbers, which must not change the result.
func (c opCase) strided(t *testing.T, rt *tensor.Runtime, in []array, want array, tol float64) {
	t.Helper()
	var xs []*tensor.Tensor
	for _, a := range in {
		x := a.tensor()
		if x.Rank() >= 2 {
			x = tensor.Var("v", floatsOf(t, rt, x.T())).T()
		}
		if x.Rank() >= 1 {
			x = tensor.Concat(-1, x, x).Slice(-1, 0, x.Dim(-1))
		}
		xs = append(xs, x)
	}
	compare(t, "strided", floats(t, rt, c.op(xs)), want.v, tol)
}

func floatsOf(t *testing.T, rt *tensor.Runtime, x *tensor.Tensor) *tensor.Tensor {
	return tensor.Const(floats(t, rt, x), x.Shape()...)
}

// gradients compares first and second derivatives along random directions with central differences of the reference.
func (c opCase) gradients(t *testing.T, rt *tensor.Runtime, r *rand.Rand, in []array, out []int, tol float64) {
	t.Helper()
	w := noise(r, out)
	var u, v []array
	for _, a := range in {
		u, v = append(u, noise(r, a.shape)), append(v, noise(r, a.shape))
	}
	phi := func(a, b float64) float64 { // ⟨w, f(x + a·u + b·v)⟩
		moved := make([]array, len(in))
		for i := range in {
			moved[i] = in[i].plus(u[i], a).plus(v[i], b)
		}
		return dot(w, c.ref(moved))
	}
	xs := tensors(in)
	grads := tensor.VJP(c.op(xs), w.tensor(), xs...)
	along := func(grads []*tensor.Tensor, d []array) *tensor.Tensor {
		s := tensor.Full(0)
		for i, g := range grads {
			s = s.Add(g.Mul(d[i].tensor()).Sum())
		}
		return s
	}
	magnitude := func(grads []*tensor.Tensor, d []array) float64 {
		s := tensor.Full(0)
		for i, g := range grads {
			s = s.Add(g.Mul(d[i].tensor()).Abs().Sum())
		}
		return float64(floats(t, rt, s)[0]) + 1e-3
	}
	const h = 1e-4
	first := (phi(h, 0) - phi(-h, 0)) / (2 * h)
	got := float64(floats(t, rt, along(grads, u))[0])
	if d := math.Abs(got - first); !(d <= (10*tol+1e-5)*magnitude(grads, u)) {
		t.Fatalf("first gradient: got %g, want %g", got, first)
	}
	if c.order == 1 {
		return
	}
	const h2 = 1e-3
	second := (phi(h2, h2) - phi(h2, -h2) - phi(-h2, h2) + phi(-h2, -h2)) / (4 * h2 * h2)
	hess := tensor.Grad(along(grads, u), xs...)
	got = float64(floats(t, rt, along(hess, v))[0])
	if d := math.Abs(got - second); !(d <= (20*tol+1e-4)*(magnitude(hess, v)+0.1*math.Abs(second)+0.1)) {
		t.Fatalf("second gradient: got %g, want %g", got, second)
	}
}

func TestOps(t *testing.T) {
	dev := vktest.Open(t)
	for _, family := range []struct {
		name string
		tensor.Options
	}{
		{"device", tensor.Options{}},
		{"gpu", tensor.Options{Family: tensor.ForGPU}},
		{"unfused", tensor.Options{NoFusion: true}},
	} {
		t.Run(family.name, func(t *testing.T) {
			if testing.Short() && family.NoFusion {
				t.Skip("SKIPPED in -short: the same table without fusion")
			}
			rt, err := tensor.NewRuntimeWith(dev, family.Options)
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			for _, c := range opCases {
				t.Run(c.name, func(t *testing.T) { c.run(t, rt) })
			}
		})
	}
}

// without a row of their own: they hold no arithmetic, or their rows are tests of their own.
var tested = map[string]string{
	"Input": "fed in every program test", "Var": "TestUpdates", "Const": "every row's inputs", "VJP": "every row's gradients",
	"Grad": "every row's gradients", "Tap": "TestTaps", "Taps": "TestTaps", "Detach": "TestDetach", "Uniform": "TestRandom",
	"Normal": "TestRandom", "Bernoulli": "TestRandom", "Dropout": "TestDropout", "Causal": "MaskedFill", "Advance": "TestRandom",
	"Flat": "TestFlat", "LikeFlat": "TestFlat", "TruncatedNormal": "TestRandom", "Categorical": "TestRandom", "Permutation": "TestRandom",
	"BatchStatistics": "BatchNorm", "Rotary": "Rotate",
}

func TestEveryOpHasACase(t *testing.T) {
	have := map[string]bool{}
	for _, c := range opCases {
		name, _, _ := strings.Cut(c.name, "/")
		have[name] = true
	}
	files, err := filepath.Glob("op_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "tensor.go", "grad.go", "pack.go") {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() || fn.Type.Results == nil {
				continue
			}
			star, ok := fn.Type.Results.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			if id, ok := star.X.(*ast.Ident); ok && id.Name == "Tensor" && !have[fn.Name.Name] && tested[fn.Name.Name] == "" && fn.Name.Name != "On" {
				t.Errorf("the op %s has no row in the table of ops", fn.Name.Name)
			}
		}
	}
}
