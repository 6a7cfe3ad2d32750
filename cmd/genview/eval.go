package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

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

func (a *app) eval() *cobra.Command {
	var n, samples int
	c := &cobra.Command{
		Use:   "eval RUN",
		Short: "Measure a model on held-out data: ELBO and importance-sampled log-likelihood",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			s, _, step, err := a.load(runs[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
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
	c.Flags().IntVar(&n, "examples", 10000, "held-out examples at most")
	c.Flags().IntVar(&samples, "samples", 20, "importance samples for log p(x)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}
