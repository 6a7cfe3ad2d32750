package classifier

import (
	"math"
	"slices"
	"testing"

	"genview/models/nn"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestViTWithoutHeads: a head that is taken away does what the model does if the columns of the output projection that read the head are
// zero, with its mean output added to the projection's bias. The last batch is not full, and its padding counts for nothing.
func TestViTWithoutHeads(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	t.Cleanup(rt.Close)
	s := preset(ViTDefaults(), 1e-2, 40)
	s.Model.Patch, s.Model.Width, s.Model.Heads, s.Model.Layers = 4, 16, 2, 2
	m := halves(t, rt, s).(*vitModel)
	ctx := t.Context()
	for range 20 {
		if err := m.Step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	held, err := m.holdout(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tap := tapOf("layer 1")
	cuts := []nn.Cut{{Layer: tap, Head: 1}, {Layer: tap, Head: 1, Mean: true}}
	picture := held.pixels[:64]
	got, err := m.Without(ctx, held.pixels, held.classes, picture, cuts, nil)
	if err != nil {
		t.Fatal(err)
	}
	loss := func() (float64, []float32) {
		e, _, _, err := m.measure(ctx)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.Classify(ctx, picture)
		if err != nil {
			t.Fatal(err)
		}
		return e.Loss, p
	}
	compare := func(what string, w Without) {
		t.Helper()
		want, p := loss()
		if math.Abs(w.Loss-want) > 1e-5*max(1, want) {
			t.Errorf("%s: the loss is %v, want %v", what, w.Loss, want)
		}
		for i := range p {
			if math.Abs(float64(w.Probabilities[i]-p[i])) > 1e-5 {
				t.Errorf("%s: the probabilities are %v, want %v", what, w.Probabilities, p)
				break
			}
		}
	}
	compare("with all heads", got[0])
	read := func(v *tensor.Tensor) []float32 {
		values := make([]float32, v.Len())
		if err := rt.Read(v, values); err != nil {
			t.Fatal(err)
		}
		return values
	}
	write := func(v *tensor.Tensor, values []float32) {
		if err := rt.Write(v, values); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]*tensor.Tensor{}
	for _, v := range m.Drawn() {
		all[v.Name] = v.Tensor
	}
	weight, bias := all[tap+".out_proj.weight"], all[tap+".out_proj.bias"]
	const width, size = 16, 8
	mean := meanOf(t, m, held, tap, 1, size)
	w, b := read(weight), read(bias)
	moved := slices.Clone(b)
	for row := range width {
		for col := size; col < 2*size; col++ { // of head 1
			moved[row] += w[row*width+col] * mean[col-size]
			w[row*width+col] = 0
		}
	}
	write(weight, w)
	compare("zeros", got[1])
	write(bias, moved)
	compare("the mean", got[2])
}

// meanOf returns the mean output of a head over all tokens of all pictures, from its stages.
func meanOf(t *testing.T, m *vitModel, held *holdout, tap string, head, size int) []float32 {
	t.Helper()
	mean := make([]float32, size)
	for i := range held.classes {
		s, err := m.Trainer.Stages(t.Context(), held.pixels[64*i:64*(i+1)], tap, head)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range s.Values {
			mean[k%size] += v / float32(s.To*len(held.classes))
		}
	}
	return mean
}
