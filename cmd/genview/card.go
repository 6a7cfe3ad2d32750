package main

import (
	"fmt"
	"io"
	"os"

	"genview/models/card"
	"genview/vk/files"

	"github.com/spf13/cobra"
)

func (a *app) card() *cobra.Command {
	out := ""
	c := &cobra.Command{
		Use:         "card RUN",
		Annotations: doing("reading"),
		Short:       "Write the card of a run's model for the Hugging Face Hub",
		Long: `Writes the card of a run's model, a README.md as the Hugging Face Hub shows it: tags, task, data, results and settings from what the
run knows. The license, and what the model is meant for, are left to you. Without -o the card goes to stdout.`,
		Example: "  genview card runs/letters -o runs/letters/README.md",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, dirs []string) error {
			write := func(w io.Writer) error {
				return card.Write(w, dirs[0], card.Options{By: "genview " + version + commit()})
			}
			if out == "" {
				return write(a.out)
			}
			if _, err := os.Lstat(out); err == nil { // perhaps with a license and a text already
				return fmt.Errorf("%s is there already: give another name, or remove it", out)
			}
			if err := files.Write(out, write); err != nil {
				return err
			}
			a.shown = dirs
			fmt.Fprintln(a.out, out)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write, as README.md (default stdout)")
	return c
}
