package step_test

import (
	"slices"
	"strings"
	"testing"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/step"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestStep trains a layer in two parts: the second sees the first one's updates, both draw new noise, and a checkpoint holds everything.
func TestStep(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	m := step.New(rt, 1)
	weight := m.Scope.Var("weight", nn.Zeros(), 2)
	m.Scope.Buffer("frozen", nn.Ones(), 3)
	sgd := optim.NewSGD(optim.SGDConfig{LR: 2, Momentum: 0.5}, m.Scope.Vars())
	m.Optimizer("weight", sgd)
	seen := tensor.Var("seen", tensor.Full(0))
	m.Keep(seen)
	a, b := tensor.Input("a", tensor.F32), tensor.Input("b", tensor.F32)
	m.Inputs(a, b)
	m.Part([]step.Metric{{Name: "loss", Value: a.Add(b)}, {Name: "first", Value: m.Noise.Uniform(1).Sum()}}, sgd.Update([]*tensor.Tensor{tensor.Concat(0, a.Reshape(1), b.Reshape(1))}))
	m.Part([]step.Metric{{Name: "sum", Value: weight.Sum()}, {Name: "noise", Value: m.Noise.Uniform(1).Sum()}},
		[]tensor.Update{{Var: seen, Value: weight.Sum()}})
	if err := m.Compile(); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.SetRate(0.5); err != nil {
		t.Fatal(err)
	}
	noises := map[float64]bool{}
	for range 3 {
		if err := m.Step(t.Context(), []float32{1}, []float32{2}); err != nil {
			t.Fatal(err)
		}
		got, err := m.Metrics()
		if err != nil || len(got) != 5 || got[0].Name != "loss" || got[0].Value != 3 || got[2].Name != "sum" || got[4] != (watch.Metric{Name: "lr", Value: 1}) {
			t.Fatalf("the metrics are %v (%v)", got, err)
		}
		noises[got[1].Value], noises[got[3].Value] = true, true
	}
	var v [1]float32
	if err := rt.Read(seen, v[:]); err != nil || v[0] != -(1+2)*(1+1.5+1.75) {
		t.Errorf("the second part saw %v (%v)", v, err)
	}
	if len(noises) != 6 {
		t.Errorf("three steps of two parts drew %v", noises)
	}
	var names []string
	for _, n := range m.State() {
		names = append(names, n.Name)
	}
	if want := []string{"weight", "frozen", "optim.weight.momentum_buffer.weight", "rng.state", "seen"}; !slices.Equal(names, want) {
		t.Errorf("a checkpoint holds %v, want %v", names, want)
	}
	if m.Parameters() != 2 || len(m.Programs()) != 2 {
		t.Errorf("%d parameters are trained by %d programs, want 2 and 2", m.Parameters(), len(m.Programs()))
	}
	if err := m.Step(t.Context(), []float32{1}); err == nil || !strings.Contains(err.Error(), "a batch of 1 values, where a step is fed with 2") {
		t.Errorf("half a batch gives the error %v", err)
	}
}

// TestCompileFails leaves nothing open, which vktest would say, where the second part is wrong.
func TestCompileFails(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	m := step.New(rt, 1)
	m.Part([]step.Metric{{Name: "fine", Value: m.Noise.Uniform(4).Sum()}}, nil)
	m.Part([]step.Metric{{Name: "wrong", Value: tensor.Full(0, 2).Add(tensor.Full(0, 3))}}, nil)
	if err := m.Compile(); err == nil {
		t.Error("shapes that do not fit compile")
	}
	m.Close() // once more does no harm
}

// TestOnePartAlone: a step of one part leaves the others, and what they report, as they were.
func TestOnePartAlone(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	m := step.New(rt, 1)
	defer m.Close()
	a, b := tensor.Var("a", tensor.Full(0)), tensor.Var("b", tensor.Full(0))
	m.Part([]step.Metric{{Name: "a", Value: a}}, []tensor.Update{{Var: a, Value: a.Shift(1)}})
	m.Part([]step.Metric{{Name: "b", Value: b}}, []tensor.Update{{Var: b, Value: b.Shift(1)}})
	if err := m.Compile(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []watch.Metrics{{{Name: "b", Value: 0}}, {{Name: "a", Value: 0}, {Name: "b", Value: 1}}, {{Name: "a", Value: 1}, {Name: "b", Value: 1}}} {
		switch i {
		case 0:
			m.Only(1)
		case 2:
			m.Only(0)
		}
		if err := m.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, err := m.Metrics(); err != nil || !slices.Equal(got, want) {
			t.Errorf("step %d reports %v, %v; want %v", i, got, err, want)
		}
	}
}
