package main

import (
	"errors"
	"fmt"

	"genview/models/atlas"
	"genview/models/family"

	"github.com/spf13/cobra"
)

func (a *app) mapping() *cobra.Command {
	var o atlas.Options
	var chart atlas.Chart
	var out string
	c := &cobra.Command{
		Use:         "map RUN",
		Annotations: doing("looking"),
		Short:       "Draw where held-out pictures lie in a latent space",
		Long: `Draw where a model encodes pictures that it was not trained on: on the plane of their two largest principal components, or by t-SNE, which
keeps who is near whom and not how far groups are apart. The table has the number of each picture, its class, its place and its latent vector.`,
		Example: `  genview map runs/letters -o map.png
  genview map runs/letters --tsne --pictures -n 1000 -o alike.svg
  genview map runs/letters -o map.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			if err := atlas.CheckName(out); err != nil {
				return usageError{err}
			}
			if c.Flags().Changed("perplexity") && !o.TSNE {
				return usageError{errors.New("--perplexity is one of t-SNE: give --tsne, too")}
			}
			if c.Flags().Changed("perplexity") && !(o.Perplexity >= 1) {
				return usageError{fmt.Errorf("--perplexity %v: give 1 or more", o.Perplexity)}
			}
			s, m, err := opened[family.Surveyed](c.Context(), a, words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			made, err := atlas.Of(c.Context(), m, o)
			if err != nil {
				return err
			}
			if err := atlas.Write(out, made, chart); err != nil {
				return err
			}
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	fl := c.Flags()
	fl.StringVarP(&out, "output", "o", "map.png", "file to write: .png, .svg, .pdf or .csv")
	fl.IntVarP(&o.Pictures, "number", "n", 400, fmt.Sprintf("held-out pictures, at most %d", atlas.Most))
	fl.BoolVar(&o.TSNE, "tsne", false, "by t-SNE in place of principal components")
	fl.Float64Var(&o.Perplexity, "perplexity", 30, "of t-SNE: how many neighbours a picture has, about")
	fl.BoolVar(&chart.Pictures, "pictures", false, "draw the pictures themselves in place of dots")
	fl.IntVar(&chart.Side, "side", 800, fmt.Sprintf("of the map in pixels, from %d to %d", atlas.LeastSide, atlas.MostSide))
	return c
}
