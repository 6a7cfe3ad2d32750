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
