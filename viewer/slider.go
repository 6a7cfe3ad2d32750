package viewer

// A slider is a value from 0 to 1 that the user drags along a track.
type slider struct {
	at    float64
	held  bool
	hover bool
}

const sliderHeight = 36 // of a slider with its name and value above the track

// update follows the mouse. moved tells whether the value changed, let whether the mouse let it go, and redraw whether to draw it again.
func (s *slider) update(in Input, area Rect) (moved, let, redraw bool) {
	was := *s
	over := area.Contains(in.Cursor)
	if in.Pressed && over {
		s.held = true
	}
	if s.held && area.W > 2*sliderMargin {
		s.at = min(1, max(0, (in.Cursor.X-area.X-sliderMargin)/(area.W-2*sliderMargin)))
	}
	s.hover = over && (in.Over || in.Held)
	if let = s.held && !in.Held; let {
		s.held = false
	}
	return s.at != was.at, let, *s != was
}

// draw draws the slider with its name and value.
func (s *slider) draw(c *Canvas, r Rect, name, value string) {
	top, track := r.Top(r.H / 2)
	y := top.Y + top.H/2
	c.Text(name, Point{top.X, y}, Text{Size: 12, Color: dimColor})
	c.Text(value, Point{top.X + top.W, y}, Text{Size: 12, Color: textColor, Align: Right})
	ink := dimColor
	if s.hover || s.held {
		ink = accentColor
	}
	y = track.Y + track.H/2 - 2
	x := track.X + sliderMargin + s.at*(track.W-2*sliderMargin)
	c.Fill(Rect{track.X, y - 1, track.W, 2}, lineColor)
	c.Fill(Rect{track.X, y - 1, x - track.X, 2}, ink)
	c.Dot(Point{x, y}, 5, ink)
}
