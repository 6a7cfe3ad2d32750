package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"genview/vk/vktest"
)

// table writes the compilers' statistics for the shaders in a file: totals by family, then modelled times if there are any, then a row for
// each kernel.
func table(w io.Writer, title, path string) error {
	p, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var all []vktest.Shader
	if err := json.Unmarshal(p, &all); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(w, "\n## %s\n", title)
	header(w, "AMD's", "shaders", "spill", "fewest waves", "most registers", "most code, bytes")
	for _, f := range vktest.Families {
		m := worst(all, f)
		row(w, f, len(all), m.spill, m.waves, m.registers, m.code)
	}
	model(w, all)
	fmt.Fprint(w, "\nOf all shaders of a kernel the most registers that a lane has, the fewest waves that a SIMD holds, and the most code, in kB.\n")
	header(w, slices.Concat([]string{"kernel", "in"}, vktest.Families)...)
	for _, k := range kernels(all) {
		cells := []any{k.name, k.in()}
		for _, f := range vktest.Families {
			m := worst(k.shaders, f)
			cells = append(cells, fmt.Sprintf("%g, %g, %.1f%s", m.registers, m.waves, m.code/1e3, map[bool]string{true: ", spills"}[m.spill > 0]))
		}
		row(w, cells...)
	}
	return nil
}

// header begins a table.
func header(w io.Writer, columns ...string) {
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

// row adds a row to a table.
func row(w io.Writer, cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(w, "| %v ", c)
	}
	fmt.Fprintln(w, "|")
}

// made is the worst that a compiler made of some shaders.
type made struct {
	spill                  int // shaders that spill
	waves, registers, code float64
}

// worst returns the worst statistics of all shaders of a kernel: the fewest waves, the most registers and code.
func worst(all []vktest.Shader, family string) made {
	w := made{waves: all[0].Made[family].Waves()}
	for _, s := range all {
		m := s.Made[family]
		if m.Spills() > 0 {
			w.spill++
		}
		w.waves, w.registers, w.code = min(w.waves, m.Waves()), max(w.registers, m["VGPRs"]), max(w.code, m["Code size"])
	}
	return w
}

// A kernel is the shaders that compute the same ops in the same way, for other sizes.
type kernel struct {
	name    string
	shaders []vktest.Shader
}

// kernels groups shaders by kernel and sorts them by name.
func kernels(all []vktest.Shader) []kernel {
	at := map[string]int{}
	var out []kernel
	for _, s := range all {
		name := nameOf(s)
		i, met := at[name]
		if !met {
			i = len(out)
			at[name], out = i, append(out, kernel{name: name})
		}
		out[i].shaders = append(out[i].shaders, s)
	}
	slices.SortFunc(out, func(a, b kernel) int { return strings.Compare(a.name, b.name) })
	return out
}

// nameOf returns what a shader computes and how, not longer than a page is wide.
func nameOf(s vktest.Shader) string { return shortened(s.Ops) + ", " + s.Form }

// in lists the training steps and the ops that have the kernel, those of an op's sizes as one.
func (k kernel) in() string {
	var all []string
	for _, s := range k.shaders {
		of, _, _ := strings.Cut(s.Of, "/")
		if !slices.Contains(all, of) {
			all = append(all, of)
		}
	}
	return shortened(strings.Join(all, ", "))
}

// shortened keeps a long list from filling the page.
func shortened(list string) string {
	const most = 60
	if r := []rune(list); len(r) > most {
		return string(r[:most]) + "…"
	}
	return list
}

// The goal for kernels that take at least a share of a modelled step.
const (
	counts    = 0.02 // of the step
	goodWaves = 4    // of a SIMD, at least
	goodShare = 0.4  // of what the card could do, at least
)

// model writes the modelled times of steps, and the kernels that miss the goal.
func model(w io.Writer, all []vktest.Shader) {
	var steps []string
	for _, s := range all {
		if s.Executed > 0 && !strings.Contains(s.Of, "/") && !slices.Contains(steps, s.Of) {
			steps = append(steps, s.Of)
		}
	}
	if len(steps) == 0 {
		return
	}
	columns := []string{"step"}
	for _, f := range vktest.Families {
		columns = append(columns, f+", "+gpus[f].card)
	}
	fmt.Fprint(w, "\nModelled times of training steps in ms, and what they would be at the card's peak (vk/vktest/drivers/model.go says how).\n")
	header(w, columns...)
	total := map[string]float64{} // of a step on a family's card
	for _, step := range steps {
		cells := []any{step}
		for _, f := range vktest.Families {
			least := 0.0
			for _, s := range all {
				if s.Of == step {
					seconds, bound := gpus[f].modelled(s, f)
					total[step+f] += float64(s.Calls) * seconds
					least += float64(s.Calls) * bound
				}
			}
			cells = append(cells, fmt.Sprintf("%.2f of %.2f", 1e3*total[step+f], 1e3*least))
		}
		row(w, cells...)
	}
	var misses [][]any
	for _, k := range kernels(all) {
		for _, step := range steps {
			cells, missed := []any{k.name, step}, false
			for _, f := range vktest.Families {
				said := k.misses(step, f, total[step+f])
				cells, missed = append(cells, said), missed || said != ""
			}
			if missed {
				misses = append(misses, cells)
			}
		}
	}
	fmt.Fprintf(w, "\nOf the kernels that take over %.0f %% of a step, %d spill, leave a SIMD under %d waves, or reach under %.0f %% of what the card could do.\n"+
		"Listed are the share of the step that each takes, and what it reaches.\n", 100*counts, len(misses), goodWaves, 100*goodShare)
	header(w, append([]string{"kernel", "step"}, columns[1:]...)...)
	for _, cells := range misses {
		row(w, cells...)
	}
}

// misses says how a kernel misses the goal in a step that takes so many seconds on a family's card; "": it does not, or does not count.
func (k kernel) misses(step, family string, total float64) string {
	var mine []vktest.Shader
	took, least := 0.0, 0.0
	for _, s := range k.shaders {
		if s.Of == step {
			seconds, bound := gpus[family].modelled(s, family)
			took, least, mine = took+float64(s.Calls)*seconds, least+float64(s.Calls)*bound, append(mine, s)
		}
	}
	if took < counts*total || len(mine) == 0 {
		return ""
	}
	m := worst(mine, family)
	if m.spill == 0 && m.waves >= goodWaves && least >= goodShare*took {
		return ""
	}
	said := fmt.Sprintf("%.0f %%: %.0f %%", 100*took/total, 100*least/took)
	if m.waves < goodWaves {
		said += fmt.Sprintf(", %g waves", m.waves)
	}
	if m.spill > 0 {
		said += ", spills"
	}
	return said
}
