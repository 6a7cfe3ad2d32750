package train

import (
	"context"
	"strings"
	"testing"
	"time"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// opaque is a model whose parameters can be looked at. A look at its layers fails when its program is compiled, as for want of memory.
type opaque struct{ *counter }

func (m opaque) Trace() *nn.Trace {
	out := m.counter.Trace()
	out.Made("", "net", m.weight.Add(tensor.Full(0, 2))) // of another shape
	return out
}

// TestInspectionThatFails: a model that cannot be looked into goes on to show what it has learned, in training and afterwards, until somebody asks
// again.
func TestInspectionThatFails(t *testing.T) {
	r, m := create(t), opaque{newCounter(t, runtimeOf(t))}
	bus := watch.NewBus()
	m.onStep = func(step int) {
		if step == 3 {
			bus.Send(watch.Pause{})
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := Loop(context.Background(), r, m.rt, m, 0, Options{Steps: 1 << 30, Bus: bus})
		ended <- err
	}()
	await := func(what string, is func(s *watch.Snapshot) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !is(bus.Latest()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, bus.Latest())
			}
		}
	}
	fails := func(s *watch.Snapshot) bool { return strings.Contains(s.Message, "cannot be looked into") }
	sample := func(step int) func(s *watch.Snapshot) bool {
		return func(s *watch.Snapshot) bool {
			return s.LookStep == step && watch.Find[*watch.Texts](s.Views, "Sample") != nil && watch.Find[*watch.Layers](s.Views, "Model") == nil
		}
	}
	await("paused", func(s *watch.Snapshot) bool { return s.State == watch.Paused && sample(3)(s) })
	bus.Send(watch.Inspect{On: true})
	await("that it fails", fails)
	bus.Send(watch.Resume{})
	await("the next sample", func(s *watch.Snapshot) bool { return s.LookStep > 3 && sample(s.LookStep)(s) && s.Message == "" })
	bus.Send(watch.Inspect{On: true})
	await("that it fails again", fails)
	bus.Send(watch.Stop{})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	shown := make(chan watch.Request)
	go func() { shown <- Show(ctx, bus, m.rt, m) }()
	bus.Send(watch.Inspect{On: true})
	await("that it fails afterwards", fails)
	bus.Send(watch.Attend{Text: "a text"})
	await("the text", func(s *watch.Snapshot) bool { return reads(s) == "a text" })
	stop()
	<-shown
}

// parts is a model whose step has two programs.
type parts struct {
	*counter
	other *tensor.Program
}

func (m parts) Programs() []*tensor.Program { return []*tensor.Program{m.step, m.other} }

// TestKernelsOfPartsThatRan: a part that did not run since the last look has no times in a step, and a look without a step counts none.
func TestKernelsOfPartsThatRan(t *testing.T) {
	rt := runtimeOf(t)
	if rt.Device().Info().TimestampBits == 0 {
		t.Skip("the device keeps no times")
	}
	m := parts{counter: newCounter(t, rt)}
	var err error
	if m.other, err = rt.Compile(tensor.Outputs{Update: []tensor.Update{{Var: m.weight, Value: m.weight.Exp()}}}); err != nil {
		t.Fatal(err)
	}
	defer m.other.Close()
	in := inspecting{rt: rt, model: m}
	defer in.close()
	run := func(programs ...*tensor.Program) {
		t.Helper()
		for _, p := range programs {
			if err := p.Run(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(m.step, m.other) // not timed
	if err := in.ask(watch.Inspect{On: true, Kernels: true}); err != nil {
		t.Fatal(err)
	}
	var v *watch.Layers
	for step, ran := range [][]*tensor.Program{{m.step}, {}, {m.step, m.other}, {m.step}, {m.step}} {
		run(ran...)
		views, err := in.look(t.Context(), &watch.Snapshot{}, step, nil)
		if err != nil || len(views) != 1 {
			t.Fatal(views, err)
		}
		v = views[0].(*watch.Layers)
	}
	calls := map[string]float64{}
	for _, k := range v.Kernels {
		calls[k.Ops] = k.Calls
	}
	if len(calls) != 2 || calls["Exp"] != 0.25 || calls["Shift"]+calls["Add"] != 1 {
		t.Errorf("in four steps, of which one had the second part, a step has the calls %v", calls)
	}
}
