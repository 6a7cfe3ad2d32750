package ir

import "math"

// Size returns the number of elements of a shape. For a poisoned tensor it may be any int.
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

// Counting returns n consecutive whole numbers, beginning with first.
func Counting(from, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// Up returns n/by, rounded up.
func Up(n, by int) int { return (n + by - 1) / by }
