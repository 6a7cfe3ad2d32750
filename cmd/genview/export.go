package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"genview/models/curves"
	"genview/models/runs"
	"genview/vk/files"

	"github.com/spf13/cobra"
)

// exportFlags say in which form runs are exported.
type exportFlags struct {
	tensorboard, output string
	csv, json           bool
}

func (a *app) exportRuns() *cobra.Command {
	f := &exportFlags{}
	c := &cobra.Command{
		Use:         "export RUN...",
		Annotations: doing("exporting"),
		Short:       "Write what runs have logged for other programs: event files for TensorBoard, CSV, JSON lines",
		Long: `Writes what runs have logged for other programs. --tensorboard writes an event file for each run into a folder of its own below
DIR, with its metrics, its settings, and what its recording has: pictures, attention maps, texts, and the parameters that one looked at.
--csv and --jsonl write the metrics to stdout, or to the file of -o, with the time of each step and the time trained since step 0.`,
		Example: `  genview runs export runs/letters runs/faces --tensorboard board
  tensorboard --logdir board
  genview runs export runs/letters --csv -o letters.csv`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, dirs []string) error {
			forms := 0
			for _, name := range []string{"tensorboard", "csv", "jsonl"} {
				if c.Flags().Changed(name) {
					forms++
				}
			}
			switch {
			case forms != 1:
				return usageError{errors.New("say in one form what to write: --tensorboard DIR, --csv or --jsonl")}
			case f.tensorboard != "" && f.output != "":
				return usageError{errors.New("-o is for --csv and --jsonl: --tensorboard names its folder")}
			}
			a.shown = dirs
			if f.tensorboard != "" {
				return a.toTensorBoard(c, dirs, f.tensorboard)
			}
			return a.exportMetrics(dirs, f)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.tensorboard, "tensorboard", "", "folder for event files; each run has one of its own below")
	fl.BoolVar(&f.csv, "csv", false, "comma-separated values: a line for each logged step")
	fl.BoolVar(&f.json, "jsonl", false, "JSON lines: an object for each logged step")
	fl.StringVarP(&f.output, "output", "o", "", "file to write (default stdout)")
	return c
}

// toTensorBoard writes an event file for each run.
func (a *app) toTensorBoard(c *cobra.Command, dirs []string, to string) error {
	names := map[string]string{}
	for _, dir := range dirs {
		name := runs.NameOf(dir)
		if other, taken := names[name]; taken {
			return usageError{fmt.Errorf("%s and %s have one name: export them into two folders", other, dir)}
		}
		names[name] = dir
	}
	for _, dir := range dirs {
		count := func(done, of int) { a.console.count("moments", done, of) }
		o := runs.ExportOptions{CacheDir: cacheDir(), Count: count, Lost: a.notice}
		path, err := runs.ToTensorBoard(c.Context(), dir, filepath.Join(to, runs.NameOf(dir)), o)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.out, path)
	}
	return nil
}

// exportMetrics writes the metrics of runs as text.
func (a *app) exportMetrics(dirs []string, f *exportFlags) error {
	all, err := readCurves(dirs)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return runs.WriteJSON(w, all...) }
	if f.csv {
		write = func(w io.Writer) error { return curves.Table(w, all, curves.Options{}) }
	}
	if f.output == "" {
		return write(a.out)
	}
	if err := files.Write(f.output, write); err != nil {
		return err
	}
	fmt.Fprintln(a.out, f.output)
	return nil
}
