package runs_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"genview/models/runs"
	"genview/models/safetensors"
	"genview/models/train"
	"genview/models/watch"
)

// damage cuts a checkpoint, or changes the name of its tensor, which no sum of numbers tells.
func damage(path string, cut bool) error {
	p, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if cut {
		p = p[:300]
	}
	return os.WriteFile(path, bytes.Replace(p, []byte(`"w"`), []byte(`"v"`), 1), 0o644)
}

// checkpointed makes a run with checkpoints at steps. One is measured as the best, and some are damaged.
func checkpointed(t *testing.T, best int, damaged []int, steps ...int) *train.Run {
	t.Helper()
	r, err := made(filepath.Join(t.TempDir(), "run"), "vae", 1, 100, watch.Metrics{{Name: "loss", Value: 1}})
	if err == nil {
		err = os.Remove(r.Checkpoint(1))
	}
	for _, step := range steps {
		meta := map[string]string{"format": "pt", "step": string('0' + rune(step)), "measure": "held_out_accuracy", "measure.value": "0.5", "measure.better": "higher"}
		if step == best {
			meta["measure.value"] = "0.75"
		}
		if err == nil {
			err = safetensors.Write(r.Checkpoint(step), &safetensors.File{Meta: meta, Tensors: []safetensors.Tensor{{Name: "w", Shape: []int{64}, Values: make([]float32, 64)}}})
		}
		if slices.Contains(damaged, step) && err == nil {
			err = damage(r.Checkpoint(step), step%2 == 0)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	return r
}

// TestPruneCheckpoints: the newest, the newest that is whole, and the best stay.
func TestPruneCheckpoints(t *testing.T) {
	for name, c := range map[string]struct {
		best, keep int
		damaged    []int
		stay       []int
	}{
		"the best is the newest": {best: 5, stay: []int{5}},
		"the best is older":      {best: 2, stay: []int{2, 5}},
		"two newest":             {best: 2, keep: 2, stay: []int{2, 4, 5}},
		"the newest is damaged":  {best: 4, damaged: []int{5}, stay: []int{4, 5}},
		"the newest are damaged": {best: 1, damaged: []int{5, 4}, stay: []int{1, 3, 5}},
		"none is whole":          {best: 1, damaged: []int{1, 2, 3, 4, 5}, stay: []int{1, 2, 3, 4, 5}},
		"more than there are":    {best: 1, keep: 9, stay: []int{1, 2, 3, 4, 5}},
	} {
		r := checkpointed(t, c.best, c.damaged, 1, 2, 3, 4, 5)
		gone, err := runs.Prune(t.Context(), r.Dir, runs.Sparing{Keep: c.keep})
		if err != nil {
			t.Fatal(err)
		}
		stay, err := r.Steps()
		if err != nil || !slices.Equal(stay, c.stay) || len(gone) != 5-len(c.stay) {
			t.Errorf("%s: %v stay, want %v; %d are gone, %v", name, stay, c.stay, len(gone), err)
		}
	}
}

// TestPruneWithoutAWholeCheckpoint: what else may have weights stays.
func TestPruneWithoutAWholeCheckpoint(t *testing.T) {
	for name, r := range map[string]*train.Run{"damaged": checkpointed(t, 5, []int{5}, 5), "none": checkpointed(t, 1, nil)} {
		for _, f := range []string{"checkpoints/step-00000007.safetensors.aside", "metrics.1.jsonl", "record.1/step-00000007.weights.safetensors", "record/step-00000005.weights.safetensors"} {
			path := filepath.Join(r.Dir, f)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("four"), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		gone, err := runs.Prune(t.Context(), r.Dir, runs.Sparing{Recording: true})
		if err != nil || len(gone) != 1 || filepath.Base(gone[0].Path) != "metrics.1.jsonl" {
			t.Errorf("%s: %v are gone, %v; want the metrics alone", name, gone, err)
		}
	}
}

// TestPruneFiles: files that were put aside go, the recording goes if it is asked for, and nothing of a run that trains goes.
func TestPruneFiles(t *testing.T) {
	r := checkpointed(t, 5, nil, 5)
	at := func(name string) string { return filepath.Join(r.Dir, name) }
	spare := []string{"checkpoints/step-00000007.safetensors.aside", "checkpoints/step-00000007.safetensors.aside2", "metrics.1.jsonl", "record.1/step-00000007.jsonl", "record.1/step-00000007.0.png"}
	recorded := []string{"record/step-00000005.jsonl", "record/step-00000005.weights.safetensors"}
	others := []string{"checkpoints/mine.safetensors", "checkpoints/step-00000007.safetensors.aside.bak", "metrics.old.jsonl", "record/notes.txt", "record.2/other", "samples/step-00000005.png", "events.out.tfevents.1"}
	for _, name := range slices.Concat(spare, recorded, others) {
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), []byte("four"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(at("checkpoints/mine.safetensors"), at("metrics.2.jsonl")); err != nil {
		t.Fatal(err)
	}
	there := func(names []string) (n int) {
		for _, name := range names {
			if _, err := os.Lstat(at(name)); err == nil {
				n++
			}
		}
		return n
	}
	all, err := runs.Spares(t.Context(), r.Dir, runs.Sparing{})
	if err != nil || len(all) != len(spare) || all[0].Size != 4 || there(spare) != len(spare) {
		t.Errorf("what can go is %v, %v", all, err)
	}
	if err := r.Lock(); err != nil {
		t.Fatal(err)
	}
	for _, prune := range []func() ([]runs.Spare, error){
		func() ([]runs.Spare, error) { return runs.Spares(t.Context(), r.Dir, runs.Sparing{}) },
		func() ([]runs.Spare, error) { return runs.Prune(t.Context(), r.Dir, runs.Sparing{}) },
	} {
		if all, err := prune(); !errors.Is(err, train.ErrLocked) || len(all) > 0 || there(spare) != len(spare) {
			t.Errorf("while it trains: %v, %v", all, err)
		}
	}
	r.Close()
	if _, err := runs.Prune(t.Context(), r.Dir, runs.Sparing{}); err != nil || there(spare) != 0 || there(recorded) != len(recorded) || there([]string{"record.1"}) != 0 {
		t.Errorf("after it: %d of %v, %d of %v, %v", there(spare), spare, there(recorded), recorded, err)
	}
	if _, err := runs.Prune(t.Context(), r.Dir, runs.Sparing{Recording: true}); err != nil || there(recorded) != 0 {
		t.Errorf("with the recording: %d of %v, %v", there(recorded), recorded, err)
	}
	if there(others) != len(others) || there([]string{"metrics.2.jsonl", "config.yaml", "metrics.jsonl"}) != 3 {
		t.Errorf("of what is not spare, %d of %v are left", there(others), others)
	}
}
