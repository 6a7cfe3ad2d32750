package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"genview/vk/vktest"
)

// table writes the compilers' statistics of the shaders in a file: a line for each family in total, then one for each shader.
func table(w io.Writer, path string) error {
	p, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var all []vktest.Shader
	if err := json.Unmarshal(p, &all); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	title := map[bool]string{true: "Kernels of training steps and of bench ops", false: "Kernels that the tuner tries"}[strings.HasSuffix(path, "kernels.json")]
	fmt.Fprintf(w, "\n## %s\n\n| AMD's | kernels | spill | fewest waves a SIMD | most registers | most code, bytes |\n|---|---|---|---|---|---|\n", title)
	for _, f := range vktest.Families {
		made, spill := 0, 0
		waves, registers, code := 1e9, 0.0, 0.0
		for _, s := range all {
			m := s.Made[f]
			if m == nil {
				continue
			}
			made++
			if m.Spills() > 0 {
				spill++
			}
			waves, registers, code = min(waves, m.Waves()), max(registers, m["VGPRs"]), max(code, m["Code size"])
		}
		fmt.Fprintf(w, "| %s | %d | %d | %g | %g | %g |\n", f, made, spill, waves, registers, code)
	}
	model(w, all)
	fmt.Fprintf(w, "\nRegisters of a lane, waves that a SIMD holds, kilobytes of code; and shared memory, of %s.\n\n| of | calls | ops | kernel | %s | shared |\n|---|---|---|---|%s---|\n",
		vktest.Families[1], strings.Join(vktest.Families, " | "), strings.Repeat("---|", len(vktest.Families)))
	slices.SortStableFunc(all, func(a, b vktest.Shader) int { return cmp.Compare(a.Of, b.Of) })
	for _, s := range all {
		fmt.Fprintf(w, "| %s | %d | %s | %s |", s.Of, s.Calls, shortened(s.Ops), s.Form)
		for _, f := range vktest.Families {
			m := s.Made[f]
			fmt.Fprintf(w, " %g, %g, %.1f%s |", m["VGPRs"], m.Waves(), m["Code size"]/1e3, map[bool]string{true: ", spills"}[m.Spills() > 0])
		}
		fmt.Fprintf(w, " %g |\n", s.Made[vktest.Families[1]]["LDS size"])
	}
	return nil
}

// shortened shortens a list of many ops.
func shortened(ops string) string {
	const most = 60
	if r := []rune(ops); len(r) > most {
		return string(r[:most]) + "…"
	}
	return ops
}

// worst is how many kernels of a step the model's table lists.
const worst = 3

// model writes the modelled times of steps on cards, and, among the kernels that take over a fiftieth of a step, those furthest from the
// card's bound.
func model(w io.Writer, all []vktest.Shader) {
	var steps []string
	for _, s := range all {
		if s.Rounds > 0 && !strings.Contains(s.Of, "/") && !slices.Contains(steps, s.Of) {
			steps = append(steps, s.Of)
		}
	}
	if len(steps) == 0 {
		return
	}
	fmt.Fprintf(w, "\nModelled times (see vk/vktest/drivers/model.go): of a step, what it would take at the card's peak, and the kernels of over 2 %% of it with the least share of their own bound.\n\n")
	fmt.Fprintf(w, "| card | step | ms | at peak, ms | kernels |\n|---|---|---|---|---|\n")
	for _, f := range vktest.Families {
		for _, step := range steps {
			total, least := 0.0, 0.0
			var mine []vktest.Shader
			for _, s := range all {
				if s.Of != step {
					continue
				}
				seconds, bound := gpus[f].modelled(s, f)
				total, least = total+float64(s.Calls)*seconds, least+float64(s.Calls)*bound
				mine = append(mine, s)
			}
			share := func(s vktest.Shader) float64 { seconds, bound := gpus[f].modelled(s, f); return bound / seconds }
			mine = slices.DeleteFunc(mine, func(s vktest.Shader) bool {
				seconds, _ := gpus[f].modelled(s, f)
				return float64(s.Calls)*seconds < total/50
			})
			slices.SortStableFunc(mine, func(a, b vktest.Shader) int { return cmp.Compare(share(a), share(b)) })
			var names []string
			for _, s := range mine[:min(worst, len(mine))] {
				seconds, _ := gpus[f].modelled(s, f)
				names = append(names, fmt.Sprintf("%.0f %% %s (%s): %d × %.3f ms, %g waves", 100*share(s), shortened(s.Ops), s.Form, s.Calls, 1e3*seconds, s.Made[f].Waves()))
			}
			fmt.Fprintf(w, "| %s, %s | %s | %.3f | %.3f | %s |\n", f, gpus[f].card, step, 1e3*total, 1e3*least, strings.Join(names, "; "))
		}
	}
}
