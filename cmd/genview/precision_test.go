package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestPrecision: a run keeps its precision when it is resumed, and needs less memory with 16 bits.
func TestPrecision(t *testing.T) {
	dir := t.TempDir()
	run, whole, exact := filepath.Join(dir, "run"), filepath.Join(dir, "whole"), filepath.Join(dir, "exact")
	must(t, tiny("--out", exact, "--steps", "4", "--precision", "f32")...)
	must(t, tiny("--out", whole, "--steps", "4", "--precision", "bf16")...)
	must(t, tiny("--out", run, "--steps", "2", "--precision", "bf16")...)
	must(t, "train", "--resume", run, "--steps", "4")
	if !bytes.Equal(newest(t, run), newest(t, whole)) {
		t.Error("a run with bf16 that was resumed gives other bits than one that was not")
	}
	if bytes.Equal(newest(t, exact), newest(t, whole)) {
		t.Error("bf16 gives the bits of f32")
	}
	kept, err := os.ReadFile(filepath.Join(whole, "config.yaml"))
	if err != nil || !bytes.Contains(kept, []byte("precision: bf16")) {
		t.Errorf("config.yaml: %v\n%s", err, kept)
	}
	peak := func(precision string) int {
		var line stepLine
		if err := json.Unmarshal([]byte(must(t, "bench", "vae", "--steps", "1", "--json", "--no-tune", "--precision", precision)), &line); err != nil {
			t.Fatal(err)
		}
		return line.PeakBytes
	}
	if f, b := peak("f32"), peak("f16"); b >= f {
		t.Errorf("values take %d bytes with f16 and %d with f32", b, f)
	}
	refused(t, 2, "underflow", tiny("--precision", "f16")...)
	refused(t, 2, "--precision is \"f8\" and must be f32 or bf16", tiny("--precision", "f8")...)
	refused(t, 2, "--precision cannot change", "train", "--resume", run, "--precision", "f32")
}
