package main

import (
	"fmt"
	"strings"

	"genview/models/curves"

	"github.com/spf13/cobra"
)

func (a *app) curves() *cobra.Command {
	var o curves.Options
	var out, axis string
	c := &cobra.Command{
		Use:   "curves RUN...",
		Short: "Draw the losses and other metrics of one or several runs",
		Long: `Draw what runs have logged, as a picture for papers and pages, or write it as a table. One run has a plot for each group of metrics;
several have one for each metric, in which each run has a color. Without -o the table goes to stdout.`,
		Example: `  genview curves runs/letters -o letters.svg --log
  genview curves runs/a runs/b runs/c -o compared.png --only loss --smooth 0.9 --x time
  genview curves runs/letters > letters.csv`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(_ *cobra.Command, dirs []string) error {
			switch axis {
			case "step", "time", "epoch":
				o.Time, o.Epochs = axis == "time", axis == "epoch"
			default:
				return usageError{fmt.Errorf("--x %s: the horizontal axis is step, time or epoch", axis)}
			}
			if out != "" {
				if err := curves.CheckName(out); err != nil {
					return usageError{err}
				}
			}
			runs, err := readCurves(dirs)
			if err != nil {
				return err
			}
			if out == "" {
				return curves.Table(a.out, runs, o)
			}
			if err := curves.Write(out, runs, o); err != nil {
				return err
			}
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	fl := c.Flags()
	fl.StringVarP(&out, "output", "o", "", "file to write: .png, .svg, .pdf or .csv")
	fl.StringVar(&axis, "x", "step", "horizontal axis: step, time (trained) or epoch")
	fl.BoolVar(&o.Log, "log", false, "logarithmic axes of values")
	fl.Float64Var(&o.Smooth, "smooth", 0, "weight of the moving average, from 0 to below 1")
	fl.StringSliceVar(&o.Only, "only", nil, "metrics to draw, as loss,kl (default all)")
	fl.IntVar(&o.From, "from", 0, "first step")
	fl.IntVar(&o.To, "to", 0, "last step; 0: to the end")
	fl.IntVar(&o.Width, "width", 0, fmt.Sprintf("width of the picture in pixels, from %d to %d (default 960)", curves.LeastWidth, curves.MostWidth))
	return c
}

// readCurves reads the metrics of runs.
func readCurves(dirs []string) (all []*curves.Run, err error) {
	for _, dir := range dirs {
		r, err := curves.Read(dir)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	distinguish(all, dirs)
	return all, nil
}

// distinguish gives runs whose folders have one name the paths that the user gave.
func distinguish(runs []*curves.Run, dirs []string) {
	of := map[string]int{}
	for _, r := range runs {
		of[r.Name]++
	}
	for i, r := range runs {
		if of[r.Name] > 1 {
			r.Name = strings.TrimRight(dirs[i], `/\`)
		}
	}
}
