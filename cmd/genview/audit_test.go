package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAudit: the log of a run has its trainings, checkpoints and what was made with it, and says when it or a checkpoint was tampered with.
func TestAudit(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	must(t, tiny("--out", run, "--steps", "2", "--save-every", "1")...)
	must(t, "train", "--resume", run, "--steps", "3")
	must(t, "sample", run, "-n", "2", "-o", filepath.Join(dir, "a.png"))
	must(t, "report", run, "-o", filepath.Join(dir, "r.html"))
	must(t, "runs", "export", run, "--csv", "-o", filepath.Join(dir, "r.csv"))
	must(t, "eval", run, "--examples", "9", "--samples", "1")
	var got audited
	if err := json.Unmarshal([]byte(must(t, "audit", run, "--json")), &got); err != nil {
		t.Fatal(err)
	}
	var what []string
	for _, e := range got.Entries {
		what = append(what, strings.TrimSpace(e.What+" "+e.File))
	}
	want := []string{
		"began", "checkpoint checkpoints/step-00000001.safetensors", "checkpoint checkpoints/step-00000002.safetensors",
		"began", "checkpoint checkpoints/step-00000003.safetensors", "sample a.png", "report r.html", "export r.csv", "eval",
	}
	if !slices.Equal(what, want) || !got.Whole {
		t.Errorf("the log has %q, %+v", what, got.Problem)
	}
	for _, key := range []string{"program", "settings", "data", "device", "driver"} {
		if got.Entries[0].Detail[key] == "" {
			t.Errorf("the log does not say the %s: %+v", key, got.Entries[0])
		}
	}
	if out := must(t, "audit", run); strings.Count(out, "\n") != len(want)+1 || !strings.Contains(out, "9 entries, an unbroken chain") || !strings.Contains(out, "  measured: elbo -") {
		t.Errorf("audit says %q", out)
	}
	path := filepath.Join(run, "audit.jsonl")
	log := read(t, path)
	write(t, path, bytes.Replace(log, []byte("a.png"), []byte("b.png"), 1))
	tampered := func(want string) {
		t.Helper()
		if _, said, code := genview(t, "audit", run); code != 1 || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("audit ends with %d and says %q, want %q", code, said, want)
		}
	}
	tampered("line 6 does not follow")
	lines := bytes.SplitAfter(log, []byte("\n"))
	write(t, path, bytes.Join(lines[:4], nil))
	tampered("does not know checkpoints/step-00000003.safetensors")
	write(t, path, log)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, "has no audit log", "audit", run)
	must(t, "sample", run, "-n", "2", "-o", filepath.Join(dir, "a.png"))
	if out := must(t, "audit", run); !strings.Contains(out, "begins late") {
		t.Errorf("of a late log audit says %q", out)
	}
}
