package optest

import "math/rand/v2"

func uniform(lo, hi float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return lo + (hi-lo)*r.Float64() }
}

func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// away draws numbers that keep their distance from kinks at whole numbers.
func away(r *rand.Rand) float64 { return float64(r.IntN(7)-3) + 0.2 + 0.6*r.Float64() }

func whole(r *rand.Rand) float64 { return float64(r.IntN(3) - 1) }

// distinct draws numbers no two of which are close, so that the largest stays the largest.
func distinct(r *rand.Rand, shape []int, _ int) Array {
	a := newArray(shape...)
	for i, p := range r.Perm(len(a.V)) {
		a.V[i] = float64(p)*0.1 - 1
	}
	return a
}

func of(shapes ...[][]int) [][][]int { return shapes }

func sh(shapes ...[]int) [][]int { return shapes }

type s = []int

// distinctInputs draws the inputs of an op of two. All numbers are distinct, within an input and between the two.
func distinctInputs(r *rand.Rand, shape []int, i int) Array {
	a := distinct(r, shape, i)
	for k := range a.V {
		a.V[k] += 0.05 * float64(i)
	}
	return a
}

// sprinkled draws normal numbers with some infinities and NaN.
func sprinkled(r *rand.Rand, shape []int, _ int) Array {
	a := Noise(r, shape)
	for i := range a.V {
		switch r.IntN(60) {
		case 0:
			a.V[i] = inf
		case 1:
			a.V[i] = -inf
		case 2:
			a.V[i] = nan
		}
	}
	return a
}
