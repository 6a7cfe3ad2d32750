package train

import (
	"slices"
	"testing"

	"genview/models/inspect"
	"genview/models/watch"
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
