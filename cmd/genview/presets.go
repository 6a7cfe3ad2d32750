package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"genview/models/family"
	"genview/models/run"
	"genview/models/settings"
	"genview/models/zoo"

	"github.com/spf13/cobra"
)

func (a *app) presets() *cobra.Command {
	c := &cobra.Command{
		Use:         "presets [show PRESET]",
		Annotations: doing("listing"),
		Short:       "List what can be trained, or the settings of one",
		Example:     "  genview presets show dcgan",
		Args:        args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return json.NewEncoder(a.out).Encode(presetLines())
			}
			_, err := io.WriteString(a.out, presetTable())
			return err
		},
	}
	show := &cobra.Command{
		Use:       "show PRESET",
		Short:     "Tell every setting of a preset: its value, what it means, and what it may be",
		Args:      args(cobra.ExactArgs(1)),
		ValidArgs: presetNames(),
		RunE: func(_ *cobra.Command, names []string) error {
			cfg, err := run.New(names[0])
			if err != nil {
				return usageError{err}
			}
			if a.json {
				return json.NewEncoder(a.out).Encode(changeable(cfg))
			}
			return printSettings(a.out, changeable(cfg))
		},
	}
	for _, each := range []*cobra.Command{c, show} {
		each.Flags().BoolVar(&a.json, "json", false, "print JSON")
	}
	c.AddCommand(show)
	return c
}

// presetLine is a preset in the output of presets.
type presetLine struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Argument string `json:"argument,omitempty"`
	About    string `json:"about"`
	Steps    int    `json:"steps"`
	Batch    int    `json:"batch"`
}

func presetLines() []presetLine {
	var all []presetLine
	for _, p := range zoo.Presets() {
		_, f, _ := zoo.Preset(p.Name)
		all = append(all, presetLine{p.Name, f.Kind, p.Argument, p.About, p.Steps, p.Batch})
	}
	return all
}

// presetTable returns a table with a line for each preset.
func presetTable() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, p := range presetLines() {
		fmt.Fprintf(w, "  %s\t%s (%s of %s)\n", strings.TrimSpace(p.Name+" "+p.Argument), p.About, family.CountOf(p.Steps, "step"), family.CountOf(p.Batch, "example"))
	}
	_ = w.Flush() // to memory
	return out.String()
}

// changeable returns the settings of a configuration that a user can change.
func changeable(c *run.Config) []settings.Setting {
	return slices.DeleteFunc(c.List(), func(s settings.Setting) bool { return s.Found })
}

// printSettings prints a line for each setting.
func printSettings(out io.Writer, all []settings.Setting) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range all {
		meaning := s.Meaning
		if s.Allowed != "" {
			meaning += " (" + s.Allowed + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Key, s.Value, meaning)
	}
	return w.Flush()
}

// isPreset tells whether there is a preset of that name.
func isPreset(name string) bool {
	_, _, ok := zoo.Preset(name)
	return ok
}
