package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"genview/models/family"

	"github.com/spf13/cobra"
)

func (a *app) eval() *cobra.Command {
	o := family.Evaluation{}
	c := &cobra.Command{
		Use:         "eval RUN",
		Annotations: doing("measuring"),
		Short:       "Measure a model on data that it was not trained on",
		Long: `Measures a model on data that it was not trained on: of a VAE the ELBO and the log-likelihood, of a GAN of points
the modes that it finds, of a classifier accuracy, scores of classes, confusion matrix and calibration error, of a translation
the share of texts that come out right, of a GPT loss and perplexity. What was measured is kept in the run's evals.jsonl, and shown by runs,
report and card.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			if c.Flags().Changed("examples") && o.Examples < 1 || o.Samples < 1 {
				return usageError{errors.New("--examples and --samples: give 1 or more")}
			}
			s, _, err := opened[family.Evaluator](c.Context(), a, runs[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			measured, e, err := s.Evaluate(c.Context(), o)
			if err != nil {
				return err
			}
			if err := s.Folder.AddEval(e); err != nil {
				a.notice(fmt.Sprintf("what was measured is printed, and not kept: %v", err))
				a.loaded = nil // the audit log is in the same folder
			}
			a.found = values(e.Metrics(), "")
			if a.json {
				return a.printJSON(s.Step, measured)
			}
			fmt.Fprintf(a.out, "step %d: %s\n", s.Step, measured)
			return nil
		},
	}
	c.Flags().IntVar(&o.Examples, "examples", 0, "held-out examples at most; of points: how many to generate; of a text: windows (default 10000; of a text all)")
	c.Flags().IntVar(&o.Samples, "samples", 20, "importance samples for a VAE's log p(x)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	addPlace(c.Flags(), &a.place)
	return c
}

// printJSON prints the results at a step as one object.
func (a *app) printJSON(step int, measured any) error {
	p, err := json.Marshal(measured)
	if err != nil {
		return err
	}
	if len(p) < 3 || p[0] != '{' {
		return fmt.Errorf("what was measured is no object: %s", p)
	}
	_, err = fmt.Fprintf(a.out, "{\"step\":%d,%s\n", step, p[1:])
	return err
}
