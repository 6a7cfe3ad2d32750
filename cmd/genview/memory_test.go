package main

import (
	"testing"
)

// TestDeviceHoldsLittle holds what the device gives to training, in blocks and all, to 1.15 times what no plan can do without: the
// parameters and the optimizer's state, and the most that has to be in memory while one kernel of a step runs.
func TestDeviceHoldsLittle(t *testing.T) {
	for _, preset := range []string{"vae", "gan", "dcgan", "points", "translate", "text"} {
		t.Run(preset, func(t *testing.T) {
			s := learner(t, preset)
			least := 0
			for _, p := range s.model.Programs() {
				for _, k := range p.Kernels() {
					least = max(least, k.Live)
				}
			}
			state := s.stateBytes()
			held := s.dev.Memory().Held
			ratio := float64(held) / float64(state+least)
			t.Logf("%d bytes held, %d in buffers: %.3f times %d of state and %d of values", held, s.dev.Memory().Used, ratio, state, least)
			if ratio > 1.15 {
				t.Errorf("%.3f times what no plan can do without", ratio)
			}
		})
	}
}
