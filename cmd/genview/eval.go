package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"genview/models/data"

	"github.com/spf13/cobra"
)

// evaluation is what eval says.
type evaluation struct {
	Step         int     `json:"step"`
	ELBO         float64 `json:"elbo"` // nats per example
	LogP         float64 `json:"logp"` // by importance sampling
	Samples      int     `json:"importance_samples"`
	Split        string  `json:"split"`
	Examples     int     `json:"examples"`
	Binarisation string  `json:"binarisation"`
}

// coverage is what eval says of a model of points.
type coverage struct {
	Step     int     `json:"step"`
	Modes    int     `json:"modes"` // with at least one generated point in 500 within 3 σ
	Total    int     `json:"modes_total"`
	Quality  float64 `json:"hq_share"` // of generated points, those within 3 σ of a mode
	Split    string  `json:"split"`
	Examples int     `json:"examples"`
}

// cover measures a model of points by n that it makes.
func (s *session) cover(ctx context.Context, step, n int) (coverage, error) {
	set, err := s.dataset(ctx)
	if err != nil {
		return coverage{}, err
	}
	z, err := s.seeds(1, n)
	if err != nil {
		return coverage{}, err
	}
	xy, err := s.model.Decode(ctx, z)
	if err != nil {
		return coverage{}, err
	}
	p := set.Test.(*data.Points)
	modes, quality := p.Cover(xy)
	return coverage{step, modes, len(p.Modes), quality, "generated", n}, nil
}

func (a *app) eval() *cobra.Command {
	var n, samples int
	c := &cobra.Command{
		Use:   "eval RUN",
		Short: "Measure a model: a VAE's ELBO and log-likelihood on held-out data, the modes that a GAN of points finds",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			if n < 1 || samples < 1 {
				return usageError{errors.New("--examples and --samples: give 1 or more")}
			}
			s, _, step, err := a.load(runs[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			if s.config.points() {
				out, err := s.cover(c.Context(), step, n)
				if err != nil {
					return err
				}
				if a.json {
					return json.NewEncoder(os.Stdout).Encode(out)
				}
				fmt.Printf("step %d: %d of %d modes, %.1f %% of %d generated points lie within 3 σ of one\n", step, out.Modes, out.Total, 100*out.Quality, n)
				return nil
			}
			m, err := s.vae("eval")
			if err != nil {
				return err
			}
			set, err := s.dataset(c.Context())
			if err != nil {
				return err
			}
			e, err := m.Evaluate(c.Context(), set.Test, n, samples)
			if err != nil {
				return err
			}
			out := evaluation{step, e.ELBO, e.LogP, e.Samples, "test", e.Examples, "Bernoulli, one fixed sample a pixel"}
			if a.json {
				return json.NewEncoder(os.Stdout).Encode(out)
			}
			fmt.Printf("step %d: ELBO %.2f nats, log p(x) ≥ %.2f nats with %d importance samples, on %d test examples (pixels: %s)\n",
				out.Step, out.ELBO, out.LogP, out.Samples, out.Examples, out.Binarisation)
			return nil
		},
	}
	c.Flags().IntVar(&n, "examples", 10000, "held-out examples at most; of points: how many to generate")
	c.Flags().IntVar(&samples, "samples", 20, "importance samples for log p(x)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}
