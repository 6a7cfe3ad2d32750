package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"genview/models/data"
	"genview/models/train"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// subject is a model of any kind on a device, together with what it learns from.
type subject interface {
	train.Model
	Parameters() int
	Programs() []*tensor.Program // of a step
	Close()

	// begin opens what the model learns from, whose batches come as they do from a step on, and says what it is.
	begin(ctx context.Context, step int) (what string, err error)
	// dummy starts steps that learn from nothing, for timing.
	dummy() func(ctx context.Context) error
}

// session is a model on a device.
type session struct {
	config config
	dev    *vk.Device
	tuning *tensor.Tuning // nil: with --no-tune
	rt     *tensor.Runtime
	model  subject

	console *console
}

// how is how a session is started.
type how struct {
	profile bool
	effort  func(vk.Info) tensor.Effort // nil: no kernels are tried, but what is known of them is used
}

func (a *app) start(c config, h how) (*session, error) {
	defer a.console.begin("compiling").end()
	a.take(c.Vectors)
	dev, err := a.open(h.profile)
	if err != nil {
		return nil, err
	}
	return a.startOn(dev, a.tuning(dev.Info(), h.effort), c)
}

// progress hears how many kernels of a program are made, and ends that where the command is to end.
func (a *app) progress(done, all int) error {
	a.console.count("kernels", done, all)
	if a.ended == nil {
		return nil
	}
	return a.ended()
}

// startOn starts a session on a device, which it closes, also where it fails.
func (a *app) startOn(dev *vk.Device, t *tensor.Tuning, c config) (*session, error) {
	products, err := c.products()
	if err != nil {
		return nil, errors.Join(usageError{err}, dev.Close())
	}
	family, _ := tensor.ParseFamily(c.Kernels) // "" is what suits the device
	if family == tensor.ForLavapipe && !dev.Info().Lavapipe {
		return nil, errors.Join(&kernelsError{dev.Info().Name, errors.New("it does not run them")}, dev.Close())
	}
	rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family, Without: a.without(), Tuning: t, Products: products, Progress: a.progress})
	if err != nil {
		return nil, errors.Join(usageError{err}, dev.Close())
	}
	if family == tensor.ForLavapipe {
		if _, err := rt.Family(); err != nil {
			rt.Close()
			return nil, errors.Join(&kernelsError{dev.Info().Name, err}, dev.Close())
		}
	}
	s := &session{config: c, dev: dev, tuning: t, rt: rt, console: a.console}
	switch {
	case c.Kind == "translate":
		s.model, err = made(newTranslation(s))
	case c.Kind == "text":
		s.model, err = made(newProse(s))
	case c.points():
		s.model, err = made(newPoints(s))
	default:
		s.model, err = made(newPictures(s))
	}
	if err != nil {
		return nil, errors.Join(s.config.tooLarge(err), s.close())
	}
	keepTuning(dev.Info(), t)
	return s, nil
}

// A kernelsError says why a device cannot go on with the kernels for lavapipe that a run was trained with.
type kernelsError struct {
	device string
	why    error
}

func (e *kernelsError) Error() string {
	return fmt.Sprintf("the run has kernels: lavapipe in its config.yaml, and with %s it cannot go on with the same numbers: %v. "+
		"Choose lavapipe with --device, or delete that line to go on with the kernels of %s, whose last bits differ", e.device, e.why, e.device)
}

func (e *kernelsError) Unwrap() error { return e.why }

// made keeps a model that could not be made from looking like one.
func made[M subject](m M, err error) (subject, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}

// begin opens what the model learns from, while kernels are made ready. Where it cannot be opened nobody waits for the kernels.
func (s *session) begin(ctx context.Context, step int) (what string, err error) {
	defer s.console.begin("machine code").end()
	reading, stop := context.WithCancel(ctx)
	defer stop()
	warmed := make(chan error, 1)
	go func() {
		var err error
		for _, p := range s.model.Programs() {
			err = errors.Join(err, p.Warm(reading))
		}
		warmed <- err
	}()
	what, err = s.model.begin(ctx, step)
	if err != nil {
		stop()
	}
	return what, errors.Join(err, <-warmed, ctx.Err())
}

// need returns the model of a run that has to be of one kind; else the error says so.
func need[M subject](s *session, what string) (M, error) {
	m, ok := s.model.(M)
	if !ok {
		return m, fmt.Errorf("this run's model is %s: %s", s.config.aTitle(), what)
	}
	return m, nil
}

func (s *session) close() error {
	if s.model != nil {
		s.model.Close()
	}
	s.rt.Close()
	keepTuning(s.dev.Info(), s.tuning)
	return s.dev.Close()
}

// load opens a run with its newest weights.
func (a *app) load(dir string) (*session, *train.Run, int, error) {
	c := unset()
	run, err := train.OpenRun(dir, &c)
	if err != nil {
		return nil, nil, 0, err
	}
	if err := a.place.apply(&c); err != nil {
		return nil, nil, 0, err
	}
	if err := stored(dir, c.check()); err != nil {
		return nil, nil, 0, err
	}
	if _, _, err := run.Newest(); err != nil {
		return nil, nil, 0, err
	}
	s, err := a.start(c, how{})
	var foreign *kernelsError
	if errors.As(err, &foreign) && !vk.Passing(err) { // what is only looked at may have other last bits
		c.Kernels = ""
		s, err = a.start(c, how{})
	}
	if err != nil {
		return nil, nil, 0, err
	}
	step, err := a.loadRun(run, s)
	if err != nil {
		return nil, nil, 0, errors.Join(err, s.close())
	}
	return s, run, step, nil
}

// loadRun puts the newest checkpoint of a run, or the one that was asked for, into a session's model, and returns its step.
func (a *app) loadRun(run *train.Run, s *session) (step int, err error) {
	defer a.console.begin("reading the checkpoint").end()
	if a.checkpoint < 0 {
		return run.Load(s.rt, s.model.State())
	}
	return a.checkpoint, run.LoadStep(s.rt, s.model.State(), a.checkpoint)
}

// opened opens a run for a command that is for one kind of model.
func opened[M subject](a *app, dir, what string) (*session, M, int, error) {
	s, _, step, err := a.load(dir)
	if err != nil {
		var none M
		return nil, none, 0, err
	}
	m, err := need[M](s, what)
	if err != nil {
		return nil, m, 0, errors.Join(err, s.close())
	}
	return s, m, step, nil
}

// dataset opens pictures or points.
func (s *session) dataset(ctx context.Context) (*data.Dataset, error) {
	d := &s.config.Data
	set, err := data.Open(ctx, data.Options{
		Name: d.Name, Dir: d.Dir, CacheDir: cacheDir(), Size: d.Size, Channels: d.Channels, Seed: s.config.Seed,
		Log: func(line string) { s.console.say("%s", line) },
	})
	if err != nil {
		return nil, err
	}
	if err := s.config.sameData(set.Identity); err != nil {
		return nil, err
	}
	d.Identity = set.Identity
	return set, nil
}

// snapshot returns what every snapshot of a run says. what is what it learns from, "" where that was not opened.
func (s *session) snapshot(run *train.Run, what string) watch.Snapshot {
	w := watch.Snapshot{
		Title: filepath.Base(run.Dir), Device: s.dev.Info().Name, Steps: s.config.Steps,
		Model: fmt.Sprintf("%s, %s", s.config.title(), countOf(s.model.Parameters(), "parameter")),
		Data:  s.config.dataName(),
	}
	if what != "" {
		w.Data += ", " + what
	}
	return w
}

// countOf writes how many there are of what, as 652,824 parameters.
func countOf(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return message.NewPrinter(language.English).Sprintf("%d %s", n, what)
}
