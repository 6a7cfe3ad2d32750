package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/npy"
)

// TestInspect prints what a model is made of, and writes what a layer makes, as pictures and as an array.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	pictures, run := filepath.Join(dir, "halves"), filepath.Join(dir, "run")
	halves(t, pictures, 10)
	must(t, "train", "classifier", "--no-tune", "--data", pictures, "--batch", "8", "--set", "model.hidden=4", "--out", run, "--steps", "2")
	if said := must(t, "inspect", "--no-tune", run); !strings.Contains(said, "conv1.weight") || !strings.Contains(said, "4×1×3×3") || !strings.Contains(said, "\nconv2 ") || !strings.Contains(said, "8×4×4") {
		t.Errorf("inspect says %s", said)
	}
	array, sheet := filepath.Join(dir, "conv2.npy"), filepath.Join(dir, "conv2.png")
	must(t, "inspect", "--no-tune", run, "conv2", "-o", array)
	must(t, "inspect", "--no-tune", run, "conv2", "-o", sheet)
	if values, shape, err := npy.Read(read(t, array)); err != nil || len(values) != 128 || len(shape) != 3 || shape[0] != 8 {
		t.Errorf("the array is %v, %v", shape, err)
	}
	if p := read(t, sheet); len(p) == 0 {
		t.Error("the picture is empty")
	}
	var m modelInside
	if err := json.Unmarshal([]byte(must(t, "inspect", "--no-tune", run, "fc", "--json")), &m); err != nil || m.Step != 2 || m.Example == "" || m.Features == nil || len(m.Features.Values) != 2 {
		t.Errorf("inspect says %+v, %v", m, err)
	}
	refused(t, 2, "there is no layer conv7", "inspect", "--no-tune", run, "conv7")
	refused(t, 2, "-o is for what a layer makes", "inspect", run, "-o", sheet)
}
