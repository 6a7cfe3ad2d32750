package family

import (
	"math"
	"testing"
)

// TestSliced: equal sets have no distance in whatever order, and a shift by a vector is as far as the mean of what directions see of it.
func TestSliced(t *testing.T) {
	a := []float32{0, 0, 1, 0, 0, 1, 1, 1}
	if got := Sliced(a, []float32{1, 1, 0, 1, 1, 0, 0, 0}, 2); got != 0 {
		t.Errorf("the same points in another order are %v apart", got)
	}
	var shifted []float32
	for i, v := range a {
		shifted = append(shifted, v+3*float32(1-i%2))
	}
	if got, want := Sliced(a, shifted, 2), 3*2/math.Pi; math.Abs(got-want) > 0.2*want { // the mean of |cos| is 2/π
		t.Errorf("points 3 apart: got %v, want about %v", got, want)
	}
	if got, far := Sliced(a, shifted, 2), Sliced(a, []float32{9, 0, 9, 1, 9, 0, 9, 1}, 2); far <= got {
		t.Errorf("what is farther apart is at %v, what is nearer at %v", far, got)
	}
}
