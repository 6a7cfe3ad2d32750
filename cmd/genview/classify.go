package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"genview/models/data"
	"genview/models/family"

	"github.com/spf13/cobra"
)

// A likelihood is a class and its probability.
type likelihood struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

func (a *app) classify() *cobra.Command {
	top := 3
	c := &cobra.Command{
		Use:         "classify RUN PICTURE…",
		Annotations: doing("classifying"),
		Short:       "Tell which class pictures are of, by a classifier",
		Long: `classify writes for each picture the likeliest classes and their probabilities, a line a picture. Pictures should be as those
that the classifier learned from: digits of MNIST, say, are white on black.`,
		Example: "  genview classify runs/digits seven.png",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(c *cobra.Command, names []string) (err error) {
			if top < 1 {
				return usageError{fmt.Errorf("--top %d: give 1 or more", top)}
			}
			s, m, err := opened[family.Classifier](c.Context(), a, names[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			const some = 100 // pictures in memory at once
			for pictures := range slices.Chunk(names[1:], some) {
				if err := a.tellClasses(c, m, pictures, top); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().IntVar(&top, "top", top, "classes to tell of each picture")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON, one object a picture, with all classes")
	return c
}

// tellClasses prints the classes of pictures.
func (a *app) tellClasses(c *cobra.Command, m family.Classifier, pictures []string, top int) error {
	channels, height, width := m.Shape()
	var in []float32
	for _, name := range pictures {
		p, err := data.ReadImage(name, channels, height, width)
		if err != nil {
			return err
		}
		in = append(in, p...)
	}
	all, err := m.Classify(c.Context(), in)
	if err != nil {
		return err
	}
	classes := m.Classes()
	for i, p := range slices.Collect(slices.Chunk(all, len(classes))) {
		var likely []likelihood
		for k, v := range p {
			likely = append(likely, likelihood{classes[k], float64(v)})
		}
		slices.SortStableFunc(likely, func(a, b likelihood) int { return cmp.Compare(b.Probability, a.Probability) })
		if a.json {
			line := struct {
				Picture string       `json:"picture"`
				Classes []likelihood `json:"classes"` // the likeliest first
			}{pictures[i], likely}
			if err := json.NewEncoder(a.out).Encode(line); err != nil {
				return err
			}
			continue
		}
		line := pictures[i] + ":"
		for k, l := range likely[:min(top, len(likely))] {
			if k > 0 {
				line += ","
			}
			line += fmt.Sprintf(" %s %.1f %%", l.Class, 100*l.Probability)
		}
		fmt.Fprintln(a.out, visible(line))
	}
	return nil
}
