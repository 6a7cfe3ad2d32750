package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// prompt is what comes when lines are edited again.
const prompt = "\x1b[6n>>> "

// A typist types at a terminal and reads what is there.
type typist struct {
	t     *testing.T
	file  *os.File
	heard chan []byte
	text  string // since the last call of types
}

// newTypist returns one at the other end of a terminal. It says where the cursor is when it is asked, as terminals do.
func newTypist(t *testing.T, master *os.File) *typist {
	y := &typist{t: t, file: master, heard: make(chan []byte, 1000)}
	go func() {
		defer close(y.heard)
		for {
			p := make([]byte, 4096)
			n, err := master.Read(p)
			if err != nil {
				return
			}
			if bytes.Contains(p[:n], []byte("\x1b[6n")) {
				_, _ = master.WriteString("\x1b[5;1R")
			}
			y.heard <- p[:n]
		}
	}()
	return y
}

// types types a text and waits until the terminal shows others, in their order.
func (y *typist) types(text string, wants ...string) {
	y.t.Helper()
	y.text = ""
	if _, err := y.file.WriteString(text); err != nil {
		y.t.Fatal(err)
	}
	for late := time.After(30 * time.Second); !inOrder(y.text, wants); {
		select {
		case p, ok := <-y.heard:
			if y.text += string(p); !ok {
				y.t.Fatalf("after %q it ended with %q", text, y.text)
			}
		case <-late:
			y.t.Fatalf("after %q it has not said %q but %q", text, wants, y.text)
		}
	}
}

// inOrder reports whether a text contains others, one after another.
func inOrder(text string, wants []string) bool {
	for _, want := range wants {
		_, after, ok := strings.Cut(text, want)
		if !ok {
			return false
		}
		text = after
	}
	return true
}

// TestPrompt types at the prompt: names are completed, pictures open a window, errors, Ctrl-C and a lost window end no more than a statement,
// and what was typed is there the next time.
func TestPrompt(t *testing.T) {
	keepMachineCode(t)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("TERM", "xterm")
	run := filepath.Join(t.TempDir(), "run")
	must(t, tiny("--out", run, "--steps", "2")...)
	display, kill := xServer(t)
	master, slave := terminal(t, 100)
	cmd := exec.Command(binary, "run", "-i", run)
	cmd.Env = append(os.Environ(), "DISPLAY="+display)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // Ctrl-C is a signal
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	_, finish := started(t, cmd)
	slave.Close()
	y := newTypist(t, master)
	y.types("", prompt)
	y.types("m = mod\t", "m = model")
	y.types("()\r", prompt)
	y.types("m.sh\t\r", "(1, 28, 28)")
	y.types("m.seed(1)\r", "latent(-0.80")
	y.types("nowhere\r", "prompt:1:1: undefined: nowhere")
	y.types("while True:\r    pass\r\r", "running (")
	y.types("\x03", "interrupted")
	y.types("x = (1 +\r", "... ")
	y.types("\x03", prompt)
	y.types("6 * 7\r", "42")
	time.Sleep(time.Second) // the window has opened by now, or opens later and finds no server
	kill()
	for range 100 { // until the loss is noticed
		y.types("show(m.seed(2))\r", prompt)
		if strings.Contains(y.text, "viewer: the window") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if !strings.Contains(y.text, "viewer: the window") {
		t.Errorf("without its X server the window is there: %q", y.text)
	}
	y.types("show(m.seed(3))\r", prompt)
	y.types("6 * 9\r", "54", prompt) // a message that comes late draws the prompt again, and Ctrl-D counts only at a prompt
	if _, err := master.WriteString("\x04"); err != nil {
		t.Fatal(err)
	}
	if code := finish(); code != 0 {
		t.Errorf("Ctrl-D gives the exit code %d", code)
	}
	if kept := read(t, filepath.Join(cache, "genview", "history")); !strings.Contains(string(kept), "m = model()\n") {
		t.Errorf("kept is %q", kept)
	}
}

// TestPromptAndSIGTERM: a prompt that a signal ends gives the terminal back as it was.
func TestPromptAndSIGTERM(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("TERM", "xterm")
	t.Setenv("DISPLAY", "")
	master, slave := terminal(t, 100)
	was := mode(t, slave)
	cmd := exec.Command(binary, "run", "-i")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	_, finish := started(t, cmd)
	y := newTypist(t, master)
	y.types("", prompt)
	y.types("6 * 7\r", prompt)
	y.types("6", "6")
	if mode(t, slave) == was {
		t.Error("the terminal edits lines while the prompt does, so that this test shows nothing")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := finish(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("SIGTERM gives the exit code %d", code)
	}
	if now := mode(t, slave); now != was {
		t.Errorf("the terminal is left as %+v, and was %+v", now, was)
	}
}
