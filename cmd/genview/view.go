package main

import (
	"context"
	"errors"
	"fmt"
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
			o := viewer.Options{Title: "genview", Linger: linger}
			if len(what) == 1 && presets[what[0]] == nil {
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

// viewTraining trains in the background while the window, which the main goroutine must run, is open.
func (a *app) viewTraining(c *cobra.Command, f *trainFlags, kinds []string, o viewer.Options) (err error) {
	if err := viewer.CheckDisplay(); err != nil {
		return err
	}
	j, err := a.prepare(c, f, kinds)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	bus := watch.NewBus()
	ctx, stop := context.WithCancel(c.Context())
	defer stop()
	trained := make(chan error, 1)
	go func() {
		err := j.train(ctx, bus)
		if err != nil { // stays readable in the window
			s := *bus.Latest()
			s.State, s.Message = watch.Done, oneLine(err)
			bus.Publish(&s)
		}
		if ctx.Err() == nil {
			train.Show(ctx, bus, j.model)
		}
		trained <- err
	}()
	err = viewer.Run(ctx, bus, o, viewer.Panels()...)
	stop()
	return errors.Join(err, <-trained)
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
	w.State, w.Step, w.Losses, w.SampleStep = watch.Done, step, h.Series(), step
	if err := s.model.Look(ctx, &w); err != nil {
		return err
	}
	bus := watch.NewBus()
	bus.Publish(&w)
	ctx, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		train.Show(ctx, bus, s.model)
		close(shown)
	}()
	fmt.Fprintf(os.Stderr, "showing %s at step %d on %s\n", dir, step, s.dev.Info().Name)
	err = viewer.Run(ctx, bus, o, viewer.Panels()...)
	stop()
	<-shown
	return err
}
