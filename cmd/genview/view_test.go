package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
	must(t, "view", run, "--linger", "100ms")
	must(t, append([]string{"view", "--resume", run, "--steps", "80", "--linger", "0s"}, "--json")...)
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
