package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"genview/models/directions"
	"genview/models/record"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
	"genview/models/zoo"
	"genview/viewer"

	"github.com/spf13/cobra"
)

func (a *app) view() *cobra.Command {
	f := &trainFlags{}
	linger := -time.Second
	c := &cobra.Command{
		Use:   "view " + zoo.Usage() + " | --resume RUN | RUN",
		Short: "Train with the window open, or look at a trained run",
		Long: `Opens a window. With the name of a model or --resume it trains and shows how: losses, samples, and a plane
through the latent space to drag in, or the attention maps of a sentence that you type. With a run folder it
shows what that run has learned, and follows it if another process trains it. The slider below moves through the
whole training so far: arrow keys step, P plays, End returns to what is now, F films a part of it.
Closing the window ends the training as Ctrl-C does: it is saved and can be resumed.`,
		Example: `  genview view vae --data glyphs --out runs/letters --steps 5000
  genview view runs/letters`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(c *cobra.Command, what []string) error {
			o := viewer.Options{Title: "genview", Linger: linger, CacheDir: cacheDir()}
			if len(what) == 1 && !isPreset(what[0]) {
				if _, err := os.Stat(what[0]); errors.Is(err, fs.ErrNotExist) {
					return usageError{fmt.Errorf("there is no model and no run %s%s; models are %s", what[0], meant(what[0], presetNames()), strings.Join(presetNames(), ", "))}
				}
				a.place = f.place(c)
				return a.viewRun(c.Context(), what[0], o)
			}
			return a.viewTraining(c, f, what, o)
		},
	}
	f.add(c, a)
	c.Flags().DurationVar(&linger, "linger", linger, "close the window this long after training, as 5s (default: when it is closed)")
	c.Flags().Lookup("linger").DefValue = "0s" // which help leaves out: the text says what the default means
	return c
}

// viewTraining trains while the window is open. It opens the window before it compiles or writes anything, so that nothing is left behind
// if the window cannot be opened.
func (a *app) viewTraining(c *cobra.Command, f *trainFlags, kinds []string, o viewer.Options) error {
	if err := viewer.CheckDisplay(); err != nil {
		return err
	}
	p, err := a.configure(c, f, kinds)
	if err != nil {
		return err
	}
	opened := make(chan struct{})
	o.Opened = func() { close(opened) }
	return a.watched(c.Context(), watch.NewBus(), o, func(w watching) (*job, error) {
		select {
		case <-opened:
		case <-w.looking.Done():
			return nil, nil
		}
		j, err := a.ready(w.training, f, p, true)
		if err != nil {
			w.close() // the terminal shows the error
		}
		return j, err
	})
}

// begin opens a window with the start page, and trains what the user chooses.
func (a *app) begin(ctx context.Context) error {
	bus := watch.NewBus()
	bus.Publish(&watch.Snapshot{State: watch.Choosing, Choices: choices()})
	return a.watched(ctx, bus, viewer.Options{Title: "genview", Linger: -1, CacheDir: cacheDir()}, func(w watching) (*job, error) {
		name := chosen(w.looking, bus)
		if name == "" {
			return nil, nil
		}
		f, c := &trainFlags{}, &cobra.Command{}
		f.add(c, a)
		c.SetContext(w.training)
		return a.prepare(c, f, []string{name})
	})
}

// choices returns the start page's choices: the presets that train without arguments.
func choices() []watch.Choice {
	var all []watch.Choice
	for _, p := range zoo.Presets() {
		if p.Choice != nil {
			c := *p.Choice
			c.Name = p.Name
			all = append(all, c)
		}
	}
	return all
}

// chosen waits for a choice; "" if ctx ends.
func chosen(ctx context.Context, bus *watch.Bus) (name string) {
	for name == "" {
		select {
		case <-ctx.Done():
			return ""
		case <-bus.Pending():
			bus.Serve(time.Second, func(r watch.Request) {
				if c, ok := r.(watch.Choose); ok && isPreset(c.Name) {
					name = c.Name
				}
			})
		}
	}
	return name
}

// watching holds the contexts of a training with a window. If the user closes the window, the training ends; if the window is lost, it does
// not.
type watching struct {
	app      *app
	whole    context.Context // ends with Ctrl-C
	training context.Context // and when the user closes the window
	looking  context.Context // ends with the window, for whatever reason
	close    func()          // closes the window
}

// outcome is the result of a training with a window.
type outcome struct {
	begun bool
	err   error
}

// watched trains the job of get while a window is open. get returns nil if there is nothing to train.
func (a *app) watched(ctx context.Context, bus *watch.Bus, o viewer.Options, get func(watching) (*job, error)) error {
	training, stop := context.WithCancel(ctx)
	defer stop()
	looking, close := context.WithCancel(training)
	w := watching{a, ctx, training, looking, close}
	trained := make(chan outcome, 1)
	o.Past = watch.NewBus()
	go func() { trained <- w.train(bus, o.Past, get) }()
	err := viewer.Run(looking, a.windows, bus, o)
	lost := errors.Is(err, viewer.ErrLost)
	if lost {
		if s := bus.Latest().State; s != watch.Done && s != watch.Choosing {
			a.console.say("genview: %s; training goes on without it, Ctrl-C saves and ends it", oneLine(err))
		}
		bus.Send(watch.Resume{}) // a paused training would wait for ever
		close()
	} else {
		stop()
	}
	t := <-trained
	if ctx.Err() == nil && errors.Is(t.err, context.Canceled) {
		t.err = nil // the window was closed before a training began
	}
	if lost && t.begun {
		return t.err
	}
	return errors.Join(err, t.err)
}

// train trains the job of get, and serves the window meanwhile and afterwards.
func (w watching) train(bus, past *watch.Bus, get func(watching) (*job, error)) outcome {
	j, err := get(w)
	if j == nil {
		failed(bus, advise(err))
		return outcome{err: err}
	}
	played := make(chan struct{})
	go func() {
		w.app.play(w.whole, w.looking, past, j.Folder.Dir, replay.Options{})
		close(played)
	}()
	err = j.train(w.training, bus)
	failed(bus, advise(err))
	if w.looking.Err() == nil {
		train.Show(w.looking, bus, j.Model)
	}
	<-played
	return outcome{true, errors.Join(err, j.Close())}
}

// failed shows an error in the window until it is closed.
func failed(bus *watch.Bus, err error) {
	if err == nil {
		return
	}
	s := *bus.Latest()
	s.State, s.Choices, s.Message = watch.Done, nil, oneLine(err)
	bus.Publish(&s)
}

// loadBegun opens a run as load does, or with the newest weights of its recording if it has no checkpoint yet.
func (a *app) loadBegun(ctx context.Context, dir string) (*run.Session, error) {
	s, err := a.load(ctx, dir)
	if !errors.Is(err, train.ErrNoCheckpoint) {
		return s, err
	}
	s, recorded := a.host().OpenRecorded(ctx, dir, math.MaxInt, a.place)
	if errors.Is(recorded, record.ErrNone) || errors.Is(recorded, fs.ErrNotExist) {
		return nil, err
	}
	a.loaded = s
	return s, recorded
}

// viewRun shows a run without training it, and follows it if another process does.
func (a *app) viewRun(ctx context.Context, dir string, o viewer.Options) (err error) {
	if err := viewer.CheckDisplay(); err != nil {
		return err
	}
	s, err := a.loadBegun(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	h, err := s.Folder.History()
	if err != nil {
		return err
	}
	w := s.Snapshot("")
	w.State, w.Step, w.LookStep = watch.Done, s.Step, s.Step
	w.Show(h.Curves())
	looking := a.console.begin("looking")
	views, err := s.Model.Look(ctx)
	looking.end()
	if err != nil {
		return err
	}
	w.Show(views...)
	playing := replay.Options{Session: s, Live: watch.NewBus(), Axes: a.addAxes(&w, s)}
	if a.checkpoint >= 0 || a.recorded >= 0 { // weights that the user asked for stay
		step, rewind := s.Step, s.Rewinder()
		playing.Fixed = func() error { return rewind(step) }
	}
	playing.Live.Publish(&w)
	watched, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	o.Past = watch.NewBus()
	go func() {
		a.play(ctx, watched, o.Past, dir, playing)
		close(shown)
	}()
	a.console.say("showing %s at step %d on %s", dir, s.Step, s.Device.Info().Name)
	err = viewer.Run(watched, a.windows, playing.Live, o)
	stop()
	<-shown
	return err
}

// addAxes adds the directions of a run to the view of its latent space, which may have been shown already, and returns them. It says which
// cannot be read.
func (a *app) addAxes(w *watch.Snapshot, s *run.Session) []watch.Point {
	i := slices.IndexFunc(w.Views, func(v watch.View) bool { _, ok := v.(*watch.Latent); return ok })
	if i < 0 {
		return nil
	}
	l := *w.Views[i].(*watch.Latent)
	names, err := directions.Names(s.Folder.Dir)
	if err != nil {
		a.notice(err.Error())
	}
	for _, name := range names {
		z, err := directions.Read(s.Folder.Dir, name, l.Z)
		if err != nil {
			a.notice(err.Error())
			continue
		}
		l.Axes = append(l.Axes, watch.Point{Name: name, Z: z})
	}
	w.Show(&l)
	return l.Axes
}
