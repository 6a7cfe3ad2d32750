package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"genview/models/watch"
	"genview/vk"
)

// TestStages drives what is behind a window: a run that was ended early is shown, trained to its end, trained further, and left for the start
// page. Its checkpoint has the bits of a run that was trained in one go.
func TestStages(t *testing.T) {
	dir := t.TempDir()
	whole, run := filepath.Join(dir, "whole"), filepath.Join(dir, "runs", "run")
	t.Chdir(dir)
	must(t, tiny("--out", whole, "--steps", "14")...)
	must(t, tiny("--out", run, "--steps", "6")...)
	unheard := &loser{} // of whose devices none is lost
	a := &app{out: &results{to: unheard}, console: &console{status: unheard, plain: unheard}, checkpoint: -1, recorded: -1}
	o, err := a.lookAt(t.Context(), run, watch.NewBus())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	w := &watching{app: a, whole: t.Context(), training: ctx, looking: ctx, close: stop, bus: o.Live, past: watch.NewBus()}
	ended := make(chan error, 1)
	go func() { ended <- w.run(func(w *watching) (stage, error) { return w.shows(o) }) }()
	await := func(what string, ok func(s *watch.Snapshot) bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !ok(o.Live.Latest()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, o.Live.Latest())
			}
		}
	}
	rests := func(step int) func(s *watch.Snapshot) bool {
		return func(s *watch.Snapshot) bool {
			return s.State == watch.Done && s.Step == step && s.Trainable && s.Home && s.Message == ""
		}
	}
	await("the run is shown", rests(6))
	o.Live.Send(watch.Train{Steps: 10})
	await("it is trained to its end", rests(10))
	o.Live.Send(watch.Train{Steps: 10})
	await("to train it no further is refused", func(s *watch.Snapshot) bool { return strings.Contains(s.Message, "cannot be trained to step 10") })
	o.Live.Send(watch.Train{Steps: 14})
	await("it is trained further", rests(14))
	if !bytes.Equal(newest(t, whole), newest(t, run)) {
		t.Error("14 steps in three parts give other bits than 14 at once")
	}
	if p, err := os.ReadFile(filepath.Join(run, "events.jsonl")); err != nil || bytes.Count(p, []byte(`"event":"began"`)) != 3 || bytes.Count(p, []byte(`"epoch":`)) != 3 {
		t.Errorf("the log of events is %s, %v", p, err)
	}
	if p, err := os.ReadFile(filepath.Join(run, "config.yaml")); err != nil || !bytes.Contains(p, []byte("steps: 14\n")) {
		t.Errorf("the configuration is %s, %v", p, err)
	}
	o.Live.Send(watch.Train{Steps: 1 << 30})
	await("it is in training", func(s *watch.Snapshot) bool { return s.State == watch.Training && s.Step > 14 })
	o.Live.Send(watch.Home{})
	await("the start page is shown", func(s *watch.Snapshot) bool {
		return s.State == watch.Choosing && len(s.Choices) > 0 && len(s.Views) == 0
	})
	if past := w.past.Latest(); past.Past != nil {
		t.Errorf("the start page has a past: %+v", past.Past)
	}
	if bytes.Equal(newest(t, whole), newest(t, run)) {
		t.Error("what was trained before the user left is not saved")
	}
	await("the start page has the run", func(s *watch.Snapshot) bool { return len(s.Recent) == 1 })
	r := o.Live.Latest().Recent[0]
	if p, ok := r.Shows.(*watch.Pictures); r.Dir != filepath.Join("runs", "run") || r.Step <= 14 || r.Steps != 1<<30 || !ok || len(p.Images) == 0 {
		t.Errorf("the run is told as %+v", r)
	}
	o.Live.Send(watch.Open{Dir: r.Dir})
	await("the run is shown again", func(s *watch.Snapshot) bool { return s.State == watch.Done && s.Step == r.Step && s.Trainable })
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestDeviceGoneInTheWindow: when a training's device is lost and there is no other, what the window asks of the model stays unanswered, until the
// user goes to the start page.
func TestDeviceGoneInTheWindow(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	run := filepath.Join(dir, "run")
	must(t, tiny("--out", run, "--steps", "25")...)
	var gone atomic.Bool
	unheard := &loser{}
	a := &app{out: &results{to: unheard}, console: &console{status: unheard, plain: unheard}, checkpoint: -1, recorded: -1}
	a.fail = func(call string) error {
		const initializationFailed, deviceLost = -3, -4
		switch {
		case !gone.Load():
			return nil
		case call == "vkCreateDevice":
			return &vk.Error{Call: call, Result: initializationFailed}
		}
		return &vk.Error{Call: call, Result: deviceLost}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	bus := watch.NewBus()
	w := &watching{app: a, whole: t.Context(), training: ctx, looking: ctx, close: stop, bus: bus, past: watch.NewBus()}
	ended := make(chan error, 1)
	go func() { ended <- w.run(func(w *watching) (stage, error) { return w.resumes(run, 1<<30) }) }()
	await := func(what string, ok func(s *watch.Snapshot) bool) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); !ok(bus.Latest()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, bus.Latest())
			}
		}
	}
	await("it trains", func(s *watch.Snapshot) bool { return s.State == watch.Training && s.Step > 25 })
	gone.Store(true)
	await("the device is gone", func(s *watch.Snapshot) bool {
		return s.State == watch.Done && strings.Contains(s.Message, "the device was lost")
	})
	if s := bus.Latest(); !s.Home || s.Trainable {
		t.Errorf("the window shows %+v", s)
	}
	bus.Send(watch.Decode{Z: [][]float32{make([]float32, 4)}, Reply: func([]*image.RGBA) { t.Error("a lost device has drawn") }})
	was := bus.Latest()
	bus.Send(watch.Inspect{On: true})
	await("requests are served", func(s *watch.Snapshot) bool { return s != was })
	bus.Send(watch.Home{})
	await("the start page is shown", func(s *watch.Snapshot) bool { return s.State == watch.Choosing })
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "cannot be opened again, the newest checkpoint is of step 25") {
		t.Errorf("ended with %v", err)
	}
}

// TestFailedStageLeadsHome: an error stays in the window until the user goes to the start page.
func TestFailedStageLeadsHome(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	bus := watch.NewBus()
	w := &watching{app: &app{}, whole: ctx, training: ctx, looking: ctx, close: stop, bus: bus, past: watch.NewBus()}
	broken := errors.New("the data are gone")
	ended := make(chan error, 1)
	go func() { ended <- w.run(func(*watching) (stage, error) { return nil, broken }) }()
	for bus.Latest().Message == "" {
		<-bus.Changed()
	}
	if s := bus.Latest(); s.State != watch.Done || !s.Home || s.Message != "the data are gone" {
		t.Errorf("the window shows %+v", s)
	}
	bus.Send(watch.Home{})
	for bus.Latest().State != watch.Choosing {
		<-bus.Changed()
	}
	stop()
	if err := <-ended; !errors.Is(err, broken) {
		t.Errorf("ended with %v", err)
	}
}
