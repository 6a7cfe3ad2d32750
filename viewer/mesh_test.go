package viewer

import (
	"math"
	"testing"
)

// TestShapesCoverTheirArea: of shapes anywhere between pixels as much is drawn as their area, edges fade, and nothing is drawn elsewhere.
func TestShapesCoverTheirArea(t *testing.T) {
	white := Color{{255, 255, 255, 255}, {255, 255, 255, 255}}
	half := Color{{128, 128, 128, 128}, {128, 128, 128, 128}}
	square := []Point{{30.3, 10.2}, {90.3, 30.2}, {70.3, 90.2}, {10.3, 70.2}}
	for _, c := range []struct {
		name string
		want float64
		do   func(c *Canvas)
	}{
		{"dot", math.Pi * 20 * 20, func(c *Canvas) { c.Dot(Point{50.3, 50.7}, 20, white) }},
		{"small dot", math.Pi * 2 * 2, func(c *Canvas) { c.Dot(Point{50.3, 50.7}, 2, white) }},
		{"transparent dot", math.Pi * 20 * 20 / 2, func(c *Canvas) { c.Dot(Point{50.3, 50.7}, 20, half) }},
		{"ring", 2 * math.Pi * 20 * 3, func(c *Canvas) { c.Ring(Point{50, 50}, 20, 3, white) }},
		{"line", 85 * 2, func(c *Canvas) { c.Line([]Point{{10, 10}, {10 + 85*0.6, 10 + 85*0.8}}, 2, white) }},
		{"hair", 80 * 0.5, func(c *Canvas) { c.Line([]Point{{10, 40.5}, {90, 40.5}}, 0.5, white) }},
		{"corner", 160 * 3, func(c *Canvas) { c.Line([]Point{{10, 10}, {90, 10}, {90, 10}, {90, 90}}, 3, white) }},
		{"zigzag", 8 * 50 * 2, func(c *Canvas) {
			var p []Point
			for i := range 9 {
				p = append(p, Point{10 + float64(i)*14, 40 + float64(i%2)*48})
			}
			c.Line(p, 2, white)
		}},
		{"transparent zigzag", 8 * 50 * 2 / 2, func(c *Canvas) {
			var p []Point
			for i := range 9 {
				p = append(p, Point{10 + float64(i)*14, 40 + float64(i%2)*48})
			}
			c.Line(p, 2, half)
		}},
		{"square", 4000, func(c *Canvas) { c.Polygon(square, white) }},
		{"square the other way", 4000, func(c *Canvas) { c.Polygon([]Point{square[3], square[2], square[1], square[0]}, white) }},
		{"band", 80 * 20, func(c *Canvas) {
			c.Band([]Point{{10, 10}, {50, 40}, {90, 20}}, []Point{{10, 30}, {50, 60}, {90, 40}}, white)
		}},
		{"two lines with a gap", 40*2 + 2*math.Pi, func(c *Canvas) {
			c.Line([]Point{{10, 10}, {30, 10}, {math.NaN(), 0}, {60, 10}, {80, 10}}, 2, white)
		}},
		{"a point", 0, func(c *Canvas) { c.Line([]Point{{10, 10}, {10, 10}}, 2, white); c.Polygon(square[:2], white) }},
	} {
		for _, scale := range []float64{1, 2} {
			img, sum := drawn(t, Point{140, 110}, scale, c.do), 0.0
			for i := 0; i < len(img.Pix); i += 4 {
				sum += float64(img.Pix[i]) / 255
			}
			want := c.want * scale * scale
			if math.Abs(sum-want) > 0.06*want+3*scale {
				t.Errorf("%s at scale %v covers %.1f pixels, want %.1f", c.name, scale, sum, want)
			}
		}
	}
}
