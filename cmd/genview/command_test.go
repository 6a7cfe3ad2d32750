package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// genview runs the command as a user does.
func genview(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "genview")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "genview")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// tiny is a model that trains in no time.
func tiny(args ...string) []string {
	return append([]string{"train", "vae", "--batch", "16", "--set", "model.hidden=32", "--set", "model.z=4"}, args...)
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, code := genview(t, args...)
	if code != 0 {
		t.Fatalf("genview %v: exit code %d: %s", args, code, stderr)
	}
	return out
}

func newest(t *testing.T, run string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(run, "checkpoints", "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no checkpoint: %v", run, err)
	}
	p, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestResumedRunEqualsOneThatWasNot trains 60 steps in one go and in two; every byte of the checkpoints must agree.
func TestResumedRunEqualsOneThatWasNot(t *testing.T) {
	dir := t.TempDir()
	whole, halves := filepath.Join(dir, "whole"), filepath.Join(dir, "halves")
	must(t, tiny("--out", whole, "--steps", "60")...)
	must(t, tiny("--out", halves, "--steps", "25")...)
	must(t, "train", "--resume", halves, "--steps", "60")
	if !bytes.Equal(newest(t, whole), newest(t, halves)) {
		t.Error("60 steps in two parts give other bits than 60 at once")
	}
}

func TestWholeLife(t *testing.T) {
	for _, arch := range []string{"mlp", "conv"} {
		dir := t.TempDir()
		run := filepath.Join(dir, "run")
		out := must(t, tiny("--out", run, "--steps", "40", "--json", "--set", "model.arch="+arch, "--set", "model.hidden=8")...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var rec struct {
			Step        int
			Loss, Recon float64
			Rate        float64 `json:"examples_per_s"`
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &rec); err != nil || rec.Step != 40 || !(rec.Loss > 0) || !(rec.Rate > 0) {
			t.Errorf("the last line is %s (%v)", lines[len(lines)-1], err)
		}
		picture := filepath.Join(dir, "grid.png")
		must(t, "sample", run, "-n", "10", "-o", picture)
		must(t, "walk", run, "--frames", "5", "-o", filepath.Join(dir, "walk.gif"))
		must(t, "reconstruct", run, picture, "-o", filepath.Join(dir, "pairs.png"))
		var e struct {
			Step       int
			ELBO, LogP float64
		}
		if err := json.Unmarshal([]byte(must(t, "eval", run, "--examples", "150", "--samples", "5", "--json")), &e); err != nil || e.Step != 40 || !(e.LogP >= e.ELBO-5) || e.ELBO >= 0 {
			t.Errorf("eval says %+v (%v)", e, err)
		}
	}
}

func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	must(t, tiny("--out", run, "--steps", "5")...)
	broken := filepath.Join(dir, "broken")
	must(t, tiny("--out", broken, "--steps", "5")...)
	p := newest(t, broken)
	write := func(path string, p []byte) {
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(broken, "checkpoints", "step-00000006.safetensors"), p[:len(p)/2])
	other := filepath.Join(dir, "other")
	must(t, tiny("--out", other, "--steps", "5", "--set", "model.z=5")...)
	write(filepath.Join(other, "checkpoints", "step-00000006.safetensors"), newest(t, run))
	odd := filepath.Join(dir, "odd")
	must(t, tiny("--out", odd, "--steps", "5")...)
	config, _ := os.ReadFile(filepath.Join(odd, "config.yaml"))
	write(filepath.Join(odd, "config.yaml"), append(config, "colour: red\n"...))
	pictures := filepath.Join(dir, "pictures")
	if err := os.Mkdir(pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(dir, "torn.png")
	write(torn, []byte("\x89PNG\r\n\x1a\n"))
	write(filepath.Join(dir, "file"), nil)
	out := filepath.Join(dir, "never.gif")

	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "no device \"nothing\"", []string{"sample", run, "--device", "nothing"}},
		{1, "no pictures", tiny("--data", pictures, "--out", filepath.Join(dir, "a"))},
		{1, "torn.png", []string{"reconstruct", run, torn}},
		{1, "truncated", []string{"walk", broken, "-o", out}},
		{1, "another model", []string{"walk", other, "-o", out}},
		{1, "colour", []string{"walk", odd, "-o", out}},
		{1, "is no run", []string{"walk", pictures, "-o", out}},
		{1, "there already", tiny("--out", run)},
		{1, "cannot be written", tiny("--out", filepath.Join(dir, "file", "run"))},
		{1, "never.gif", []string{"walk", run, "--frames", "2", "-o", filepath.Join(dir, "none", "never.gif")}},
		{1, "ending", []string{"walk", run, "--frames", "2", "-o", filepath.Join(dir, "w.mp4")}},
		{1, "no data set \"minst\"", tiny("--data", "minst", "--out", filepath.Join(dir, "b"))},
		{1, "has no train-images", tiny("--data", "mnist", "--data-dir", pictures, "--out", filepath.Join(dir, "c"))},
		{1, "architecture", tiny("--set", "model.arch=rnn", "--out", filepath.Join(dir, "d"))},
		{2, "--frames 0", []string{"walk", run, "--frames", "0", "-o", out}},
		{2, "model.z", tiny("--set", "model.depth=3", "--out", filepath.Join(dir, "e"))},
		{2, "--steps", tiny("--steps", "0", "--out", filepath.Join(dir, "f"))},
		{2, "unknown flag", []string{"walk", run, "--nonsense"}},
		{2, "say what to train", []string{"train", "dragon"}},
		{2, "arg", []string{"sample"}},
	} {
		stdout, stderr, code := genview(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "goroutine") {
			t.Errorf("genview %s: got exit code %d and %q, want %d and one line with %q", strings.Join(c.args, " "), code, stderr, c.code, c.want)
		}
		if stdout != "" {
			t.Errorf("genview %s: stdout has %q", strings.Join(c.args, " "), stdout)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.gif")); len(left) > 0 {
		t.Errorf("half-written files were left: %v", left)
	}
	must(t, "sample", run, "-n", "1", "-o", filepath.Join(dir, "still.png"))
}
