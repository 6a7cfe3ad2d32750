package main

import (
	"fmt"
	"math"
	"path/filepath"

	"genview/models/film"
	"genview/models/replay"
	"genview/models/run"
	"genview/models/train"

	"github.com/spf13/cobra"
)

// filming writes a film of what a run looked like while it was trained.
func (a *app) filming() *cobra.Command {
	var out string
	f := replay.Film{}
	c := &cobra.Command{
		Use:   "film RUN",
		Short: "Film what a run looked like while it was trained",
		Long: `Films one view of a run's recording, such as its samples or its attention maps: a picture for each recorded step, with
the step under it. The window does the same with F. To film a walk through the latent space while it is trained, see genview walk.`,
		Example: `  genview film runs/letters -o learned.gif
  genview film runs/dates --view attention --from 100 --to 2000 -o maps/`,
		Args:        args(cobra.ExactArgs(1)),
		Annotations: doing("filming"),
		RunE: func(c *cobra.Command, words []string) error {
			if f.FPS < 1 || f.FPS > 100 {
				return usageError{fmt.Errorf("--fps %d: give 1 to 100", f.FPS)}
			}
			if f.From > f.To {
				return usageError{fmt.Errorf("--from %d --to %d: the first step comes after the last", f.From, f.To)}
			}
			if err := a.checkOutput(out); err != nil {
				return err
			}
			folder, err := train.OpenRun(words[0])
			if err != nil {
				return err
			}
			a.shown = words
			if f.Recording, err = folder.Recording(); err != nil {
				return err
			}
			dir, err := filepath.Abs(folder.Dir) // of "."
			if err != nil {
				return err
			}
			f.About = []film.Note{{Key: "Run", Value: visible(filepath.Base(dir))}}
			cfg, err := run.Parse(folder.Config())
			if err != nil {
				return err
			}
			f.Watermark = a.markOf(cfg)
			f.CacheDir, f.Count = cacheDir(), a.console.count
			made, err := f.Make(c.Context())
			if err != nil {
				return err
			}
			return a.film(out, made)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.View, "view", "", "title of the view (default the first that is a picture)")
	fl.IntVar(&f.From, "from", 0, "first step")
	fl.IntVar(&f.To, "to", math.MaxInt, "last step")
	fl.Lookup("to").DefValue = "the newest"
	fl.IntVar(&f.FPS, "fps", 10, "pictures a second")
	a.addOutput(fl, &out, "film.gif")
	return c
}
