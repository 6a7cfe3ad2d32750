package tensor

import (
	"math"
	"strings"
	"testing"

	"genview/vk/vktest"
)

// attend is attention of [b, h, t, d] to [b, g, s, d], and its gradients with respect to the queries, keys and values that it returns.
func attend(b, h, g, t, s, d int, f func(q, k, v *Tensor, o AttentionOptions) *Tensor) (all, in []*Tensor) {
	in = []*Tensor{Input("q", F32, b, h, t, d), Input("k", F32, b, g, s, d), Input("v", F32, b, g, s, d)}
	y := f(in[0], in[1], in[2], AttentionOptions{Causal: true, Scale: 0.5})
	return append([]*Tensor{y}, VJP(y, Input("dy", F32, b, h, t, d), in...)...), in
}

// TestAttentionOnGPU has one kernel where there is one, and no T×S values in memory.
func TestAttentionOnGPU(t *testing.T) {
	rt, err := NewRuntimeWith(vktest.Open(t), Options{Family: ForGPU})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	const b, h, n, d = 2, 4, 1024, 16
	for _, g := range []int{1, 2, 4} {
		all, _ := attend(b, h, g, n, n, d, ScaledDotProductAttention)
		p, err := rt.Compile(Outputs{Fetch: all[:1]})
		if err != nil {
			t.Fatal(err)
		}
		if s := p.String(); p.Dispatches() != 2 || !strings.Contains(s, "\nAttention [") { // the kernel, and its heads in order
			t.Errorf("%d heads of keys: %s", g, s)
		}
		if most := 4 * b * h * n * (5*d + 2); p.Peak() > most { // queries, keys, values, and what becomes of them, in two orders
			t.Errorf("%d heads of keys: %d bytes, want at most %d", g, p.Peak(), most)
		}
		p.Close()
		p, err = rt.Compile(Outputs{Fetch: all})
		if err != nil {
			t.Fatal(err)
		}
		s, kernels := p.String(), []string{"Attention [", "AttentionQueries [", "AttentionKeys ["}
		for _, name := range kernels {
			if strings.Count(s, "\n"+name) != 1 {
				t.Errorf("%d heads of keys: want one of each of %q: %s", g, kernels, s)
			}
		}
		if most := 4 * b * h * n * (14*d + 4); p.Peak() > most || strings.Contains(s, "MatMul") { // no more for longer texts
			t.Errorf("%d heads of keys: with the gradient %d bytes, want at most %d, and no product: %s", g, p.Peak(), most, s)
		}
		p.Close()
	}
}

// TestAttentionOnLavapipe has the same program as if there were no kernel, to the second derivative.
func TestAttentionOnLavapipe(t *testing.T) {
	rt := NewRuntime(vktest.Open(t))
	defer rt.Close()
	if !rt.target.CPU {
		t.Skip("on lavapipe only")
	}
	for _, keys := range []int{40, 600} {
		var programs []string
		for _, f := range []func(q, k, v *Tensor, o AttentionOptions) *Tensor{ScaledDotProductAttention, composed} {
			all, in := attend(1, 4, 2, 9, keys, 8, f)
			slope := Full(0)
			for _, g := range all[1:] {
				slope = slope.Add(g.Square().Sum())
			}
			p, err := rt.Compile(Outputs{Fetch: append(all, Grad(slope, in...)...)})
			if err != nil {
				t.Fatal(err)
			}
			programs = append(programs, p.String())
			p.Close()
		}
		if programs[0] != programs[1] {
			t.Errorf("%d keys: the program is\n%s\nwant\n%s", keys, programs[0], programs[1])
		}
	}
}

// TestAttentionNowhere gives NaN to queries whose scores are all −∞, and to no others.
func TestAttentionNowhere(t *testing.T) {
	for _, family := range []Family{ForDevice, ForGPU} {
		rt, err := NewRuntimeWith(vktest.Open(t), Options{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		x := Full(1, 1, 40, 8)
		far := Concat(-2, Full(1, 1, 1, 8), Full(-1e30, 1, 1, 8), Full(1, 1, 38, 8)) // query 1's scores overflow
		for name, y := range map[string]*Tensor{
			"overflow": ScaledDotProductAttention(far, x.Scale(1e30), x, AttentionOptions{Scale: 1e-20}),
			"mask":     ScaledDotProductAttention(x, x, x, AttentionOptions{Mask: Iota(0, 40, 40).NotEqual(Const([]int32{1}, 1, 1))}),
		} {
			got, err := rt.Floats(y)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got {
				if math.IsNaN(float64(v)) != (i/8 == 1) || i/8 != 1 && math.Abs(float64(v)-1) > 1e-6 {
					t.Fatalf("%v, %s: element %d is %g", family, name, i, v)
				}
			}
		}
		rt.Close()
	}
}

// TestAttentionLayouts compares the kernels, and their gradients, with the ops on operands of any rank, that broadcast, that are one, and
// that are parts of one projection.
func TestAttentionLayouts(t *testing.T) {
	t.Parallel()
	dev := vktest.Open(t)
	gpu, err := NewRuntimeWith(dev, Options{Family: ForGPU})
	if err != nil {
		t.Fatal(err)
	}
	defer gpu.Close()
	rt := NewRuntime(dev)
	defer rt.Close()
	rng := NewRNG("rng", 1)
	draw := func(shape ...int) *Tensor {
		v, err := rt.Floats(rng.Normal(shape...))
		if err != nil {
			t.Fatal(err)
		}
		return Const(v, shape...)
	}
	tilted := func(shape []int) *Tensor { return Iota(-1, shape...).Cast(F32).Shift(1) }
	part := func(x *Tensor, i int) *Tensor { // of a projection [2, 40, 3·2·8]
		return x.Slice(-1, 16*i, 16*i+16).Reshape(2, 40, 2, 8).Permute(0, 2, 1, 3)
	}
	same := func(x *Tensor, _ int) *Tensor { return x }
	for _, c := range []struct {
		name    string
		q, k, v *Tensor
		part    func(x *Tensor, i int) *Tensor
	}{
		{"rank 2", draw(5, 8), draw(7, 8), draw(7, 4), same},
		{"rank 5", draw(2, 1, 2, 5, 8), draw(2, 3, 1, 7, 8), draw(2, 3, 1, 7, 4), same},
		{"broadcast", draw(1, 2, 5, 8), draw(3, 2, 7, 8), draw(1, 2, 7, 4), same},
		{"of itself", draw(1, 2, 40, 8), nil, nil, same},
		{"projection", draw(2, 40, 48), nil, nil, part},
	} {
		in := []*Tensor{c.q, c.k, c.v}
		if c.k == nil {
			in = []*Tensor{c.q, c.q, c.q}
		}
		var results [][]*Tensor
		for _, f := range []func(q, k, v *Tensor, o AttentionOptions) *Tensor{composed, ScaledDotProductAttention} {
			y := f(c.part(in[0], 0), c.part(in[1], 1), c.part(in[2], 2), AttentionOptions{Causal: true, Scale: 0.5})
			results = append(results, append([]*Tensor{y}, VJP(y, tilted(y.Shape()), in...)...))
		}
		for i, x := range results[0] {
			want, err := rt.Floats(x)
			if err != nil {
				t.Fatal(err)
			}
			got, err := gpu.Floats(results[1][i])
			if err != nil {
				t.Fatal(err)
			}
			for j := range want {
				if math.Abs(float64(got[j]-want[j])) > 1e-4 {
					t.Fatalf("%s, result %d: element %d is %g, want %g", c.name, i, j, got[j], want[j])
				}
			}
		}
	}
}
