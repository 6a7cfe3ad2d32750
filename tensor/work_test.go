package tensor_test

import (
	"fmt"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
)

// TestKernelsAreCounted compares the FLOPs and bytes of programs with those counted by hand.
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
		least                 int // in elements, as bytes is
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

// TestListing checks how a program prints itself: the totals, and each dispatch with its expressions.
func TestListing(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	v := func(name string, shape ...int) *T { return tensor.Var(name, tensor.Full(0.5, shape...)) }
	x, w, b := v("x", 8, 16), v("w", 16, 32), v("b", 8, 32)
	y := x.MatMul(w).Add(b).ReLU()
	z := x.Exp()
	p := compile(t, rt, tensor.Outputs{
		Fetch:  []*T{y, z.Mul(z).Sum(0), y.T().MatMul(x)},
		Update: []tensor.Update{{Var: b, Value: b.Sub(b.Scale(0.25))}},
	})
	text, kernels := p.String(), p.Kernels()
	flops, bytes := 0.0, 0
	for _, k := range kernels {
		flops, bytes = flops+k.FLOPs, bytes+k.Bytes
		if k.Code == "" || k.Form == "" || k.Bytes == 0 || k.Live == 0 {
			t.Errorf("a kernel is described as %+v", k)
		}
	}
	head, list, _ := strings.Cut(text, "\n")
	var dispatches, barriers, peak, read int
	var counted float64
	if _, err := fmt.Sscanf(head, "%d dispatches, %d barriers, %d bytes of memory, %f FLOPs, %d bytes read and written", &dispatches, &barriers, &peak, &counted, &read); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	if dispatches != len(kernels) || barriers < 1 || barriers > dispatches || peak != p.Peak() || counted != flops || read != bytes {
		t.Errorf("the first line is %q, of %d kernels with %.0f FLOPs and %d bytes in %d of memory", head, len(kernels), flops, bytes, p.Peak())
	}
	for _, want := range []string{
		"MatMul·Add·LeakyReLU [8 32]: ", "\t%0 = LeakyReLU(Add(MatMul(x, w), b), 0)\n",
		"Sum [1 16]: ", "\tt0 = Exp(x)\n\t%1 = Sum(Mul(t0, t0))",
		"MatMul [1 1 32 16]: ", " = MatMul(view(%0), x)",
		"Mul·Sub [8 32]: elementwise, 512 FLOPs, 2048 bytes, ", "\tb = Sub(b, Mul(b, 0.25))",
	} {
		if !strings.Contains(list, want) {
			t.Errorf("the listing lacks %q:\n%s", want, text)
		}
	}
}

// TestBenches checks that each benchmark's graph has no errors and a unique name.
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
