package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// emptyCache gives the command its own cache folder, but leaves the driver its folder; files holds what genview writes.
func emptyCache(t *testing.T) (tunings func() []string) {
	t.Helper()
	keepMachineCode(t)
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	return func() []string {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "genview", "tuning-*.json"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
}

// TestTune tunes a tiny model, trains it with what was found out, and without to the same bits, and takes the file away in parts.
func TestTune(t *testing.T) {
	if !vktest.Open(t).Info().Lavapipe {
		t.Skip("on lavapipe only: there must be several kernels")
	}
	tunings, dir := emptyCache(t), t.TempDir()
	small := tiny()[2:]
	must(t, tiny("--out", filepath.Join(dir, "before"), "--steps", "5")...)
	if files := tunings(); len(files) != 0 {
		t.Fatalf("products too small to be tried left %v", files)
	}
	lines := strings.Split(strings.TrimSpace(must(t, append([]string{"tune", "vae", "--json"}, small...)...)), "\n")
	classes := map[string]bool{}
	for _, l := range lines {
		var trial trialLine
		if err := json.Unmarshal([]byte(l), &trial); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		won := slices.IndexFunc(trial.Candidates, func(c tensor.Candidate) bool { return c.Form == trial.Winner })
		if trial.In != "vae" || won < 0 || trial.Candidates[won].MS <= 0 || (won > 0) != (trial.Gain > 0) || trial.Gain >= 1 || classes[trial.Class] {
			t.Errorf("tune says %s", l)
		}
		classes[trial.Class] = true
	}
	files := tunings()
	if len(lines) < 3 || len(files) != 1 {
		t.Fatalf("tune tried %d classes and wrote %v", len(lines), files)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for class := range classes {
		if !bytes.Contains(kept, []byte(class)) {
			t.Errorf("%s is not kept", class)
		}
	}

	run, plain := filepath.Join(dir, "run"), filepath.Join(dir, "plain")
	must(t, tiny("--out", run, "--steps", "20")...)
	must(t, tiny("--out", plain, "--steps", "10", "--no-tune")...)
	must(t, "train", "--resume", plain, "--steps", "20")
	if !bytes.Equal(newest(t, run), newest(t, plain)) {
		t.Error("a run that was tuned from its middle on gives other bits than one that was from its start")
	}

	says := func(want bool, args ...string) {
		t.Helper()
		_, stderr, code := genview(t, append(args, "sample", run, "-n", "1", "-o", filepath.Join(dir, "one.png"))...)
		if code != 0 || strings.Contains(stderr, "will be written anew") != want || want && strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d and %q, want a warning: %t", args, code, stderr, want)
		}
	}
	says(false)
	write(t, files[0], kept[:len(kept)/2])
	says(true)
	says(false, "--no-tune")
	write(t, files[0], regexp.MustCompile(`("kernels": ")\w+`).ReplaceAll(kept, []byte("${1}0"))) // of another build
	says(false)
	out := must(t, append([]string{"tune", "vae"}, small...)...)
	if p, err := os.ReadFile(files[0]); err != nil || !json.Valid(p) || !strings.Contains(out, " → ") || !strings.Contains(out, "products tried") {
		t.Errorf("tuning again says %s and leaves %s (%v)", out, p, err)
	}
	says(false)
	refused(t, 2, "nothing named cat to tune", "tune", "cat")
	refused(t, 2, "tune does what --no-tune forbids", "tune", "vae", "--no-tune")
	refused(t, 2, "there is no setting model.colour", "tune", "vae", "--set", "model.colour=red")
}

// TestNoTune: the most expensive kernels of a step are tried before it is timed, but not with --no-tune, and not before a training on
// lavapipe.
func TestNoTune(t *testing.T) {
	if !vktest.Open(t).Info().Lavapipe {
		t.Skip("on lavapipe only: there must be several kernels")
	}
	tunings := emptyCache(t)
	bench := []string{"bench", "gan", "--set", "model.z=8", "--steps", "1"}
	must(t, append(bench, "--no-tune")...)
	if files := tunings(); len(files) != 0 {
		t.Errorf("with --no-tune %v were written", files)
	}
	must(t, "train", "gan", "--set", "model.z=8", "--steps", "1", "--out", filepath.Join(t.TempDir(), "run"))
	if files := tunings(); len(files) != 0 {
		t.Errorf("before a training on lavapipe %v were written", files)
	}
	must(t, bench...)
	files := tunings()
	if len(files) != 1 {
		t.Fatalf("without --no-tune %v were written", files)
	}
	p, err := os.ReadFile(files[0])
	if large, small := "1×256×784×256", "×8×256"; err != nil || !strings.Contains(string(p), large) || strings.Contains(string(p), small) {
		t.Errorf("want a class of %s to be tried, and none of …%s, of which there is little to do: %s (%v)", large, small, p, err)
	}
}
