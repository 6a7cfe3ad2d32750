package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"genview/models/family"
	"genview/models/film"
	"genview/models/inspect"
	"genview/models/npy"
	"genview/models/picture"
	"genview/models/run"
	"genview/models/watch"

	"github.com/spf13/cobra"
)

func (a *app) inspect() *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:         "inspect RUN [LAYER]",
		Annotations: doing("looking into the model"),
		Short:       "Show what a run's model is made of, and what its layers make of an example",
		Long: `Prints a line for each tensor of parameters, with its shape and how its values are spread, and a line for each layer with how that is
spread which it makes of an example: a held-out picture, the sample of seed 1, a text. With a layer and -o it writes all that the layer
makes: a picture of each channel, or a row for each token. The window does the same with I.`,
		Example: `  genview inspect runs/letters
  genview inspect runs/letters fc3 -o fc3.png
  genview inspect runs/digits conv2 -o conv2.npy`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, words []string) (err error) {
			layer := ""
			if len(words) > 1 {
				layer = words[1]
			}
			if err := a.checkFeatures(layer, out); err != nil {
				return err
			}
			s, err := a.load(c.Context(), words[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			v, err := a.lookInto(c.Context(), s, layer)
			switch {
			case err != nil:
				return err
			case out != "":
				return a.writeFeatures(out, v.Features)
			case a.json:
				return json.NewEncoder(a.out).Encode(inside(s.Step, v))
			}
			return a.printInside(v)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write: .npy (an array [channels, height, width] or [tokens, units]), .png and what else sample writes; -.npy and so on for stdout")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().BoolVar(&a.anonymous, "no-provenance", false, "do not write into the file what it was made with and from")
	addPlace(c.Flags(), &a.place)
	return c
}

// checkFeatures returns an error if what a layer makes cannot be written to a name.
func (a *app) checkFeatures(layer, out string) error {
	switch npy := strings.EqualFold(filepath.Ext(out), ".npy"); {
	case out == "":
		return nil
	case layer == "":
		return usageError{errors.New("-o is for what a layer makes: name one of those that inspect RUN lists")}
	case npy && !a.binary(out, ".npy"):
		return nil
	case npy:
		return fmt.Errorf("-o %s: a terminal does not show arrays: send the output to a program, or name a file", out)
	}
	if err := a.checkOutput(out); err != nil {
		return fmt.Errorf("%w; for arrays also .npy", err)
	}
	return nil
}

// lookInto looks into the model of a session. It is an error if a layer is asked for that is not there.
func (a *app) lookInto(ctx context.Context, s *run.Session, layer string) (*watch.Layers, error) {
	if layer != "" {
		if _, err := run.As[family.Traced](s); err != nil {
			return nil, err
		}
	}
	in, err := inspect.New(s.Runtime, s.Known(), inspect.TraceOf(s.Model))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if names := in.Layers(); layer != "" && !slices.Contains(names, layer) {
		return nil, usageError{fmt.Errorf("there is no layer %s%s; there are %s", layer, meant(layer, names), strings.Join(names, ", "))}
	}
	in.Choose(layer)
	v, err := in.Look(ctx, s.Step)
	if err == nil && layer != "" && v.Problem != "" {
		err = errors.New(v.Problem)
	}
	return v, err
}

// writeFeatures writes what a layer makes.
func (a *app) writeFeatures(out string, f *watch.Features) error {
	if !strings.EqualFold(filepath.Ext(out), ".npy") {
		return a.film(out, film.Still(picture.Features(f), film.Data))
	}
	var file bytes.Buffer
	if err := npy.Write(&file, f.Values, f.Shape...); err != nil {
		return err
	}
	return a.put(out, file.Bytes())
}

// valueSpread is how values are spread.
type valueSpread struct {
	Mean float64 `json:"mean"`
	Std  float64 `json:"std"`
	Most float64 `json:"largest"` // magnitude
}

func numbersOf(h watch.Histogram) valueSpread { return valueSpread{h.Mean, h.Std, h.Most} }

// tensorInside is a line of what a model is made of.
type tensorInside struct {
	Name     string       `json:"name"`
	Shape    []int        `json:"shape"`
	Values   valueSpread  `json:"values"`
	Gradient *valueSpread `json:"gradients,omitempty"` // of the moving average that the optimizer keeps
}

// modelInside is what a model is made of.
type modelInside struct {
	Step        int            `json:"step"`
	Parameters  []tensorInside `json:"parameters"`
	Example     string         `json:"example,omitempty"`
	Problem     string         `json:"problem,omitempty"` // why nothing is known of what layers make
	Activations []tensorInside `json:"activations,omitempty"`
	Features    *layerInside   `json:"features,omitempty"`
}

// layerInside is all that a layer makes.
type layerInside struct {
	Layer  string    `json:"layer"`
	Shape  []int     `json:"shape"`
	Values []float32 `json:"values"`
}

func inside(step int, v *watch.Layers) modelInside {
	m := modelInside{Step: step, Parameters: []tensorInside{}, Example: v.Example, Problem: v.Problem}
	for _, l := range v.Layers {
		t := tensorInside{Name: l.Name, Shape: slices.Clone(l.Shape), Values: numbersOf(l.Weight)}
		if l.Gradient.Counts != nil {
			g := numbersOf(l.Gradient)
			t.Gradient = &g
		}
		m.Parameters = append(m.Parameters, t)
	}
	for _, l := range v.Activations {
		m.Activations = append(m.Activations, tensorInside{Name: l.Layer, Shape: l.Shape, Values: numbersOf(l.Values)})
	}
	if f := v.Features; f != nil {
		m.Features = &layerInside{f.Layer, f.Shape, f.Values}
	}
	return m
}

// printInside prints what a model is made of as tables: of parameters, and of layers unless there is a layer that was asked for.
func (a *app) printInside(v *watch.Layers) error {
	out := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	numbers := func(name string, shape []int, h watch.Histogram) string {
		return fmt.Sprintf("%s\t%s\t%.3g\t%.3g\t%.3g", name, shapeText(shape), h.Mean, h.Std, h.Most)
	}
	if v.Features == nil {
		fmt.Fprintln(out, "parameters\tshape\tmean\tstd\tlargest\tgradients' std")
		for _, l := range v.Layers {
			gradient := "–"
			if l.Gradient.Counts != nil {
				gradient = fmt.Sprintf("%.3g", l.Gradient.Std)
			}
			fmt.Fprintf(out, "%s\t%s\n", numbers(l.Name, l.Shape, l.Weight), gradient)
		}
	}
	if len(v.Activations) > 0 {
		fmt.Fprintf(out, "%s goes through\tshape\tmean\tstd\tlargest\t\n", v.Example)
	}
	for _, l := range v.Activations {
		if v.Features == nil || v.Features.Layer == l.Layer {
			fmt.Fprintf(out, "%s\t\n", numbers(l.Layer, l.Shape, l.Values))
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if v.Problem != "" {
		a.notice("what its layers make is not known: " + v.Problem)
	}
	return nil
}

// shapeText writes a shape, as 256×784.
func shapeText(shape []int) string {
	var parts []string
	for _, d := range shape {
		parts = append(parts, fmt.Sprint(d))
	}
	return strings.Join(parts, "×")
}
