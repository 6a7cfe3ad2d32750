package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"genview/vk"
	"genview/vk/present"
)

// TestPresent shows a trained run for some frames. A build without GLFW says how to get it.
func TestPresent(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		t.Skip("SKIPPED, no display: xvfb-run go test; TestView fails for it in CI")
	}
	run := filepath.Join(t.TempDir(), "run")
	must(t, tiny("--out", run, "--steps", "2")...)
	song := filepath.Join(t.TempDir(), "song.wav")
	beats(t, song)
	args := []string{"present", run, "--sound", song, "--mute", "--size", "160x100", "--frames", "12", "--vsync", "mailbox", "--scaling", "nearest"}
	out, stderr, code := genview(t, args...)
	if strings.Contains(stderr, present.ErrNoWindows.Error()) {
		if code != 1 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, %q, want one line", code, stderr)
		}
		t.Skip("SKIPPED, a build without GLFW: go test -tags glfw")
	}
	want := regexp.MustCompile(`^12 frames at \d+\.\d frames/s, 99 of 100 within \d+\.\d\d ms, \d+ dropped at a refresh of \d+ Hz\nto decode a picture takes \d+\.\d\d ms\n$`)
	if code != 0 || !want.MatchString(out) {
		t.Errorf("exit code %d, %q, %s", code, out, stderr)
	}
	out = must(t, "present", run, "../../scripts/examples/drift.star", "--set", "breath=2", "--size", "160x100", "--frames", "12")
	if !want.MatchString(out) {
		t.Errorf("a script: %q", out)
	}
	script := filepath.Join(t.TempDir(), "s.star")
	for source, want := range map[string]string{
		"def frame(t):\n    return model().seed(int(t)) if t < 0.1 else 3": "s.star:1:1: frame(0.1",
		"m = model()\nfilm('a.gif', 3, m.seed)":                            "s.star:2:5: nothing is written while a script drives a picture: genview run writes films",
	} {
		write(t, script, []byte(source))
		_, stderr, code := genview(t, "present", run, script, "--size", "160x100", "--frames", "500")
		if last := strings.Split(strings.TrimSpace(stderr), "\n"); code != 1 || !strings.Contains(last[len(last)-1], want) || len(last) > 2 {
			t.Errorf("%s\nexit code %d, %q, want one line with %q after that it begins", source, code, stderr, want)
		}
	}
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("PULSE_SERVER", "")
	refused(t, 1, "the microphone is heard through PulseAudio or PipeWire, and neither is there", "present", run, "--microphone")
	_, stderr, code = genview(t, "present", run, "--monitor", "7")
	if code != 1 || !strings.Contains(stderr, "there is no monitor 7: give 0 to 0") {
		t.Errorf("a monitor that is not there: exit code %d, %s", code, stderr)
	}
}

// TestPresentRefuses: what cannot be shown is said in one line.
func TestPresentRefuses(t *testing.T) {
	for flags, want := range map[string]string{
		"--size 12":              "--size 12: give width and height, as 1280x720",
		"--size 12x13x":          "--size 12x13x: give width and height",
		"--size 0x5":             "--size 0x5: give width and height",
		"--vsync mailbix":        "--vsync mailbix: choose fifo, mailbox, immediate; did you mean mailbox?",
		"--scaling cubic":        "--scaling cubic: choose bicubic or nearest",
		"--speed -1":             "--speed -1: give 0 to 100",
		"--speed NaN":            "--speed NaN: give 0 to 100",
		"--frames -1":            "--frames -1: give 0 or more",
		"--seconds -1":           "--seconds -1: give 0 or more",
		"--monitor -2":           "--monitor -2: give 0 or more",
		"--set a=1":              "--set is for a script, and there is none",
		"s.star --sound a":       "--sound is for a walk: a script follows a sound by audio(path)",
		"--microphone --sound a": "--microphone is for a walk that follows nothing else",
		"--mute":                 "--mute is for --sound, and there is none",
		"s.star --seed 2":        "--seed is for a walk: a script chooses seeds itself",
	} {
		_, stderr, code := genview(t, append([]string{"present", "run"}, strings.Fields(flags)...)...)
		if code != 2 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, want %q", flags, code, stderr, want)
		}
	}
	t.Setenv("WAYLAND_DISPLAY", "")
	for display, want := range map[string]string{"": "(DISPLAY is not set)", ":7654": `the X display ":7654" cannot be reached`} {
		t.Setenv("DISPLAY", display)
		refused(t, 1, want+", and genview present needs a window: genview walk run makes a film without", "present", "run")
	}
	err := instead(fmt.Errorf("vk: %w", vk.ErrCannotPresent), "run")
	if want := "look at the run with genview view run"; !errors.Is(err, vk.ErrCannotPresent) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
