package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"genview/models/curves"
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
  genview view runs/letters
  genview view runs/letters --with runs/letters-2`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(c *cobra.Command, what []string) error {
			for _, dir := range a.beside {
				if _, err := curves.Read(dir); err != nil {
					return err
				}
			}
			o := a.windowOptions(linger)
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
	c.Flags().StringArrayVar(&a.beside, "with", nil, "show the curves of this run, too; can be repeated")
	c.Flags().DurationVar(&linger, "linger", linger, "close the window this long after training, as 5s (default: when it is closed)")
	c.Flags().Lookup("linger").DefValue = "0s" // which help leaves out: the text says what the default means
	return c
}

// observe is told of every frame of the window, in tests.
var observe func(viewer.Frame)

// windowOptions returns the options of a window that closes so long after training.
func (a *app) windowOptions(linger time.Duration) viewer.Options {
	o := viewer.Options{Title: "genview", Linger: linger, CacheDir: cacheDir(), Notice: a.notice, Observe: observe}
	if dir, err := os.UserConfigDir(); err == nil { // without a home nothing is remembered
		o.Remember = filepath.Join(dir, "genview", "window.json")
	}
	return o
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
	return a.watched(c.Context(), watch.NewBus(), o, func(w *watching) (stage, error) {
		select {
		case <-opened:
		case <-w.looking.Done():
			return nil, nil
		}
		j, err := a.ready(w.training, f, p, true)
		if err != nil {
			w.close() // the terminal shows the error
			return nil, err
		}
		return j.stage, nil
	})
}

// begin opens a window with the start page, and trains what the user chooses.
func (a *app) begin(ctx context.Context) error {
	bus := watch.NewBus()
	bus.Publish(&watch.Snapshot{State: watch.Choosing, Choices: choices("")})
	return a.watched(ctx, bus, a.windowOptions(-1), choosing)
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

// viewRun shows a run, follows it if another process trains it, and trains it further when the user asks for that.
func (a *app) viewRun(ctx context.Context, dir string, o viewer.Options) error {
	if err := viewer.CheckDisplay(); err != nil {
		return err
	}
	playing, err := a.lookAt(ctx, dir, watch.NewBus())
	if err != nil {
		return err
	}
	a.console.say("showing %s at step %d on %s", dir, playing.Session.Step, playing.Session.Device.Info().Name)
	return a.watched(ctx, playing.Live, o, func(w *watching) (stage, error) { return w.shows(playing) })
}

// lookAt opens a run, looks at it, and publishes that. The session is the caller's to close.
func (a *app) lookAt(ctx context.Context, dir string, bus *watch.Bus) (o replay.Options, err error) {
	s, err := a.loadBegun(ctx, dir)
	if err != nil {
		return o, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.Folder.Beside = a.beside
	h, err := s.Folder.History()
	if err != nil {
		return o, err
	}
	w := s.Snapshot("")
	w.State, w.Step, w.LookStep, w.Home = watch.Done, s.Step, s.Step, true
	w.Show(h.Curves())
	looking := a.console.begin("looking")
	views, err := s.Model.Look(ctx)
	looking.end()
	if err != nil {
		return o, err
	}
	w.Show(views...)
	o = replay.Options{Session: s, Live: bus, Axes: a.addAxes(&w, s)}
	if a.checkpoint != run.Newest || a.recorded >= 0 { // weights that the user asked for stay
		step, rewind := s.Step, s.Rewinder()
		o.Fixed = func() error { return rewind(step) }
	}
	w.Trainable = o.Fixed == nil
	o.Live.Publish(&w)
	return o, nil
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
