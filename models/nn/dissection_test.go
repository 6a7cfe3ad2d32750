package nn_test

import (
	"math"
	"testing"

	"genview/models/nn"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestDissection compares the last stage with the output of the layer: with a mask, causally, and from another sequence.
func TestDissection(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	const queries, keys, width, heads = 5, 7, 8, 2
	x := tensor.Iota(0, 2*queries*width).Reshape(2, queries, width).Cast(tensor.F32).Mul(tensor.Full(1.7)).Sin()
	memory := tensor.Iota(0, 2*keys*width).Reshape(2, keys, width).Cast(tensor.F32).Mul(tensor.Full(0.9)).Sin()
	may := tensor.Const([]bool{true, true, true, true, false, true, false, true, true, true, true, true, true, true}, 2, 1, 1, keys)
	for name, c := range map[string]struct {
		from   *tensor.Tensor
		keys   int
		o      tensor.AttentionOptions
		masked func(i, j int) bool
	}{
		"self":   {x, queries, tensor.AttentionOptions{}, func(i, j int) bool { return false }},
		"causal": {x, queries, tensor.AttentionOptions{Causal: true}, func(i, j int) bool { return j > i }},
		"masked": {memory, keys, tensor.AttentionOptions{Mask: may}, func(i, j int) bool { return j == 4 || j == 6 }},
	} {
		a := nn.NewMultiheadAttention(nn.NewScope(3).Sub(name), width, heads, &nn.Dropout{})
		var d nn.Dissection
		pass := d.Pass()
		var y *tensor.Tensor
		pass.Heads(func(_ string, out *tensor.Tensor) *tensor.Tensor { y = out; return out })
		a.Forward(pass, x, c.from, c.o)
		p, err := rt.Compile(tensor.Outputs{Fetch: append(d.Parts(), y)})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		want := make([]float32, y.Len())
		if err := p.Fetch(y, want); err != nil {
			t.Fatal(err)
		}
		const size = width / heads
		for h := range heads {
			s, err := d.Head(p, name, h, queries, c.keys)
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range s.Values {
				if want := want[h*queries*size+i]; math.Abs(float64(got-want)) > 1e-5 {
					t.Errorf("%s, head %d: value %d is %v, want %v", name, h, i, got, want)
				}
			}
			for i, got := range s.Masked {
				if want := c.masked(i/c.keys, i%c.keys); got != want || got && s.Weights[i] > 1e-9 {
					t.Errorf("%s, head %d: score %d is masked: %v, want %v, with the weight %v", name, h, i, got, want, s.Weights[i])
				}
			}
		}
		for _, wrong := range []struct{ head, queries, keys int }{{heads, 1, 1}, {-1, 1, 1}, {0, queries + 1, 1}, {0, 1, c.keys + 1}} {
			if _, err := d.Head(p, name, wrong.head, wrong.queries, wrong.keys); err == nil {
				t.Errorf("%s: %v is taken", name, wrong)
			}
		}
	}
}
