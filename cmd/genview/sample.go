package main

import (
	"errors"
	"fmt"
	"image"

	"genview/models/data"
	"genview/models/family"
	"genview/models/film"
	"genview/models/picture"

	"github.com/spf13/cobra"
)

func (a *app) sample() *cobra.Command {
	var n, seed int
	var out string
	c := &cobra.Command{
		Use:         "sample RUN",
		Annotations: doing("drawing"),
		Short:       "Draw pictures from a trained model",
		Example:     "  genview sample runs/letters -n 64 -o grid.png",
		Args:        args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			if n < 1 {
				return usageError{fmt.Errorf("-n %d: give 1 or more", n)}
			}
			if seed < 0 {
				return usageError{fmt.Errorf("--seed %d: give 0 or more", seed)}
			}
			if err := a.checkOutput(out); err != nil {
				return err
			}
			s, m, err := opened[family.Sampler](c.Context(), a, runs[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			img, err := m.Sample(c.Context(), seed, n)
			if err != nil {
				return err
			}
			return a.film(out, film.Still(img, film.Trained))
		},
	}
	c.Flags().IntVarP(&n, "number", "n", 64, "how many pictures")
	c.Flags().IntVar(&seed, "seed", 1, "the first picture's seed; the next have the next")
	a.addOutput(c.Flags(), &out, "grid.png")
	return c
}

func (a *app) reconstruct() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:         "reconstruct RUN PICTURE…",
		Annotations: doing("drawing"),
		Short:       "Encode pictures and decode them again, side by side",
		Example:     "  genview reconstruct runs/letters a.png b.png -o pairs.png",
		Args:        args(cobra.RangeArgs(2, 101)),
		RunE: func(c *cobra.Command, names []string) (err error) {
			if err := a.checkOutput(out); err != nil {
				return err
			}
			if err := otherThan(out, names[1:]...); err != nil {
				return err
			}
			s, m, err := opened[family.Encoder](c.Context(), a, names[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			channels, height, width := m.Shape()
			var in []float32
			for _, name := range names[1:] {
				p, err := data.ReadImage(name, channels, height, width)
				if err != nil {
					return err
				}
				in = append(in, p...)
			}
			z, err := m.Encode(c.Context(), in)
			if err != nil {
				return err
			}
			after, err := m.Draw(c.Context(), z)
			if err != nil {
				return err
			}
			var both []*image.RGBA
			for i, before := range data.Images(in, channels, height, width) {
				both = append(both, before, after[i])
			}
			return a.film(out, film.Still(picture.Sheet(both, 2), film.Composite))
		},
	}
	a.addOutput(c.Flags(), &out, "reconstruction.png")
	return c
}
