package walk

import "math"

// Wander returns an endless walk in a latent space of z dimensions: at time t ≥ 0 it is at the point of seed first + t, and between whole
// numbers on a curve without corners through those of the seeds around. Before 0 it stays where it begins. The walk is deterministic, and
// for one goroutine.
func Wander(z int, first uint64) func(t float64) []float32 {
	points := map[uint64][]float32{}
	at := func(i float64) []float32 {
		seed := first + uint64(max(i, 0))
		p, ok := points[seed]
		if !ok {
			const kept = 16
			if len(points) >= kept {
				clear(points)
			}
			p = Seed(seed, z)
			points[seed] = p
		}
		return p
	}
	return func(t float64) []float32 {
		t = max(t, 0)
		i, s := math.Floor(t), t-math.Floor(t)
		return cubic(at(i-1), at(i), at(i+1), at(i+2), s)
	}
}
