package tensor_test

import (
	"slices"
	"strings"
	"testing"

	"genview/shaders/spirv"
	"genview/tensor"
	"genview/vk"
)

func TestDetach(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	x := tensor.Const([]float32{3}, 1)
	if got := floats(t, rt, tensor.Grad(x.Mul(x.Detach()).Sum(), x)[0])[0]; got != 3 {
		t.Errorf("d(x·detach(x))/dx is %v, want 3", got)
	}
}

// TestNoGradient checks that a missing gradient is an error that names the op. An op that declares its gradient zero gives zero.
func TestNoGradient(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	x := tensor.Const([]float32{3, -2}, 2)
	custom := func(none bool) *T {
		return tensor.Op{
			Name: "Twice", Shape: x.Shape(), NoGrad: none,
			Emit: func(b *spirv.Block, in ...spirv.ID) spirv.ID { return b.Add(in[0], in[0]) },
		}.On(x)
	}
	for _, c := range []struct {
		y    *T
		want string // "": the gradient is zero
	}{
		{x.Greater(tensor.Full(0)).Cast(tensor.F32), "Cast [2]: it has no gradient"},
		{x.Mul(x.Cast(tensor.I32).Cast(tensor.F32)), "Cast [2]: it has no gradient"},
		{custom(false), "Twice [2]: it has no gradient"},
		{custom(true), ""},
		{x.Detach().Greater(tensor.Full(0)).Cast(tensor.F32), ""},
		{x.Sign(), ""},
		{x.Floor(), ""},
		{x.NotEqual(x.Square()).Cast(tensor.F32).Detach(), ""},
	} {
		g := tensor.Grad(c.y.Sum(), x)[0]
		switch err := g.Err(); {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: the error is %v, want %q", c.y, err, c.want)
		case err == nil && !slices.Equal(floats(t, rt, g), []float32{0, 0}):
			t.Errorf("%s: the gradient is not zero", c.y)
		}
	}
	// An x may be the result of an op without a gradient, because VJP goes no further back than to x.
	z := tensor.NewRNG("rng", 1).Normal(2)
	for _, x := range []*T{z, custom(false)} {
		g := tensor.Grad(x.Scale(3).Sum(), x)[0]
		if err := g.Err(); err != nil || !slices.Equal(floats(t, rt, g), []float32{3, 3}) {
			t.Errorf("%s: the gradient with respect to it is not 3: %v", x, err)
		}
	}
}

// TestSecondGradientsOfPow checks the second derivatives of x^y. Those of x⁰ are finite for every x, because x⁰ is 1.
func TestSecondGradientsOfPow(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	x, y := tensor.Const([]float32{0, 0, 0, -3, 2, 2}, 6), tensor.Const([]float32{0, 1, 2, 0, 0, 3}, 6)
	dx := tensor.Grad(x.Pow(y).Sum(), x)[0]
	if got, want := floats(t, rt, tensor.Grad(dx.Sum(), x)[0]), []float32{0, 0, 2, 0, 0, 12}; !slices.Equal(got, want) {
		t.Errorf("∂²(x^y)/∂x² is %v, want %v", got, want)
	}
	// y·x^(y−1) has the derivative x^(y−1)·(1 + y·log x) by y, which is ½ at (2, 0). At (0, 0) there is none, and zero stands for it.
	x, y = tensor.Const([]float32{2, 0}, 2), tensor.Const([]float32{0, 0}, 2)
	dx = tensor.Grad(x.Pow(y).Sum(), x)[0]
	if got, want := floats(t, rt, tensor.Grad(dx.Sum(), y)[0]), []float32{0.5, 0}; !slices.Equal(got, want) {
		t.Errorf("∂²(x^y)/∂x∂y at (2, 0) and (0, 0) is %v, want %v", got, want)
	}
}
