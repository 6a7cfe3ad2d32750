package inspect

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestProbe passes examples through two layers of a model. One has no parameters that are known.
func TestProbe(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	scope := nn.NewScope(1)
	weight := scope.Sub("fc1").Var("weight", nn.Ones(), 2, 3)
	x := tensor.Input("x", tensor.F32, 1, 4, 2)
	y := x.MatMul(weight.Reshape(1, 2, 3)) // [1, 4, 3]: each value is the sum of a token's two
	feed, length, fails := []float32{1, 2, 3, 4, 5, 6, 7, 8}, 0, errors.New("the data are gone")
	trace := &nn.Trace{Next: func(context.Context) (*nn.Traced, error) {
		if length < 0 {
			return nil, fails
		}
		return &nn.Traced{Name: "a text", Feed: tensor.Feed{x: feed}, Length: length}, nil
	}}
	trace.Made("", "fc1", y)
	trace.Made("other", "fc1", y.Scale(2))
	in, err := New(rt, scope.Named(), trace)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	look := func() *watch.Layers {
		t.Helper()
		v, err := in.Look(t.Context(), 7)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := look()
	if len(v.Activations) != 1 || v.Activations[0].Layer != "fc1" || !slices.Equal(v.Activations[0].Shape, []int{4, 3}) || v.Activations[0].Values.Most != 15 {
		t.Errorf("the layers make %+v", v.Activations)
	}
	if v.Example != "a text" || v.Features != nil || v.Layers[0].Of != "fc1" {
		t.Errorf("of %q are shown %v; the parameters are of %q", v.Example, v.Features, v.Layers[0].Of)
	}
	in.Choose("fc1")
	length = 2
	if f := look().Features; f == nil || f.Layer != "fc1" || !slices.Equal(f.Shape, []int{2, 3}) || !slices.Equal(f.Values, []float32{3, 3, 3, 7, 7, 7}) {
		t.Errorf("of two tokens the layer makes %+v", f)
	}
	if a := look().Activations[0]; a.Values.Most != 7 {
		t.Errorf("padding counts: %+v", a)
	}
	in.Choose("other.fc1")
	if f := look().Features; f == nil || f.Layer != "other.fc1" || f.Step != 7 || f.Problem == "" {
		t.Errorf("a layer whose weights are not known makes %+v", f)
	}
	length = -1
	if v := look(); v.Problem != fails.Error() || v.Activations != nil || len(v.Layers) != 1 {
		t.Errorf("without an example: %+v", v)
	}
}

// TestProfile: kernels are sorted by their time, and old steps fade.
func TestProfile(t *testing.T) {
	kernel := func(ops string, took int) tensor.Timing {
		return tensor.Timing{Kernel: tensor.Kernel{Ops: ops, Form: "product", FLOPs: 8e6, Bytes: 4e6}, Duration: time.Duration(took) * time.Millisecond}
	}
	p := Profile{Most: 2}
	p.Add([]tensor.Timing{kernel("a", 1), kernel("b", 3), kernel("b", 1)})
	all := p.Kernels()
	if len(all) != 2 || all[0].Ops != "b" || all[0].MS != 4 || all[0].Calls != 2 || all[0].Share != 0.8 || all[0].GFLOPs != 4 || all[0].GBs != 2 {
		t.Errorf("a step took %+v", all)
	}
	for range 20 {
		p.Add([]tensor.Timing{kernel("a", 5)})
	}
	if all = p.Kernels(); all[0].Ops != "a" || all[0].MS < 4.9 || all[1].MS > 0.1 {
		t.Errorf("after 20 other steps it takes %+v", all)
	}
}
