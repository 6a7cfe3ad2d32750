package train

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedCheckpoint: one changed bit is found; the error names the newest whole checkpoint, which can be taken.
func TestDamagedCheckpoint(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	for step := 1; step <= 3; step++ {
		if err := m.Step(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := r.Save(rt, m.State(), step); err != nil {
			t.Fatal(err)
		}
	}
	damage := func(step, at int) {
		p, err := os.ReadFile(r.Checkpoint(step))
		if err != nil {
			t.Fatal(err)
		}
		p[len(p)-at] ^= 4
		if err := os.WriteFile(r.Checkpoint(step), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	damage(3, 1)
	if _, err := r.Load(rt, m.State()); err == nil || !strings.Contains(err.Error(), "the checkpoint of step 2 is whole") || m.value(t) != 3 {
		t.Errorf("a changed bit: %v, and the weight is %v", err, m.value(t))
	}
	if err := r.LoadStep(rt, m.State(), 2); err != nil || m.value(t) != 2 {
		t.Errorf("the one before: %v with %v", err, m.value(t))
	}
	damage(1, 9)
	damage(2, 5)
	if _, err := r.Load(rt, m.State()); err == nil || !strings.Contains(err.Error(), "no other checkpoint") {
		t.Errorf("all damaged: %v", err)
	}
	if err := r.LoadStep(rt, m.State(), 7); err == nil || !strings.Contains(err.Error(), "no checkpoint of step 7") {
		t.Errorf("one that is not there: %v", err)
	}
}

// TestRemedies: only a checkpoint with a newer whole one is to be deleted, and a file that is being written is none that a killed process left.
func TestRemedies(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	for step := 1; step <= 4; step++ {
		if err := r.Save(rt, m.State(), step); err != nil {
			t.Fatal(err)
		}
	}
	partial := filepath.Join(r.Dir, checkpoints, ".step-00000005.safetensors.1.genview-partial")
	if err := os.WriteFile(partial, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want map[string]string) {
		t.Helper()
		found, err := r.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for _, f := range found {
			name := filepath.Base(f.File)
			if text, ok := want[name]; !ok || !strings.Contains(f.Remedy+f.Note, text) || text == "" && f.Problem != "" || strings.Contains(f.Problem, "step-") {
				t.Errorf("%s, %+v is found, want %q", when, f, text)
			}
			if delete(want, name); strings.HasPrefix(name, "step-") && name < last {
				t.Errorf("%s, %s comes after %s", when, name, last)
			}
			last = name
		}
		if len(want) > 0 {
			t.Errorf("%s, nothing is said of %v", when, want)
		}
	}
	flip := func(step int) {
		t.Helper()
		p, err := os.ReadFile(r.Checkpoint(step))
		if err != nil {
			t.Fatal(err)
		}
		p[len(p)-1] ^= 4
		if err := os.WriteFile(r.Checkpoint(step), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	name := func(step int) string { return filepath.Base(r.Checkpoint(step)) }
	flip(3)
	check("with a whole newest one", map[string]string{name(2): "", name(3): "a newer one is whole: delete it", name(4): "", filepath.Base(partial): "is being written"})
	flip(4)
	r.Close()
	check("with two damaged ones", map[string]string{name(2): "", name(3): "the checkpoint of step 2 is whole", name(4): "the checkpoint of step 2 is whole", filepath.Base(partial): "a killed process left it"})
	flip(2)
	check("with damaged ones alone", map[string]string{name(2): "no other checkpoint", name(3): "no other checkpoint", name(4): "no other checkpoint", filepath.Base(partial): "a killed process left it"})
}

// TestCheckpointOfAnotherType loads a checkpoint whose last tensor has a type that no variable has: no variable is changed.
func TestCheckpointOfAnotherType(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	if err := r.Save(rt, m.State(), 1); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(r.Checkpoint(1))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(p, []byte(`"F32"`))
	copy(p[at:], `"X99"`)
	if err := os.WriteFile(r.Checkpoint(1), p, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
	before := m.value(t)
	if _, err := r.Load(rt, m.State()); err == nil || !strings.Contains(err.Error(), "another type") || m.value(t) != before {
		t.Errorf("got %v, and the weight is %v, where it was %v", err, m.value(t), before)
	}
}
