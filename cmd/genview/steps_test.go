package main

import (
	"bytes"
	"path/filepath"
	"runtime"
	"testing"

	"genview/models/run"
	"genview/models/zoo"
	"genview/vk"
)

// learner makes the model of a preset and begins training. Its data take no time to open.
func learner(t *testing.T, a *app, preset string, settings ...string) *run.Session {
	t.Helper()
	c, err := run.New(preset)
	if err != nil {
		t.Fatal(err)
	}
	if p, _, _ := zoo.Preset(preset); p.Argument != "" {
		text := filepath.Join(t.TempDir(), "text")
		write(t, text, bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog\n"), 100))
		settings = append(settings, "data.name="+text)
	}
	if err := setAll(c, settings); err != nil {
		t.Fatal(err)
	}
	if _, err := run.Configure(t.Context(), c, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	s, err := a.host().Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Model.Begin(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	return s
}

// steps trains, and waits for each step's numbers.
func steps(t *testing.T, s *run.Session, n int) {
	t.Helper()
	for range n {
		if err := s.Model.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Model.Metrics(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStepsMakeLittle: a step of every kind of model, including its batch, allocates fewer than 100 objects on the host and nothing on the
// device. Batches are as large as the presets', because many allocations would be per example.
func TestStepsMakeLittle(t *testing.T) {
	small := []string{"model.hidden=8", "model.z=4", "data.size=8"}
	narrow := []string{"model.width=16", "model.heads=2", "model.layers=1"}
	for preset, settings := range map[string][]string{
		"vae": small, "gan": small, "dcgan": append(small[:2:2], "data.size=16", "batch=32"), "points": small[:1],
		"classifier": {"model.hidden=4", "data.size=8"}, "vit": append(narrow, "model.hidden=16", "data.size=8"),
		"translate": append(narrow, "model.hidden=16"), "text": append(narrow, "model.context=16"),
	} {
		t.Run(preset, func(t *testing.T) {
			s := learner(t, &app{}, preset, settings...)
			steps(t, s, 10)
			held := s.Device.Memory()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			steps(t, s, 20)
			runtime.ReadMemStats(&after)
			if made := float64(after.Mallocs-before.Mallocs) / 20; made >= 100 {
				t.Errorf("a step makes %.1f objects", made)
			} else {
				t.Logf("a step makes %.1f objects", made)
			}
			if now := s.Device.Memory(); now != held {
				t.Errorf("the device holds %+v after 30 steps, %+v after 10", now, held)
			}
		})
	}
}

// TestManySteps trains a tiny VAE for long; neither host nor device may hold more at the end.
func TestManySteps(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	s := learner(t, &app{}, "vae", "model.hidden=8", "model.z=4", "data.size=8", "batch=8")
	state := func() (heap int64, held vk.MemoryStats) {
		for range 3 { // what has a finalizer goes one collection later
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc), s.Device.Memory()
	}
	steps(t, s, 1000)
	heap, held := state()
	steps(t, s, 10_000)
	heap2, held2 := state()
	if grown := heap2 - heap; grown > 64<<10 {
		t.Errorf("10,000 steps left %d bytes on the heap", grown)
	}
	if held2 != held {
		t.Errorf("the device holds %+v after 10,000 steps more, %+v before", held2, held)
	}
}
