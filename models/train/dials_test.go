package train

import (
	"context"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// TestDials: settings are changed while a run trains, values that they cannot have are told, and the events have the changes. A resumed run
// goes on with the model's settings as they were changed last.
func TestDials(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	bus := watch.NewBus()
	m.onStep = func(step int) {
		if step == 2 {
			bus.Send(watch.Pause{})
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 1 << 30, Bus: bus, SampleEvery: 100, SaveEvery: Every{Steps: 200}})
		ended <- err
	}()
	await := func(what string, ok func(s *watch.Snapshot) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(bus.Latest()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, bus.Latest())
			}
		}
	}
	value := func(s *watch.Snapshot, key string) float64 {
		for _, d := range s.Dials {
			if d.Key == key {
				return d.Value
			}
		}
		return -1
	}
	await("paused", func(s *watch.Snapshot) bool { return s.State == watch.Paused && len(s.Dials) == 3 })
	for key, v := range map[string]float64{"dial": 0.5, "sample-every": 7, "save-every": 11} {
		bus.Send(watch.Turn{Key: key, Value: v})
		await(key, func(s *watch.Snapshot) bool { return value(s, key) == v && strings.HasPrefix(s.Notice, key+" = ") })
	}
	for key, v := range map[string]float64{"sample-every": 0, "save-every": 1.5} {
		bus.Send(watch.Turn{Key: key, Value: v})
		await("refused", func(s *watch.Snapshot) bool { return s.Message != "" && value(s, key) > 0 && value(s, key) != v })
		bus.Send(watch.Turn{Key: key, Value: value(bus.Latest(), key) + 1}) // clears the message
		await("taken", func(s *watch.Snapshot) bool { return s.Message == "" })
	}
	bus.Send(watch.Stop{})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	events, err := r.Events()
	set := 0
	for _, e := range events {
		if e.Kind == watch.Turned && (e.Detail == "sample-every" && e.Value == 7 || e.Detail == "save-every" && e.Value == 11) {
			set++
		}
	}
	if err != nil || set != 2 {
		t.Errorf("the events are %+v, %v", events, err)
	}
	h, err := r.History()
	if err != nil {
		t.Fatal(err)
	}
	again := newCounter(t, m.rt)
	if _, err := runLoop(t.Context(), t, r, again, 2, Options{Steps: 3, History: h}); err != nil || again.dial != 0.5 {
		t.Errorf("going on, the dial is at %v, %v", again.dial, err)
	}
}
