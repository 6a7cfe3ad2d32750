package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
	return waiting.ReplaceAllString(out.String(), ""), waiting.ReplaceAllString(errs.String(), ""), cmd.ProcessState.ExitCode()
}

var binary string

func TestMain(m *testing.M) {
	if os.Getenv(observed) != "" {
		runObserved()
	}
	dir, err := os.MkdirTemp("", "genview")
	if err != nil {
		panic(err)
	}
	os.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config")) // so that windows are as usual, and leave nothing
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

// keepMachineCode leaves the driver its folder in a test that moves genview's, so that it makes machine code once.
func keepMachineCode(t *testing.T) {
	t.Helper()
	const variable = "MESA_SHADER_CACHE_DIR"
	if home, err := os.UserCacheDir(); err == nil && os.Getenv(variable) == "" {
		t.Setenv(variable, filepath.Join(home, "genview"))
	}
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

func write(t *testing.T, path string, p []byte) {
	t.Helper()
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
}

// waiting matches a progress line, which a slow command writes if there is no terminal.
var waiting = regexp.MustCompile(`(?m)^.* \((\d+ s|\d+:[\d:]+)\)\n`)

// refused runs the command and wants it to fail with one line that has the text, and nothing else.
func refused(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	stdout, stderr, got := genview(t, args...)
	if got != code || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "goroutine") {
		t.Errorf("genview %s: got exit code %d and %q, want %d and one line with %q", strings.Join(args, " "), got, stderr, code, want)
	}
	if stdout != "" {
		t.Errorf("genview %s: stdout has %q", strings.Join(args, " "), stdout)
	}
}

// holds fails unless the files below a folder, hidden ones too, are those named.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			path, err = filepath.Rel(dir, path)
			got = append(got, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%s has the files %q (%v), want %q", dir, got, err, want)
	}
}
