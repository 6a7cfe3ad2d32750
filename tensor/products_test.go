package tensor_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// twoLayers is a model that learns by plain gradient descent whether numbers add up to more than 0.
type twoLayers struct {
	x, t, loss *T
	vars       []*T
	updates    []tensor.Update
}

func newTwoLayers(batch, in, hidden int) *twoLayers {
	c := &twoLayers{x: tensor.Input("x", tensor.F32, batch, in), t: tensor.Input("t", tensor.F32, batch, 8)}
	wave := func(name string, rows, cols int) *T {
		w := tensor.Iota(0, rows, cols).Scale(7).Add(tensor.Iota(1, rows, cols).Scale(3)).Cast(tensor.F32).Sin().Scale(0.2)
		v := tensor.Var(name, w)
		c.vars = append(c.vars, v)
		return v
	}
	h := c.x.Linear(wave("w1", hidden, in), nil).Tanh()
	c.loss = h.Linear(wave("w2", 8, hidden), nil).BCEWithLogits(c.t).Mean()
	for i, g := range tensor.Grad(c.loss, c.vars...) {
		c.updates = append(c.updates, tensor.Update{Var: c.vars[i], Value: c.vars[i].Sub(g.Scale(2))})
	}
	return c
}

// losses trains, and returns the losses and the final weights.
func (c *twoLayers) losses(t *testing.T, o tensor.Options, steps int) (losses []float64, weights [][]float32, p *tensor.Program) {
	t.Helper()
	rt, err := tensor.NewRuntimeWith(vktest.Open(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rt.Close)
	if p, err = rt.Compile(tensor.Outputs{Fetch: []*T{c.loss}, Update: c.updates}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	x, want := make([]float32, c.x.Len()), make([]float32, c.t.Len())
	for i := range c.x.Dim(0) {
		sum := float32(0)
		for j := range c.x.Dim(1) {
			v := float32(math.Sin(float64(i*31 + j*j*17)))
			x[i*c.x.Dim(1)+j] = v
			sum += v
		}
		for j := range 8 {
			if sum > 0 {
				want[i*8+j] = 1
			}
		}
	}
	for range steps {
		if err := p.Run(context.Background(), tensor.Feed{c.x: x, c.t: want}); err != nil {
			t.Fatal(err)
		}
		loss, err := p.Float(c.loss)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	for _, v := range c.vars {
		w := make([]float32, v.Len())
		if err := rt.Read(v, w); err != nil {
			t.Fatal(err)
		}
		weights = append(weights, w)
	}
	return losses, weights, p
}

// TestProducts checks that a model with 16-bit operands learns as well as with 32 bits. The bits differ from those with 32 bits, but are
// the same at every run.
func TestProducts(t *testing.T) {
	t.Parallel()
	for _, o := range []tensor.Options{{}, {Family: tensor.ForGPU}, {Without: []tensor.Pass{tensor.Fuse}}, {MaxBind: 2048}} {
		const steps = 60
		exact, _, _ := newTwoLayers(64, 32, 48).losses(t, o, steps)
		for _, dt := range []tensor.DType{tensor.BF16, tensor.F16} {
			o.Products = dt
			losses, weights, p := newTwoLayers(64, 32, 48).losses(t, o, steps)
			again, same, _ := newTwoLayers(64, 32, 48).losses(t, o, steps)
			first, last, want := losses[0], losses[steps-1], exact[steps-1]
			if !(last < first/2) || math.Abs(last-want) > 0.1*want+0.005 {
				t.Errorf("%s: the loss goes from %g to %g, and with f32 to %g", dt, first, last, want)
			}
			if fmt.Sprint(losses) == fmt.Sprint(exact) {
				t.Errorf("%s: the losses are those of f32", dt)
			}
			if fmt.Sprint(losses) != fmt.Sprint(again) || fmt.Sprint(weights) != fmt.Sprint(same) {
				t.Errorf("%s: two trainings differ", dt)
			}
			if s := p.String(); !strings.Contains(s, "Cast") {
				t.Errorf("%s: nothing is cast:\n%s", dt, s)
			}
		}
	}
}

// TestProductsMemory checks that values that only products read take half the bytes, even if a product computes them.
func TestProductsMemory(t *testing.T) {
	const n = 256
	peak := func(dt tensor.DType) int {
		rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Products: dt})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		x := tensor.Input("x", tensor.F32, n, n)
		y := x.Exp()
		for range 3 {
			y = y.MatMul(y).Tanh()
		}
		p, err := rt.Compile(tensor.Outputs{Fetch: []*T{y.Sum()}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return p.Peak() - 4*n*n // without x
	}
	// Two values live at once, except for the last product's result, which a sum reads.
	if f, b := peak(tensor.F32), peak(tensor.BF16); b > f*3/4+1024 || f < 2*4*n*n {
		t.Errorf("a program takes %d bytes with bf16 and %d with f32", b, f)
	}
}

// TestProductsOfViews checks operands that are parts of one another, or transposed.
func TestProductsOfViews(t *testing.T) {
	rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Products: tensor.BF16})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	exact := tensor.NewRuntime(vktest.Open(t))
	defer exact.Close()
	// Whole numbers of few digits, which bf16 holds.
	whole := func(m int, shape ...int) *T {
		i := tensor.Iota(0, size(shape)).Reshape(shape...)
		return i.Sub(i.Div(tensor.Const([]int32{int32(m)}, 1)).Mul(tensor.Const([]int32{int32(m)}, 1))).Cast(tensor.F32)
	}
	qkv := tensor.Var("qkv", whole(13, 2, 16, 24))
	image, weight := tensor.Var("image", whole(11, 2, 3, 9, 8)), tensor.Var("weight", whole(7, 8, 3, 3, 3))
	parts := qkv.Split(2, 8, 8, 8)
	for name, y := range map[string]*T{
		"parts":      parts[0].MatMul(parts[1].T()).MatMul(parts[2]),
		"transposed": qkv.T().MatMul(qkv),
		"broadcast":  qkv.MatMul(tensor.Var("w", whole(5, 24, 12)).Slice(1, 2, 11)),
		"small part": qkv.Slice(1, 3, 10).Slice(2, 0, 5).MatMul(qkv.Slice(2, 5, 12).Slice(1, 2, 7)),
		"windows":    image.Conv2d(weight, tensor.ConvOptions{Stride: []int{2}, Padding: []int{1}}),
		"flipped":    qkv.Flip(1).MatMul(qkv.Flip(2).T()),
	} {
		want := floats(t, exact, y)
		got := floats(t, rt, y)
		if name == "parts" { // the parts of the first product have more digits
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 0.01*math.Abs(float64(want[i])) {
					t.Errorf("%s: element %d: got %g, want %g", name, i, got[i], want[i])
					break
				}
			}
			continue
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// TestProductsOfAttention checks that attention, for which GPUs have dedicated kernels, reads 16-bit values, forward and for gradients.
func TestProductsOfAttention(t *testing.T) {
	t.Parallel()
	for _, family := range []tensor.Family{tensor.ForDevice, tensor.ForGPU} {
		of := func(dt tensor.DType) []float32 {
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family, Products: dt})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			wave := func(shape ...int) *T {
				return tensor.Iota(0, size(shape)).Reshape(shape...).Cast(tensor.F32).Scale(0.7).Sin()
			}
			x, w := tensor.Var("x", wave(2, 20, 32)), tensor.Var("w", wave(96, 32).Scale(0.3))
			var heads []*T
			for _, part := range x.Linear(w, nil).Split(2, 32, 32, 32) {
				heads = append(heads, part.Reshape(2, 20, 4, 8).Permute(0, 2, 1, 3))
			}
			y := tensor.ScaledDotProductAttention(heads[0], heads[1], heads[2], tensor.AttentionOptions{Causal: true})
			y = y.Permute(0, 2, 1, 3).Reshape(2, 20, 32).Linear(w.Slice(0, 0, 32), nil)
			grads := tensor.Grad(y.Square().Mean(), x, w)
			return append(floats(t, rt, y), append(floats(t, rt, grads[0]), floats(t, rt, grads[1])...)...)
		}
		exact, got := of(tensor.F32), of(tensor.BF16)
		largest := 0.0
		for _, v := range exact {
			largest = max(largest, math.Abs(float64(v)))
		}
		for i, want := range exact {
			if d := math.Abs(float64(got[i] - want)); !(d < 0.03*largest) {
				t.Fatalf("family %d: element %d: got %g, want %g", family, i, got[i], want)
			}
		}
	}
}
