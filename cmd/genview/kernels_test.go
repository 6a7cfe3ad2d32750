package main

import (
	"os"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

// shadersOf are the kernels of programs.
func shadersOf(of string, programs ...*tensor.Program) (all []vktest.Shader) {
	for _, p := range programs {
		kernels := p.Kernels()
		for step := range p.Steps() {
			if step.Module == nil {
				continue
			}
			k := kernels[0]
			kernels = kernels[1:]
			all = append(all, vktest.ShaderOf(of, k.Ops, k.Form, k.FLOPs, k.Bytes, step))
		}
	}
	return all
}

// written returns the kernels of training steps of presets, and of the ops of bench ops, as they are for a device that the process poses
// as. What steps begin with is computed, too, by lavapipe.
func written(t *testing.T, a *app, presets []string, benches []optest.Bench) (all []vktest.Shader) {
	for _, name := range presets {
		c, err := benchConfig(name, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := a.host().Start(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, shadersOf(name, s.Model.Programs()...)...)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(benches) == 0 {
		return all
	}
	dev, err := a.openDevice()
	if err != nil {
		t.Fatal(err)
	}
	rt := tensor.NewRuntime(dev)
	works := []optest.Work{adamWork()}
	for _, b := range benches {
		works = append(works, b.Works()...)
	}
	for _, w := range works {
		p, err := rt.Compile(w.Outputs)
		if err != nil {
			t.Fatal(w.Name, err)
		}
		all = append(all, shadersOf(w.Name, p)...)
		p.Close()
	}
	rt.Close()
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	return all
}

// TestKernels: what presets' training steps and bench ops consist of on a GPU of AMD's is compiled by the compiler that it has, and
// spills no registers; it is valid SPIR-V for each version of Vulkan, and can be written in Metal's language. Presets that begin with
// much to compute are looked at by scripts/drivers, as are all families of GPUs. It can ask for one preset, whose statistics alone it wants.
func TestKernels(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	presets := tunedByDefault()
	families, versions := vktest.Families[1:2], []string{"1.1"}
	var benches []optest.Bench
	whole, step := os.Getenv(vktest.DriversVariable) != "", os.Getenv(vktest.StepVariable)
	switch {
	case step != "":
		presets, families = []string{step}, vktest.Families
	case whole:
		presets, families, versions, benches = presetNames(), vktest.Families, []string{"1.1", "1.2", "1.3"}, optest.Benches
	}
	var all []vktest.Shader
	t.Run("written", func(t *testing.T) {
		vktest.Pose(t, "radv")
		all = vktest.Distinct(written(t, &app{noTune: true}, presets, benches))
	})
	for _, f := range families {
		vktest.Compile(t, f, all)
	}
	if whole {
		vktest.CountExecuted(t, all)
	}
	if step == "" {
		vktest.Check(t, all, versions...)
	}
	vktest.Tell(t, "kernels", all)
}
