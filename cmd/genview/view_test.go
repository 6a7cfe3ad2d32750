package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"genview/models/directions"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
	"genview/models/zoo"
)

// TestView trains with the window open, then opens what was trained.
func TestView(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CI must have a display: xvfb-run go test")
		}
		t.Skip("SKIPPED, no display: xvfb-run go test")
	}
	run := filepath.Join(t.TempDir(), "run")
	args := append([]string{"view"}, tiny("--out", run, "--steps", "60", "--linger", "100ms")[1:]...)
	out := must(t, args...)
	if !strings.Contains(out, "step 60/60") {
		t.Errorf("the steps were not said: %s", out)
	}
	newest(t, run)
	t.Setenv("MESA_SHADER_CACHE_DIR", t.TempDir()) // OpenGL, too, makes its code anew
	must(t, "view", run, "--linger", "100ms")
	must(t, append([]string{"view", "--resume", run, "--steps", "80", "--linger", "0s"}, "--json")...)
	if err := os.RemoveAll(filepath.Join(run, "checkpoints")); err != nil { // as of a run that is trained, and has none yet
		t.Fatal(err)
	}
	if _, stderr, code := genview(t, "view", run, "--linger", "0s"); code != 0 || !strings.Contains(stderr, "at step 80 on") {
		t.Errorf("the recorded weights of step 80 are not shown: exit code %d, %s", code, stderr)
	}
	if err := os.RemoveAll(filepath.Join(run, "record")); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := genview(t, "view", run, "--linger", "0s"); code == 0 || !strings.Contains(stderr, "no checkpoint yet") {
		t.Errorf("a run without weights: exit code %d, %q", code, stderr)
	}
}

// TestViewOfOtherKinds opens a window on a Transformer and on points, in training and at rest.
func TestViewOfOtherKinds(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		t.Skip("SKIPPED, no display: xvfb-run go test; TestView fails for it in CI")
	}
	for name, flags := range map[string][]string{
		"translate": {"--steps", "30", "--batch", "8", "--set", "model.width=16", "--set", "model.hidden=16", "--set", "model.layers=1"},
		"points":    {"--steps", "30", "--set", "model.hidden=16"},
	} {
		run := filepath.Join(t.TempDir(), "run")
		must(t, append([]string{"view", name, "--out", run, "--linger", "0s"}, flags...)...)
		newest(t, run)
		must(t, "view", run, "--linger", "0s")
	}
}

// TestChoices: every choice of the start page can be trained without further settings, except on a text of the user's.
func TestChoices(t *testing.T) {
	offered := choices("")
	for _, c := range offered {
		p, _, _ := zoo.Preset(c.Name)
		cfg, err := run.New(c.Name)
		if err == nil && p.Argument == "" {
			_, err = run.Configure(t.Context(), cfg, func(string) bool { return false })
		}
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if len(offered) < 7 {
		t.Errorf("only %d presets are offered", len(offered))
	}
}

func TestViewWithoutDisplay(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(binary, "view", "vae", "--out", run)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "genview train") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("got %v, %q, want one line that names genview train", err, out)
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("a run folder was made")
	}
}

// TestAddAxes: a run's directions become axes of its latent space, but for those that cannot be read.
func TestAddAxes(t *testing.T) {
	dir := t.TempDir()
	for name, z := range map[string][]float32{"smile": {1, 0}, "age": {0.5, -1}, "short": {1}} {
		if err := directions.Write(dir, name, z); err != nil {
			t.Fatal(err)
		}
	}
	first := &watch.Latent{Name: "Latent space", Z: 2, Points: []watch.Point{{Name: "seed:1", Z: []float32{0, 1}}}}
	w := &watch.Snapshot{Views: []watch.View{&watch.Pictures{Name: "Samples"}, first}}
	(&app{}).addAxes(w, &run.Session{Folder: &train.Run{Dir: dir}})
	got := watch.Find[*watch.Latent](w.Views, "Latent space")
	want := []watch.Point{{Name: "age", Z: []float32{0.5, -1}}, {Name: "smile", Z: []float32{1, 0}}}
	if !reflect.DeepEqual(got.Axes, want) || len(got.Points) != 1 || len(w.Views) != 2 || first.Axes != nil {
		t.Errorf("the view has the axes %v, want %v", got.Axes, want)
	}
}
