package runs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/run"
	"genview/models/runs"
	"genview/models/train"
	"genview/models/watch"
)

var began = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// made makes the folder of a run with a checkpoint at a step and two logged steps, and leaves it locked.
func made(dir, preset string, at, steps int, m watch.Metrics, set ...string) (*train.Run, error) {
	c, err := run.New(preset)
	if err != nil {
		return nil, err
	}
	c.SetSteps(steps)
	for _, s := range set {
		key, value, _ := strings.Cut(s, "=")
		if err := c.Set(key, value); err != nil {
			return nil, err
		}
	}
	p, err := c.Bytes()
	if err != nil {
		return nil, err
	}
	r, err := train.CreateRun(dir, p)
	if err != nil {
		return nil, err
	}
	for step := range 2 {
		if err := r.Append(train.Record{Step: at - 1 + step, Metrics: m, Elapsed: time.Second, Time: began.Add(time.Duration(step) * time.Second)}); err != nil {
			return nil, err
		}
	}
	return r, os.WriteFile(r.Checkpoint(at), nil, 0o644)
}

func Example() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	r, err := made(filepath.Join(dir, "letters"), "vae", 40, 100, watch.Metrics{{Name: "loss", Value: 150}, {Name: "lr", Value: 1e-3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Close()
	all, err := runs.Find(context.Background(), dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range all {
		fmt.Println(r.Name, r.Model, r.State, r.Step, "of", r.Steps, r.Losses())
	}
	// Output:
	// letters MLP VAE stopped 40 of 100 [{loss 150}]
}

// TestFind: each state of a run, and folders that are none.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	loss := watch.Metrics{{Name: "g_loss", Value: 2}, {Name: "held_out_accuracy", Value: 0.5}, {Name: "held_out_loss", Value: 3}}
	for name, step := range map[string]int{"trains": 7, "stopped": 7, "finished": 9} {
		r, err := made(at(name), "vae", step, 9, loss)
		if err != nil {
			t.Fatal(err)
		}
		if name == "trains" {
			defer r.Close()
			if err := r.Append(train.Record{Step: 8, Elapsed: 2 * time.Second}); err != nil {
				t.Fatal(err)
			}
			continue
		}
		r.Close()
	}
	for path, text := range map[string]string{"broken/config.yaml": "kind: vase\n", "new/config.yaml": "kind: vae\nsteps: 5\nbatch: 1\n", "other/text": "", "file": ""} {
		if err := os.MkdirAll(filepath.Dir(at(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, err := runs.Find(t.Context(), dir, at("finished"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"trains": "training 8 of 9", "stopped": "stopped 7 of 9", "finished": "finished 9 of 9", "broken": "broken 0 of 0", "new": "stopped 0 of 5"}
	if len(all) != len(want)+1 {
		t.Errorf("%d runs, want %d", len(all), len(want)+1)
	}
	for _, r := range all {
		if got := fmt.Sprint(r.State, " ", r.Step, " of ", r.Steps); got != want[r.Name] {
			t.Errorf("%s is %s, want %s", r.Name, got, want[r.Name])
		}
		if r.Name == "trains" && (len(r.Losses()) != 1 || len(r.HeldOut()) != 2 || r.Trained != 2*time.Second || r.Size < 300 || r.Data != "glyphs" || r.Family != "vae") {
			t.Errorf("a run is %+v", r)
		}
		if bad := r.State == runs.Broken; bad != strings.Contains(r.Problem, "vase") {
			t.Errorf("%s has the problem %q", r.Name, r.Problem)
		}
	}
	if _, err := runs.Find(t.Context(), at("none")); err == nil {
		t.Error("a folder that is not there has runs")
	}
}
