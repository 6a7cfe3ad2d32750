package tensor_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// TestFlat packs variables of several sizes into one flat variable, updates it with one expression over packed gradients, and reads
// the parts and the whole back.
func TestFlat(t *testing.T) {
	for _, o := range []tensor.Options{{}, {Family: tensor.ForGPU}, {Without: []tensor.Pass{tensor.Fuse}}} {
		rt, err := tensor.NewRuntimeWith(vktest.Open(t), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(rt.Close)
		shapes := [][]int{{3}, {5, 7}, {1}, {64, 4}, {130}}
		var vars []*tensor.Tensor
		for i, s := range shapes {
			vars = append(vars, tensor.Var(fmt.Sprint("v", i), tensor.Full(float64(i+1), s...)))
		}
		flat := tensor.Flat("all", vars...)
		litter(t, rt)
		norm := descend(t, rt, flat, vars)
		want := 0.0
		for i, v := range vars {
			g := 2 * float64(i+1) * float64(i+1)
			if i == 4 {
				g = 10
			}
			want += g * g * float64(v.Len())
			for j, x := range read(t, rt, v) {
				if w := float64(i+1) - 0.1*g; math.Abs(float64(x)-w) > 1e-5 {
					t.Fatalf("part %d, element %d: got %v, want %v", i, j, x, w)
				}
			}
		}
		if math.Abs(norm-want) > 1e-5*want {
			t.Errorf("the squares sum to %v, want %v", norm, want)
		}
		if err := rt.Write(vars[2], []float32{42}); err != nil {
			t.Fatal(err)
		}
		sum, parts := total(read(t, rt, flat)), 0.0
		for _, v := range vars {
			parts += total(read(t, rt, v))
		}
		if math.Abs(sum-parts) > 1e-3 {
			t.Errorf("the whole sums to %v, its parts to %v: what lies between them is not zero", sum, parts)
		}
	}
}

// litter leaves nonzero numbers in the memory that the next program takes over.
func litter(t *testing.T, rt *tensor.Runtime) {
	t.Helper()
	x := tensor.Const(slices.Repeat([]float32{1}, 64*64), 64, 64)
	p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{x.MatMul(x).MatMul(x).Sum()}})
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
}

// descend subtracts a tenth of the gradient of Σ (i+1)·vᵢ² from the flat variable, and returns the sum of the gradient's squares. The
// parts of the gradient come from kernels of every kind: elementwise, a product, a reduction, a constant.
func descend(t *testing.T, rt *tensor.Runtime, flat *tensor.Tensor, vars []*tensor.Tensor) (norm float64) {
	t.Helper()
	var loss *tensor.Tensor
	for i, v := range vars {
		term := v.Square().Sum().Scale(float64(i + 1))
		if loss == nil {
			loss = term
		} else {
			loss = loss.Add(term)
		}
	}
	grads := tensor.Grad(loss, vars...)
	grads[1] = grads[1].T().MatMul(tensor.Const(identity(5), 5, 5)).T()
	grads[3] = grads[3].Reshape(64, 4, 1).Sum(2)
	grads[4] = tensor.Full(10, 130)
	packed := tensor.LikeFlat(flat, grads...)
	square := packed.Square().Sum()
	p := compile(t, rt, tensor.Outputs{
		Fetch:  []*tensor.Tensor{square, loss},
		Update: []tensor.Update{{Var: flat, Value: flat.Sub(packed.Scale(0.1))}},
	})
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	norm, err := p.Float(square)
	if err != nil {
		t.Fatal(err)
	}
	return norm
}

func read(t *testing.T, rt *tensor.Runtime, v *tensor.Tensor) []float32 {
	t.Helper()
	got := make([]float32, v.Len())
	if err := rt.Read(v, got); err != nil {
		t.Fatal(err)
	}
	return got
}

func total(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum
}

func identity(n int) []float32 {
	out := make([]float32, n*n)
	for i := range n {
		out[i*n+i] = 1
	}
	return out
}

func TestFlatIsRefused(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	v, w := tensor.Var("v", tensor.Full(0, 3)), tensor.Var("w", tensor.Full(0, 3))
	if err := rt.Write(v, []float32{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	flat := tensor.Flat("all", v, w)
	if err := rt.Read(v, make([]float32, 3)); err == nil || !strings.Contains(err.Error(), "used before") {
		t.Errorf("a variable that has a place is a part of another: %v", err)
	}
	for name, x := range map[string]*tensor.Tensor{
		"twice":       tensor.Flat("again", w),
		"no variable": tensor.Flat("again", tensor.Full(1, 2)),
		"too few":     tensor.LikeFlat(flat, v),
		"shape":       tensor.LikeFlat(flat, v, tensor.Full(0, 4)),
		"not flat":    tensor.LikeFlat(w, w),
	} {
		if x.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
