package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"genview/models/train"
	"genview/models/watch"
)

// A reporter reports the progress of a training: in the terminal's line at the bottom, or in lines on stdout, or with --json in objects on
// stdout. It is safe for concurrent use.
type reporter struct {
	console *console
	steps   int
	json    bool
	out     io.Writer

	mu      sync.Mutex
	step    int
	said    int // step of the last line
	newest  train.Record
	trained time.Duration // at step
	at      time.Time     // when step was reported
	past    []progressAt  // about one a second, to compute the rate
	broken  bool          // nobody reads out any more
}

// progressAt is the progress of a training at a moment. Its time excludes pauses.
type progressAt struct {
	step    int
	trained time.Duration
}

const (
	linesEvery = 100              // steps between lines, at least
	rateOver   = 60 * time.Second // the remaining time is estimated from the rate of the last minute
	rateFrom   = time.Second      // shortest time to compute a rate from
)

func newReporter(c *console, out io.Writer, from, steps int, asJSON bool) *reporter {
	return &reporter{console: c, steps: steps, json: asJSON, out: out, step: from, said: from, at: time.Now()}
}

// stepped receives a step.
func (r *reporter) stepped(step int, trained time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step, r.trained, r.at = step, trained, time.Now()
	n := len(r.past)
	if n == 0 || trained-r.past[n-1].trained >= time.Second {
		r.past = append(r.past, progressAt{step, trained})
	}
	if trained-r.past[0].trained > rateOver && len(r.past) > 2 {
		r.past = r.past[1:]
	}
}

// logged receives a logged step, and writes a line if it is time to.
func (r *reporter) logged(rec train.Record) {
	r.mu.Lock()
	r.newest = rec
	due := r.json || !r.console.terminal() && (rec.Step-r.said >= linesEvery || rec.Step == r.steps || rec.Step == 1)
	if due {
		r.said = rec.Step
	}
	broken := r.broken
	line := fmt.Sprintf("step %d/%d  %s  %.0f examples/s  %s", rec.Step, r.steps, strings.Join(losses(rec.Metrics), "  "), rec.ExamplesPerS, clock(rec.Elapsed))
	if left := r.left(); left > 0 && rec.Step < r.steps {
		line += ", " + clock(left) + " left"
	}
	r.mu.Unlock()
	if !due || broken {
		return
	}
	var err error
	if r.json {
		err = json.NewEncoder(r.out).Encode(rec)
	} else {
		_, err = fmt.Fprintln(r.out, line)
	}
	if err != nil { // does not end the training
		r.mu.Lock()
		r.broken = true
		r.mu.Unlock()
		r.console.say("genview: %v; training goes on without it", err)
	}
}

// left estimates the remaining time; 0: not known yet. r.mu is held.
func (r *reporter) left() time.Duration {
	if len(r.past) == 0 {
		return 0
	}
	first := r.past[0]
	took, steps := r.trained-first.trained, r.step-first.step
	if took < rateFrom || steps < 1 {
		return 0
	}
	return time.Duration(float64(took) / float64(steps) * float64(r.steps-r.step))
}

// doing returns the progress in a number of columns. After the last step, which has its own line, it says that the run is being saved.
func (r *reporter) doing(columns int) string {
	r.mu.Lock()
	saving, since := r.step == r.steps && r.trained > 0, time.Since(r.at)
	r.mu.Unlock()
	if saving {
		return fmt.Sprintf("saving (%s)", clock(since))
	}
	return r.line(columns)
}

// paused returns what is said while the training rests: it is the same until it goes on.
func (r *reporter) paused() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = time.Now() // a pause is no part of a long step
	return fmt.Sprintf("paused at step %d/%d", r.step, r.steps)
}

// line returns the progress of the training in a number of columns; 0: no limit.
func (r *reporter) line(columns int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := clock(r.trained + time.Since(r.at)) // continues during a long step
	parts := []string{fmt.Sprintf("step %d/%d", r.step, r.steps)}
	if left := r.left(); left > 0 {
		parts = append(parts, clock(left)+" left")
	}
	parts = append(parts, took)
	parts = append(parts, losses(r.newest.Metrics)...)
	if r.newest.ExamplesPerS > 0 {
		parts = append(parts, fmt.Sprintf("%.0f examples/s", r.newest.ExamplesPerS))
	}
	line := strings.Join(parts, "  ")
	if columns == 0 {
		return line
	}
	for len(parts) > 1 && width(line) > columns {
		parts = parts[:len(parts)-1]
		line = strings.Join(parts, "  ")
	}
	const least, most = 10, 30
	if room := columns - width(line) - 4; room >= least && r.steps > 0 {
		room = min(room, most)
		full := min(room*r.step/r.steps, room)
		parts[0] += "  [" + strings.Repeat("=", full) + strings.Repeat(" ", room-full) + "]"
		line = strings.Join(parts, "  ")
	}
	return line
}

// losses formats the metrics of a step, but for the learning rate, which follows from the settings.
func losses(m watch.Metrics) (parts []string) {
	for _, v := range m {
		if v.Name != "lr" {
			parts = append(parts, fmt.Sprintf("%s %.2f", v.Name, v.Value))
		}
	}
	return parts
}
