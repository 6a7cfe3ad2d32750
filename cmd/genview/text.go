package main

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"genview/models/family"
)

func (a *app) translate() *cobra.Command {
	return &cobra.Command{
		Use:         "translate RUN TEXT…",
		Annotations: doing("translating"),
		Short:       "Translate texts with a Transformer that genview train translate made",
		Example:     `  genview translate runs/dates "3 May 1998" "monday the 4th of july, 2016"`,
		Args:        args(cobra.MinimumNArgs(2)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			s, m, err := opened[family.Translator](c.Context(), a, words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			out, err := m.Translate(c.Context(), words[1:])
			if err != nil {
				return err
			}
			for _, text := range out {
				fmt.Fprintln(a.out, text)
			}
			return nil
		},
	}
}

func (a *app) generate() *cobra.Command {
	var prompt string
	var n int
	var o family.Sampling
	c := &cobra.Command{
		Use:         "generate RUN",
		Annotations: doing("generating"),
		Short:       "Go on with a text by a GPT that genview train text made",
		Example:     `  genview generate runs/shakespeare --prompt "ROMEO:" --number 500 --temperature 0.8 --top-k 20`,
		Args:        args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) (err error) {
			switch {
			case n < 1:
				return usageError{fmt.Errorf("--number %d: give 1 or more", n)}
			case !(o.Temperature >= 0 && o.Temperature <= math.MaxFloat32):
				return usageError{fmt.Errorf("--temperature %v: give a number of 0 or more, as 0.8", o.Temperature)}
			case o.TopK < 0:
				return usageError{fmt.Errorf("--top-k %d: give 1 or more, or 0 for all", o.TopK)}
			case !(o.TopP >= 0 && o.TopP <= 1):
				return usageError{fmt.Errorf("--top-p %v: give a probability from 0 to 1, as 0.9", o.TopP)}
			}
			s, m, err := opened[family.Generator](c.Context(), a, runs[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			if !c.Flags().Changed("prompt") {
				prompt = m.Opening()
			}
			if prompt, err = m.Prompt(prompt); err != nil {
				return err
			}
			begun := prompt // written with the first character, because an unfinished line hides the progress
			err = m.Generate(c.Context(), prompt, n, o, func(character string) error {
				_, err := io.WriteString(a.out, begun+character)
				begun = ""
				return err
			})
			if begun == "" {
				fmt.Fprintln(a.out)
			}
			return err
		},
	}
	c.Flags().StringVar(&prompt, "prompt", "", "what to go on from (default a new line)")
	c.Flags().IntVarP(&n, "number", "n", 500, "characters to add")
	c.Flags().Float64Var(&o.Temperature, "temperature", 0.8, "below 1 likelier, above 1 bolder; 0 always takes the likeliest")
	c.Flags().IntVar(&o.TopK, "top-k", 0, "choose among the K likeliest only (default all)")
	c.Flags().Float64Var(&o.TopP, "top-p", 0, "choose among the fewest likeliest that together have this probability (default all)")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "of the choices")
	return c
}
