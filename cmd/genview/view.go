package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"genview/models/train"
	"genview/models/watch"
	"genview/viewer"

	"github.com/spf13/cobra"
)

func (a *app) view() *cobra.Command {
	f := &trainFlags{}
	linger := -time.Second
	c := &cobra.Command{
		Use:   "view " + strings.Join(withoutText(), "|") + " | text FILE | --resume RUN | RUN",
		Short: "Train with the window open, or look at a trained run",
		Long: `Opens a window. With the name of a model or --resume it trains and shows how: losses, samples, and a plane
through the latent space to drag in, or the attention maps of a sentence that you type. With a run folder it
shows what that run has learned.
Closing the window ends the training as Ctrl-C does: it is saved and can be resumed.`,
		Example: `  genview view vae --data glyphs --out runs/letters --steps 5000
  genview view runs/letters`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(c *cobra.Command, what []string) error {
			o := viewer.Options{Title: "genview", Linger: linger, CacheDir: cacheDir()}
			if len(what) == 1 && presets[what[0]] == nil {
				if _, err := os.Stat(what[0]); errors.Is(err, fs.ErrNotExist) {
					return usageError{fmt.Errorf("there is no model and no run %s%s; models are %s", what[0], meant(what[0], presetNames), strings.Join(presetNames, ", "))}
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

// viewTraining trains while the window is open. The window opens before anything is made ready or written, so that one that cannot
// open leaves nothing behind.
func (a *app) viewTraining(c *cobra.Command, f *trainFlags, kinds []string, o viewer.Options) error {
	if err := viewer.CheckDisplay(); err != nil {
		return err
	}
	cfg, run, err := a.configure(c, f, kinds)
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
		j, err := a.ready(w.training, f, cfg, run, true)
		if err != nil {
			w.close() // the terminal says why
		}
		return j, err
	})
}

// begin opens a window that offers what can be trained, and trains what is chosen.
func (a *app) begin(ctx context.Context) error {
	bus := watch.NewBus()
	bus.Publish(&watch.Snapshot{State: watch.Choosing, Choices: choices})
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

// choices are presets that train without being told anything.
var choices = []watch.Choice{
	{Name: "vae", Title: "Letters by a VAE", About: "A variational autoencoder learns to draw letters in a minute or two. Drag through its latent space while it does."},
	{Name: "dcgan", Title: "Letters by a GAN", About: "Two networks play against each other: one draws letters, the other tells them from real ones. Watch both, and walk between the pictures."},
	{Name: "points", Title: "Points by a GAN", About: "A GAN has to find 25 clusters in the plane. See the points that it makes move, and what its discriminator thinks of every place."},
	{Name: "translate", Title: "Dates by a Transformer", About: "A Transformer learns to read dates as people write them. Type your own, and see what each of its heads looks at."},
}

// chosen waits for a choice; it is "" when ctx ends.
func chosen(ctx context.Context, bus *watch.Bus) (name string) {
	for name == "" {
		select {
		case <-ctx.Done():
			return ""
		case <-bus.Pending():
			bus.Serve(time.Second, func(r watch.Request) {
				if c, ok := r.(watch.Choose); ok && presets[c.Name] != nil {
					name = c.Name
				}
			})
		}
	}
	return name
}

// watching is what a training that is watched depends on. A window that is closed ends the training; one that is lost does not.
type watching struct {
	training context.Context // ends with Ctrl-C, and when the window is closed
	looking  context.Context // ends with the window, however it ends
	close    func()          // closes the window
}

// outcome is what became of a training that is watched.
type outcome struct {
	begun bool
	err   error
}

// watched trains what get makes ready, while a window is open. get returns nil where there is nothing to train.
func (a *app) watched(ctx context.Context, bus *watch.Bus, o viewer.Options, get func(watching) (*job, error)) error {
	training, stop := context.WithCancel(ctx)
	defer stop()
	looking, close := context.WithCancel(training)
	w := watching{training, looking, close}
	trained := make(chan outcome, 1)
	go func() { trained <- w.train(bus, get) }()
	err := viewer.Run(looking, a.windows, bus, o)
	lost := errors.Is(err, viewer.ErrLost)
	if lost {
		if s := bus.Latest().State; s != watch.Done && s != watch.Choosing {
			a.console.say("genview: %s; training goes on without it, Ctrl-C saves and ends it", oneLine(err))
		}
		bus.Send(watch.Resume{}) // nobody else can, where it was paused
		close()
	} else {
		stop()
	}
	t := <-trained
	if ctx.Err() == nil && errors.Is(t.err, context.Canceled) {
		t.err = nil // the window was closed before there was anything to train
	}
	if lost && t.begun {
		return t.err
	}
	return errors.Join(err, t.err)
}

// train trains what get makes ready, and serves the window afterwards.
func (w watching) train(bus *watch.Bus, get func(watching) (*job, error)) outcome {
	j, err := get(w)
	if j == nil {
		failed(bus, err)
		return outcome{err: err}
	}
	err = j.train(w.training, bus)
	failed(bus, err)
	if w.looking.Err() == nil {
		train.Show(w.looking, bus, j.model)
	}
	return outcome{true, errors.Join(err, j.close())}
}

// failed leaves an error to be read in the window.
func failed(bus *watch.Bus, err error) {
	if err == nil {
		return
	}
	s := *bus.Latest()
	s.State, s.Choices, s.Message = watch.Done, nil, oneLine(err)
	bus.Publish(&s)
}

// viewRun shows a run at rest.
func (a *app) viewRun(ctx context.Context, dir string, o viewer.Options) (err error) {
	if err := viewer.CheckDisplay(); err != nil {
		return err
	}
	s, run, step, err := a.load(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	h, err := run.History()
	if err != nil {
		return err
	}
	w := s.snapshot(run, "")
	w.State, w.Step, w.LookStep = watch.Done, step, step
	w.Show(h.Curves())
	looking := a.console.begin("looking")
	views, err := s.model.Look(ctx)
	looking.end()
	if err != nil {
		return err
	}
	w.Show(views...)
	bus := watch.NewBus()
	bus.Publish(&w)
	ctx, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		train.Show(ctx, bus, s.model)
		close(shown)
	}()
	a.console.say("showing %s at step %d on %s", dir, step, s.dev.Info().Name)
	err = viewer.Run(ctx, a.windows, bus, o)
	stop()
	<-shown
	return err
}
