package walk

import "math"

// Wander returns an endless walk in a latent space of z dimensions: at time t ≥ 0 it is at the point of seed first + t, and between whole
// numbers on a curve without corners through those of the seeds around. Before 0 it stays where it begins. The walk is deterministic, and
// for one goroutine.
//
// The curve is Catmull and Rom's cubic (1974) through points drawn from N(0, 1). Its weights are scaled so that their squares add up to 1:
// each point of the walk is then drawn from N(0, 1), too, where the cubic alone comes nearer to the middle between two seeds.
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
		weights := [4]float64{((-0.5*s+1)*s - 0.5) * s, (1.5*s-2.5)*s*s + 1, ((-1.5*s+2)*s + 0.5) * s, (0.5*s - 0.5) * s * s}
		sum := 0.0
		for _, w := range weights {
			sum += w * w
		}
		out := make([]float32, z)
		for k, w := range weights {
			for j, v := range at(i + float64(k) - 1) {
				out[j] += float32(w / math.Sqrt(sum) * float64(v))
			}
		}
		return out
	}
}
