package replay

import (
	"context"
	"strings"
	"testing"

	"genview/models/family"
	"genview/models/inspect"
	"genview/models/nn"
	"genview/models/run"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/vktest"
)

// plain is a model of one layer.
type plain struct {
	family.Model
	state []nn.Named
	trace *nn.Trace
}

func (m *plain) State() []nn.Named { return m.state }
func (m *plain) Trace() *nn.Trace  { return m.trace }

// TestInsideThatFails: a model that cannot be looked into is shown as it was recorded, with the reason; whoever asks again is served once it can be
// looked into. A layer without weights is told, and nothing is kept when nobody looks.
func TestInsideThatFails(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	scope := nn.NewScope(1)
	fc := nn.NewLinear(scope.Sub("fc"), 2, 2)
	x := tensor.Input("x", tensor.F32, 1, 2)
	wrong := x.Add(tensor.Full(0, 1, 3))
	trace := func(y *tensor.Tensor) *nn.Trace {
		out := &nn.Trace{Next: func(context.Context) (*nn.Traced, error) {
			return &nn.Traced{Name: "two", Feed: tensor.Feed{x: []float32{1, 1}}}, nil
		}}
		out.Made("", "fc", y)
		out.Made("", "gone", y)
		return out
	}
	m := &plain{state: scope.Named(), trace: trace(wrong)}
	p := &player{past: watch.NewBus(), session: &run.Session{Runtime: rt, Model: m, Step: 8}}
	defer p.inside.close()
	recorded := []watch.View{&watch.Texts{Name: "Sample"}, &watch.Layers{Name: inspect.Name, Step: 9, Activations: []watch.Activation{{Layer: "fc"}}}}
	look := func(r watch.Inspect) *watch.Layers {
		t.Helper()
		p.wishes.add(r)
		p.notice = ""
		views, err := p.inspected(t.Context(), recorded)
		if err != nil || len(views) == 0 || views[0] != recorded[0] {
			t.Fatalf("there is %+v, %v", views, err)
		}
		if p.notice == "" && !p.wishes.insideFits(views) {
			t.Errorf("%+v asks for more than %+v", r, views)
		}
		return watch.Find[*watch.Layers](views, inspect.Name)
	}
	fails := func(what string) {
		t.Helper()
		v := look(watch.Inspect{On: true, Layer: "fc"})
		if v == nil || v.Step != 9 || v.Features == nil || !strings.Contains(v.Features.Problem, "cannot be looked into") || v.Features.Problem != p.notice {
			t.Errorf("%s: there is %+v, and said %q", what, v, p.notice)
		}
		if p.inside != (inside{}) || p.wishes.inspect != nil {
			t.Errorf("%s: it is looked into again", what)
		}
	}
	works := func(what string) {
		t.Helper()
		v := look(watch.Inspect{On: true, Layer: "fc"})
		if f := v.Features; v.Step != 9 || f == nil || f.Step != 8 || len(f.Values) != 2 || f.Problem != "" {
			t.Errorf("%s: the layer makes %+v (%s)", what, f, p.notice)
		}
	}
	fails("a look")
	m.trace = trace(fc.Forward(x))
	works("after it failed")
	m.state = append(scope.Named(), nn.Named{Name: "wrong", Tensor: wrong})
	fails("another model")
	m.state = scope.Named()
	works("after another one failed")
	if f := look(watch.Inspect{On: true, Layer: "gone"}).Features; f == nil || f.Layer != "gone" || f.Problem == "" {
		t.Errorf("a layer without weights makes %+v", f)
	}
	if views, err := p.inspected(t.Context(), recorded[:1]); err != nil || len(views) != 2 || views[1].(*watch.Layers).Step != 8 {
		t.Errorf("with the weights of step 8 there is %+v, %v", views, err)
	}
	if v := look(watch.Inspect{}); v != nil || p.inside != (inside{}) {
		t.Errorf("nobody looks, and there is %+v", v)
	}
}
