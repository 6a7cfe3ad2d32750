package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"genview/models/run"
	"genview/models/settings"
	"genview/models/zoo"
)

// ofAll are the settings that all kinds of models have alike.
var ofAll = []string{"seed", "record.budget", "save.every", "save.keep", "eval.every", "eval.patience", "watermark", "precision", "kernels", "vectors", "data.dir"}

// settingTables are the settings of all presets as Markdown: a table of what all have, and one for each kind.
func settingTables(t *testing.T) string {
	var out strings.Builder
	cell := func(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
	meaning := func(s settings.Setting) string {
		if s.Allowed == "" {
			return cell(s.Meaning)
		}
		return cell(s.Meaning + " (" + s.Allowed + ")")
	}
	for i, f := range zoo.Families {
		var names []string
		var all [][]settings.Setting
		for _, p := range f.Presets {
			c, err := run.New(p.Name)
			if err != nil {
				t.Fatal(err)
			}
			names, all = append(names, p.Name), append(all, changeable(c))
		}
		if i == 0 {
			out.WriteString("| all | | |\n|---|---|---|\n")
			for _, s := range all[0] {
				if slices.Contains(ofAll, s.Key) {
					fmt.Fprintf(&out, "| `%s` | %s | %s |\n", s.Key, s.Value, meaning(s))
				}
			}
		}
		fmt.Fprintf(&out, "\n| %s | %s | |\n|---|%s---|\n", f.Kind, strings.Join(names, " | "), strings.Repeat("---|", len(names)))
		for k, s := range all[0] {
			if slices.Contains(ofAll, s.Key) {
				continue
			}
			var values []string
			for _, of := range all {
				values = append(values, of[k].Value)
			}
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", s.Key, strings.Join(values, " | "), meaning(s))
		}
	}
	return out.String()
}

// TestReadmeSettings holds the tables of settings in README.md to what the settings say of themselves; -update writes them.
func TestReadmeSettings(t *testing.T) {
	const path, from, to = "../../README.md", "<!-- settings -->\n", "<!-- end of settings -->\n"
	readme, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(readme, []byte(from))
	tables, after, ended := bytes.Cut(rest, []byte(to))
	if !ok || !ended {
		t.Fatalf("README.md has no %q and %q", from, to)
	}
	want := "\n" + settingTables(t) + "\n"
	if string(tables) == want {
		return
	}
	if !*update {
		t.Error("README.md tells other settings than there are: run this test with -update")
		return
	}
	write(t, path, slices.Concat(before, []byte(from+want+to), after))
}
