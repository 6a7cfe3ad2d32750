package main

import (
	"testing"
)

// TestDeviceHoldsLittle holds what the device gives to training, in blocks and all, to 1.15 times what no plan can do without: the
// parameters and the optimizer's state, and the most that has to be in memory while one kernel of a step runs.
func TestDeviceHoldsLittle(t *testing.T) {
	for _, preset := range []string{"vae", "gan", "dcgan", "points", "translate", "text", "paper"} {
		t.Run(preset, func(t *testing.T) {
			if preset == "paper" && testing.Short() {
				t.Skip("large")
			}
			s := learner(t, &app{}, preset)
			least := 0
			for _, p := range s.Model.Programs() {
				for _, k := range p.Kernels() {
					least = max(least, k.Live)
				}
			}
			state := stateBytes(s)
			held := s.Device.Memory().Held
			ratio := float64(held) / float64(state+least)
			t.Logf("%d bytes held, %d in buffers: %.3f times %d of state and %d of values", held, s.Device.Memory().Used, ratio, state, least)
			if ratio > 1.15 {
				t.Errorf("%.3f times what no plan can do without", ratio)
			}
		})
	}
}

// TestRecomputingSavesMemory holds what computing cheap values again saves to what the help says of it.
func TestRecomputingSavesMemory(t *testing.T) {
	with, without := learner(t, &app{}, "text"), learner(t, &app{passes: []string{"recompute"}}, "text")
	if a, b := with.Device.Memory().Held, without.Device.Memory().Held; float64(b) < 1.4*float64(a) {
		t.Errorf("a GPT takes %d bytes, and %d without recompute", a, b)
	}
	if a, b := needsOf(with).FLOPs, needsOf(without).FLOPs; a > 1.01*b {
		t.Errorf("a GPT's step is %.4g FLOPs, and %.4g without recompute", a, b)
	}
}
