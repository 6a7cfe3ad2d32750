package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/vk"
	"genview/vk/vktest"
)

// TestRunKeepsItsKernels: a run is resumed with the family of kernels that it began with, to the same bits, or not at all.
func TestRunKeepsItsKernels(t *testing.T) {
	if !vktest.Open(t).Info().Lavapipe {
		t.Skip("for lavapipe, which runs both families")
	}
	dir := t.TempDir()
	steps := func(run, steps string, more ...string) {
		must(t, append([]string{"train", "gan", "--no-tune", "--batch", "16", "--set", "model.hidden=32", "--set", "model.z=4", "--out", filepath.Join(dir, run), "--steps", steps}, more...)...)
	}
	resume := func(run string) { must(t, "train", "--no-tune", "--resume", filepath.Join(dir, run), "--steps", "8") }
	read := func(run string) string { return string(newest(t, filepath.Join(dir, run))) }
	steps("lanes", "8")
	steps("tiles", "8", "--set", "kernels=gpu")
	steps("begun with tiles", "3", "--set", "kernels=gpu")
	resume("begun with tiles")
	if read("lanes") == read("tiles") {
		t.Fatal("the family changes nothing here: this test shows nothing")
	}
	if read("tiles") != read("begun with tiles") {
		t.Error("a run that is resumed does not go on with the family of kernels that it began with")
	}
	for run, want := range map[string]string{"lanes": "kernels: lavapipe\n", "begun with tiles": "kernels: gpu\n"} {
		if p, err := os.ReadFile(filepath.Join(dir, run, "config.yaml")); err != nil || !bytes.Contains(p, []byte(want)) {
			t.Errorf("%s: config.yaml is %s (%v), want %s", run, p, err, want)
		}
	}
	refused(t, 2, "kernels is", "train", "vae", "--set", "kernels=cuda")

	// Vectors of 128 bits are too short for the kernels made for lavapipe.
	t.Setenv(vk.WidthVariable, "128")
	if vktest.Open(t).Info().Lavapipe {
		t.Skip("this lavapipe has no vectors of 128 bits")
	}
	refused(t, 1, "kernels: lavapipe", "train", "--no-tune", "--resume", filepath.Join(dir, "lanes"), "--steps", "9")
	if out := must(t, "sample", "--no-tune", filepath.Join(dir, "lanes"), "-o", filepath.Join(dir, "sheet.png")); strings.Contains(out, "cannot") {
		t.Errorf("a run of another family is not even shown: %s", out)
	}
}
