package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"genview/models/encrypt"
	"genview/models/family"
	"genview/models/run"
	"genview/models/train"

	"github.com/spf13/cobra"
)

func (a *app) checkRun() *cobra.Command {
	c := &cobra.Command{
		Use:         "check RUN",
		Annotations: doing("checking"),
		Short:       "Verify every file of a run, and say what is whole, what is damaged, and what becomes of that",
		Long: `Verifies every file of a run: its settings, metrics, events, checkpoints, samples and recording, by their checksums where they
have one, and that its data are those that it began with. It changes and downloads nothing, and needs no device.

Exit codes: 0 all is whole, 1 something is damaged or cannot be opened, 2 wrong usage.`,
		Example: "  genview runs check runs/letters",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, runs []string) error {
			h := run.Host{CacheDir: cacheDir()}
			r, err := h.Check(c.Context(), runs[0], a.place)
			if err != nil {
				return err
			}
			if a.json {
				err = json.NewEncoder(a.out).Encode(r)
			} else {
				err = printReport(a.out, r)
			}
			if n := len(r.Damaged()); err == nil && n > 0 {
				err = fmt.Errorf("%s is damaged: %d of %s", r.Dir, n, family.CountOf(len(r.Files), "file"))
			} else if err == nil && r.Locked > 0 {
				err = fmt.Errorf("%s was not verified: %d of %s: each %w", r.Dir, r.Locked, family.CountOf(len(r.Files), "file"), encrypt.ErrNoKey)
			}
			return err
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print one JSON object, with every file")
	addPlace(c.Flags(), &a.place)
	return c
}

// printReport prints a line for each file of a run. Whole files of a folder that has many are one line.
func printReport(out io.Writer, r *run.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	type folder struct{ state, dir string }
	many := map[folder]int{}
	var folders []folder
	for _, f := range r.Files {
		state, text := "whole", f.Note
		switch {
		case f.Locked:
			state = "locked"
		case f.Problem != "":
			state, text = "DAMAGED", remedied(r, f)
		}
		in := folder{state, filepath.Dir(f.File)}
		if text == "" && in.dir != "." && in.dir != "checkpoints" && !strings.HasPrefix(f.File, "the data") {
			if many[in]++; many[in] == 1 {
				folders = append(folders, in)
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", state, f.File, text)
	}
	for _, in := range folders {
		fmt.Fprintf(w, "%s\t%s/\t%s\n", in.state, in.dir, family.CountOf(many[in], "file"))
	}
	if err := w.Flush(); err != nil || !r.Whole {
		return err
	}
	training := ""
	if r.InUse {
		training = ", and is trained in right now"
	}
	_, err := fmt.Fprintf(out, "%s is whole%s\n", r.Dir, training)
	return err
}

// remedied says what is wrong with a file and what can be done.
func remedied(r *run.Report, f train.Checked) string {
	text := visible(strings.Join(strings.Fields(f.Problem), " "))
	if f.Remedy == "" {
		return text
	}
	text += "; " + f.Remedy
	if f.GoOn != nil {
		text += fmt.Sprintf(" with train --resume %s --checkpoint %d", r.Dir, *f.GoOn)
	}
	return text
}
