package train

import (
	"context"
	"slices"
	"testing"

	"genview/models/inspect"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/vktest"
)

// TestLooksArePassedOn: whoever asks for looks receives those of samples and the last, with the model's parameters.
func TestLooksArePassedOn(t *testing.T) {
	rt := runtimeOf(t)
	var steps []int
	_, err := runLoop(t.Context(), t, create(t), newCounter(t, rt), 0, Options{
		Steps: 23, SampleEvery: 10,
		OnLook: func(step int, views []watch.View) {
			steps = append(steps, step)
			layers := watch.Find[*watch.Layers](views, inspect.Name)
			if len(views) != 3 || layers == nil || layers.Layers[0].Weight.Mean != float64(step) {
				t.Errorf("step %d shows %v, %+v", step, views, layers)
			}
		},
	})
	if want := []int{10, 20, 23}; err != nil || !slices.Equal(steps, want) {
		t.Errorf("the looks are of %v, want %v; %v", steps, want, err)
	}
	steps = nil
	_, err = runLoop(t.Context(), t, create(t), newCounter(t, rt), 0, Options{
		Steps: 10, SampleEvery: 10, Bus: watch.NewBus(), OnLook: func(step int, _ []watch.View) { steps = append(steps, step) },
	})
	if err != nil || len(steps) < 2 || steps[0] != 0 || steps[len(steps)-1] != 10 || len(slices.Compact(slices.Clone(steps))) != len(steps) {
		t.Errorf("with a window the looks are of %v; %v", steps, err)
	}
}

// TestEndWhileLooking: a training that is ended while it looks at the model says nothing of that.
func TestEndWhileLooking(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Progress: func(int, int) error { return ctx.Err() }}) // as a run's is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rt.Close)
	r, m := create(t), newCounter(t, rt)
	r.Notice = func(text string) { t.Errorf("it says %q", text) }
	m.onLook = func() error {
		cancel()
		return nil
	}
	looks := 0
	step, err := runLoop(ctx, t, r, m, 0, Options{Steps: 23, SampleEvery: 10, OnLook: func(int, []watch.View) { looks++ }})
	if step != 10 || looks == 0 {
		t.Errorf("it ends at step %d after %d looks, %v", step, looks, err)
	}
}
