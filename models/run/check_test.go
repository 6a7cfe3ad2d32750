package run

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/train"
)

// small returns the configuration of a tiny VAE, with other settings changed.
func small(t *testing.T, steps int, set ...string) *Config {
	t.Helper()
	c, err := New("vae")
	if err != nil {
		t.Fatal(err)
	}
	c.SetSteps(steps)
	for _, s := range append([]string{"model.hidden=8", "model.z=2", "data.size=8", "batch=8"}, set...) {
		key, value, _ := strings.Cut(s, "=")
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Configure(t.Context(), c, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCheck: a run that was trained is whole, and each damage is found in its file, with what can be done. Nothing is changed.
func TestCheck(t *testing.T) {
	dir, h := filepath.Join(t.TempDir(), "run"), host(t)
	learner, err := h.Create(t.Context(), dir, small(t, 12, "eval.every=4", "save.every=5"))
	if err != nil {
		t.Fatal(err)
	}
	if err := learner.Train(t.Context(), train.Options{LogEvery: 2, SampleEvery: 6}); err != nil {
		t.Fatal(err)
	}
	if r, err := h.Check(t.Context(), dir, Place{}); err != nil || !r.Whole || !r.InUse {
		t.Errorf("a run that is open: %+v, %v", r, err)
	}
	if err := learner.Close(); err != nil {
		t.Fatal(err)
	}
	evaluates(t, h, dir)
	r, err := h.Check(t.Context(), dir, Place{})
	if err != nil || !r.Whole || r.InUse || len(r.Files) < 10 {
		t.Fatalf("a run that was trained: %+v, %v", r, err)
	}
	whole := len(r.Files)
	damages(t, h, dir)
	if r, err := h.Check(t.Context(), dir, Place{}); err != nil || !r.Whole || len(r.Files) != whole {
		t.Errorf("once all is put back: %+v, %v", r, err)
	}
	if _, err := h.Check(t.Context(), t.TempDir(), Place{}); err == nil || !strings.Contains(err.Error(), "no run") {
		t.Errorf("a folder that is no run: %v", err)
	}
}

// damages damages a file of a whole run after the other, and puts each back.
func damages(t *testing.T, h Host, dir string) {
	t.Helper()
	cut := func(p []byte) []byte { return p[:len(p)-9] }
	flip := func(at int) func(p []byte) []byte {
		return func(p []byte) []byte {
			p[(at+len(p))%len(p)] ^= 4
			return p
		}
	}
	for _, c := range []struct {
		file, damaged string // the pattern of a file that is damaged, and what the report names
		damage        func(p []byte) []byte
		remedy        string
	}{
		{"checkpoints/step-00000012.safetensors", "", flip(-3), "step 10 is whole"},
		{"checkpoints/step-00000012.safetensors", "", flip(40), "step 10 is whole"},
		{"checkpoints/step-00000010.safetensors", "", flip(-3), "delete it"},
		{"metrics.jsonl", "", cut, "dropped when the run goes on"},
		{"metrics.jsonl", "", flip(1), "left out"},
		{"events.jsonl", "", flip(0), "left out"},
		{"evals.jsonl", "", cut, "left out"},
		{"record/step-*.jsonl", "", cut, "shown without it"},
		{"record/step-*.png", "", cut, "shown without it"},
		{"record/step-*.weights.safetensors", "", flip(-1), "shown without it"},
		{"samples/step-*.png", "", cut, "does not need it"},
		{"config.yaml", "", func(p []byte) []byte { return bytes.Replace(p, []byte("hidden: 8"), []byte("hidden: no"), 1) }, "put that right"},
		{"config.yaml", "the data, glyphs", func(p []byte) []byte { return bytes.Replace(p, []byte("of seed 1"), []byte("of seed 2"), 1) }, "accept them"},
	} {
		all, err := filepath.Glob(filepath.Join(dir, c.file))
		if err != nil || len(all) == 0 {
			t.Fatal(c.file, err)
		}
		path := all[len(all)-1]
		name, _ := filepath.Rel(dir, path)
		if c.damaged == "" {
			c.damaged = filepath.ToSlash(name)
		}
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		now := c.damage(bytes.Clone(was))
		if err := os.WriteFile(path, now, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := h.Check(t.Context(), dir, Place{})
		if err != nil {
			t.Fatal(err)
		}
		if bad := r.Damaged(); !slices.ContainsFunc(bad, func(f train.Checked) bool { return f.File == c.damaged && strings.Contains(f.Remedy, c.remedy) }) || r.Whole {
			t.Errorf("%s is damaged: got %+v, want %s with the remedy %q", path, bad, c.damaged, c.remedy)
		}
		if p, err := os.ReadFile(path); err != nil || !bytes.Equal(p, now) {
			t.Errorf("%s was changed by what verifies it (%v)", path, err)
		}
		if err := os.WriteFile(path, was, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBestOpens: the best checkpoint opens by its name, and training can go on from it.
func TestBestOpens(t *testing.T) {
	dir, h := filepath.Join(t.TempDir(), "run"), host(t)
	learner, err := h.Create(t.Context(), dir, small(t, 7, "eval.every=5", "optim.lr=0.01"))
	if err != nil {
		t.Fatal(err)
	}
	if err := learner.Train(t.Context(), train.Options{LogEvery: 1}); err != nil {
		t.Fatal(err)
	}
	if err := learner.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := h.Open(t.Context(), dir, Best, Place{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Step != 5 {
		t.Errorf("the best is that of step %d, want 5", s.Step)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, folder, err := Read(dir, Place{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Resume(t.Context(), folder, c, Best, false)
	if err != nil || again.Step != 5 {
		t.Fatalf("it goes on from %+v, %v", again, err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
