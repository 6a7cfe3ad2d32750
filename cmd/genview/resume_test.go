package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRunThatIsDone: to train a run that is done again is no failure and changes nothing; to fewer steps than it has is refused.
func TestRunThatIsDone(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	must(t, tiny("--out", run, "--steps", "6")...)
	before, config := newest(t, run), filepath.Join(run, "config.yaml")
	was, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, 2, "--steps 2: "+run+" is at step 6 already", "train", "--resume", run, "--steps", "2")
	out, said, code := genview(t, "train", "--resume", run)
	if code != 0 || !strings.Contains(said, "is at step 6 of 6: the run is done; train on with --steps 12") || strings.Contains(out+said, "saved") {
		t.Errorf("exit code %d and %q", code, out+said)
	}
	if is, err := os.ReadFile(config); err != nil || !bytes.Equal(is, was) || !bytes.Equal(newest(t, run), before) {
		t.Errorf("the run has changed: %v", err)
	}
}
