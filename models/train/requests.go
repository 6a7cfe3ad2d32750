package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"genview/models/watch"
)

// serve answers requests between two steps, and waits while training is paused.
func (l *loop) serve(ctx context.Context, step int) {
	if l.Bus == nil {
		return
	}
	handle := func(r watch.Request) { l.handle(ctx, r, step) }
	l.Bus.Serve(10*time.Millisecond, handle)
	if !l.paused {
		return
	}
	rested := time.Now()
	for l.paused && !l.single && !l.stopped && l.failed == nil && ctx.Err() == nil {
		select {
		case <-l.Bus.Pending():
			l.Bus.Serve(50*time.Millisecond, handle)
		case <-ctx.Done():
		}
	}
	l.last = l.last.Add(time.Since(rested))
	l.began = l.began.Add(time.Since(rested))
}

// handle serves one request.
func (l *loop) handle(ctx context.Context, r watch.Request, step int) {
	switch r := r.(type) {
	case watch.Pause:
		if !l.paused {
			l.paused = true
			l.note(step, watch.Held)
			l.rest(ctx, step)
		}
	case watch.Resume:
		if l.paused {
			l.paused, l.single, l.snap.State, l.snap.Message = false, false, watch.Training, ""
			l.note(step, watch.Resumed)
			l.publish(step)
		}
	case watch.Step:
		l.stepOnce(r.Only, step)
	case watch.Rate:
		l.rate(r.Factor, step)
	case watch.Turn:
		l.turn(r, step)
	case watch.Sample:
		if l.sample(ctx, step) != nil {
			l.snap.Notice = fmt.Sprintf("a sample of step %d is in the run's folder", step)
			l.note(step, watch.Sampled)
			l.publish(step)
		}
	case watch.Inspect:
		l.inspect(ctx, r, step)
	case watch.Save:
		l.saveNow(step)
	case watch.Home:
		if l.OnHome != nil {
			l.OnHome()
			l.stopped = true
			l.note(step, watch.Stopped)
		}
	case watch.Stop:
		l.stopped = true
		l.note(step, watch.Stopped)
	default: // a failed look leaves the request unanswered; the next step fails, too, and reports why
		if a, ok := r.(watch.Ablate); ok && a.Layer != "" {
			l.event(watch.Event{Step: step, Kind: watch.HeadCut, Detail: a.String()})
		}
		if !l.model.Answer(ctx, r) {
			return
		}
		if views, err := l.model.Look(ctx); err == nil {
			l.show(step, views)
		}
	}
}

// parted is a model of which a step has parts that can be made alone.
type parted interface {
	Parts() []string
	Only(part int) // of the next step
}

// stepOnce lets a paused training make one step, or one part of it. An unknown part is ignored.
func (l *loop) stepOnce(only string, step int) {
	if !l.paused || l.single {
		return
	}
	if only != "" {
		i := slices.Index(l.snap.Parts, only)
		if i < 0 {
			return
		}
		l.model.(parted).Only(i)
	}
	l.single = true
	l.event(watch.Event{Step: step + 1, Kind: watch.Stepped, Detail: only})
}

// note notes that something was done.
func (l *loop) note(step int, kind watch.EventKind) { l.event(watch.Event{Step: step, Kind: kind}) }

// inspect begins to look into the model, or ends that. If it cannot be looked into, that is told.
func (l *loop) inspect(ctx context.Context, r watch.Inspect, step int) {
	if err := l.inspecting.ask(r); err != nil {
		l.snap.Message = err.Error()
		l.publish(step)
		return
	}
	l.snap.Message = ""
	if !r.On {
		l.snap.Views = without(l.snap.Views)
		l.publish(step)
		return
	}
	l.record(step, l.look(ctx, step))
}

// rest shows a paused training.
func (l *loop) rest(ctx context.Context, step int) {
	l.snap.State = watch.Paused
	l.publish(step)
	if l.snap.LookStep != step {
		l.record(step, l.look(ctx, step))
	}
}

// The limits of the factor of a learning rate.
const (
	leastRate = 1e-6
	mostRate  = 1e6
)

// rate changes the learning rate. A rate that is out of range, or that cannot be set, is told and changes nothing.
func (l *loop) rate(factor float64, step int) {
	defer l.publish(step)
	if !(factor >= leastRate && factor <= mostRate) {
		l.snap.Message = fmt.Sprintf("the learning rate cannot be %g times that of the settings: give a factor from %g to %g", factor, leastRate, mostRate)
		return
	}
	if factor == l.snap.Rate {
		return
	}
	if err := l.setRate(factor); err != nil {
		l.snap.Message = err.Error()
		return
	}
	e := watch.Event{Step: step, Kind: watch.RateSet, Rate: factor}
	l.snap.Message, l.snap.Notice = "", e.String()
	l.event(e)
}

// saveNow saves because somebody asked for it. A state that is not finite ends the run.
func (l *loop) saveNow(step int) {
	switch err := l.saveOnce(step, false); {
	case errors.Is(err, ErrNotFinite):
		l.snap.Message, l.failed = err.Error(), err
	case err != nil:
		l.snap.Message = err.Error()
	default:
		l.snap.Message, l.snap.Notice = "", fmt.Sprintf("saved at step %d", step)
		l.note(step, watch.Saved)
	}
	l.publish(step)
}
