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

// TestFlat: variables of any size as one: one expression over all of them and over what was laid beside them, read back by part.
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
		x := tensor.Const(slices.Repeat([]float32{1}, 64*64), 64, 64)
		litter := x.MatMul(x).MatMul(x).Sum() // leaves numbers in the memory that the next program takes over
		p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{litter}})
		if err := p.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		// The loss reads the parts; its gradient, 2·part·(i+1), comes from units of every kind: elementwise, a product, a reduction.
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
		grads[4] = tensor.Full(10, 130) // = 2·5·1·… a constant
		packed := tensor.LikeFlat(flat, grads...)
		square := packed.Square().Sum()
		p = compile(t, rt, tensor.Outputs{
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
		want := 0.0
		for i, v := range vars {
			g := 2 * float64(i+1) * float64(i+1)
			if i == 4 {
				g = 10
			}
			want += g * g * float64(v.Len())
			got := make([]float32, v.Len())
			if err := rt.Read(v, got); err != nil {
				t.Fatal(err)
			}
			for j, x := range got {
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
		all := make([]float32, flat.Len())
		if err := rt.Read(flat, all); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, x := range all {
			sum += float64(x)
		}
		parts := 0.0
		for _, v := range vars {
			got := make([]float32, v.Len())
			if err := rt.Read(v, got); err != nil {
				t.Fatal(err)
			}
			for _, x := range got {
				parts += float64(x)
			}
		}
		if math.Abs(sum-parts) > 1e-3 {
			t.Errorf("the whole sums to %v, its parts to %v: what lies between them is not zero", sum, parts)
		}
	}
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
