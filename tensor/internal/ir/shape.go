package ir

import "math"

// Size returns how many elements a tensor of that shape has; of a poisoned one it may be all that an int counts.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		if d > 0 && n > math.MaxInt/d {
			return math.MaxInt
		}
		n *= d
	}
	return n
}

// Counting returns n whole numbers from the given one on.
func Counting(from, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// Up returns n/by, rounded up.
func Up(n, by int) int { return (n + by - 1) / by }
