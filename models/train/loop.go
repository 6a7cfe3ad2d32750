package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"genview/models/nn"
	"genview/models/record"
	"genview/models/watch"
	"genview/tensor"
)

// Model is a model in training, as the loop sees it.
type Model interface {
	Step(ctx context.Context) error  // starts a step on the next batch; ctx may end the wait for the batch, never the step
	Metrics() (watch.Metrics, error) // of the newest step; waits for it
	SetRate(factor float64) error    // from the next step on, of the learning rate of the settings
	State() []nn.Named               // everything that a checkpoint holds
	Onlooker
}

// An Onlooker shows what a model has learned.
type Onlooker interface {
	Look(ctx context.Context) ([]watch.View, error)          // makes the current views; their names stay the same
	Answer(ctx context.Context, r watch.Request) (look bool) // serves a request; look: the next Look answers it
}

// A Drawer names the variables that Look needs. The key checkpoints of a recording hold them.
type Drawer interface{ Drawn() []nn.Named }

// Options says how long to train, what to do how often, and whom to tell. 0 steps means never.
type Options struct {
	Steps, Batch int
	LogEvery     int                                   // steps
	SampleEvery  int                                   // steps
	SaveEvery    Every                                 // beside the last checkpoint and the best one
	MeasureEvery int                                   // steps
	Measurer     Measurer                              // nil for none
	Patience     int                                   // measurements without a better one that end the run; 0: none do
	Epoch        int                                   // steps in which the data are seen once; 0: unknown
	OnStep       func(step int, trained time.Duration) // receives each step, and the time trained without pauses; nil for none
	OnLog        func(Record)                          // nil for none
	OnLook       func(step int, views []watch.View)    // receives views, with those of the parameters: of samples, and of looks as far apart as in a recording; nil for none
	OnHome       func()                                // is called when the onlooker goes back to the start page, before the loop ends; nil: there is none
	OnSave       func(step int)                        // receives each checkpoint that is on the disk; nil for none
	OnTurn       func(sample int, save Every)          // receives SampleEvery and SaveEvery when they are changed in the window; nil for none
	WantKernels  func() bool                           // is asked before each step but the first whether its kernels are to be timed; nil: never
	OnKernels    func([]watch.Kernel)                  // receives what each kernel took of such a step, the slowest first; nil only if WantKernels is
	Bus          *watch.Bus                            // nil for none
	Snapshot     watch.Snapshot                        // the fields that every snapshot has
	History      *watch.History                        // the metrics before this loop; nil for none
	Record       int64                                 // most bytes of the recording; 0: there is none
	CacheDir     string                                // for the index of the system's fonts, which samples of texts need; "": they are not used
}

// A Record is one logged step.
type Record struct {
	Step         int
	Metrics      watch.Metrics
	Epoch        float64 // how often the data were seen; 0: unknown
	ExamplesPerS float64
	Elapsed      time.Duration
	Time         time.Time // when it was logged; zero: not known, because an earlier version wrote it
}

// MarshalJSON writes the record flat: step, the metrics by name, the epoch if it is known, examples_per_s, elapsed_s, time.
func (r Record) MarshalJSON() ([]byte, error) {
	out := fmt.Appendf(nil, `{"step":%d`, r.Step)
	for _, m := range r.Metrics {
		out = fmt.Appendf(out, `,%q:%s`, m.Name, number(m.Value))
	}
	if r.Epoch > 0 {
		out = fmt.Appendf(out, `,"epoch":%s`, number(r.Epoch))
	}
	out = fmt.Appendf(out, `,"examples_per_s":%s,"elapsed_s":%s`, number(r.ExamplesPerS), number(r.Elapsed.Seconds()))
	if !r.Time.IsZero() {
		out = fmt.Appendf(out, `,"time":%q`, r.Time.Format(time.RFC3339Nano))
	}
	return append(out, '}'), nil
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
	from    int
	saved   int  // step of the newest checkpoint; -1: there is none
	passing bool // it is kept only while no better one is there
	savedAt time.Time
	began   time.Time
	last    time.Time
	logged  int
	next    time.Time // when to look again
	snap    watch.Snapshot
	paused  bool
	single  bool // the paused training makes one step
	stopped bool
	failed  error // error of a request that ends the run

	inspecting inspecting
	writing    writing
	measuring  measuring
	recorder   *record.Writer // nil for none
	unwatched  unwatched
	tells      tells
	unaudited  bool // the audit log could not be written last time
}

// Loop trains from a step until Options.Steps, the end of ctx, or a request to stop; then it saves. It returns the step that it reached.
//
// Files that cannot be written are tried again; that does not end the run, and [Run.Notice] receives it. An error of the model ends the run
// after the state was saved. A loss or a state that is not finite ends the run with [ErrNotFinite] and is not saved. If the device is lost,
// nothing can be saved: the error is [tensor.ErrDeviceLost], and the newest checkpoint is what is left.
func Loop(ctx context.Context, run *Run, rt *tensor.Runtime, m Model, from int, o Options) (int, error) {
	l := &loop{
		Options: o, run: run, rt: rt, model: m, from: from, saved: -1, savedAt: time.Now(), began: time.Now(), last: time.Now(), logged: from,
		snap: o.Snapshot, inspecting: inspecting{rt: rt, model: m}, tells: tells{told: -1},
	}
	if l.History == nil {
		l.History = watch.NewHistory(historyPoints)
	}
	if _, newest, err := run.Newest(); err == nil {
		l.saved = newest
	}
	if from > 0 {
		if err := l.sound(); err != nil {
			return from, err
		}
	}
	if err := l.recall(); err != nil {
		return from, err
	}
	l.snap.State, l.snap.Home = watch.Compiling, l.OnHome != nil
	l.snap.Show(l.History.Curves())
	l.publish(from)
	if err := l.begin(); err != nil {
		return from, err
	}
	l.startRecording()
	l.firstLook(ctx)
	step, err := l.train(ctx, from)
	err = l.finish(ctx, step, err)
	l.inspecting.close()
	l.tells.end()
	l.endRecording()
	return step, err
}

// sound returns an error if the initial state is not finite, which checkpoints of earlier versions may contain.
func (l *loop) sound() error {
	for _, n := range l.model.State() {
		if _, err := read(l.rt, n); err != nil {
			return fmt.Errorf("%w in the checkpoint of step %d: go on from an earlier one", err, l.from)
		}
	}
	return nil
}

// train makes steps until the last one, until ctx ends or until someone asked to stop. It returns the number of the last step made.
func (l *loop) train(ctx context.Context, step int) (int, error) {
	for step < l.Steps && ctx.Err() == nil && !l.stopped {
		if err := l.step(ctx, step); err != nil {
			if ctx.Err() != nil {
				break
			}
			return step, err
		}
		step++
		if err := l.after(ctx, step); err != nil {
			return step, err
		}
	}
	return step, nil
}

// after does what is due after a step. The checkpoint comes first, because it matters most.
func (l *loop) after(ctx context.Context, step int) error {
	first := step == l.from+1
	if first { // it is slower than the others, and is left out of their rate
		if _, err := l.model.Metrics(); err != nil {
			return err
		}
	}
	if l.OnStep != nil {
		l.OnStep(step, time.Since(l.began))
	}
	measured, err := l.measure(ctx, step)
	if err != nil {
		return err
	}
	switch {
	case l.single || measured != nil || l.LogEvery > 0 && (first && l.from == 0 || step%l.LogEvery == 0 || step == l.Steps):
		if err := l.log(step, measured); err != nil {
			return err
		}
	case first:
		l.logged, l.last = step, time.Now()
	}
	if err := l.saveDue(step); err != nil {
		return err
	}
	l.writeAgain()
	if step < l.Steps { // the last sample is made after the last checkpoint is on the disk
		l.sampleNow(ctx, step)
	}
	if l.single {
		l.single = false
		l.rest(ctx, step)
	}
	l.serve(ctx, step)
	return l.failed
}

// saveDue saves what is due after a step. The last checkpoint is that of finish.
func (l *loop) saveDue(step int) error {
	was, wasStep := l.measuring.best, l.measuring.bestStep
	best := l.compare(step)
	regular := l.SaveEvery.due(step, l.savedAt) && l.writing.saves.wait == 0 // else it is tried again when that is due
	if step < l.Steps && (regular || best && !l.stopped) || l.writing.saves.due() || l.lost() {
		err := l.save(step, best && !regular && step < l.Steps)
		if best && l.saved != step { // what is not there is not the best
			l.measuring.best, l.measuring.bestStep = was, wasStep
		}
		return err
	}
	return nil
}

func due(step, every int) bool { return every > 0 && step%every == 0 }

// finish saves when a run ends, for whatever reason, and returns the error that ended it.
func (l *loop) finish(ctx context.Context, step int, err error) error {
	if step > l.from && (step != l.saved || l.passing) && !errors.Is(err, ErrNotFinite) && !errors.Is(err, tensor.ErrDeviceLost) {
		switch lost := l.saveLast(step); {
		case lost != nil && err == nil:
			err = lost
		case lost != nil:
			err = fmt.Errorf("%w; nor is step %d saved: %w", err, step, lost)
		}
	}
	if err != nil {
		l.flush()
		return err
	}
	switch {
	case ctx.Err() != nil: // whoever stopped the run does not wait for pictures
	case step > l.from:
		if views := l.sample(ctx, step); views != nil {
			l.recordLast(step, views)
		}
	case l.Bus != nil:
		l.look(ctx, step)
	}
	l.flush()
	l.snap.State = watch.Done
	l.publish(step)
	return nil
}

// log reads the losses, records and publishes them, with what was measured. A loss that is not finite ends the run before it is saved.
func (l *loop) log(step int, measured watch.Metrics) error {
	m, err := l.model.Metrics()
	if err != nil {
		return err
	}
	for _, v := range m {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			return l.diverged(fmt.Sprintf("train: %s became %v at step %d", v.Name, v.Value, step))
		}
	}
	now := time.Now()
	seconds := now.Sub(l.last).Seconds() / float64(step-l.logged)
	m = append(m, measured...)
	r := Record{Step: step, Metrics: m, ExamplesPerS: float64(l.Batch) / seconds, Elapsed: now.Sub(l.began), Time: now.UTC().Truncate(time.Millisecond)}
	if l.Epoch > 0 {
		r.Epoch = float64(step) / float64(l.Epoch)
	}
	l.logged, l.last = step, now
	l.write(r)
	if l.OnLog != nil {
		l.OnLog(r)
	}
	l.History.Add(step, m)
	l.History.Time(step, r.Elapsed)
	if !l.paused {
		l.snap.State = watch.Training
	}
	if step > l.from+1 {
		l.snap.ExamplesPerSecond, l.snap.StepSeconds = r.ExamplesPerS, seconds
	}
	l.snap.Show(l.History.Curves())
	l.publish(step)
	return nil
}

// divergence is the error of a loss or a state that is not finite.
type divergence struct{ text string }

func (d divergence) Error() string { return d.text }
func (d divergence) Unwrap() error { return ErrNotFinite }

// diverged returns the error of a run whose loss or state is not finite, with what is left of the run.
func (l *loop) diverged(what string) error {
	left := "there is no checkpoint"
	if _, newest, err := l.run.Newest(); err == nil {
		left = fmt.Sprintf("the newest checkpoint is of step %d", newest)
	}
	return divergence{what + "; " + left + ": try a smaller learning rate, optim.lr"}
}

func (l *loop) publish(step int) {
	if l.Bus == nil {
		return
	}
	s := l.snap
	s.Step, s.Steps, s.Elapsed = step, l.Steps, time.Since(l.began)
	l.Bus.Publish(&s)
}

// Show answers an onlooker's requests without training, from the newest snapshot on; rt is that of the model. It returns the Train or Home that
// somebody asked for, or nil when ctx ends.
func Show(ctx context.Context, bus *watch.Bus, rt *tensor.Runtime, m Onlooker) (next watch.Request) {
	inside := inspecting{rt: rt, model: m}
	defer inside.close()
	for next == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-bus.Pending():
			bus.Serve(time.Second, func(r watch.Request) {
				s := *bus.Latest()
				switch r := r.(type) {
				case watch.Train, watch.Home:
					next = r
					return
				case watch.Inspect:
					if err := inside.ask(r); err != nil {
						s.Message = err.Error()
						bus.Publish(&s)
						return
					}
					s.Message, s.Views = "", without(s.Views)
				default:
					if !m.Answer(ctx, r) {
						return
					}
				}
				views, err := m.Look(ctx)
				if err == nil {
					views, err = inside.look(ctx, &s, s.LookStep, views)
				}
				if err == nil {
					s.Show(views...)
					bus.Publish(&s)
				}
			})
		}
	}
	return next
}
