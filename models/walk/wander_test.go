package walk_test

import (
	"math"
	"slices"
	"testing"

	"genview/models/walk"
)

// TestWander: the walk passes through its seeds, has no corners, keeps the spread of N(0, 1), and is the same whatever was asked before.
func TestWander(t *testing.T) {
	const z, first = 400, 7
	at := walk.Wander(z, first)
	for i := range uint64(3) {
		if !slices.Equal(at(float64(i)), walk.Seed(first+i, z)) {
			t.Errorf("at %d it is not at its seed", i)
		}
	}
	if !slices.Equal(at(-3), at(0)) {
		t.Error("before 0 it is not where it begins")
	}
	const step = 1e-3
	for s := 0.0; s < 60; s += 0.37 {
		sum := 0.0
		for _, v := range at(s) {
			sum += float64(v) * float64(v)
		}
		if sum /= z; sum < 0.7 || sum > 1.3 {
			t.Errorf("at %.2f its variance is %.2f, want about 1", s, sum)
		}
		whole := math.Round(s)
		before, here, after := at(whole-step), at(whole), at(whole+step)
		for j := range here {
			if bend := math.Abs(float64(after[j]) - 2*float64(here[j]) + float64(before[j])); whole > 0 && bend > 0.1*step {
				t.Fatalf("at %.0f it has a corner of %g", whole, bend)
			}
		}
	}
	if !slices.Equal(walk.Wander(z, first)(41.25), at(41.25)) {
		t.Error("another walk from the same seed is another one")
	}
}
