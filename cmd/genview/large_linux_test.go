package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLargeSettings: what no device holds is refused before anything is allocated, in one line that says what it would take or may be, and
// what to make smaller.
func TestLargeSettings(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("all that is large is made of what is small. "), 200), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	const units = "100000000"
	const all = "9223372036854775807"
	presets := map[string][]string{
		"vae":       {"model.hidden=" + units, "model.z=" + all, "data.size=1024", "data.size=" + units},
		"gan":       {"model.hidden=100000", "model.z=" + units},
		"dcgan":     {"data.size=1024", "data.size=16384", "model.hidden=100000", "model.hidden=" + all, "model.z=" + units, "data.channels=" + units},
		"points":    {"model.hidden=" + units, "model.z=" + units},
		"translate": {"model.width=131072", "model.layers=100000", "model.hidden=" + units},
		"paper":     {"model.layers=128", "model.layers=100000", "model.hidden=" + all},
		"text":      {"model.context=" + units, "model.context=20000", "model.width=" + units, "model.heads=" + all, "model.layers=" + all},
	}
	for name, settings := range presets {
		large := [][]string{{"--batch", "2000000000"}, {"--batch", all}, {"--batch", "1000000"}}
		for _, s := range settings {
			large = append(large, []string{"--set", s})
		}
		for _, l := range large {
			words := []string{"train", name}
			if name == "text" {
				words = append(words, text)
			}
			words = append(append(words, l...), "--dry-run", "--no-tune")
			cmd := exec.Command(binary, words...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			mib := watchMemory(cmd.Process.Pid)
			if err := cmd.Wait(); err == nil {
				t.Errorf("genview %s is not refused", strings.Join(words, " "))
			}
			code, used := cmd.ProcessState.ExitCode(), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
			line := strings.TrimSpace(waiting.ReplaceAllString(stderr.String(), ""))
			if code != 1 && code != 2 || strings.Contains(line, "\n") || strings.Contains(line, "goroutine") || len(line) > 500 ||
				!strings.Contains(line, "make one of these smaller: batch=") && !strings.Contains(line, "must be") {
				t.Errorf("genview %s: got exit code %d and %q, want one line that says what to make smaller", strings.Join(words, " "), code, line)
			}
			if most := <-mib; most == 0 || most > 512 { // a third of it is the driver's
				t.Errorf("genview %s takes %d MiB to be refused", strings.Join(words, " "), most)
			}
			if used > 10*time.Second { // at most 1.7 s by itself; other tests at the same time make it longer
				t.Errorf("genview %s takes %s of the processor to be refused", strings.Join(words, " "), used)
			}
		}
	}
	holds(t, dir, "text.txt")
}

// watchMemory reads how much memory a process has held at most, until it ends, and then sends that in MiB. The figure that the system gives afterwards
// would count the process of the test, too, which it was forked from.
func watchMemory(pid int) <-chan int {
	held := make(chan int, 1)
	go func() {
		most := 0
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				break
			}
			_, after, ok := strings.Cut(string(status), "VmHWM:")
			if !ok { // it has ended, and nobody has waited for it
				break
			}
			var kib int
			if _, err := fmt.Sscan(after, &kib); err == nil && strings.Contains(string(status), "Name:\tgenview\n") {
				most = max(most, kib>>10)
			}
			time.Sleep(2 * time.Millisecond)
		}
		held <- most
	}()
	return held
}
