package main

import (
	"context"
	"errors"

	"genview/models/replay"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
	"genview/tensor"
	"genview/viewer"
)

// A watching is what happens behind a window, stage by stage. If the user closes the window, a training ends; if the window is lost, it does
// not.
type watching struct {
	app      *app
	whole    context.Context // ends with Ctrl-C
	training context.Context // and when the user closes the window
	looking  context.Context // ends with the window, for whatever reason
	close    func()          // closes the window
	bus      *watch.Bus
	past     *watch.Bus
	begun    bool // a training has begun
}

// A stage runs until the user wants something else, and returns that; nil: the window is closed.
type stage func(w *watching) (next stage, err error)

// watched runs stages behind a window, from the first one on.
func (a *app) watched(ctx context.Context, bus *watch.Bus, o viewer.Options, first stage) error {
	training, stop := context.WithCancel(ctx)
	defer stop()
	looking, close := context.WithCancel(training)
	o.Past = watch.NewBus()
	w := &watching{app: a, whole: ctx, training: training, looking: looking, close: close, bus: bus, past: o.Past}
	ended := make(chan error, 1)
	go func() { ended <- w.run(first) }()
	err := viewer.Run(looking, a.windows, bus, o)
	lost := errors.Is(err, viewer.ErrLost)
	if lost {
		if s := bus.Latest().State; s != watch.Done && s != watch.Choosing && s != watch.Following {
			a.console.say("genview: %s; training goes on without it, Ctrl-C saves and ends it", oneLine(err))
		}
		bus.Send(watch.Resume{}) // a paused training would wait for ever
		close()
	} else {
		stop()
	}
	failed := <-ended
	if ctx.Err() == nil && errors.Is(failed, context.Canceled) {
		failed = nil // the window was closed before a training began
	}
	if lost && w.begun {
		return failed
	}
	return errors.Join(err, failed)
}

// run runs stages until the window is closed, and returns their errors. After an error it waits, with what the window shows, until the user
// goes to the start page.
func (w *watching) run(next stage) (all error) {
	for next != nil {
		then, err := next(w)
		if err != nil && then == nil {
			w.failed(err)
			if train.Show(w.looking, w.bus, nil, nothing{}) != nil {
				then = choosing
			}
		}
		next, all = then, errors.Join(all, err)
	}
	return all
}

// nothing is looked at while there is no model.
type nothing struct{}

func (nothing) Look(context.Context) ([]watch.View, error)        { return nil, nil }
func (nothing) Answer(context.Context, watch.Request) (look bool) { return false }

// failed shows an error in the window.
func (w *watching) failed(err error) {
	s := *w.bus.Latest()
	s.State, s.Choices, s.Message, s.Trainable, s.Home = watch.Done, nil, oneLine(advise(err)), false, true
	w.bus.Publish(&s)
}

// stage trains, and serves the window afterwards.
func (j *job) stage(w *watching) (next stage, err error) {
	w.begun = true
	j.Folder.Beside = w.app.beside
	looking, stop := context.WithCancel(w.looking)
	played := make(chan struct{})
	go func() {
		w.app.play(w.whole, looking, w.past, j.Folder.Dir, replay.Options{})
		close(played)
	}()
	home, err := j.live(w)
	stop()
	<-played
	w.past.Publish(&watch.Snapshot{}) // the next run has another past
	if home {
		next = choosing
	}
	return next, errors.Join(err, j.Close())
}

// live trains, and trains further as often as the user wants. home: the user goes to the start page.
func (j *job) live(w *watching) (home bool, err error) {
	for {
		err = j.train(w.training, w.bus, func() { home = true })
		if home || w.looking.Err() != nil {
			return home, err
		}
		if err != nil {
			w.failed(err)
		} else {
			s := *w.bus.Latest()
			s.Trainable, s.Home = true, true
			w.bus.Publish(&s)
		}
		var lost *run.LostError
		rt, shown := j.Runtime, train.Onlooker(j.Model)
		if errors.As(err, &lost) { // with the device the model is closed
			rt, shown = nil, nothing{}
		}
		switch further, home := j.rests(w, rt, shown); {
		case home:
			return true, err
		case !further:
			return false, err
		}
	}
}

// rests serves the window until the run is to be trained further, or the user goes to the start page, or the window is closed.
func (j *job) rests(w *watching, rt *tensor.Runtime, shown train.Onlooker) (further, home bool) {
	for {
		switch r := train.Show(w.looking, w.bus, rt, shown).(type) {
		case watch.Home:
			return false, true
		case watch.Train:
			s := *w.bus.Latest()
			if !s.Trainable {
				continue
			}
			err := j.Extend(r.Steps)
			if err == nil {
				return true, false
			}
			s.Message = oneLine(err)
			w.bus.Publish(&s)
		default:
			return false, false
		}
	}
}

// shows shows a run until the user wants to train it further, or goes to the start page.
func (w *watching) shows(o replay.Options) (next stage, err error) {
	looking, stop := context.WithCancel(w.looking)
	defer stop()
	var asked watch.Request
	o.Next = func(r watch.Request) {
		asked = r
		stop()
	}
	dir := o.Session.Folder.Dir
	w.app.play(w.whole, looking, w.past, dir, o)
	if err := o.Session.Close(); err != nil {
		return nil, err
	}
	w.past.Publish(&watch.Snapshot{})
	switch r := asked.(type) {
	case watch.Home:
		return choosing, nil
	case watch.Train:
		s := *w.bus.Latest()
		s.State, s.Trainable = watch.Compiling, false
		w.bus.Publish(&s)
		return w.resumes(dir, r.Steps)
	}
	return nil, nil
}

// resumes makes the training of a run to so many steps.
func (w *watching) resumes(dir string, steps int) (stage, error) {
	cfg, folder, err := run.Read(dir, w.app.place)
	if err != nil {
		return nil, err
	}
	cfg.Steps = steps
	j, err := w.app.ready(w.training, &trainFlags{resume: dir}, plan{config: cfg, folder: folder}, false)
	if err != nil {
		return nil, err
	}
	return j.stage, nil
}
