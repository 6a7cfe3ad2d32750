//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endless trains into a folder for longer than any test, and saves nothing by itself before step 1000.
func endless(run string, more ...string) []string {
	return tiny(append([]string{"--out", run, "--steps", "100000000"}, more...)...)
}

// awaitSteps returns when a run has logged a step from that one on.
func awaitSteps(t *testing.T, run string, step int) {
	t.Helper()
	logged := regexp.MustCompile(`"step":(\d+)`)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		p, _ := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
		all := logged.FindAllSubmatch(p, -1)
		if len(all) == 0 {
			continue
		}
		if n, _ := strconv.Atoi(string(all[len(all)-1][1])); n >= step {
			return
		}
	}
	t.Fatalf("%s did not come to step %d", run, step)
}

// started runs the command in the background. finish waits for its end, no longer than a while.
func started(t *testing.T, cmd *exec.Cmd) (stderr *bytes.Buffer, finish func() int) {
	t.Helper()
	stderr = &bytes.Buffer{}
	if cmd.Stderr == nil {
		cmd.Stderr = stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit code says it
		close(ended)
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	return stderr, func() int {
		t.Helper()
		select {
		case <-ended:
		case <-time.After(2 * time.Minute):
			t.Fatalf("%v does not end", cmd.Args) // what it says is still being written
		}
		return cmd.ProcessState.ExitCode()
	}
}

// savedStep returns the step of a run's newest checkpoint.
func savedStep(t *testing.T, run string) int {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(run, "checkpoints", "*.safetensors"))
	if len(files) == 0 {
		return -1
	}
	name := filepath.Base(files[len(files)-1])
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, "step-"), ".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSignalsSave: whatever asks a training to end has it saved. A signal that comes twice at once, as timeout(1) sends it, is one.
func TestSignalsSave(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGXCPU} {
		t.Run(s.String(), func(t *testing.T) {
			if signal.Ignored(s) {
				t.Skipf("SKIPPED: %v is ignored where the tests run, as below nohup, and a training respects that", s)
			}
			t.Parallel()
			run := filepath.Join(t.TempDir(), "run")
			cmd := exec.Command(binary, endless(run)...)
			stderr, finish := started(t, cmd)
			awaitSteps(t, run, 20)
			for range 2 {
				if err := cmd.Process.Signal(s); err != nil {
					t.Fatal(err)
				}
			}
			code, step := finish(), savedStep(t, run)
			if want := fmt.Sprintf("saved %s at step %d", run, step); code != 0 || step < 20 || !strings.Contains(stderr.String(), want) {
				t.Errorf("exit code %d, saved step %d and said %q; want 0, a step from 20 on, and %q", code, step, stderr, want)
			}
			if strings.Contains(stderr.String(), "goroutine") {
				t.Errorf("a trace of goroutines: %s", stderr)
			}
		})
	}
}

// TestNohup: a training that was started with nohup outlives its terminal.
func TestNohup(t *testing.T) {
	run := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command("nohup", append([]string{binary}, endless(run)...)...)
	_, finish := started(t, cmd)
	awaitSteps(t, run, 20)
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	awaitSteps(t, run, 100)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := finish(); code != 0 || savedStep(t, run) < 100 {
		t.Errorf("exit code %d, saved step %d; want 0 and a step from 100 on", code, savedStep(t, run))
	}
}

// TestLostReader: a training continues when nobody reads its output any more, on stdout alone or on both.
func TestLostReader(t *testing.T) {
	for name, both := range map[string]bool{"stdout": false, "both": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := filepath.Join(t.TempDir(), "run")
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(binary, tiny("--out", run, "--steps", "400", "--json")...)
			cmd.Stdout = w
			if both {
				cmd.Stderr = w
			}
			_, finish := started(t, cmd)
			w.Close()
			if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			r.Close()
			if code := finish(); code != 0 || savedStep(t, run) != 400 {
				t.Errorf("exit code %d, saved step %d; want 0 and 400", code, savedStep(t, run))
			}
		})
	}
}
