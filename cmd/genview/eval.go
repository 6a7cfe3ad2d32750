package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"genview/models/vae"
	"genview/models/watch"

	"github.com/spf13/cobra"
)

// elbo is what eval says of a VAE.
type elbo struct {
	Step         int     `json:"step"`
	ELBO         float64 `json:"elbo"` // nats per example
	LogP         float64 `json:"logp"` // by importance sampling
	Samples      int     `json:"importance_samples"`
	Split        string  `json:"split"`
	Examples     int     `json:"examples"`
	Binarisation string  `json:"binarisation"`
}

func (e elbo) String() string {
	return fmt.Sprintf("step %d: ELBO %.2f nats, log p(x) ≥ %.2f nats with %d importance samples, on %d test examples (pixels: %s)",
		e.Step, e.ELBO, e.LogP, e.Samples, e.Examples, e.Binarisation)
}

// coverage is what eval says of a GAN of points.
type coverage struct {
	Step     int     `json:"step"`
	Modes    int     `json:"modes"` // with at least one generated point in 500 within 3 σ
	Total    int     `json:"modes_total"`
	Quality  float64 `json:"hq_share"` // of generated points, those within 3 σ of a mode
	Split    string  `json:"split"`
	Examples int     `json:"examples"`
}

func (e coverage) String() string {
	return fmt.Sprintf("step %d: %d of %d modes, %.1f %% of %d generated points lie within 3 σ of one", e.Step, e.Modes, e.Total, 100*e.Quality, e.Examples)
}

// accuracy is what eval says of a translation.
type accuracy struct {
	Step     int     `json:"step"`
	Exact    float64 `json:"exact"`          // share of held-out texts translated without a mistake
	Tokens   float64 `json:"token_accuracy"` // share of characters that are right and in their place
	Split    string  `json:"split"`
	Examples int     `json:"examples"`
}

func (e accuracy) String() string {
	return fmt.Sprintf("step %d: %.2f %% of %d held-out dates exactly right, %.2f %% of their characters", e.Step, 100*e.Exact, e.Examples, 100*e.Tokens)
}

// perplexity is what eval says of a GPT.
type perplexity struct {
	Step       int     `json:"step"`
	Loss       float64 `json:"val_loss"` // nats per character
	Perplexity float64 `json:"perplexity"`
	Split      string  `json:"split"`
	Examples   int     `json:"examples"` // characters
}

func (e perplexity) String() string {
	return fmt.Sprintf("step %d: loss %.4f nats per character, perplexity %.3f, on %d held-out characters", e.Step, e.Loss, e.Perplexity, e.Examples)
}

// measured is a model that eval can measure: by up to n examples, and with samples for what is estimated.
type measured interface {
	measure(ctx context.Context, step, n, samples int) (fmt.Stringer, error)
}

func (m *pictures) measure(ctx context.Context, step, n, samples int) (fmt.Stringer, error) {
	v, ok := m.maker.(*vae.Trainer)
	if !ok {
		return nil, fmt.Errorf("eval has no measure for %s of pictures: look at genview sample", m.session.config.aTitle())
	}
	set, err := m.dataset(ctx)
	if err != nil {
		return nil, err
	}
	o := vae.EvalOptions{Examples: n, Samples: samples, Binarize: m.session.config.Data.Binarize, Heard: m.session.console.counter("passes")}
	pixels := "as they are, between 0 and 1"
	if o.Binarize {
		pixels = "Bernoulli, one fixed sample a pixel"
	}
	e, err := v.Evaluate(ctx, set.Test, o)
	return elbo{step, e.ELBO, e.LogP, e.Samples, "test", e.Examples, pixels}, err
}

func (m *points) measure(ctx context.Context, step, n, _ int) (fmt.Stringer, error) {
	p, err := m.held(ctx)
	if err != nil {
		return nil, err
	}
	xy, err := m.made(ctx, 1, n)
	if err != nil {
		return nil, err
	}
	modes, quality := p.Cover(xy)
	return coverage{step, modes, len(p.Modes), quality, "generated", n}, nil
}

func (m *translation) measure(ctx context.Context, step, n, _ int) (fmt.Stringer, error) {
	n = min(n, len(m.dates.Test()))
	var all []watch.Example
	for len(all) < n {
		const some = 128
		m.console.count("dates", len(all), n)
		more, err := m.examples(ctx, len(all), min(len(all)+some, n))
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	exact, right, total := 0, 0, 0
	for _, e := range all {
		if e.Output == e.Want {
			exact++
		}
		got, want := []rune(e.Output), []rune(e.Want)
		for i := range want {
			if i < len(got) && got[i] == want[i] {
				right++
			}
		}
		total += len(want)
	}
	return accuracy{step, float64(exact) / float64(len(all)), float64(right) / float64(total), "held-out days", len(all)}, nil
}

func (m *prose) measure(ctx context.Context, step, n, _ int) (fmt.Stringer, error) {
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	text, err := m.test()
	if err != nil {
		return nil, err
	}
	if window := m.config.Model.Context; n <= (len(text)-1)/window {
		text = text[:n*window+1]
	}
	loss, count, err := m.Loss(ctx, text, m.session.console.counter("characters"))
	return perplexity{step, loss, math.Exp(loss), "the text's last tenth", count}, err
}

func (a *app) eval() *cobra.Command {
	var n, samples int
	c := &cobra.Command{
		Use:   "eval RUN",
		Short: "Measure a model on data that it was not trained on",
		Long: `Measures a model on data that it was not trained on: of a VAE the ELBO and the log-likelihood, of a GAN of points
the modes that it finds, of a translation the share of texts that come out right, of a GPT loss and perplexity.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			if n < 1 || samples < 1 {
				return usageError{errors.New("--examples and --samples: give 1 or more")}
			}
			s, m, step, err := opened[interface {
				subject
				measured
			}](a, runs[0], "eval has no measure for it")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			if _, text := any(m).(*prose); text && !c.Flags().Changed("examples") {
				n = math.MaxInt
			}
			out, err := m.measure(c.Context(), step, n, samples)
			if err != nil {
				return err
			}
			if a.json {
				return json.NewEncoder(a.out).Encode(out)
			}
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	c.Flags().IntVar(&n, "examples", 10000, "held-out examples at most; of points: how many to generate; of a text: windows (default all)")
	c.Flags().IntVar(&samples, "samples", 20, "importance samples for a VAE's log p(x)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	a.place.add(c.Flags())
	return c
}
