package picture

import (
	"math"
	"testing"

	"genview/models/watch"
)

// TestFeatures: a channel's values have one scale with those of the others, negative ones a colour of their own, and what is not a number none.
func TestFeatures(t *testing.T) {
	nan := float32(math.NaN())
	img := Features(&watch.Features{Shape: []int{2, 1, 2}, Values: []float32{4, 0, -4, nan}})
	k := leastFeatures / 6 // two planes of two pixels with one around each
	if img.Rect.Dx() < leastFeatures/2 || img.Rect.Dx() > leastFeatures {
		t.Errorf("the picture is %v", img.Rect)
	}
	found := map[any]int{}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			found[img.RGBAAt(x, y)]++
		}
	}
	if found[positive] == 0 || found[positive] != found[negative] || found[dark] != 2*found[positive] {
		t.Errorf("of a scale of %d there are %v", k, found)
	}
	if img := Features(&watch.Features{Shape: []int{7}, Values: make([]float32, 7)}); img.Rect.Dx() == 0 {
		t.Error("a layer without places has no picture")
	}
}
