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
		{"sample", "no\x1b[31m"},
		{"train", "text", "no\x1b[31m"},
		{"train", "vae", "--set", "model.arch=\x1b[31m"},
		{"train", "\x1b[31m"},
		{"\x1b[31m"},
	} {
		out := onTTY(t, args...)
		if strings.ContainsAny(out, "\x1b\a\u009b\u202e") || !strings.Contains(out, `\x1b`) {
			t.Errorf("genview %q writes %q", args, out)
		}
	}
}
