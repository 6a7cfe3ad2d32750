package viewer

import "math"

// A slider is a value from 0 to 1 that the user drags along a track. The track is bright between the mark, which may be the left end, and the
// knob, which jumps to the mark when it comes near.
type slider struct {
	at    float64
	mark  float64
	held  bool
	hover bool
}

const (
	sliderHeight = 36   // of a slider with its name and value above the track; in a lower one they are beside it
	snapping     = 0.02 // from this near the knob jumps to the mark
)

// parts returns the areas of the name, of the track, and of the value.
func (s *slider) parts(area Rect) (name, track, value Rect) {
	if area.H >= sliderHeight {
		top, track := area.Top(area.H / 2)
		name, value = top.Left(0.6 * top.W)
		return name, track, value
	}
	name, track = area.Left(min(86, 0.4*area.W))
	track, value = track.Left(track.W - min(46, 0.28*area.W))
	return name, track, value
}

// update follows the mouse. moved tells whether the value changed, let whether the mouse let it go, and redraw whether to draw it again.
func (s *slider) update(in Input, area Rect) (moved, let, redraw bool) {
	was := *s
	_, track, _ := s.parts(area)
	over := area.Contains(in.Cursor)
	if area.H < sliderHeight {
		over = track.Contains(in.Cursor)
	}
	if in.Pressed && over {
		s.held = true
	}
	if s.held && track.W > 2*sliderMargin {
		s.at = min(1, max(0, (in.Cursor.X-track.X-sliderMargin)/(track.W-2*sliderMargin)))
		if math.Abs(s.at-s.mark) < snapping {
			s.at = s.mark
		}
	}
	s.hover = over && (in.Over || in.Held)
	if let = s.held && !in.Held; let {
		s.held = false
	}
	return s.at != was.at, let, *s != was
}

// draw draws the slider with its name and value.
func (s *slider) draw(c *Canvas, r Rect, name, value string) {
	n, track, v := s.parts(r)
	t := Text{Size: 12, Color: dimColor}
	if c.Width(name, t) > n.W {
		t.Size = 11
	}
	c.Text(c.Shorten(name, t, n.W), Point{n.X, n.Y + n.H/2}, t)
	c.Text(value, Point{v.X + v.W, v.Y + v.H/2}, Text{Size: 12, Color: textColor, Align: Right})
	ink := dimColor
	if s.hover || s.held {
		ink = accentColor
	}
	y := track.Y + track.H/2
	if r.H >= sliderHeight {
		y -= 2
	}
	place := func(at float64) float64 { return track.X + sliderMargin + at*(track.W-2*sliderMargin) }
	x, from := place(s.at), track.X
	if s.mark > 0 {
		from = place(s.mark)
		c.Fill(Rect{from - 0.5, y - 5, 1, 10}, lineColor)
	}
	c.Fill(Rect{track.X, y - 1, track.W, 2}, lineColor)
	c.Fill(Rect{min(x, from), y - 1, math.Abs(x - from), 2}, ink)
	c.Dot(Point{x, y}, 5, ink)
}
