package train

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// Model is what the loop asks of a model in training.
type Model interface {
	Step(ctx context.Context) error  // starts a step on the next batch; ctx may end the wait for the batch, never the step
	Metrics() (watch.Metrics, error) // of the newest step; waits for it
	State() []nn.Named               // all that a checkpoint holds
	Onlooker
	Keep(path string, s *watch.Snapshot) error // writes what Look found; path lacks the suffix of the kind of file
}

// An Onlooker shows what a model has learned.
type Onlooker interface {
	Look(ctx context.Context, s *watch.Snapshot) error       // puts what the model makes now into s, anew
	Answer(ctx context.Context, r watch.Request) (look bool) // serves a request; look: it is answered by the next Look
}

// Options says how long, how often, and who is told.
type Options struct {
	Steps, Batch int
	LogEvery     int
	SampleEvery  int
	SaveEvery    int
	OnLog        func(Record)   // nil for none
	Bus          *watch.Bus     // nil for none
	Snapshot     watch.Snapshot // what every snapshot says
	History      *watch.History // of the steps before; nil for none
}

// A Record is one logged step.
type Record struct {
	Step         int
	Metrics      watch.Metrics
	ExamplesPerS float64
	Elapsed      time.Duration
}

// MarshalJSON writes the record flat: step, the metrics by name, examples_per_s, elapsed_s.
func (r Record) MarshalJSON() ([]byte, error) {
	out := fmt.Appendf(nil, `{"step":%d`, r.Step)
	for _, m := range r.Metrics {
		out = fmt.Appendf(out, `,%q:%s`, m.Name, number(m.Value))
	}
	return fmt.Appendf(out, `,"examples_per_s":%s,"elapsed_s":%s}`, number(r.ExamplesPerS), number(r.Elapsed.Seconds())), nil
}

func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "null"
	}
	return fmt.Sprintf("%.6g", v)
}

type loop struct {
	Options
	run     *Run
	rt      *tensor.Runtime
	model   Model
	began   time.Time
	last    time.Time
	logged  int
	next    time.Time // to look again
	snap    watch.Snapshot
	paused  bool
	stopped bool
}

// Loop trains from a step on until Options.Steps, the context's end, or a request to stop; the newest state is then saved. It returns
// the step reached.
func Loop(ctx context.Context, run *Run, rt *tensor.Runtime, m Model, from int, o Options) (int, error) {
	l := &loop{Options: o, run: run, rt: rt, model: m, began: time.Now(), last: time.Now(), logged: from, snap: o.Snapshot}
	if l.History == nil {
		l.History = watch.NewHistory(historyPoints)
	}
	l.snap.State, l.snap.Losses = watch.Compiling, l.History.Series()
	l.publish(from)
	step, err := l.train(ctx, from)
	if err != nil {
		return step, err
	}
	if err := run.Save(rt, m.State(), step); err != nil {
		return step, err
	}
	if err := l.sample(context.WithoutCancel(ctx), step); err != nil {
		return step, err
	}
	l.snap.State = watch.Done
	l.publish(step)
	return step, nil
}

func (l *loop) train(ctx context.Context, step int) (int, error) {
	for step < l.Steps && ctx.Err() == nil && !l.stopped {
		if err := l.model.Step(ctx); err != nil {
			if ctx.Err() != nil {
				break
			}
			return step, err
		}
		step++
		if step == l.logged+1 && l.logged == 0 || step%l.LogEvery == 0 || step == l.Steps {
			if err := l.log(step); err != nil {
				return step, err
			}
		}
		if err := l.sampleNow(ctx, step); err != nil && ctx.Err() == nil {
			return step, err
		}
		if step%l.SaveEvery == 0 && step < l.Steps {
			if err := l.run.Save(l.rt, l.model.State(), step); err != nil {
				return step, err
			}
		}
		l.serve(ctx, step)
	}
	return step, nil
}

// log reads the losses, writes them down and publishes them. A loss that is no number ends the run before it is saved.
func (l *loop) log(step int) error {
	m, err := l.model.Metrics()
	if err != nil {
		return err
	}
	for _, v := range m {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			return fmt.Errorf("train: %s became %v at step %d; the last good checkpoint is kept: try a smaller learning rate (--set optim.lr=…)", v.Name, v.Value, step)
		}
	}
	now := time.Now()
	seconds := now.Sub(l.last).Seconds() / float64(step-l.logged)
	rate := float64(l.Batch) / seconds
	l.logged, l.last = step, now
	r := Record{Step: step, Metrics: m, ExamplesPerS: rate, Elapsed: now.Sub(l.began)}
	if err := l.run.Append(r); err != nil {
		return err
	}
	if l.OnLog != nil {
		l.OnLog(r)
	}
	l.History.Add(step, m)
	l.snap.State, l.snap.ExamplesPerSecond, l.snap.StepSeconds = watch.Training, rate, seconds
	l.snap.Losses = l.History.Series()
	l.publish(step)
	return nil
}

func (l *loop) publish(step int) {
	if l.Bus == nil {
		return
	}
	s := l.snap
	s.Step, s.Steps, s.Elapsed = step, l.Steps, time.Since(l.began)
	l.Bus.Publish(&s)
}

// An onlooker gets something new this often, and a twentieth of the time at most goes into making it.
const (
	often = 2 * time.Second
	share = 20
)

// sampleNow samples when it is time to: for the run's folder by steps, for whoever watches by the clock.
func (l *loop) sampleNow(ctx context.Context, step int) error {
	switch {
	case step%l.SampleEvery == 0:
		return l.sample(ctx, step)
	case l.Bus != nil && time.Now().After(l.next):
		return l.look(ctx, step)
	}
	return nil
}

// sample looks at what the model makes, for the run's folder and for whoever watches.
func (l *loop) sample(ctx context.Context, step int) error {
	if err := l.look(ctx, step); err != nil {
		return err
	}
	return l.model.Keep(filepath.Join(l.run.Dir, "samples", fmt.Sprintf("step-%08d", step)), &l.snap)
}

func (l *loop) look(ctx context.Context, step int) error {
	began := time.Now()
	if err := l.model.Look(ctx, &l.snap); err != nil {
		return err
	}
	l.snap.SampleStep = step
	l.next = time.Now().Add(max(often, share*time.Since(began)))
	l.publish(step)
	return nil
}

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
	for l.paused && !l.stopped && ctx.Err() == nil {
		select {
		case <-l.Bus.Pending():
			l.Bus.Serve(50*time.Millisecond, handle)
		case <-ctx.Done():
		}
	}
	l.last = l.last.Add(time.Since(rested))
	l.began = l.began.Add(time.Since(rested))
}

func (l *loop) handle(ctx context.Context, r watch.Request, step int) {
	switch r.(type) {
	case watch.Pause:
		l.paused, l.snap.State = true, watch.Paused
		l.publish(step)
	case watch.Resume:
		l.paused, l.snap.State, l.snap.Message = false, watch.Training, ""
		l.publish(step)
	case watch.Save:
		if err := l.run.Save(l.rt, l.model.State(), step); err != nil {
			l.snap.Message = err.Error()
		} else {
			l.snap.Message = fmt.Sprintf("saved at step %d", step)
		}
		l.publish(step)
	case watch.Stop:
		l.stopped = true
	default: // a look that fails leaves it unanswered, for the step that follows fails too and says why
		if l.model.Answer(ctx, r) && l.model.Look(ctx, &l.snap) == nil {
			l.snap.SampleStep = step
			l.publish(step)
		}
	}
}

// Show answers an onlooker's requests to a model at rest until ctx ends. It goes on from the newest snapshot.
func Show(ctx context.Context, bus *watch.Bus, m Onlooker) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-bus.Pending():
			bus.Serve(time.Second, func(r watch.Request) {
				s := *bus.Latest()
				if m.Answer(ctx, r) && m.Look(ctx, &s) == nil {
					bus.Publish(&s)
				}
			})
		}
	}
}
