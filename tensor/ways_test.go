package tensor_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

// wayCases are rows of the table of ops, and products whose sizes are several tiles plus a part of one, for all tiles, with operands in
// all layouts.
func wayCases() []optest.Case {
	var all []optest.Case
	var product optest.Case
	for _, c := range optest.Cases {
		kind, _, _ := strings.Cut(c.Name, "/")
		switch {
		case c.Name == "MatMul":
			product = c
		case testing.Short():
		case kind == "MatMul" || kind == "Linear" || kind == "Conv2d" || kind == "ConvTranspose2d":
			c.Dims = c.Dims[len(c.Dims)-1:]
			all = append(all, c)
		}
	}
	dims := [][][]int{{{130, 27}, {27, 260}}, {{2, 260, 20}, {2, 20, 132}}, {{5, 70}, {70, 270}}, {{300, 36}, {36, 9}}}
	if testing.Short() {
		dims = dims[1:2]
	}
	lies := []struct {
		name string
		of   func(x *T) *T
	}{
		{"rows", func(x *T) *T { return x }},
		{"columns", func(x *T) *T { return x.T().Add(tensor.Const([]float32{0}, 1)).T() }},
	}
	for _, x := range lies {
		for _, y := range lies {
			c := product
			c.Name, c.Dims = "MatMul/"+x.name+" and "+y.name, dims
			c.Op = func(in []*T) *T { return x.of(in[0]).MatMul(y.of(in[1])) }
			all = append(all, c)
		}
	}
	return all
}

// TestEveryWay computes products and convolutions with all of their kernels, even those that do not suit.
func TestEveryWay(t *testing.T) {
	for name, family := range map[string]tensor.Family{"device": tensor.ForDevice, "gpu": tensor.ForGPU} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			ran := map[string]bool{}
			for row, c := range wayCases() {
				op := c.Op
				for _, shapes := range c.Dims {
					in := c.Draw(rand.New(rand.NewPCG(1, 2)), shapes)
					for way := range rt.Ways() {
						if family == tensor.ForGPU && way%4 != row%4 { // each row runs a quarter of them; TestVirtualCandidates runs all, for plain products
							continue
						}
						c.Op = func(in []*T) *T { return tensor.Written(op(in), way) }
						if err := c.Value(rt, in); err != nil {
							t.Errorf("way %d: %s %v: %v", way, c.Name, shapes, err)
						}
					}
					for _, k := range compile(t, rt, tensor.Outputs{Fetch: []*T{op(optest.Tensors(in))}}).Kernels() {
						for _, part := range strings.Fields(k.Form) {
							ran[part] = true
						}
					}
				}
			}
			for _, part := range []string{"aT", "bT", "a4", "b4", "a4T", "b4T"} {
				if !ran[part] && family == tensor.ForGPU && !testing.Short() {
					t.Errorf("no operand was loaded as %s", part)
				}
			}
		})
	}
}

// TestParts checks that products of few elements and many terms are split into parts on a GPU, and not on lavapipe.
func TestParts(t *testing.T) {
	dev := vktest.Open(t)
	draw := func(r *rand.Rand, shape ...int) optest.Array { return optest.Noise(r, shape) }
	r := rand.New(rand.NewPCG(1, 2))
	x, w, bias := draw(r, 24, 2048), draw(r, 2048, 39), draw(r, 39)
	y, image, weight := draw(r, 2, 2048, 24), draw(r, 16, 8, 16, 16), draw(r, 8, 8, 3, 3)
	prime, line := draw(r, 24, 2039), draw(r, 1, 2048)
	conv := func() *T {
		w := weight.Tensor()
		c := image.Tensor().Conv2d(w, tensor.ConvOptions{Padding: []int{1}})
		return tensor.VJP(c, tensor.Full(1).Expand(c.Shape()...).Add(c.Scale(0.1)), w)[0]
	}
	for _, c := range []struct {
		name string
		y    func() *T
		gpu  []string // the beginnings of the kernels' forms
	}{
		{"fused", func() *T { return x.Tensor().MatMul(w.Tensor()).Add(bias.Tensor()).Tanh() }, []string{"tiled", "columns"}},
		{"batch", func() *T { return y.Tensor().T().MatMul(y.Tensor()) }, []string{"tiled", "columns"}},
		{"prime", func() *T { return prime.Tensor().MatMul(prime.Tensor().T()) }, []string{"tiled"}},
		{"row", func() *T { return line.Tensor().MatMul(w.Tensor()) }, []string{"tiled", "columns"}},
		{"column", func() *T { return w.Tensor().T().MatMul(line.Tensor().T()) }, []string{"tiled", "columns"}},
		{"weight", conv, []string{"elementwise", "tiled", "tiled", "columns"}},
	} {
		var got [2][]float32
		for i, family := range []tensor.Family{tensor.ForDevice, tensor.ForGPU} {
			rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(rt.Close)
			p := compile(t, rt, tensor.Outputs{Fetch: []*T{c.y()}})
			var forms []string
			for _, k := range p.Kernels() {
				kind, _, _ := strings.Cut(k.Form, " ")
				forms = append(forms, kind)
			}
			if family == tensor.ForGPU && !slices.Equal(forms, c.gpu) {
				t.Errorf("%s: the kernels are %v, want %v", c.name, forms, c.gpu)
			}
			got[i] = floats(t, rt, c.y())
			if !slices.Equal(floats(t, rt, c.y()), got[i]) {
				t.Errorf("%s: two runs give different bits", c.name)
			}
		}
		want := make([]float64, len(got[0]))
		for i, v := range got[0] {
			want[i] = float64(v)
		}
		compare(t, c.name, got[1], want, 1e-4)
	}
}

// TestWindowsAreReadInPlace checks that a convolution of many channels stores its windows on lavapipe only, and its padding on both.
func TestWindowsAreReadInPlace(t *testing.T) {
	dev := vktest.Open(t)
	if !dev.Info().Lavapipe {
		t.Skip("on lavapipe only")
	}
	weight := tensor.Var("w", tensor.Full(1, 32, 32, 3, 3))
	for _, c := range []struct {
		family    tensor.Family
		pad       int
		transpose bool
		copies    int
	}{
		{tensor.ForLavapipe, 0, false, 1},
		{tensor.ForLavapipe, 1, false, 2},
		{tensor.ForLavapipe, 0, true, 3},
		{tensor.ForGPU, 0, false, 0},
		{tensor.ForGPU, 1, false, 1},
		{tensor.ForGPU, 0, true, 2},
	} {
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: c.family})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(rt.Close)
		image := tensor.Var("x", tensor.Full(1, 2, 32, 6, 10+2*c.pad)) // windows come four at a time
		y := image.Conv2d(weight, tensor.ConvOptions{Padding: []int{c.pad}})
		if c.transpose {
			y = image.ConvTranspose2d(weight, tensor.ConvTransposeOptions{Padding: []int{c.pad}})
		}
		copies := 0
		for _, k := range compile(t, rt, tensor.Outputs{Fetch: []*T{y}}).Kernels() {
			if k.Form == "elementwise" {
				copies++
			}
		}
		if copies != c.copies {
			t.Errorf("family %d, padding %d, transposed %t: %d copies, want %d", c.family, c.pad, c.transpose, copies, c.copies)
		}
	}
}
