package tensor_test

import (
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
)

// TestKernelsAreCounted holds the FLOPs and bytes of programs against those counted by hand.
func TestKernelsAreCounted(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	v := func(shape ...int) *T { return tensor.Var("v", tensor.Full(0.5, shape...)) }
	x, w, bias, table := v(8, 16), v(16, 32), v(32), v(1000, 8)
	at := tensor.Var("at", tensor.Const([]int32{3, 1, 4}, 3))
	e := v(64, 64).Exp()
	for _, c := range []struct {
		name                  string
		out                   []*T
		kernels, flops, bytes int
		least                 int // elements, as bytes is
		form                  string
	}{
		{"product", []*T{x.MatMul(w)}, 1, 2 * 8 * 16 * 32, 8*16 + 16*32 + 8*32, 8*16 + 16*32 + 8*32, "×"},
		{"epilogue", []*T{x.MatMul(w).Add(bias)}, 1, 2*8*16*32 + 8*32, 8*16 + 16*32 + 32 + 8*32, 8*16 + 16*32 + 32 + 8*32, "×"},
		{"elementwise", []*T{x.Mul(x).Scale(3)}, 1, 2 * 8 * 16, 2 * 8 * 16, 2 * 8 * 16, "elementwise"},
		{"rows", []*T{x.Square().Sum(-1)}, 1, 2 * 8 * 16, 8*16 + 8, 8*16 + 8, "rows"},
		{"columns", []*T{x.Sum(0)}, 1, 8 * 16, 8*16 + 16, 8*16 + 16, "columns"},
		{"slice", []*T{x.Slice(1, 0, 4).Neg()}, 1, 8 * 4, 2 * 8 * 4, 2 * 8 * 4, "elementwise"},
		{"look-up", []*T{tensor.Embedding(at, table)}, 1, 3 * 8, 3*8 + 3 + 3*8, 3*8 + 3 + 3*8, "elementwise"},
		{"between", []*T{e.MatMul(e)}, 2, 64*64 + 2*64*64*64, 4 * 64 * 64, 2 * 64 * 64, "elementwise"},
	} {
		p := compile(t, rt, tensor.Outputs{Fetch: c.out})
		kernels := p.Kernels()
		flops, bytes := 0.0, 0
		for _, k := range kernels {
			flops, bytes = flops+k.FLOPs, bytes+k.Bytes
		}
		if len(kernels) != c.kernels || len(kernels) != p.Dispatches() || flops != float64(c.flops) || bytes != 4*c.bytes || p.LeastBytes() != 4*c.least {
			t.Errorf("%s: %d kernels with %.0f FLOPs and %d bytes, %d at least; want %d, %d, %d, %d", c.name, len(kernels), flops, bytes, p.LeastBytes(),
				c.kernels, c.flops, 4*c.bytes, 4*c.least)
		}
		if !strings.Contains(kernels[0].Form, c.form) || !strings.Contains(p.String(), "\n"+kernels[0].String()) {
			t.Errorf("%s: the form is %q, want %q, in\n%s", c.name, kernels[0].Form, c.form, p)
		}
	}
}

// TestBenches sees that what is timed is a graph without mistakes, under a name of its own.
func TestBenches(t *testing.T) {
	seen := map[string]bool{}
	for _, b := range optest.Benches {
		for _, w := range b.Works() {
			for _, y := range w.Outputs.Fetch {
				if y.Err() != nil {
					t.Errorf("%s: %v", w.Name, y.Err())
				}
			}
			if seen[w.Name] {
				t.Errorf("two are called %s", w.Name)
			}
			seen[w.Name] = true
		}
	}
}
