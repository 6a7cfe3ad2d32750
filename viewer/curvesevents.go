package viewer

import (
	"strings"

	"genview/models/watch"
)

const (
	eventReach = 5  // pixels from a mark within which the cursor is at it
	eventSide  = 10 // width of the mark
)

// marked are the events at one place of the axis.
type marked struct {
	x     float64 // from 0 to 1
	texts []string
}

// marks returns where on the axis something was done to the run, from left to right. Events at one place of a plot of that width share a mark.
// The beginning of a run has none.
func (p *Curves) marks(v *watch.Curves, x axis, width float64) (all []marked) {
	for _, e := range v.Events {
		if e.Kind == watch.Began && e.Step == 0 {
			continue
		}
		at := x.at(p.along(v, e.Step))
		if !(at >= 0 && at <= 1) {
			continue
		}
		text := e.String()
		if n := len(all); n > 0 && (at-all[n-1].x)*width < eventReach {
			if old := &all[n-1]; old.texts[len(old.texts)-1] != text {
				old.texts = append(old.texts, text)
			}
			continue
		}
		all = append(all, marked{at, []string{text}})
	}
	return all
}

// drawEvents draws a line through all plots where something was done to the run, and says what where the cursor is.
func (p *Curves) drawEvents(c *Canvas, v *watch.Curves, plots []Rect, x axis) {
	r := plots[0]
	foot := plots[len(plots)-1]
	for _, m := range p.marks(v, x, r.W) {
		px := r.X + m.x*r.W
		for _, q := range plots {
			for y := q.Y; y < q.Y+q.H; y += 6 {
				c.Line([]Point{{px, y}, {px, min(y+2, q.Y+q.H)}}, 1, dimColor)
			}
		}
		ink := dimColor
		if p.over && p.atMark(m, r.W) {
			ink = accentColor
		}
		y := foot.Y + foot.H
		c.Polygon([]Point{{px, y - eventSide/2 - 2}, {px + eventSide/2, y}, {px - eventSide/2, y}}, ink)
	}
	if !p.over {
		return
	}
	for _, m := range p.marks(v, x, r.W) {
		if p.atMark(m, r.W) {
			p.tellEvents(c, r, m)
			return
		}
	}
}

// atMark tells whether the cursor is at a mark in a plot of that width.
func (p *Curves) atMark(m marked, width float64) bool {
	d := (p.hover - m.x) * width
	return d >= -eventReach && d <= eventReach
}

// tellEvents writes what was done beside its mark, at the top of the first plot.
func (p *Curves) tellEvents(c *Canvas, r Rect, m marked) {
	text := Text{Size: 12, Color: textColor}
	said := c.Shorten(strings.Join(m.texts, ", "), text, r.W-24)
	w := c.Width(said, text) + 16
	left := min(max(r.X+m.x*r.W+8, r.X), r.X+r.W-w)
	box := Rect{left, r.Y + 4, w, 22}
	c.Fill(box, buttonColor)
	c.Text(said, Point{box.X + 8, box.Y + box.H/2}, text)
}
