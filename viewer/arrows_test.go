package viewer

import (
	"math"
	"testing"

	"genview/models/watch"
)

// TestArrowsPointUp: of logit = 2x + y, all arrows point to where it rises, with one length; points at the edge and beyond have none.
func TestArrowsPointUp(t *testing.T) {
	const side = 16
	f := &watch.Field{Side: side}
	for i := range side * side {
		x, y := 2*(float64(i%side)+0.5)/side-1, 1-2*(float64(i/side)+0.5)/side
		f.Values = append(f.Values, float32(2*x+y))
	}
	v := &watch.Scatter{Reach: 3, Sets: []watch.Points{{XY: []float32{0, 0, -1.5, 1.5, 2.99, 0, 30, 1}}}, Field: f}
	all := arrowsOf(v)
	if len(all) != 2 || all[0].at != (Point{0.5, 0.5}) || all[1].at != (Point{0.25, 0.25}) {
		t.Fatalf("the arrows are %v", all)
	}
	for _, a := range all {
		if x, y := arrowLength*2/math.Sqrt(5), -arrowLength/math.Sqrt(5); math.Abs(a.way.X-x) > 1e-4 || math.Abs(a.way.Y-y) > 1e-4 {
			t.Errorf("an arrow goes by %v, want (%v, %v)", a.way, x, y)
		}
	}
	f.Values = make([]float32, side*side)
	for _, a := range arrowsOf(v) {
		if a.way != (Point{}) {
			t.Errorf("where nothing rises an arrow goes by %v", a.way)
		}
	}
}
