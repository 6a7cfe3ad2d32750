package viewer

import (
	"testing"

	"genview/models/watch"
)

// TestLegendHasEveryCurve: however many curves there are and however narrow the panel, each name has a place of its own in it.
func TestLegendHasEveryCurve(t *testing.T) {
	for _, width := range []float64{280, 400, 640, 1200} {
		for n := 1; n <= 6; n++ {
			v := &watch.Curves{Name: "Curves", Groups: []watch.Group{{}}}
			for i := range n {
				v.Groups[0].Series = append(v.Groups[0].Series, watch.Series{Name: []string{"loss", "reconstruction"}[min(i, 1)]})
			}
			p, size := newCurves(v.Name), Point{width, 300}
			boxes := p.legendBoxes(size, v)
			if len(boxes) != n {
				t.Fatalf("%d curves have %d places", n, len(boxes))
			}
			for i, b := range boxes {
				if i > 0 && b.X < boxes[i-1].X+boxes[i-1].W && b.Y < boxes[i-1].Y+boxes[i-1].H || b.X+b.W > width || b.W < 60 {
					t.Errorf("%d curves in %v: the names are at %v", n, width, boxes)
				}
			}
			if r := p.plots(size, v)[0]; r.Y < boxes[n-1].Y+boxes[n-1].H || r.H < 60 {
				t.Errorf("%d curves in %v: the plot is at %v, beneath %v", n, width, r, boxes[n-1])
			}
		}
	}
}

// TestLegendOfGroups: the names of other groups' curves lie between the plots, and those without a plot have no place.
func TestLegendOfGroups(t *testing.T) {
	v := &watch.Curves{Name: "Curves", Groups: []watch.Group{
		{Name: "loss", Series: []watch.Series{{Name: "loss"}}},
		{Name: "norm", Series: []watch.Series{{Name: "d_grad_norm"}, {Name: "g_grad_norm"}}},
		{Name: "learning rate", Series: []watch.Series{{Name: "lr"}}},
	}}
	p := newCurves(v.Name)
	for _, c := range []struct {
		size  Point
		named []bool
	}{{Point{700, 600}, []bool{true, true, true, true}}, {Point{700, 270}, []bool{true, true, true, false}}, {Point{300, 600}, []bool{true, true, false, true}}} {
		boxes, plots := p.legendBoxes(c.size, v), p.plots(c.size, v)
		for i, want := range c.named {
			if b := boxes[i]; (b.W > 0) != want || b.X+b.W > c.size.X {
				t.Errorf("in %v the name of curve %d lies at %v, want one: %v", c.size, i, b, want)
			}
		}
		if b := boxes[1]; b.Y < plots[0].Y+plots[0].H || b.Y+b.H > plots[1].Y {
			t.Errorf("in %v the second group is named at %v, between plots at %v", c.size, b, plots)
		}
	}
}
