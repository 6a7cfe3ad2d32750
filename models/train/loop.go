package train

import (
	"context"
	"fmt"
	"image"
	"math"
	"time"

	"genview/models/data"
	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// Model is what the loop asks of a model in training.
type Model interface {
	Step(ctx context.Context, images []float32) error           // starts a step
	Metrics() (watch.Metrics, error)                            // of the newest step; waits for it
	State() []nn.Named                                          // all that a checkpoint holds
	Decode(ctx context.Context, z []float32) ([]float32, error) // latents to pictures
	Z() int                                                     // latent dimensions
}

// Options says how long and how often.
type Options struct {
	Steps, Batch int
	LogEvery     int
	SampleEvery  int
	SaveEvery    int
	Latents      []float32                                // what samples are decoded from
	Draw         func(pictures []float32) *image.RGBA     // a sheet of decoded pictures
	SaveSheet    func(path string, img *image.RGBA) error // to the run's samples
	OnLog        func(Record)
	Bus          *watch.Bus
	Snapshot     watch.Snapshot // what every snapshot says
	NewHistory   *watch.History
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
	loader  *data.Loader
	began   time.Time
	last    time.Time
	logged  int
	snap    watch.Snapshot
	paused  bool
	stopped bool
}

// Loop trains from a step on until Options.Steps, the context's end, or a request to stop; the newest state is then saved. It returns
// the step reached.
func Loop(ctx context.Context, run *Run, rt *tensor.Runtime, m Model, loader *data.Loader, from int, o Options) (int, error) {
	l := &loop{Options: o, run: run, rt: rt, model: m, loader: loader, began: time.Now(), last: time.Now(), logged: from, snap: o.Snapshot}
	if l.NewHistory == nil {
		l.NewHistory = watch.NewHistory(512)
	}
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
		if err := l.one(ctx); err != nil {
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
		if step%l.SampleEvery == 0 || l.Bus != nil && step == 1 {
			if err := l.sample(ctx, step); err != nil && ctx.Err() == nil {
				return step, err
			}
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

func (l *loop) one(ctx context.Context) error {
	b, err := l.loader.Next(ctx)
	if err != nil {
		return err
	}
	defer l.loader.Release(b)
	// The step must not be cut short: what it updates is what will be saved.
	return l.model.Step(context.WithoutCancel(ctx), b.Images)
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
	rate := float64((step-l.logged)*l.Batch) / now.Sub(l.last).Seconds()
	l.logged, l.last = step, now
	r := Record{Step: step, Metrics: m, ExamplesPerS: rate, Elapsed: now.Sub(l.began)}
	if err := l.run.Append(r); err != nil {
		return err
	}
	if l.OnLog != nil {
		l.OnLog(r)
	}
	l.NewHistory.Add(step, m)
	l.snap.ExamplesPerSecond, l.snap.State = rate, watch.Training
	l.snap.Losses = l.NewHistory.Series()
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

// sample decodes the fixed latents, for the run's folder and for whoever watches.
func (l *loop) sample(ctx context.Context, step int) error {
	p, err := l.model.Decode(ctx, l.Latents)
	if err != nil {
		return err
	}
	sheet := l.Draw(p)
	l.snap.Samples, l.snap.SampleStep = sheet, step
	l.publish(step)
	return l.SaveSheet(fmt.Sprintf("%s/samples/step-%08d.png", l.run.Dir, step), sheet)
}

// serve answers requests between two steps, and waits while training is paused.
func (l *loop) serve(ctx context.Context, step int) {
	if l.Bus == nil {
		return
	}
	handle := func(r watch.Request) { l.handle(ctx, r, step) }
	l.Bus.Serve(10*time.Millisecond, handle)
	for l.paused && !l.stopped && ctx.Err() == nil {
		select {
		case <-l.Bus.Pending():
			l.Bus.Serve(50*time.Millisecond, handle)
		case <-ctx.Done():
		}
	}
}

func (l *loop) handle(ctx context.Context, r watch.Request, step int) {
	switch r := r.(type) {
	case watch.Decode:
		if p, err := l.model.Decode(ctx, r.Z); err == nil {
			r.Reply(l.Draw(p))
		}
	case watch.Pause:
		l.paused, l.snap.State = true, watch.Paused
		l.publish(step)
	case watch.Resume:
		l.paused, l.snap.State = false, watch.Training
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
	}
}
