//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignalsEndCommandsSoon interrupts commands that would take hours (doctor: seconds), as they compile and as they compute: they end
// soon, say which signal it was, and leave no file.
func TestSignalsEndCommandsSoon(t *testing.T) {
	dir := t.TempDir()
	run, out := filepath.Join(dir, "run"), filepath.Join(dir, "out")
	must(t, tiny("--out", run, "--steps", "2")...)
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache")) // where no kernels are ready
	for _, args := range [][]string{
		{"walk", run, "--frames", "100000000", "-o", filepath.Join(out, "w.gif")},
		{"walk", run, "--frames", "10000000", "-o", filepath.Join(out, "w.apng")},
		{"walk", run, "--frames", "200000", "-o", filepath.Join(out, "w.png")},
		{"eval", run, "--samples", "100000000"},
		{"bench", "dcgan", "--steps", "100000000"},
		{"bench", "translate", "--steps", "100000000"},
		{"tune", "dcgan"},
		{"doctor"},
	} {
		for i, after := range []time.Duration{300 * time.Millisecond, 2 * time.Second} {
			signal, name := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i], []string{"Ctrl-C (SIGINT)", "SIGTERM"}[i]
			if args[0] == "doctor" {
				after = 300 * time.Millisecond // with many cores it takes two seconds
			}
			cmd := exec.Command(binary, args...)
			stderr, finish := started(t, cmd)
			time.Sleep(after) // any moment will do
			begun(t, cmd.Process.Pid)
			sent := time.Now()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Errorf("genview %v, after %v: %v", args, after, err)
			}
			code, took := finish(), time.Since(sent)
			if want := "genview: ended by " + name + " before it was done\n"; code != 128+int(signal) || !strings.HasSuffix(stderr.String(), want) {
				t.Errorf("genview %v, after %v: exit code %d and %q, want %q", args, after, code, stderr, want)
			}
			if took > 5*time.Second { // one, on a machine that has nothing else to do
				t.Errorf("genview %v, after %v: it took %v to end", args, after, took)
			}
		}
	}
	holds(t, out)
}

// begun waits until a process has used the processor for long enough to be past its first lines, where it begins to listen to signals. On
// a busy machine that takes seconds. Without /proc it does not wait.
func begun(t *testing.T, pid int) {
	t.Helper()
	const user, system, least = 13, 14, 15 // fields of /proc/PID/stat, and hundredths of a second
	for range 500 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		fields := strings.Fields(string(stat))
		if err != nil || len(fields) <= system {
			return
		}
		a, _ := strconv.Atoi(fields[user])
		if b, _ := strconv.Atoi(fields[system]); a+b >= least {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
