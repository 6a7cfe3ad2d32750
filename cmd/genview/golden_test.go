package main

import (
	"bytes"
	"crypto/sha256"
	le "encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/safetensors"
	"genview/vk/vktest"
)

var update = flag.Bool("update", false, "write down what presets learn on this device")

// goldenRuns are small versions of the presets, with further arguments of train. Their sizes are those of other tests, with which they
// share kernels. Dropout and batch norm add random numbers and running statistics that could go wrong.
var goldenRuns = [][]string{
	{"vae", "--batch=16", "model.hidden=32", "model.z=4"},
	{"vae", "--batch=16", "model.arch=conv", "model.hidden=8", "model.z=4"},
	{"gan", "--batch=16", "model.hidden=32", "model.z=4"},
	{"dcgan", "--batch=32", "model.hidden=8", "model.z=4", "data.size=16"},
	{"points", "--batch=256", "model.hidden=16"},
	{"classifier", "--batch=64", "model.hidden=4", "data.size=8"},
	{"vit", "--batch=64", "model.width=16", "model.heads=2", "model.layers=1", "model.hidden=16", "data.size=8", "model.dropout=0.1"},
	{"translate", "--batch=16", "model.width=32", "model.layers=1", "model.hidden=32"},
	{"paper", "--batch=16", "model.width=32", "model.heads=4", "model.layers=1", "model.hidden=32"},
	{"text", "--batch=4", "model.width=32", "model.heads=2", "model.layers=1", "model.context=16", "model.dropout=0.1", "model.bias=true"},
}

// A learned is what a run was after its last step.
type learned struct {
	Loss  float64 // the first of the metrics
	State string  // SHA-256 of the checkpoint's tensors: names, shapes and all bits of weights, moments and random state
}

// stateOf returns the State of a checkpoint.
func stateOf(t *testing.T, p []byte) string {
	t.Helper()
	r, err := safetensors.NewReader(bytes.NewReader(p), int64(len(p)))
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	for _, e := range r.Entries() {
		fmt.Fprintln(h, e.Name, e.DType, e.Shape)
	}
	h.Write(p[8+le.LittleEndian.Uint64(p):]) // what follows the header
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestSameSeedSameBits trains each preset for a moment: the same seed gives the bits that it gave when they were written down, on the
// same device, and about the same loss on any other. After a change that is meant to give other numbers, run it with -update, and on
// lavapipe once more with vectors of the other width (LP_NATIVE_VECTOR_WIDTH).
func TestSameSeedSameBits(t *testing.T) {
	const steps = "12"
	path := filepath.Join("testdata", "golden.json")
	golden := map[string]map[string]learned{} // by device and run
	if p, err := os.ReadFile(path); err != nil || json.Unmarshal(p, &golden) != nil {
		t.Fatalf("%s: %v", path, err)
	}
	device := vktest.Open(t).Info().Name
	if *update && golden[device] == nil {
		golden[device] = map[string]learned{}
	}
	text := filepath.Join(t.TempDir(), "text")
	write(t, text, bytes.Repeat([]byte("the quick brown fox jumps over the lazy dog\n"), 100))
	for _, run := range goldenRuns {
		name := strings.Join(run, " ")
		t.Run(run[0], func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			args := []string{"train", run[0]}
			if run[0] == "text" {
				args = append(args, text)
			}
			args = append(args, run[1], "--steps", steps, "--out", out, "--no-tune", "--json")
			for _, s := range run[2:] {
				args = append(args, "--set", s)
			}
			lines := strings.Split(strings.TrimSpace(must(t, args...)), "\n")
			got := learned{Loss: firstMetric(t, lines[len(lines)-1]), State: stateOf(t, newest(t, out))}
			if *update {
				golden[device][name] = got
				return
			}
			if want, ok := golden[device][name]; ok {
				if got != want {
					t.Errorf("%s: got %+v, want %+v", name, got, want)
				}
				return
			}
			known := false
			for other, runs := range golden {
				want, ok := runs[name]
				known = known || ok
				if ok && !(math.Abs(got.Loss-want.Loss) <= 1e-3*math.Abs(want.Loss)) {
					t.Errorf("%s: the loss is %v, and %v on %s", name, got.Loss, want.Loss, other)
				}
			}
			if !known {
				t.Errorf("%s: nothing is written down; run the test with -update", name)
			}
		})
	}
	if *update {
		for _, runs := range golden {
			maps.DeleteFunc(runs, func(name string, _ learned) bool {
				return !slices.ContainsFunc(goldenRuns, func(run []string) bool { return strings.Join(run, " ") == name })
			})
		}
		p, err := json.MarshalIndent(golden, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, append(p, '\n'))
	}
}

// firstMetric returns the metric that a line of train --json names first after the step.
func firstMetric(t *testing.T, line string) float64 {
	t.Helper()
	var step int
	parts := strings.SplitN(line, ",", 3)
	_, value, _ := strings.Cut(parts[1], ":")
	var v float64
	if n, err := fmt.Sscanf(parts[0]+" "+value, `{"step":%d %g`, &step, &v); n != 2 || err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return v
}
