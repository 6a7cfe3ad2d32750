package train

import (
	"context"
	"fmt"
	"time"

	"genview/models/watch"
	"genview/vk"
)

// An onlooker's views are at most this old, unless making new ones would take too large a share of the time.
const (
	fresh = 250 * time.Millisecond
	onGPU = 4  // looks take at most 1/4 of the time
	onCPU = 16 // at most 1/16 on a CPU, where looking takes time from training
)

// pause returns how long to wait after a look that took some time, on a class of device.
func pause(on vk.Class, took time.Duration) time.Duration {
	parts := onGPU
	if on == vk.CPU {
		parts = onCPU
	}
	return max(fresh-took, time.Duration(parts-1)*took)
}

// firstLook shows an onlooker the untrained model. It also compiles the programs of looks, so its duration does not predict that of later
// looks. A run without an onlooker skips it: its first look comes after the second step.
func (l *loop) firstLook(ctx context.Context) {
	if l.Bus != nil {
		l.record(l.from, l.look(ctx, l.from))
		l.next = time.Now()
	}
}

// sampleNow looks when it is due: at fixed steps for the run's folder, at fixed times for an onlooker.
func (l *loop) sampleNow(ctx context.Context, step int) {
	switch {
	case due(step, l.SampleEvery):
		l.record(step, l.sample(ctx, step))
	case l.Bus != nil && !time.Now().Before(l.next):
		l.record(step, l.look(ctx, step))
	case l.Bus == nil && l.recorder != nil:
		l.lookUnwatched(ctx, step)
	}
}

// sample looks at the model for the run's folder and an onlooker, and returns the views; nil if there are none.
func (l *loop) sample(ctx context.Context, step int) []watch.View {
	views := l.look(ctx, step)
	if views != nil {
		l.keep(step, views)
	}
	return views
}

// look has the model make new views and returns them; nil if it failed.
func (l *loop) look(ctx context.Context, step int) []watch.View {
	if step > l.from {
		if _, err := l.model.Metrics(); err != nil { // wait for the current step, which is not part of the look; if the step failed, the next one reports it
			return nil
		}
	}
	began := time.Now()
	views, err := l.model.Look(ctx)
	if err == nil {
		views, err = l.inspecting.look(ctx, &l.snap, step, views)
	}
	if err == nil {
		l.tell(ctx, step, views)
	}
	took := time.Since(began)
	l.next = time.Now().Add(pause(l.rt.Device().Info().Class, took))
	l.unwatched.looked(step, took)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		l.writing.looks.failed(l, fmt.Sprintf("there is no sample of step %d: %v", step, err))
		return nil
	}
	l.writing.looks = retry{}
	l.show(step, views)
	return views
}

// show publishes the views of a step.
func (l *loop) show(step int, views []watch.View) {
	l.snap.Show(views...)
	l.snap.LookStep = step
	l.publish(step)
}
