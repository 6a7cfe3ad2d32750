package compile

import (
	"math/rand/v2"
	"slices"
	"testing"

	"genview/tensor/internal/ir"
)

// TestPlan checks random lifetimes: no two values that live at once overlap, and the peak is not far above the largest sum of values that
// live at once.
func TestPlan(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var allocations []*allocation
		var live [30]int
		for range 1 + rng.IntN(40) {
			first := rng.IntN(29)
			s := &allocation{bytes: 1 + rng.IntN(5000), first: first, last: first + rng.IntN(30-first)}
			allocations = append(allocations, s)
			for i := s.first; i <= s.last; i++ {
				live[i] += ir.Aligned(s.bytes)
			}
		}
		peak := plan(allocations)
		for i, a := range allocations {
			if a.offset%ir.Alignment != 0 || a.offset+a.bytes > peak {
				t.Fatalf("seed %d: %+v with a peak of %d", seed, *a, peak)
			}
			for _, b := range allocations[:i] {
				if a.first <= b.last && b.first <= a.last && a.offset < b.offset+b.bytes && b.offset < a.offset+a.bytes {
					t.Fatalf("seed %d: %+v and %+v overlap", seed, *a, *b)
				}
			}
		}
		if must := slices.Max(live[:]); float64(peak) > 1.5*float64(must) {
			t.Errorf("seed %d: a peak of %d where %d must live at once", seed, peak, must)
		}
	}
}
