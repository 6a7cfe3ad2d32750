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

// table writes what compilers made of the shaders in a file: a line for each family in all, and then one for each shader.
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

// shortened keeps a list of many ops from filling the page.
func shortened(ops string) string {
	const most = 60
	if r := []rune(ops); len(r) > most {
		return string(r[:most]) + "…"
	}
	return ops
}
