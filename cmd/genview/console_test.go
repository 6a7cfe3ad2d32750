package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"genview/models/train"
	"genview/models/watch"
)

// TestProgressFitsEveryWidth writes lines over one another on terminals of many widths, which must never be left, nor anything remain of
// a longer line.
func TestProgressFitsEveryWidth(t *testing.T) {
	metrics := watch.Metrics{{Name: "d_loss", Value: 123456.78}, {Name: "real", Value: -0.5}, {Name: "fake", Value: 0.25}, {Name: "g_loss", Value: 9}}
	for _, columns := range []int{1, 2, 10, 20, 40, 60, 80, 200} {
		var screen bytes.Buffer
		c := &console{columns: func() int { return columns }, status: &screen}
		r := &reporter{console: c, steps: 2_000_000, step: 1_234_567, newest: train.Record{Metrics: metrics, ExamplesPerS: 5234}, at: time.Now(), trained: 4 * time.Hour}
		r.past = []progressAt{{1_200_000, 3 * time.Hour}}
		compiling := &task{c: c, what: "compiling", began: time.Now().Add(-time.Minute), unit: "kernels", done: 40, all: 147}
		training := &task{c: c, what: "training", began: time.Now().Add(-time.Minute), text: r.line}
		for _, tasks := range [][]*task{{compiling}, {training}, {training, compiling}, {training}} {
			c.tasks = tasks
			c.show(time.Now())
		}
		c.say("saved %s at step 1234567 on a device with a long name, from step 0 to 2000000", strings.Repeat("run", 3))
		shown := ""
		for _, line := range strings.Split(strings.TrimSuffix(screen.String(), "\n"), "\n") {
			for _, s := range strings.Split(line, "\r") {
				if width(s) > max(columns-1, 9) { // the longest word of the text
					t.Errorf("%d columns: %q takes %d", columns, s, width(s))
				}
				if width(s) < width(strings.TrimRight(shown, " ")) && !strings.HasPrefix(line, s) {
					t.Errorf("%d columns: %q leaves a part of %q", columns, s, shown)
				}
				shown = s
			}
			shown = ""
		}
		if columns >= 40 {
			for _, want := range []string{"kernels 40 of 147 (1:00)", "step 1234567/2000000", " left"} {
				if !strings.Contains(screen.String(), want) {
					t.Errorf("%d columns: %q was not shown in %q", columns, want, screen.String())
				}
			}
		}
	}
}

// TestNoSilence: without a terminal, a line is written when nothing was written for a while, and not before.
func TestNoSilence(t *testing.T) {
	var out bytes.Buffer
	c := &console{}
	now := time.Now()
	c.heard = now
	c.tasks = []*task{{c: c, what: "compiling", began: now, unit: "kernels", done: 40, all: 147}}
	for ms := range 5000 {
		if line := c.show(now.Add(time.Duration(ms) * time.Millisecond)); line != "" {
			out.WriteString(line + "\n")
		}
	}
	if want := "compiling: kernels 40 of 147 (2 s)\ncompiling: kernels 40 of 147 (3 s)\ncompiling: kernels 40 of 147 (5 s)\n"; out.String() != want {
		t.Errorf("said %q, want %q", out.String(), want)
	}
}

// TestPace: of what is counted it is said how fast it goes and how long it will take, once the first ones, which wait for kernels, are done.
func TestPace(t *testing.T) {
	now := time.Now()
	k := &task{what: "drawing", began: now}
	c := &console{tasks: []*task{k}}
	for _, step := range []struct {
		after time.Duration
		done  int
		want  string
	}{
		{0, 0, "drawing: pictures 0 of 300 (0 s)"},
		{20 * time.Second, 16, "drawing: pictures 16 of 300 (20 s)"},
		{20500 * time.Millisecond, 32, "drawing: pictures 32 of 300 (21 s)"},
		{24 * time.Second, 116, "drawing: pictures 116 of 300, 25/s, 7 s left (24 s)"},
		{30 * time.Second, 0, "drawing: pictures 0 of 300 (30 s)"},
	} {
		k.count("pictures", step.done, 300, now.Add(step.after))
		if got := c.line(now.Add(step.after), 0); got != step.want {
			t.Errorf("after %v: got %q, want %q", step.after, got, step.want)
		}
	}
}

// TestTimeLeft: steps from before a resume do not count as done now, and nothing is promised from the first step, which may take a minute
// for kernels.
func TestTimeLeft(t *testing.T) {
	r := newReporter(nil, nil, 1_000_000, 1_000_600, true)
	r.stepped(1_000_001, time.Minute)
	if left := r.left(); left != 0 {
		t.Errorf("after one step %v are left", left)
	}
	for i := 1; i <= 100; i++ {
		r.stepped(1_000_001+i, time.Minute+time.Duration(i)*100*time.Millisecond)
	}
	if left := r.left(); left < 49*time.Second || left > 51*time.Second {
		t.Errorf("499 steps of 0.1 s: %v are left", left)
	}
	for i := 1; i <= 100; i++ { // the machine has become slower
		r.stepped(1_000_101+i, 70*time.Second+time.Duration(i)*2*time.Second)
	}
	if left := r.left(); left < 790*time.Second || left > 810*time.Second {
		t.Errorf("399 steps of 2 s: %v are left", left)
	}
}

// TestOutputThatFails: an output error is reported once, and ends nothing.
func TestOutputThatFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED: no /dev/full")
	}
	defer full.Close()
	var said bytes.Buffer
	r := newReporter(&console{status: &said}, full, 0, 100, true)
	for step := range 3 {
		r.logged(train.Record{Step: step + 1})
	}
	if n := strings.Count(said.String(), "no space left on device; training goes on"); n != 1 || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("said %q", said.String())
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0 s", 59400 * time.Millisecond: "59 s", time.Minute: "1:00", 3725 * time.Second: "1:02:05"} {
		if got := clock(d); got != want {
			t.Error(fmt.Sprint(d), got, want)
		}
	}
}

// TestResultsAndProgress: a command's output and its progress are never on one line.
func TestResultsAndProgress(t *testing.T) {
	var screen bytes.Buffer
	c := &console{columns: func() int { return 80 }, status: &screen}
	out := &results{to: closing{&screen}, console: c}
	long := time.Now().Add(-time.Minute)
	c.tasks = []*task{{c: c, what: "generating", began: long}}
	show := func() {
		c.written = long // as if some time had passed
		c.show(time.Now())
	}
	show()
	for _, s := range []string{"to be", " or not\n", "that\n"} {
		fmt.Fprint(out, s)
		show()
	}
	const line, none = "generating (1:00)", "\r                 \r"
	if want := "\r" + line + none + "to be or not\n\r" + line + none + "that\n\r" + line; screen.String() != want {
		t.Errorf("the terminal got %q, want %q", screen.String(), want)
	}
}

type closing struct{ io.Writer }

func (closing) Close() error { return nil }
