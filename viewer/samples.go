package viewer

import (
	"math"

	"genview/models/watch"
)

// Samples shows the pictures that the model makes of fixed latents, so that one sees the same ones grow.
type Samples struct{}

// Title names the panel.
func (p *Samples) Title() string { return "Samples" }

// Shape is wide, once there are pictures, and a square for a single one.
func (p *Samples) Shape(s *watch.Snapshot) Shape {
	switch len(s.Samples) {
	case 0:
		return Hidden
	case 1:
		return Tall
	}
	return Wide
}

// Update has nothing to do.
func (p *Samples) Update(Input, *watch.Snapshot) ([]watch.Request, bool) { return nil, false }

// Draw lays the pictures out as large as they go.
func (p *Samples) Draw(c *Canvas, s *watch.Snapshot) {
	c.hint(p.Title(), "of step "+formatCount(s.SampleStep))
	r := content(c.Size(), true)
	b := s.Samples[0].Rect
	cols, w, h := fill(r, len(s.Samples), float64(b.Dx()), float64(b.Dy()), 2)
	rows := (len(s.Samples) + cols - 1) / cols
	x0 := r.X + (r.W-float64(cols)*w)/2
	y0 := r.Y + (r.H-float64(rows)*h)/2
	for i, img := range s.Samples {
		c.Image(img, Rect{x0 + float64(i%cols)*w + 1, y0 + float64(i/cols)*h + 1, w - 2, h - 2})
	}
}

// fill returns in how many columns n pictures of w by h, each with pad pixels around and between, fill r best, and the
// size of a cell.
func fill(r Rect, n int, w, h, pad float64) (cols int, cellW, cellH float64) {
	best := math.Inf(-1)
	for k := 1; k <= n; k++ {
		rows := (n + k - 1) / k
		zoom := min((r.W/float64(k)-pad)/w, (r.H/float64(rows)-pad)/h)
		if zoom > best {
			best, cols = zoom, k
		}
	}
	best = max(best, 0)
	return cols, best*w + pad, best*h + pad
}
