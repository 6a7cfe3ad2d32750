package viewer

import (
	"strings"

	"genview/models/watch"
)

// Draw draws the bar.
func (p *Time) Draw(c *Canvas, s *watch.Snapshot) {
	q := p.parts(c.Size())
	steps := s.Past.Steps
	ink := p.ink()
	p.drawTrack(c, q.track, s)

	note := Text{Size: 13, Color: dimColor}
	left, right := p.says(s), p.aside(s)
	hovers := !p.cutting && p.over >= 0 && p.held == nothing
	if w := c.Width(right, note); right != "" && !hovers && c.Width(left, note)+20+w <= q.says.W {
		note.Align = Right
		c.Text(right, Point{q.says.X + q.says.W, q.says.Y + 10}, note)
	}
	c.Text(c.Shorten(left, Text{Size: 13}, q.says.W), Point{q.says.X, q.says.Y + 10}, Text{Size: 13, Color: ink})
	if p.cutting {
		view := "nothing"
		if all := filmable(s); len(all) > 0 {
			view = all[p.view%len(all)]
		}
		p.which.draw(c, q.which, c.Shorten(view, Text{Size: 13}, q.which.W-34))
		p.kind.draw(c, q.kind, filmFormats[p.format][1])
		p.write.draw(c, q.write, "Write")
		p.cancel.draw(c, q.cancel, "Cancel")
		return
	}
	p.play.draw(c, q.play, p.label())
	p.cut.draw(c, q.cut, "Film")
	p.live.draw(c, q.live, "Live")
	if hovers {
		p.drawHover(c, q.track, steps)
	}
}

// ink is the colour of the present, of the past or of a film.
func (p *Time) ink() Color {
	switch {
	case p.cutting:
		return curveColors[2]
	case p.at >= 0:
		return curveColors[1]
	}
	return accentColor
}

// label says what a click on the first button does.
func (p *Time) label() string {
	if p.playing {
		return "Stop"
	}
	return "Play"
}

// says returns what the slider shows.
func (p *Time) says(s *watch.Snapshot) string {
	steps := s.Past.Steps
	if p.cutting {
		n := indexUpTo(steps, p.to) - indexUpTo(steps, p.from) + 1
		return "step " + formatCount(p.from) + " – " + formatCount(p.to) + "  ·  " + formatCount(n) + " pictures"
	}
	want := p.wanted(steps)
	if want < 0 {
		return "live"
	}
	text := "step " + formatCount(want)
	if s.Past.Shown != want {
		text += " …"
	}
	return text
}

// aside returns what else is of interest, if there is room for it.
func (p *Time) aside(s *watch.Snapshot) string {
	var parts []string
	switch {
	case p.cutting:
		return "drag its ends"
	case !replayed(s) && len(s.Past.Steps) == 1:
		return "1 step recorded"
	case !replayed(s):
		return formatCount(len(s.Past.Steps)) + " steps recorded"
	case s.Past.Weights >= 0 && s.Past.Weights != s.Past.Shown:
		parts = append(parts, "weights of step "+formatCount(s.Past.Weights))
	case s.Past.Weights < 0:
		parts = append(parts, "no weights")
	}
	return strings.Join(append(parts, "← → step"), "  ·  ")
}

// drawTrack draws the track with its thumb, or the range of a film.
func (p *Time) drawTrack(c *Canvas, track Rect, s *watch.Snapshot) {
	steps := s.Past.Steps
	at := func(x float64) float64 { return track.X + x*track.W }
	line := func(x0, x1 float64, col Color) { c.Fill(Rect{at(x0), trackHeight - 2, at(x1) - at(x0), 4}, col) }
	line(0, 1, lineColor)
	if n := len(steps); track.W/float64(n) >= 5 {
		for _, step := range steps {
			c.Fill(Rect{at(place01(steps, step)) - 0.5, trackHeight + 6, 1, 4}, lineColor)
		}
	}
	here := place01(steps, p.wanted(steps))
	if p.cutting {
		from, to := place01(steps, p.from), place01(steps, p.to)
		line(from, to, p.ink())
		for _, x := range []float64{from, to} {
			c.Fill(Rect{at(x) - 3, trackHeight - 10, 6, 20}, p.ink())
		}
		c.Dot(Point{at(here), trackHeight}, 4, dimColor)
		return
	}
	line(0, here, p.ink())
	c.Dot(Point{at(here), trackHeight}, 8, backColor)
	c.Dot(Point{at(here), trackHeight}, 6.5, p.ink())
}

// drawHover names the step under the cursor.
func (p *Time) drawHover(c *Canvas, track Rect, steps []int) {
	text := "live"
	if step := stepAt(steps, p.over); step >= 0 {
		text = "step " + formatCount(step)
	}
	t := Text{Size: 12, Color: textColor, Align: Center}
	w := c.Width(text, t) + 12
	x := min(max(track.X+p.over*track.W, track.X+w/2), track.X+track.W-w/2)
	c.Fill(Rect{x - w/2, 5, w, 19}, hoverColor)
	c.Text(text, Point{x, 14.5}, t)
}
