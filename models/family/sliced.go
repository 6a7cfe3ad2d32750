package family

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Sliced returns the sliced Wasserstein distance of two sets of as many examples of d values each (Rabin et al. 2012; Bonneel et al. 2015):
// the mean of the Wasserstein-1 distances of their projections on random directions, which are the same at every call. It is 0 for equal
// sets.
func Sliced(a, b []float32, d int) float64 {
	const directions = 32
	n := min(len(a), len(b)) / d
	if n == 0 {
		return 0
	}
	rng := rand.New(rand.NewPCG(2012, 2015))
	sum, u, x, y := 0.0, make([]float32, d), make([]float32, n), make([]float32, n)
	for range directions {
		norm := 0.0
		for i := range u {
			v := rng.NormFloat64()
			u[i], norm = float32(v), norm+v*v
		}
		project(x, a, u)
		project(y, b, u)
		apart := 0.0
		for i := range x {
			apart += math.Abs(float64(x[i]) - float64(y[i]))
		}
		sum += apart / (math.Sqrt(norm) * float64(n))
	}
	return sum / directions
}

// project writes the products of examples with a direction to dst, sorted.
func project(dst, examples, u []float32) {
	for i := range dst {
		row, dot := examples[i*len(u):(i+1)*len(u)], float32(0)
		for k, v := range u {
			dot += v * row[k]
		}
		dst[i] = dot
	}
	slices.Sort(dst)
}
