package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a terminal of so many columns.
func terminal(t *testing.T, columns uint16) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("SKIPPED: no terminals: %v", err)
	}
	master = os.NewFile(uintptr(fd), "ptmx")
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// TestTerminal trains in terminals of several widths, with a cache that knows no kernels: no line is wider, none is glued to another,
// and Ctrl-C ends and saves.
func TestTerminal(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("TERM", "dumb")
	for _, columns := range []int{40, 60, 80, 200} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			master, slave := terminal(t, uint16(columns))
			cmd := exec.Command(binary, endless("run")...)
			cmd.Dir = filepath.Dir(run)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			_, finish := started(t, cmd)
			slave.Close()
			written := make(chan string, 1)
			go func() {
				p, _ := io.ReadAll(master) // which fails when the other end is closed
				written <- string(p)
			}()
			awaitSteps(t, run, 20)
			time.Sleep(2 * redrawn)
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			code := finish()
			text := <-written
			if code != 0 || !strings.Contains(text, "saved run at step") {
				t.Errorf("exit code %d and %q", code, text)
			}
			if strings.Contains(text, "\x1b") {
				t.Errorf("an escape sequence on a dumb terminal: %q", text)
			}
			redraws := 0
			for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
				if width(line) >= columns {
					t.Errorf("%q takes %d columns", line, width(line))
				}
				if strings.HasPrefix(line, "step ") {
					redraws++
				}
				if at := strings.Index(line, "training in"); at > 0 {
					t.Errorf("glued together: %q", line)
				}
			}
			if redraws == 0 {
				t.Errorf("no step is shown in %q", text)
			}
		})
	}
}

// TestCtrlCWhileCompiling: before the first step there is nothing to save. The command ends soon, leaves no folder and says so.
func TestCtrlCWhileCompiling(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	run := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(binary, "train", "paper", "--out", run, "--no-tune")
	stderr, finish := started(t, cmd)
	time.Sleep(2 * time.Second) // compiling takes half a minute
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := finish(); code != 130 || !strings.Contains(stderr.String(), "ended by Ctrl-C (SIGINT) before it was done") {
		t.Errorf("exit code %d and %q", code, stderr)
	}
	if _, err := os.Stat(run); err == nil {
		t.Error("a run folder was left")
	}
}

// mode returns the mode of a terminal.
func mode(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	m, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *m
}
