package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"genview/models/directions"
	"genview/models/family"
	"genview/models/run"

	"github.com/spf13/cobra"
)

func (a *app) directions() *cobra.Command {
	c := &cobra.Command{
		Use:   "directions RUN",
		Short: "List and find directions of a latent space, for walks: dir:NAME",
		Long: `List the directions of a run's latent space, or find more. A direction is a vector that is added to points, as in
genview walk RUN seed:3-2*dir:fc3.pc1 seed:3+2*dir:fc3.pc1. They are kept in the run.`,
		Example: `  genview directions pca runs/letters -n 8
  genview directions difference runs/faces smile --from seeds:1,5,8 --to seeds:2,9
  genview directions runs/letters`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, words []string) error { return a.listDirections(words[0]) },
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON: an array of names")
	for _, below := range []*cobra.Command{a.pca(), a.difference()} {
		below.RunE = a.promptly(below.RunE)
		c.AddCommand(below)
	}
	c.AddCommand(a.forget())
	return c
}

func (a *app) listDirections(dir string) error {
	if _, _, err := run.Read(dir, run.Place{}); err != nil {
		return err
	}
	names, err := directions.Names(dir)
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.out).Encode(append([]string{}, names...))
	}
	for _, name := range names {
		fmt.Fprintln(a.out, name)
	}
	if len(names) == 0 {
		fmt.Fprintf(a.out, "%s has no directions: genview directions pca %s finds some\n", dir, dir)
	}
	return nil
}

func (a *app) pca() *cobra.Command {
	var layer string
	var n, points int
	c := &cobra.Command{
		Use:         "pca RUN",
		Annotations: doing("looking"),
		Short:       "Find the directions along which a layer of the decoder varies most (GANSpace)",
		Example:     "  genview directions pca runs/letters --layer fc3 -n 8",
		Args:        args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			if n < 1 {
				return usageError{fmt.Errorf("-n %d: give 1 or more", n)}
			}
			if points < 2 || points > directions.MostPoints {
				return usageError{fmt.Errorf("--points %d: give 2 to %d", points, directions.MostPoints)}
			}
			s, m, err := opened[family.Opened](c.Context(), a, words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			if layer == "" {
				layer = m.Layers()[0]
			}
			found, err := directions.OfLayer(c.Context(), m, layer, points, n)
			if err != nil {
				return err
			}
			for i, p := range found {
				name := fmt.Sprintf("%s.pc%d", layer, i+1)
				if err := directions.Write(s.Folder.Dir, name, p.Z); err != nil {
					return err
				}
				fmt.Fprintf(a.out, "%s, %.1f %% of the variance\n", name, 100*p.Share)
			}
			return nil
		},
	}
	c.Flags().StringVar(&layer, "layer", "", "layer of the decoder (default the first; a wrong name lists them)")
	c.Flags().IntVarP(&n, "number", "n", 8, "how many directions")
	c.Flags().IntVar(&points, "points", 1000, "random points to look at")
	return c
}

func (a *app) difference() *cobra.Command {
	var from, to, beside []string
	var search bool
	c := &cobra.Command{
		Use:         "difference RUN NAME",
		Annotations: doing("looking"),
		Short:       "Keep the direction from the mean of some points to that of others",
		Long:        "Keep the direction from the mean of some points to that of others. Points are named as for genview walk.",
		Example:     `  genview directions difference runs/faces smile --from seeds:1,5,8 --to image:a.png --to image:b.png`,
		Args:        args(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			if len(from) == 0 || len(to) == 0 {
				return usageError{errors.New("a difference needs two groups: give --from and --to, each once or more")}
			}
			if err := directions.CheckName(words[1]); err != nil {
				return usageError{err}
			}
			s, err := a.load(c.Context(), words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			space, err := s.Space(search, family.Search{Heard: a.console.counter("steps")})
			if err != nil {
				return err
			}
			group := func(texts []string) (z [][]float32) {
				for _, text := range texts {
					stops, failed := space.Stops(c.Context(), text)
					err = errors.Join(err, failed)
					for _, p := range stops {
						z = append(z, p.Z)
					}
				}
				return z
			}
			a, b := group(from), group(to)
			if err != nil {
				return err
			}
			return keepDifference(s.Folder.Dir, words[1], a, b, beside)
		},
	}
	c.Flags().StringArrayVar(&from, "from", nil, "points of the first group; can be repeated")
	c.Flags().StringArrayVar(&to, "to", nil, "points of the second group; can be repeated")
	c.Flags().StringSliceVar(&beside, "orthogonal-to", nil, "names of directions that the new one shall not move along")
	c.Flags().BoolVar(&search, "search", false, "search for the points of pictures, from what the model encodes them as if it does")
	return c
}

// keepDifference adds a direction from one group to another to those of a run.
func keepDifference(dir, name string, from, to [][]float32, beside []string) error {
	v, err := directions.Difference(from, to)
	if err != nil {
		return err
	}
	var others [][]float32
	for _, o := range beside {
		other, err := directions.Read(dir, strings.TrimSpace(o), len(v))
		if err != nil {
			return fmt.Errorf("--orthogonal-to: %w", err)
		}
		others = append(others, other)
	}
	if v, err = directions.Orthogonal(v, others...); err != nil {
		return err
	}
	return directions.Write(dir, name, v)
}

func (a *app) forget() *cobra.Command {
	return &cobra.Command{
		Use:     "remove RUN NAME…",
		Short:   "Forget directions",
		Example: "  genview directions remove runs/letters fc3.pc7 fc3.pc8",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(_ *cobra.Command, words []string) error {
			if _, _, err := run.Read(words[0], run.Place{}); err != nil {
				return err
			}
			for _, name := range words[1:] {
				if err := directions.Remove(words[0], name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
