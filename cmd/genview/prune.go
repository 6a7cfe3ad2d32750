package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"genview/models/family"
	"genview/models/runs"
	"genview/models/train"
	"genview/vk"

	"github.com/spf13/cobra"
)

func (a *app) pruneRuns() *cobra.Command {
	var o runs.Sparing
	yes := false
	c := &cobra.Command{
		Use:         "prune FOLDER...",
		Annotations: doing("looking"),
		Short:       "Say which files runs can do without, and remove them with --yes",
		Long: `Says which files runs can do without: checkpoints before the newest, and what was put aside when a run went back to an earlier
checkpoint; with --recordings also what the window's slider of time and genview film show. A FOLDER is a run, or holds runs.
Nothing is removed without --yes. The newest checkpoint, the newest that is whole, and the best on held-out data always stay, and so do
files that genview did not make. A run that is trained now is left alone.`,
		Example: `  genview runs prune runs
  genview runs prune runs/letters --recordings --yes`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, folders []string) error {
			if o.Keep < 1 {
				return usageError{fmt.Errorf("--keep %d: give 1 or more", o.Keep)}
			}
			for _, dir := range folders {
				if err := isThere(c.Parent(), dir); err != nil {
					return err
				}
			}
			return a.prune(c.Context(), folders, o, yes)
		},
	}
	fl := c.Flags()
	fl.IntVar(&o.Keep, "keep", 1, "newest checkpoints that stay, beside the best one")
	fl.BoolVar(&o.Recording, "recordings", false, "also the recordings of how runs looked")
	fl.BoolVar(&yes, "yes", false, "remove the files")
	fl.BoolVar(&a.json, "json", false, "print JSON: an array with an object for each file")
	return c
}

// spareLine is a file in the output of prune --json.
type spareLine struct {
	File    string `json:"file"`
	Bytes   int64  `json:"bytes"`
	Why     string `json:"why"`
	Removed bool   `json:"removed"`
}

// prune lists or removes what the runs in folders can do without.
func (a *app) prune(ctx context.Context, folders []string, o runs.Sparing, yes bool) error {
	found, err := runs.Find(ctx, folders...)
	if err != nil {
		return err
	}
	look := runs.Spares
	if yes {
		look = runs.Prune
	}
	var all []runs.Spare
	var failed error
	for _, r := range found {
		some, err := look(ctx, r.Dir, o)
		all = append(all, some...)
		switch {
		case errors.Is(err, train.ErrLocked):
			a.notice(r.Dir + " is trained now: nothing of it can go")
		case err != nil:
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil && len(all) == 0 {
		return failed
	}
	return errors.Join(a.printSpares(all, yes), failed)
}

// printSpares prints the files, and how large they are together.
func (a *app) printSpares(all []runs.Spare, removed bool) error {
	if a.json {
		lines := []spareLine{}
		for _, s := range all {
			lines = append(lines, spareLine{s.Path, s.Size, s.Why, removed})
		}
		return json.NewEncoder(a.out).Encode(lines)
	}
	w, size := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0), int64(0)
	for _, s := range all {
		size += s.Size
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Path, vk.Bytes(s.Size), s.Why)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch many := family.CountOf(len(all), "file"); {
	case len(all) == 0:
		fmt.Fprintln(a.out, "nothing can go")
	case removed:
		fmt.Fprintf(a.out, "removed %s, %s\n", many, vk.Bytes(size))
	default:
		fmt.Fprintf(a.out, "%s, %s; nothing was removed: --yes does that\n", many, vk.Bytes(size))
	}
	return nil
}
