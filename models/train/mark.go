package train

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"genview/models/safetensors"
	"genview/models/signature"
	"genview/models/watch"
	"genview/vk/files"
)

// A Measurer measures itself on held-out data.
type Measurer interface {
	// Measure returns quantities of held-out data, whose names begin with held_out_. They depend on the weights alone, and nothing that a
	// checkpoint holds changes.
	Measure(ctx context.Context) (watch.Metrics, error)
	// Best names the quantity that tells which weights are the best. higher: those with the highest, else those with the lowest.
	Best() (metric string, higher bool)
}

// A Mark says how good the weights of a checkpoint are on held-out data.
type Mark struct {
	Metric string
	Value  float64
	Higher bool // a higher value is better
}

// Over tells whether a mark is better than another one.
func (m Mark) Over(o Mark) bool {
	if m.Higher {
		return m.Value > o.Value
	}
	return m.Value < o.Value
}

// The keys of a checkpoint's metadata.
const (
	stepKey   = "step"
	metricKey = "measure"       // the metric of the mark
	valueKey  = "measure.value" // its value
	betterKey = "measure.better"
	onlyKey   = "kept" // onlyBest: because it was the best

	higherBetter, lowerBetter = "higher", "lower"
	onlyBest                  = "best"
)

// meta returns the metadata of a checkpoint. mark may be nil. passing: it is kept only while no better one is there.
func meta(step int, mark *Mark, passing bool) map[string]string {
	m := map[string]string{"format": "pt", stepKey: strconv.Itoa(step)}
	if mark != nil {
		m[metricKey], m[valueKey], m[betterKey] = mark.Metric, strconv.FormatFloat(mark.Value, 'g', -1, 64), lowerBetter
		if mark.Higher {
			m[betterKey] = higherBetter
		}
	}
	if passing {
		m[onlyKey] = onlyBest
	}
	return m
}

// marked is what the metadata of a checkpoint say.
type marked struct {
	mark    *Mark // nil: it was not measured
	passing bool
}

// markOf reads the mark of a checkpoint. One that cannot be read has none.
func (r *Run) markOf(step int) (m marked) {
	f, err := safetensors.Open(r.Checkpoint(step))
	if err != nil {
		return m
	}
	defer f.Close()
	meta := f.Meta()
	m.passing = meta[onlyKey] == onlyBest
	value, err := strconv.ParseFloat(meta[valueKey], 64)
	if err == nil && meta[metricKey] != "" && meta[stepKey] == strconv.Itoa(step) {
		m.mark = &Mark{meta[metricKey], value, meta[betterKey] == higherBetter}
	}
	return m
}

// ErrNotMeasured says that no checkpoint of a run was measured on held-out data.
var ErrNotMeasured = errors.New("no checkpoint that was measured on held-out data")

// Best returns the step and the mark of the checkpoint that was best on held-out data: the first of those that are equally good. Without
// one the error is [ErrNotMeasured].
func (r *Run) Best() (step int, mark Mark, err error) {
	steps, err := r.steps()
	if err != nil {
		return 0, mark, err
	}
	if step, mark, ok := best(steps, r.marks(steps)); ok {
		return step, mark, nil
	}
	return 0, mark, fmt.Errorf("train: %s has %w: take another one by its step", r.Dir, ErrNotMeasured)
}

func (r *Run) marks(steps []int) []marked {
	all := make([]marked, len(steps))
	for i, s := range steps {
		all[i] = r.markOf(s)
	}
	return all
}

// best returns the first of the best marks, of those in the metric that was measured last.
func best(steps []int, marks []marked) (step int, mark Mark, ok bool) {
	metric := ""
	for _, m := range marks {
		if m.mark != nil {
			metric = m.mark.Metric
		}
	}
	for i, m := range marks {
		if m.mark != nil && m.mark.Metric == metric && (!ok || m.mark.Over(mark)) {
			step, mark, ok = steps[i], *m.mark, true
		}
	}
	return step, mark, ok
}

// prune drops all but the newest checkpoints and the best one. Those that were saved for being the best do not count as newest ones.
func (r *Run) prune() error {
	steps, err := r.steps()
	if err != nil || len(steps) == 0 {
		return err
	}
	marks, keep := r.marks(steps), r.Keep
	if keep == 0 {
		keep = usualKeep
	}
	top, _, measured := best(steps, marks)
	var newer int // of those that are kept
	for i := len(steps) - 1; i >= 0; i-- {
		newest := i == len(steps)-1
		if newest || !marks[i].passing {
			newer++
		}
		switch {
		case newest, measured && steps[i] == top, !marks[i].passing && newer <= keep:
			continue
		}
		if err := files.Remove(r.Checkpoint(steps[i])); err != nil {
			return err
		}
		if err := signature.Drop(r.Checkpoint(steps[i])); err != nil {
			return err
		}
	}
	return nil
}

// Every says how often something is done: after so many steps, or after so much time. The zero Every means never.
type Every struct {
	Steps int
	Time  time.Duration
}

// ParseEvery parses a number of steps, such as 500, or a time, such as 5m.
func ParseEvery(text string) (Every, error) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return Every{Steps: n}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= time.Second {
		return Every{Time: d}, nil
	}
	return Every{}, fmt.Errorf("train: %q is neither a number of steps, as 500, nor a time from a second on, as 5m", text)
}

// due tells whether a step is due, when the last time was at a moment.
func (e Every) due(step int, last time.Time) bool {
	return due(step, e.Steps) || e.Time > 0 && time.Since(last) >= e.Time
}
