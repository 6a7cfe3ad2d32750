package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"genview/models/watch"
	"genview/tensor"
)

// measuring is what a loop knows of how good the model is on held-out data.
type measuring struct {
	newest   watch.Metrics // of the newest step that was measured
	step     int           // that step
	best     Mark
	bestStep int // below 0: nothing was measured yet
	worse    int // measurements since the best one
}

// HeldOut begins the names of metrics of held-out data.
const HeldOut = "held_out_"

// recall takes up the measurements of the run so far.
func (l *loop) recall() error {
	m := &l.measuring
	m.bestStep = -1
	if l.Measurer == nil {
		return nil
	}
	metric, higher := l.Measurer.Best()
	step, mark, err := l.run.Best()
	switch {
	case errors.Is(err, ErrNotMeasured):
		return nil
	case err != nil:
		return err
	case mark.Metric != metric || mark.Higher != higher || step > l.from:
		return nil
	}
	m.best, m.bestStep = mark, step
	all, err := l.run.Records()
	for _, r := range all {
		if _, measured := r.Metrics.Value(metric); measured && r.Step > step {
			m.worse++
		}
	}
	return err
}

// measure measures the model if it is due, and returns what it measured; nil: nothing. It returns an error if the device is lost. Another
// failure is told, and training goes on.
func (l *loop) measure(ctx context.Context, step int) (watch.Metrics, error) {
	if l.Measurer == nil || !due(step, l.MeasureEvery) {
		return nil, nil
	}
	if _, err := l.model.Metrics(); err != nil { // wait for the step, whose time is not that of the measurement
		return nil, err
	}
	began := time.Now()
	all, err := l.Measurer.Measure(context.WithoutCancel(ctx)) // what a step has measured does not depend on when somebody ends the run
	l.last = l.last.Add(time.Since(began))
	if errors.Is(err, tensor.ErrDeviceLost) {
		return nil, err
	}
	if err != nil {
		l.writing.measures.failed(l, fmt.Sprintf("step %d is not measured on held-out data: %v", step, err))
		return nil, nil
	}
	l.writing.measures = retry{}
	m := &l.measuring
	m.newest, m.step = all, step
	return all, nil
}

// mark returns the mark of a step; nil if it was not measured.
func (l *loop) mark(step int) *Mark {
	if l.Measurer == nil || l.measuring.newest == nil || l.measuring.step != step {
		return nil
	}
	metric, higher := l.Measurer.Best()
	v, ok := l.measuring.newest.Value(metric)
	if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &Mark{metric, v, higher}
}

// compare tells whether the weights of a step are the best so far, and ends the training if they have not become better for too long.
func (l *loop) compare(step int) (best bool) {
	mark, m := l.mark(step), &l.measuring
	switch {
	case mark == nil:
		return false
	case m.bestStep < 0 || mark.Over(m.best):
		m.best, m.bestStep, m.worse = *mark, step, 0
		return true
	}
	m.worse++
	if l.Patience > 0 && m.worse >= l.Patience && step < l.Steps {
		why := fmt.Sprintf("%s has not become better than %.6g, that of step %d, in %d measurements", strings.ReplaceAll(mark.Metric, "_", " "), m.best.Value, m.bestStep, m.worse)
		l.run.notice("training ends at step %d: %s", step, why)
		l.snap.Notice, l.stopped = why, true
		l.event(watch.Event{Step: step, Kind: watch.Stopped, Detail: why})
	}
	return false
}
