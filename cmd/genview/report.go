package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"genview/models/report"
	"genview/vk/files"

	"github.com/spf13/cobra"
)

func (a *app) report() *cobra.Command {
	var out string
	o := report.Options{}
	c := &cobra.Command{
		Use:         "report RUN",
		Annotations: doing("reading"),
		Short:       "Write a page about a run: curves, what it showed over time, settings, data",
		Long: `Writes one page about a run that needs nothing else: its curves, with values under the cursor; what its recording has, with a slider
through time: pictures, points, texts, attention maps with their values under the cursor; its evaluations, its settings,
the identity of its data, its devices, and what was done to it.`,
		Example: "  genview report runs/letters -o letters.html",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, dirs []string) error {
			switch {
			case o.Moments < 1:
				return usageError{fmt.Errorf("--moments %d: give 1 or more", o.Moments)}
			case out == "":
				return usageError{errors.New("-o: give the name of the page, as report.html")}
			case !strings.EqualFold(filepath.Ext(out), ".html"):
				return usageError{fmt.Errorf("-o %s: the page's name ends in .html", out)}
			}
			return a.writeReport(c.Context(), dirs[0], out, o)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "report.html", "the page")
	c.Flags().IntVar(&o.Moments, "moments", 40, "moments of the recording that it shows at most")
	return c
}

// writeReport writes the page of a run, whole or not at all.
func (a *app) writeReport(ctx context.Context, dir, out string, o report.Options) error {
	o.CacheDir, o.By = cacheDir(), "genview "+version+commit()
	o.Count = func(done, of int) { a.console.count("moments", done, of) }
	o.Lost = a.notice
	if err := files.Write(out, func(w io.Writer) error { return report.Write(ctx, w, dir, o) }); err != nil {
		return err
	}
	a.shown = []string{dir}
	fmt.Fprintln(a.out, out)
	return nil
}
