package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestResultsThatCannotBeWritten has every command write to a full device: it fails and says so in one line. A run that is trained is
// saved all the same.
func TestResultsThatCannotBeWritten(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("SKIPPED: this system has no /dev/full")
	}
	dir := t.TempDir()
	run, dates, poem, text := filepath.Join(dir, "run"), filepath.Join(dir, "dates"), filepath.Join(dir, "poem"), filepath.Join(dir, "text")
	must(t, tiny("--out", run, "--steps", "2")...)
	must(t, "train", "translate", "--out", dates, "--steps", "2", "--batch", "4", "--set", "model.width=16", "--set", "model.layers=1", "--set", "model.hidden=16", "--set", "optim.decay=0")
	write(t, text, []byte(strings.Repeat("the cat sat on the mat, and that was that.\n", 30)))
	must(t, "train", "text", text, "--out", poem, "--steps", "2", "--batch", "4", "--set", "model.width=16", "--set", "model.layers=1", "--set", "model.heads=2", "--set", "model.context=16", "--set", "optim.decay=0")
	picture, trained := filepath.Join(dir, "a.png"), filepath.Join(dir, "trained")
	for _, args := range [][]string{
		{"devices"},
		{"--help"},
		{"sample", run, "-n", "1", "-o", picture},
		{"eval", run, "--examples", "10", "--samples", "1", "--json"},
		{"translate", dates, "3 May 1998"},
		{"attention", dates, "3 May 1998", "-o", picture},
		{"generate", poem, "--number", "3"},
		{"bench", "points", "--steps", "1", "--no-tune"},
		{"bench", "ops", "Softmax"},
		tiny("--dry-run"),
		tiny("--out", trained, "--steps", "2"),
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(binary, args...)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &stderr
		_ = cmd.Run() // its exit code says it
		full.Close()
		code, want := cmd.ProcessState.ExitCode(), "genview: the output cannot be written: no space left on device\n"
		if code != 1 || !strings.HasSuffix(stderr.String(), want) {
			t.Errorf("genview %s: got exit code %d and %q, want 1 and %q", strings.Join(args, " "), code, stderr.String(), want)
		}
	}
	must(t, "sample", trained, "-n", "1", "-o", picture)
}

// TestFilesThatCannotBeWritten has every command write its file to a full device.
func TestFilesThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full.png")
	if err := os.Symlink("/dev/full", full); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat(full); err != nil {
		t.Skip("SKIPPED: this system has no /dev/full")
	}
	run, picture := filepath.Join(dir, "run"), filepath.Join(dir, "a.png")
	must(t, tiny("--out", run, "--steps", "2")...)
	must(t, "sample", run, "-n", "1", "-o", picture)
	want := full + " cannot be written: no space left on device"
	refused(t, 1, want, "sample", run, "-n", "1", "-o", full)
	refused(t, 1, want, "walk", run, "--frames", "3", "-o", full)
	refused(t, 1, want, "reconstruct", run, picture, "-o", full)
	if to, err := os.Readlink(full); err != nil || to != "/dev/full" {
		t.Errorf("the link is now %q, %v", to, err)
	}
}
