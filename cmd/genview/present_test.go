package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"genview/vk/present"
)

// TestPresent shows a trained run for some frames. A build without GLFW says how to get it.
func TestPresent(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		t.Skip("SKIPPED, no display: xvfb-run go test; TestView fails for it in CI")
	}
	run := filepath.Join(t.TempDir(), "run")
	must(t, tiny("--out", run, "--steps", "2")...)
	args := []string{"present", run, "--size", "160x100", "--frames", "12", "--vsync", "mailbox", "--scaling", "nearest"}
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
	_, stderr, code = genview(t, "present", run, "--monitor", "7")
	if code != 1 || !strings.Contains(stderr, "there is no monitor 7: give 0 to 0") {
		t.Errorf("a monitor that is not there: exit code %d, %s", code, stderr)
	}
}

// TestPresentRefuses: what cannot be shown is said in one line.
func TestPresentRefuses(t *testing.T) {
	for flags, want := range map[string]string{
		"--size 12":       "--size 12: give width and height, as 1280x720",
		"--size 12x13x":   "--size 12x13x: give width and height",
		"--size 0x5":      "--size 0x5: give width and height",
		"--vsync mailbix": "--vsync mailbix: choose fifo, mailbox, immediate; did you mean mailbox?",
		"--scaling cubic": "--scaling cubic: choose bicubic or nearest",
		"--speed -1":      "--speed -1: give 0 to 100",
		"--speed NaN":     "--speed NaN: give 0 to 100",
		"--frames -1":     "--frames -1: give 0 or more",
		"--seconds -1":    "--seconds -1: give 0 or more",
		"--monitor -2":    "--monitor -2: give 0 or more",
	} {
		_, stderr, code := genview(t, append([]string{"present", "run"}, strings.Fields(flags)...)...)
		if code != 2 || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, want %q", flags, code, stderr, want)
		}
	}
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	_, stderr, code := genview(t, "present", "run")
	if code != 1 || !strings.Contains(stderr, "genview walk run") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("without a display: exit code %d, %q", code, stderr)
	}
}

// keyboard is a window that is not there, and the keys that are pressed in it.
type keyboard struct {
	present.OpenWindow
	full, next bool
}

func (k *keyboard) Full() bool       { return k.full }
func (k *keyboard) SetFull(on bool)  { k.full = on }
func (k *keyboard) NextMonitor()     { k.next = true }
func (k *keyboard) Refresh() float64 { return 50 }

// TestPresentKeys: each key does what the list of keys says.
func TestPresentKeys(t *testing.T) {
	w := &keyboard{}
	p := &presenter{window: w, player: player{speed: 1, truncation: 1, at: 2.5}}
	press := func(keys ...present.Key) {
		t.Helper()
		for _, k := range keys {
			if err := p.press(k); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s: %+v", what, p.player)
		}
	}
	p.player.advance(100 * time.Millisecond)
	check("a tenth of a second at speed 1", p.player.at > 2.59 && p.player.at < 2.61)
	p.player.advance(time.Hour)
	check("after an hour without frames it is not far", p.player.at < 3)
	press(' ')
	at := p.player.at
	p.player.advance(time.Second / 10)
	check("it stands", p.player.at == at && strings.HasSuffix(p.player.String(), ", paused"))
	press(present.Right)
	check("the next seed", p.player.at == 3)
	press(present.Left)
	check("the one before", p.player.at == 2)
	press(present.Left, present.Left, present.Left)
	check("there is none before the first", p.player.at == 0)
	press('+', '+')
	check("twice as fast", p.player.speed > 1.99 && p.player.speed < 2.01)
	for range 40 {
		press('-')
	}
	check("it comes to rest", p.player.speed == 0)
	press(present.Up)
	check("and goes on", p.player.speed > 0)
	press('[', '[')
	check("nearer to the mean", p.player.truncation > 0.89 && p.player.truncation < 0.91)
	if z := p.player.latent(func(float64) []float32 { return []float32{10} }); z[0] < 8.9 || z[0] > 9.1 {
		t.Errorf("the latent is %v", z)
	}
	press('f', 'm')
	if !w.full || !w.next || p.pace.refresh != 50 {
		t.Errorf("full %t, next monitor %t, %g Hz", w.full, w.next, p.pace.refresh)
	}
	press(present.F11, 'q')
	if w.full || !p.over {
		t.Error("F11 or q does nothing")
	}
	for _, key := range []string{"space", "+", "-", "up", "down", "]", "[", "right", "left", "s", "f", "F11", "m", "v", "?", "q", "Esc"} {
		if !regexp.MustCompile(`(^|[ (])` + regexp.QuoteMeta(key) + `[ );,]`).MatchString(presentKeys) {
			t.Errorf("the list of keys lacks %s", key)
		}
	}
}

// TestFrames: frames/s, the 99th percentile and the dropped frames of known times.
func TestFrames(t *testing.T) {
	p := pace{refresh: 100}
	now := time.Unix(1000, 0)
	for i := range 201 {
		now = now.Add(10 * time.Millisecond)
		if i == 100 {
			now = now.Add(30 * time.Millisecond) // three refreshes without a frame
		}
		p.frame(now)
	}
	p.rest()
	p.frame(now.Add(time.Hour)) // after a rest nothing is late
	const want = "202 frames at 98.5 frames/s, 99 of 100 within 10.25 ms, 3 dropped at a refresh of 100 Hz"
	if got := p.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if q := p.quantile(1); q < 40*time.Millisecond || q > 41*time.Millisecond {
		t.Errorf("the longest is %v", q)
	}
	if p.recent < 95 || p.recent > 105 {
		t.Errorf("%.1f frames/s", p.recent)
	}
}
