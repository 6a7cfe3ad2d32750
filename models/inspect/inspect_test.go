package inspect

import (
	"math"
	"slices"
	"testing"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/step"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestLook looks into a model after one step of which all gradients are known.
func TestLook(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	m := step.New(rt, 1)
	defer m.Close()
	small, large := m.Scope.Var("net.small", nn.Ones(), 2, 2), m.Scope.Var("net.large", nn.Zeros(), 10000)
	m.Scope.Buffer("net.mean", nn.Ones(), 3)
	adam := optim.NewAdam(optim.AdamConfig{LR: 1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, m.Scope.Vars())
	m.Optimizer("net", adam)
	loss := small.Mul(tensor.Const([]float32{1, 1, -3, -3}, 2, 2)).Sum().Add(large.Scale(0.5).Sum())
	m.Part([]step.Metric{{Name: "loss", Value: loss}}, adam.Update(tensor.Grad(loss, m.Scope.Vars()...)))
	if err := m.Compile(); err != nil {
		t.Fatal(err)
	}
	in, err := New(rt, m.State(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := m.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := in.Look(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Layers) != 3 || v.Title() != Name || v.Memory <= 0 {
		t.Fatalf("looked at %+v", v)
	}
	a, b, c := v.Layers[0], v.Layers[1], v.Layers[2]
	if a.Name != "net.small" || !slices.Equal(a.Shape, []int{2, 2}) || a.Parameters() != 4 || b.Name != "net.large" || b.Parameters() != 10000 || c.Name != "net.mean" {
		t.Errorf("the layers are %v %v, %v %v, %v", a.Name, a.Shape, b.Name, b.Shape, c.Name)
	}
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-4 }
	if w := a.Weight; !near(w.Most, 2) || !near(w.Mean, 1) || !near(w.Std, 1) || w.Counts[bins/2] != 2 || w.Counts[bins-1] != 2 { // 1 ∓ 1
		t.Errorf("the values are spread as %+v", w)
	}
	if g := a.Gradient; !near(g.Most, 0.3) || !near(g.Mean, -0.1) || g.Counts[0] != 2 || g.Counts[bins*2/3]+g.Counts[bins*2/3-1] != 2 { // a tenth of 1 and −3
		t.Errorf("the gradients are spread as %+v", g)
	}
	if n := b.Weight.Counts[0]; n < most*3/4 || n > most || !near(b.Gradient.Mean, 0.05) {
		t.Errorf("of 10,000 values %d are seen, with a gradient of %v", n, b.Gradient.Mean)
	}
	if c.Gradient.Counts != nil {
		t.Errorf("what is not trained has the gradients %+v", c.Gradient)
	}
}

// TestHistogramCountsWhatIsFinite: values that are not finite are left out, and zeros alone lie in the middle.
func TestHistogramCountsWhatIsFinite(t *testing.T) {
	h := histogram([]float32{float32(math.NaN()), 1, float32(math.Inf(-1)), -1, 0})
	if h.Most != 1 || h.Mean != 0 || h.Counts[0] != 1 || h.Counts[bins/2] != 1 || h.Counts[bins-1] != 1 {
		t.Errorf("%+v", h)
	}
	if h := histogram([]float32{0, 0}); h.Most != 0 || h.Counts[bins/2] != 2 {
		t.Errorf("zeros: %+v", h)
	}
	if h := histogram(nil); h.Counts != nil {
		t.Errorf("nothing: %+v", h)
	}
}
