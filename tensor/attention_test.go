package tensor

import (
	"math"
	"strings"
	"testing"

	"genview/shaders/spirv/virtual"
	"genview/tensor/internal/ir"
	"genview/vk/vktest"
)

// attend returns attention of [b, h, t, d] to [b, g, s, d], and its gradients with respect to the queries, keys and values, which it
// returns as well.
func attend(b, h, g, t, s, d int, f func(q, k, v *Tensor, o AttentionOptions) *Tensor) (all, in []*Tensor) {
	in = []*Tensor{Input("q", F32, b, h, t, d), Input("k", F32, b, g, s, d), Input("v", F32, b, g, s, d)}
	y := f(in[0], in[1], in[2], AttentionOptions{Causal: true, Scale: 0.5})
	return append([]*Tensor{y}, VJP(y, Input("dy", F32, b, h, t, d), in...)...), in
}

// TestAttentionOnGPU checks that attention is one kernel on targets that have one, and that no T×S values are in memory.
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
		if s := p.String(); p.Dispatches() != 2 || !strings.Contains(s, "\nAttention [") { // the kernel, and a copy that restores the order of heads
			t.Errorf("%d heads of keys: %s", g, s)
		}
		if most := 4 * b * h * n * (5*d + 3); p.Peak() > most { // queries, keys and values, and the result in two orders
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
		if most := 4 * b * h * n * (14*d + 5); p.Peak() > most || strings.Contains(s, "MatMul") { // memory does not grow with T·S
			t.Errorf("%d heads of keys: with the gradient %d bytes, want at most %d, and no product: %s", g, p.Peak(), most, s)
		}
		p.Close()
	}
}

// TestAttentionOnLavapipe checks that lavapipe has the same program as without an attention kernel, to the second derivative.
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

// TestAttentionNowhere checks that queries whose scores are all −∞ give NaN, and that no others do.
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

// attentionCases are operands of any rank, operands that broadcast, that are the same tensor, and that are parts of one projection, with
// masks and dropout.
func attentionCases(draw func(shape ...int) *Tensor) []attentionCase {
	part := func(x *Tensor, i int) *Tensor { // of a projection [2, 40, 3·2·8]
		return x.Slice(-1, 16*i, 16*i+16).Reshape(2, 40, 2, 8).Permute(0, 2, 1, 3)
	}
	same := func(x *Tensor, _ int) *Tensor { return x }
	padding := Iota(-1, 2, 1, 1, 40).Less(Const([]int32{40, 33}, 2, 1, 1, 1))
	dropped := func() *RNG { return NewRNG("rng", 5) }
	return []attentionCase{
		{"rank 2", draw(5, 8), draw(7, 8), draw(7, 4), same, AttentionOptions{Causal: true, Scale: 0.5}, false},
		{"rank 5", draw(2, 1, 2, 5, 8), draw(2, 3, 1, 7, 8), draw(2, 3, 1, 7, 4), same, AttentionOptions{Causal: true}, false},
		{"values only", draw(1, 2, 5, 8), draw(1, 2, 7, 8), draw(3, 2, 7, 4), same, AttentionOptions{Dropout: 0.3, RNG: dropped()}, false},
		{"projection, dropped", draw(2, 40, 48), nil, nil, part, AttentionOptions{Mask: padding, Dropout: 0.25, RNG: dropped()}, true},
		{"added", draw(2, 3, 35, 8), draw(2, 3, 66, 8), draw(2, 3, 66, 9), same, AttentionOptions{Mask: draw(3, 1, 66)}, true},
		{"wider mask", draw(3, 35, 8), draw(3, 9, 8), draw(3, 9, 8), same, AttentionOptions{Mask: draw(3, 35, 9).Greater(Full(-1))}, false},
		{"grouped", draw(2, 4, 35, 8), draw(2, 2, 40, 8), draw(2, 2, 40, 6), same, AttentionOptions{Mask: draw(1, 4, 35, 40), Dropout: 0.5, RNG: dropped()}, false},
		{"grouped, padded", draw(2, 4, 65, 6), draw(2, 1, 40, 6), draw(2, 1, 40, 8), same, AttentionOptions{Mask: padding, Causal: true, Dropout: 0.5, RNG: dropped()}, true},
		{"wide", draw(1, 1, 40, 100), draw(1, 1, 34, 100), draw(1, 1, 34, 68), same, AttentionOptions{Causal: true, Dropout: 0.1, RNG: dropped()}, false},
		{"long", draw(1, 2, 6, 8), draw(1, 1, 700, 8), draw(1, 1, 700, 8), same, AttentionOptions{Mask: draw(1, 2, 1, 700), Dropout: 0.1, RNG: dropped()}, false},
	}
}

type attentionCase struct {
	name    string
	q, k, v *Tensor // k and v are nil if all are the same tensor
	part    func(x *Tensor, i int) *Tensor
	o       AttentionOptions

	virtually bool
}

// results are the results of one way to compute a case, and their gradients with respect to queries, keys, values and an added mask.
func (c attentionCase) results(f func(q, k, v *Tensor, o AttentionOptions) *Tensor) []*Tensor {
	in := []*Tensor{c.q, c.k, c.v}
	if c.k == nil {
		in = []*Tensor{c.q, c.q, c.q}
	}
	o := c.o
	o.Scale = 0.5
	if o.RNG != nil { // each way draws from the same stream
		o.RNG = &RNG{State: o.RNG.State}
	}
	y := f(c.part(in[0], 0), c.part(in[1], 1), c.part(in[2], 2), o)
	if o.Mask != nil && o.Mask.op.DType == F32 {
		in = append(in, o.Mask)
	}
	tilt := Iota(-1, y.Shape()...).Cast(F32).Shift(1).Scale(1 / float64(y.Dim(-1)))
	return append([]*Tensor{y}, VJP(y, tilt, in...)...)
}

// ran compiles a program, runs it, and returns what it computes.
func ran(t *testing.T, rt *Runtime, all []*Tensor) (p *Program, values [][]float32) {
	t.Helper()
	p, err := rt.Compile(Outputs{Fetch: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if err := p.Run(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		v := make([]float32, x.Len())
		if err := p.Fetch(x, v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	return p, values
}

// TestAttentionLayouts compares the kernels and their gradients with plain ops, and attention in blocks with attention in one block. Some
// cases also run on a virtual GPU.
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
	none := NewVirtualGPU(virtual.Options{Subgroup: 32, SharedMemory: 16 << 10, Seed: 1})
	draw := func(shape ...int) *Tensor { // pseudo-random numbers, different ones at each call
		v := make([]float32, ir.Size(shape))
		for i := range v {
			v[i] = float32(math.Sin(float64(i*i%977+7*i) * 1.3))
		}
		return Const(v, shape...)
	}
	whole := func(q, k, v *Tensor, o AttentionOptions) *Tensor { return newAttention(q, k, v, o).whole() }
	for _, c := range attentionCases(draw) {
		_, want := ran(t, rt, c.results(whole))
		compare := func(how string, got [][]float32) {
			for i := range want {
				for j := range want[i] {
					if !(math.Abs(float64(got[i][j]-want[i][j])) <= 1e-4*max(1, math.Abs(float64(want[i][j])))) {
						t.Fatalf("%s, %s, result %d: element %d is %g, want %g", c.name, how, i, j, got[i][j], want[i][j])
					}
				}
			}
		}
		all := c.results(ScaledDotProductAttention)
		p, got := ran(t, gpu, all)
		compare("kernels", got)
		if c.k != nil && c.k.Dim(-2) > 2*attentionBlock {
			_, got := ran(t, rt, c.results(ScaledDotProductAttention))
			compare("blocks", got)
		}
		if !c.virtually {
			continue
		}
		faults, read, err := none.Run(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%s: %v", c.name, f)
		}
		for i, x := range all {
			if got[i], err = read(x); err != nil {
				t.Fatalf("%s, result %d: %v", c.name, i, err)
			}
		}
		compare("virtually", got)
	}
}
