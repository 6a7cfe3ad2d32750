package tensor_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

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
	if err := optest.Compare(got, want, tol); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// T is the tensor under test.
type T = tensor.Tensor

// opCase extends a row of the table with checks that only tests need: strided inputs and gradients.
type opCase struct{ optest.Case }

func (c opCase) run(t *testing.T, rt *tensor.Runtime, o tensor.Options) {
	tol := c.Tolerance()
	dims := c.Dims
	if testing.Short() {
		dims = dims[:1]
	}
	if o.MaxBind > 0 {
		c.narrow(t, rt)
		return
	}
	for n, shapes := range dims {
		t.Run(strings.ReplaceAll(fmt.Sprint(shapes), " ", "x"), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(n)))
			in := c.Draw(r, shapes)
			y := c.Op(optest.Tensors(in))
			if err := y.Err(); err != nil {
				t.Fatal(err)
			}
			want := c.Ref(in)
			if fmt.Sprint(y.Shape()) != fmt.Sprint(want.Shape) {
				t.Fatalf("the shape is %v, want %v", y.Shape(), want.Shape)
			}
			got := floats(t, rt, y)
			compare(t, "value", got, want.V, tol)
			if again := floats(t, rt, c.Op(optest.Tensors(in))); fmt.Sprint(again) != fmt.Sprint(got) {
				t.Error("two runs give different bits")
			}
			c.strided(t, rt, in, want, tol)
			if !c.Ints && !(testing.Short() && o.Family == tensor.ForGPU) { // with -short, gradients are checked on one family only
				c.gradients(t, rt, r, in, want.Shape, tol)
			}
		})
	}
	for _, in := range c.Points() {
		if err := c.Point(rt, in); err != nil {
			t.Errorf("special points %v: %v", in[0].V, err)
		}
	}
}

// narrow computes the largest case of the row with a low limit on the size of a binding, so that tensors need several.
func (c opCase) narrow(t *testing.T, rt *tensor.Runtime) {
	largest := slices.MaxFunc(c.Dims, func(a, b [][]int) int { return elements(a) - elements(b) })
	if err := c.Value(rt, c.Draw(rand.New(rand.NewPCG(1, 2)), largest)); err != nil {
		t.Error(err)
	}
}

func elements(shapes [][]int) int {
	sum := 0
	for _, s := range shapes {
		n := 1
		for _, d := range s {
			n *= d
		}
		sum += n
	}
	return sum
}

// strided gives the op transposed and sliced layouts of the same numbers, which must not change the result.
func (c opCase) strided(t *testing.T, rt *tensor.Runtime, in []optest.Array, want optest.Array, tol float64) {
	t.Helper()
	var xs []*tensor.Tensor
	for _, a := range in {
		x := a.Tensor()
		if x.Rank() >= 2 {
			x = tensor.Var("v", a.T().Tensor()).T()
		}
		if x.Rank() >= 1 {
			x = tensor.Concat(-1, x, x).Slice(-1, 0, x.Dim(-1))
		}
		xs = append(xs, x)
	}
	compare(t, "strided", floats(t, rt, c.Op(xs)), want.V, tol)
}

// gradients compares first and second derivatives along random directions with central differences of the reference.
func (c opCase) gradients(t *testing.T, rt *tensor.Runtime, r *rand.Rand, in []optest.Array, out []int, tol float64) {
	t.Helper()
	p := c.probe(r, in, out)
	sum, size := along(t, rt, p.grads, p.u)
	if err := p.first(sum, size, tol); err != nil {
		t.Fatal(err)
	}
	if c.Order == 1 {
		return
	}
	sum, size = along(t, rt, p.seconds(), p.v)
	if err := p.second(sum, size, tol); err != nil {
		t.Fatal(err)
	}
}

// A probe holds the derivatives of ⟨w, f(x)⟩ along u, and the derivatives of these along v.
type probe struct {
	c     opCase
	in    []optest.Array
	w     optest.Array
	u, v  []optest.Array
	xs    []*tensor.Tensor
	grads []*tensor.Tensor
}

func (c opCase) probe(r *rand.Rand, in []optest.Array, out []int) *probe {
	p := &probe{c: c, in: in, w: optest.Noise(r, out), xs: optest.Tensors(in)}
	for _, a := range in {
		p.u, p.v = append(p.u, optest.Noise(r, a.Shape)), append(p.v, optest.Noise(r, a.Shape))
	}
	p.grads = tensor.VJP(c.Op(p.xs), p.w.Tensor(), p.xs...)
	return p
}

// seconds returns the gradients of the gradients' sum along u.
func (p *probe) seconds() []*tensor.Tensor {
	slope := tensor.Full(0)
	for i, g := range p.grads {
		slope = slope.Add(g.Mul(p.u[i].Tensor()).Sum())
	}
	return tensor.Grad(slope, p.xs...)
}

// at returns ⟨w, f(x + a·u + b·v)⟩ of the reference.
func (p *probe) at(a, b float64) float64 {
	moved := make([]optest.Array, len(p.in))
	for i := range p.in {
		moved[i] = p.in[i].Plus(p.u[i], a).Plus(p.v[i], b)
	}
	return optest.Dot(p.w, p.c.Ref(moved))
}

// first returns an error if the sum of the gradients along u, whose terms have that size, differs from the reference.
func (p *probe) first(sum, size, tol float64) error {
	const h = 1e-4
	want := (p.at(h, 0) - p.at(-h, 0)) / (2 * h)
	if d := math.Abs(sum - want); !(d <= (10*tol+1e-5)*(size+1e-3)) {
		return fmt.Errorf("first gradient: got %g, want %g", sum, want)
	}
	return nil
}

// second is first for second gradients along v.
func (p *probe) second(sum, size, tol float64) error {
	const h = 1e-3
	want := (p.at(h, h) - p.at(h, -h) - p.at(-h, h) + p.at(-h, -h)) / (4 * h * h)
	if d := math.Abs(sum - want); !(d <= (20*tol+1e-4)*(size+0.1*math.Abs(want)+0.1)) {
		return fmt.Errorf("second gradient: got %g, want %g", sum, want)
	}
	return nil
}

// along computes gradients gᵢ, and returns Σ gᵢ·dᵢ and Σ |gᵢ·dᵢ|. The host adds them up: on the device each shape would need a kernel of
// its own, and a software driver compiles only a few kernels per second.
func along(t *testing.T, rt *tensor.Runtime, grads []*tensor.Tensor, d []optest.Array) (sum, size float64) {
	t.Helper()
	fetch := make([]*tensor.Tensor, len(grads))
	for i, g := range grads {
		fetch[i] = g.Cast(tensor.F32)
	}
	p := compile(t, rt, tensor.Outputs{Fetch: fetch})
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	var values [][]float32
	for _, g := range fetch {
		v := make([]float32, g.Len())
		if err := p.Fetch(g, v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return dot(values, d)
}

// dot returns Σ gᵢ·dᵢ and Σ |gᵢ·dᵢ|.
func dot(g [][]float32, d []optest.Array) (sum, size float64) {
	for i, values := range g {
		for k, x := range values {
			sum += float64(x) * d[i].V[k]
			size += math.Abs(float64(x) * d[i].V[k])
		}
	}
	return sum, size
}

func TestOps(t *testing.T) {
	for _, family := range []struct {
		name string
		tensor.Options
	}{
		{"device", tensor.Options{}},
		{"gpu", tensor.Options{Family: tensor.ForGPU}},
		{"unfused", tensor.Options{Without: []tensor.Pass{tensor.Fuse, tensor.Order}}},
		{"plain", tensor.Options{Without: []tensor.Pass{tensor.Rows, tensor.Recompute, tensor.Order}}},
		{"narrow", tensor.Options{MaxBind: 8192}},
		{"narrow gpu", tensor.Options{MaxBind: 8192, Family: tensor.ForGPU}},
	} {
		t.Run(family.name, func(t *testing.T) {
			if testing.Short() && (family.Without != nil || family.MaxBind > 0) {
				t.Skip("SKIPPED in -short: the same table without fusion, and with several bindings a tensor")
			}
			t.Parallel() // each has a device of its own: a software driver compiles shaders on one thread per device
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), family.Options)
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			for _, c := range optest.Cases {
				t.Run(c.Name, func(t *testing.T) { opCase{c}.run(t, rt, family.Options) })
			}
		})
	}
}

// These ops have no row of their own: they compute nothing, or their rows are tests of their own.
var tested = map[string]string{
	"Input": "fed in every program test", "ConstFunc": "every network's first weights", "Var": "TestUpdates", "Const": "every row's inputs", "VJP": "every row's gradients",
	"Grad": "every row's gradients", "Tap": "TestTaps", "Taps": "TestTaps", "Detach": "TestDetach", "Uniform": "TestRandom",
	"Normal": "TestRandom", "Bernoulli": "TestRandom", "Dropout": "TestDropout", "Causal": "MaskedFill", "Advance": "TestRandom",
	"Flat": "TestFlat", "LikeFlat": "TestFlat", "TruncatedNormal": "TestRandom", "Categorical": "TestRandom", "Permutation": "TestRandom",
	"BatchStatistics": "BatchNorm", "Rotary": "Rotate",
}

func TestEveryOpHasACase(t *testing.T) {
	have := map[string]bool{}
	for _, c := range optest.Cases {
		name, _, _ := strings.Cut(c.Name, "/")
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

func TestTableHasNoEmptyRow(t *testing.T) {
	for _, c := range optest.Cases {
		if c.Op == nil || c.Ref == nil || len(c.Dims) == 0 || c.In == nil && c.Draws == nil {
			t.Errorf("the row %s lacks something", c.Name)
		}
	}
}
