package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTTY runs the command with a terminal as stdout and stderr, and returns what it wrote there.
func onTTY(t *testing.T, args ...string) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("SKIPPED: there are no pseudo terminals: %v", err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = tty, tty
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	out, _ := io.ReadAll(master) // ends with an error when the command has ended
	_ = cmd.Wait()
	return string(out)
}

// TestTerminalObeysNobody has escape sequences in a text, a prompt, the names of files and a setting: a terminal gets none, and a pipe
// gets what was generated as it is.
func TestTerminalObeysNobody(t *testing.T) {
	dir := t.TempDir()
	file, run := filepath.Join(dir, "a\x1b[31mb.txt"), filepath.Join(dir, "run\x1b]0;title\a\u202e")
	write(t, file, []byte(strings.Repeat("\x1b[31mred\x1b[0m\u009b\u202e\n", 100)))
	must(t, smallGPT(file, "--out", run, "--steps", "30")...)
	generate := []string{"generate", run, "--prompt", "\x1b[31m", "-n", "40"}
	if out := must(t, generate...); !strings.HasPrefix(out, "\x1b[31m") || strings.Contains(out, `\x1b`) {
		t.Errorf("a pipe gets %q", out)
	}
	for _, args := range [][]string{
		generate,
		{"attention", run, "red", "-o", filepath.Join(dir, "\x1b[32m.png")},
		{"train", "--resume", run, "--steps", "31", "--no-tune"},
		{"eval", run, "--data", file + "\u009b"},
	} {
		obeysNobody(t, args...)
	}
}

// obeysNobody runs the command in a terminal, where it has to show an escape character and to send none.
func obeysNobody(t *testing.T, args ...string) {
	t.Helper()
	out := onTTY(t, args...)
	if strings.ContainsAny(out, "\x1b\a\u009b\u202e") || !strings.Contains(out, `\x1b`) {
		t.Errorf("genview %q writes %q", args, out)
	}
}

// TestErrorsObeyNobody gives every command words, flags, folders, files and settings with escape sequences, which its error names.
func TestErrorsObeyNobody(t *testing.T) {
	const bad = "no\x1b[31m\u009b\u202e"
	dir := t.TempDir()
	for name, text := range map[string]string{
		"key": "no\x1b[31m: 1\n", "value": "kind: \"no\\e[31m\"\n", "text": "no\x1b[31m", "long": "kind: vae\nbatch: \"\\e[31m\"\n",
	} {
		run := filepath.Join(dir, name+bad)
		if err := os.Mkdir(run, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(run, "config.yaml"), []byte(text))
		obeysNobody(t, "sample", run)
	}
	closed := filepath.Join(dir, "closed"+bad)
	write(t, closed, nil)
	for _, args := range [][]string{
		{"train", "text", closed},
		{"train", "vae", "--data", closed},
		{"train", "vae", "--data", "mnist", "--data-dir", bad},
		{"train", "vae", "--out", closed},
		{"train", "vae", "--set", "model.arch=" + bad},
		{"train", "vae", "--set", bad + "=1"},
		{"train", "vae", "--set", bad},
		{"train", "vae", "--seed", bad},
		{"train", "vae", "--precision", bad},
		{"train", "vae", "--device", bad, "--out", filepath.Join(dir, "run")},
		{"train", "--resume", closed},
		{"walk", dir, "-o", bad},
		{"walk", dir, "--interp", bad},
		{"walk", closed},
		{"sample", closed},
		{"eval", closed},
		{"generate", closed},
		{"reconstruct", closed, "a.png"},
		{"translate", closed, "3 May 1998"},
		{"attention", closed, "3 May 1998"},
		{"view", bad},
		{"tune", bad},
		{"bench", "ops", bad},
		{"doctor", "--" + bad},
		{"devices", "--without", bad},
		{bad},
		{"help", bad},
		{"--" + bad},
		{"-\x1b"},
	} {
		obeysNobody(t, args...)
	}
}
