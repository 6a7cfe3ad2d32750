package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"genview/models/family"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
)

// TestLongCommandsCount: whatever may take long says how much of it is done.
func TestLongCommandsCount(t *testing.T) {
	measure := func(n int) func(*run.Session) error {
		return func(s *run.Session) error {
			_, err := s.Model.(family.Evaluator).Evaluate(context.Background(), family.Evaluation{Examples: n, Samples: 2})
			return err
		}
	}
	narrow := []string{"model.width=16", "model.heads=2", "model.layers=1"}
	type counted struct {
		unit string
		all  int
		do   func(*run.Session) error
	}
	con := &console{plain: io.Discard, status: io.Discard}
	a := &app{console: con}
	for _, c := range []struct {
		preset   string
		settings []string
		counted  []counted
	}{
		{"vae", []string{"model.hidden=8", "model.z=4", "data.size=8"}, []counted{
			{"passes", 9, measure(250)},
			{"pictures", 40, func(s *run.Session) error {
				_, err := s.Model.(family.Sampler).Sample(t.Context(), 1, 40)
				return err
			}},
			{"steps", 12, func(s *run.Session) error {
				_, err := a.benchSession(t.Context(), s, "vae", 2, newProfile(profileFlags{}))
				return err
			}},
		}},
		{"points", []string{"model.hidden=8"}, []counted{{"points", 4001, measure(4001)}}},
		{"translate", append(narrow, "model.hidden=16"), []counted{{"dates", 129, measure(129)}}},
		{"text", append(narrow, "model.context=16"), []counted{{"characters", 440, measure(1 << 30)}}},
	} {
		s := learner(t, a, c.preset, c.settings...)
		task := con.begin("measuring")
		for _, k := range c.counted {
			if err := k.do(s); err != nil {
				t.Fatal(err)
			}
			if task.unit != k.unit || task.all != k.all || task.done < k.all/2 || task.done > k.all {
				t.Errorf("%s: it said %s %d of %d last, want %s of %d", c.preset, task.unit, task.done, task.all, k.unit, k.all)
			}
		}
		task.end()
	}
}

// TestGenerateBeginsWithACharacter: the prompt is printed together with the first character, because an unfinished line on the terminal
// hides the progress.
func TestGenerateBeginsWithACharacter(t *testing.T) {
	dir := t.TempDir()
	text, run := filepath.Join(dir, "text"), filepath.Join(dir, "run")
	write(t, text, []byte(prosaic(2000)))
	must(t, smallGPT(text, "--out", run, "--steps", "1")...)
	var parts pieces
	root := newRoot(nil, &results{to: &parts})
	root.SetArgs([]string{"generate", run, "--prompt", "The number", "-n", "3"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if len(parts) < 2 || !strings.HasPrefix(parts[0], "The number") || len(parts[0]) != len("The number")+1 {
		t.Errorf("it was written as %q", []string(parts))
	}
}

// pieces records each write separately.
type pieces []string

func (p *pieces) Write(b []byte) (int, error) {
	*p = append(*p, string(b))
	return len(b), nil
}

func (p *pieces) Close() error { return nil }

// TestLastStepIsSaidOnce: while a run is saved its last step is not told again.
func TestLastStepIsSaidOnce(t *testing.T) {
	var out pieces
	c := &console{plain: &out, status: &out}
	r := newReporter(c, &out, 0, 10, false)
	training := &task{c: c, what: "training", began: time.Now(), text: r.doing}
	c.tasks = []*task{training}
	for step := 1; step <= 10; step++ {
		r.stepped(step, time.Duration(step)*time.Second)
		r.logged(train.Record{Step: step, Metrics: watch.Metrics{{Name: "loss", Value: 1}}})
	}
	out = append(out, c.show(time.Now().Add(2*time.Second)))
	said := strings.Join(out, "")
	if strings.Count(said, "step 10/10") != 1 || !strings.HasSuffix(said, "saving (0 s)") {
		t.Errorf("said %q", []string(out))
	}
}

// TestPauseIsSaidOnce: without a terminal a paused training writes one line, and goes on with lines afterwards.
func TestPauseIsSaidOnce(t *testing.T) {
	var out pieces
	c := &console{plain: &out, status: &out}
	r := newReporter(c, &out, 0, 10, false)
	rests := true
	c.tasks = []*task{{c: c, what: "training", began: time.Now(), text: func(columns int) string {
		if rests {
			return r.paused()
		}
		return r.doing(columns)
	}}}
	r.stepped(3, time.Second)
	var said []string
	for second := range 20 {
		rests = second < 15
		if line := c.show(time.Now().Add(time.Duration(second) * 2 * time.Second)); line != "" {
			said = append(said, line)
		}
	}
	if want := "paused at step 3/10"; len(said) < 2 || said[0] != want || strings.Count(strings.Join(said, "|"), want) != 1 {
		t.Errorf("said %q, want %q once and then the progress", said, want)
	}
}
