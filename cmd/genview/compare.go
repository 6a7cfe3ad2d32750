package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"genview/models/curves"
	"genview/models/runs"

	"github.com/spf13/cobra"
)

func (a *app) compareRuns() *cobra.Command {
	var out string
	var o curves.Options
	c := &cobra.Command{
		Use:         "compare RUN RUN...",
		Annotations: doing("comparing"),
		Short:       "Say in which settings runs differ, and how far each has come, as a table and a chart",
		Long: `Says in which settings runs differ, and how far each has come: its step, the time that it has trained, and the newest value of
each metric. -o draws their metrics into one picture, as genview curves does.`,
		Example: `  genview runs compare runs/letters runs/letters-2 -o compared.svg --log
  genview runs compare runs/* --json`,
		Args: args(cobra.MinimumNArgs(2)),
		RunE: func(_ *cobra.Command, dirs []string) error {
			if out != "" {
				if err := curves.CheckName(out); err != nil {
					return usageError{err}
				}
			}
			compared, err := runs.Compare(dirs...)
			if err != nil {
				return err
			}
			if out != "" {
				all, err := readCurves(dirs)
				if err == nil {
					err = curves.Write(out, all, o)
				}
				if err != nil {
					return err
				}
			}
			if a.json {
				return json.NewEncoder(a.out).Encode(comparisonOf(compared))
			}
			return printComparison(a.out, compared, dirs)
		},
	}
	fl := c.Flags()
	fl.StringVarP(&out, "output", "o", "", "picture of the metrics: .png, .svg or .pdf, or .csv for a table of them")
	fl.StringSliceVar(&o.Only, "only", nil, "metrics to draw, as loss,kl (default all)")
	fl.Float64Var(&o.Smooth, "smooth", 0, "weight of the moving average, from 0 to below 1")
	fl.BoolVar(&o.Log, "log", false, "logarithmic axes of values")
	fl.BoolVar(&a.json, "json", false, "print JSON: the runs, and in what their settings differ")
	return c
}

// comparisonLine is the output of compare --json.
type comparisonLine struct {
	Runs     []runLine           `json:"runs"`
	Settings map[string][]string `json:"settings"` // that differ: the value in each run; "": it has none
}

func comparisonOf(c *runs.Comparison) comparisonLine {
	l := comparisonLine{Settings: map[string][]string{}}
	for _, r := range c.Runs {
		l.Runs = append(l.Runs, runLineOf(r))
	}
	for _, row := range c.Settings {
		l.Settings[row.Name] = row.Values
	}
	return l
}

// printComparison prints a column for each run.
func printComparison(out io.Writer, c *runs.Comparison, dirs []string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name string, values []string) {
		fmt.Fprint(w, name)
		for _, v := range values {
			fmt.Fprint(w, "\t", orDash(v))
		}
		fmt.Fprintln(w)
	}
	var heads []string
	for _, dir := range dirs {
		heads = append(heads, strings.TrimRight(dir, `/\`))
	}
	line("SETTING", heads)
	for _, row := range c.Settings {
		line(row.Name, row.Values)
	}
	if len(c.Settings) == 0 {
		fmt.Fprintln(w, "(none differs)"+strings.Repeat("\t", len(dirs)))
	}
	fmt.Fprintln(w, "MEASURE"+strings.Repeat("\t", len(dirs)))
	for _, row := range c.Measures {
		line(row.Name, row.Values)
	}
	return w.Flush()
}
