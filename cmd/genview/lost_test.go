package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// xServer starts an X server for one test, and returns its name and what kills it.
func xServer(t *testing.T, args ...string) (display string, kill func()) {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		if os.Getenv("CI") != "" && runtime.GOOS == "linux" {
			t.Fatal("CI must have Xvfb")
		}
		t.Skip("SKIPPED, no Xvfb")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(path, append([]string{"-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "800x600x24"}, args...)...)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	dead := false
	kill = func() {
		if !dead {
			_ = cmd.Process.Kill() // it cannot clean up, as one that crashes cannot
			_ = cmd.Wait()
			dead = true
		}
	}
	t.Cleanup(kill)
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb said no number: %v", err)
	}
	return ":" + strings.TrimSpace(number), kill
}

// running is genview at work under a display of the test.
type running struct {
	*exec.Cmd
	lines  *bufio.Scanner // of stdout
	stderr bytes.Buffer
	kill   *time.Timer
}

func start(t *testing.T, env []string, args ...string) *running {
	t.Helper()
	r := &running{Cmd: exec.Command(binary, args...)}
	r.Env = append(os.Environ(), env...)
	r.Stderr = &r.stderr
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	r.lines = bufio.NewScanner(out)
	r.kill = time.AfterFunc(2*time.Minute, func() { _ = r.Process.Kill() })
	return r
}

// read reads lines until one has the text.
func (r *running) read(t *testing.T, want string) {
	t.Helper()
	for r.lines.Scan() {
		if strings.Contains(r.lines.Text(), want) {
			return
		}
	}
	_ = r.Wait()
	t.Fatalf("it never said %q: %s", want, r.stderr.String())
}

// end waits for the end and returns the exit code.
func (r *running) end() int {
	for r.lines.Scan() {
	}
	_ = r.Wait()
	r.kill.Stop()
	return r.ProcessState.ExitCode()
}

// TestLostServer: when the X server dies, training continues to its end and says so; a window that only shows a run ends with an error
// line.
func TestLostServer(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	display, kill := xServer(t)
	g := start(t, []string{"DISPLAY=" + display}, append([]string{"view"}, tiny("--out", run, "--steps", "800", "--linger", "0s", "--json")[1:]...)...)
	g.read(t, `"step":100,`)
	kill()
	if code := g.end(); code != 0 || !strings.Contains(g.stderr.String(), "the window was lost") || !strings.Contains(g.stderr.String(), "at step 800") {
		t.Fatalf("after the X server died: exit code %d: %s", code, g.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(run, "checkpoints", "step-00000800.safetensors")); err != nil {
		t.Error(err)
	}

	display, kill = xServer(t)
	g = start(t, []string{"DISPLAY=" + display}, "view", run)
	time.Sleep(time.Second) // it may die while the window opens or after
	kill()
	if code := g.end(); code != 1 || strings.Contains(g.stderr.String(), "goroutine") || !strings.Contains(g.stderr.String(), "genview: viewer: the window") {
		t.Errorf("a run at rest, after the X server died: exit code %d: %s", code, g.stderr.String())
	}
}

// TestLostServerAndCtrlC: a training that has lost its window still saves and ends on a signal.
func TestLostServerAndCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no X server")
	}
	run := filepath.Join(t.TempDir(), "run")
	display, kill := xServer(t)
	g := start(t, []string{"DISPLAY=" + display}, append([]string{"view"}, tiny("--out", run, "--steps", "1000000", "--json")[1:]...)...)
	g.read(t, `"step":20,`)
	kill()
	g.read(t, `"step":400,`) // it was told of the loss by then, or tells later
	if err := g.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := g.end(); code != 0 {
		t.Fatalf("exit code %d: %s", code, g.stderr.String())
	}
	newest(t, run)
}

// TestWindowCannotOpen: if no window can be opened, one line says so, and no file is left.
func TestWindowCannotOpen(t *testing.T) {
	display, _ := xServer(t, "-noreset")
	for name, env := range map[string][]string{
		"no server": {"DISPLAY=:65000"},
		"nonsense":  {"DISPLAY=nonsense"},
		"indirect":  {"DISPLAY=" + display, "LIBGL_ALWAYS_INDIRECT=1"},
	} {
		run := filepath.Join(t.TempDir(), "run")
		for _, args := range [][]string{append([]string{"view"}, tiny("--out", run)[1:]...), {}} {
			g := start(t, env, args...)
			code := g.end()
			said, want := g.stderr.String(), "the window cannot be opened"
			if code != 1 || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
				t.Errorf("%s, genview %v: exit code %d and %q, want 1 and one line with %q", name, args, code, said, want)
			}
			if _, err := os.Stat(run); err == nil {
				t.Errorf("%s: a run folder was made", name)
			}
		}
	}
}
