package viewer

import (
	"fmt"
	"strings"

	"genview/models/ticks"
	"genview/models/watch"
)

// Draw draws the mosaic with the dot or the picture of a walk, and the picture of the point with the controls.
func (p *Latent) Draw(c *Canvas, s *watch.Snapshot) {
	l := p.view(s)
	q := p.parts(c.Size(), l)
	p.drawSquare(c, q, s)
	p.drawPins(c, q)
	p.drawTools(c, s, q)
	y, ink := 8.0, textColor
	for i, line := range p.lines(l) {
		if says := p.locating.says(); i == 1 && says != "" {
			line = c.Shorten(says, Text{Size: 13}, q.lines.W)
		} else if i == 1 && p.problem != "" {
			ink = alertColor
			line = c.Shorten(p.problem, Text{Size: 13}, q.lines.W)
		}
		t := Text{Size: 13, Color: ink}
		for _, line := range c.wrap(line, t, q.lines.W) {
			if y+8 <= q.lines.H {
				c.Text(c.Shorten(strings.TrimSpace(line), t, q.lines.W), Point{q.lines.X, q.lines.Y + y}, t)
			}
			y += 19
		}
		ink = dimColor
	}
}

// drawSquare draws the plane with the dot. If a walk leads beside the plane, it draws the walk's picture, and the plane is small.
func (p *Latent) drawSquare(c *Canvas, q parts, s *watch.Snapshot) {
	switch p.mode {
	case ofMap: // which is drawn with its legend
		return
	case ofDirections:
		if large, _ := p.dirs.list(q.square, 0); large.W > 0 { // the picture is drawn there
			p.drawMosaic(c, q.picture, s)
		} else {
			p.drawPicture(c, q.picture, s)
		}
		return
	}
	if p.strolls() {
		p.drawPicture(c, q.square.Inset(1), s)
		p.drawMosaic(c, q.picture, s)
		return
	}
	r := q.plane
	if r.W < q.square.W {
		p.drawNumbers(c, p.plane(p.view(s)), r)
	}
	p.drawMosaic(c, r, s)
	p.drawPicture(c, q.picture, s)
	at := p.lens.out(p.dot)
	if p.away != nil || at.X < 0 || at.X > 1 || at.Y < 0 || at.Y > 1 {
		return
	}
	dot := Point{r.X + at.X*r.W, r.Y + at.Y*r.H}
	c.Fill(Rect{dot.X - 0.5, r.Y, 1, r.H}, faded(accentColor, 0.5))
	c.Fill(Rect{r.X, dot.Y - 0.5, r.W, 1}, faded(accentColor, 0.5))
	c.Dot(dot, 8, backColor)
	c.Dot(dot, 6.5, accentColor)
}

// strolls tells whether the panel shows a walk beside the plane.
func (p *Latent) strolls() bool { return p.mode == ofWalk && p.away != nil }

// drawMosaic draws the plane's pictures. Those of another part of the plane lie where they belong until the new ones have come.
func (p *Latent) drawMosaic(c *Canvas, r Rect, s *watch.Snapshot) {
	c.Fill(r, backColor)
	inside := c.Sub(r)
	for i, img := range p.mosaic {
		at := p.lens.out(p.mosaicOf.lens.in(cell(i)))
		w := r.W / mosaic * p.mosaicOf.lens.span / p.lens.span
		h := w * r.H / r.W
		b := img.Rect
		inside.Image(img, Rect{at.X*r.W - w/2, at.Y*r.H - h/2, w, h}.Inset(1).Fit(float64(b.Dx()), float64(b.Dy())))
	}
	if p.mosaicOf.stale(p.scene(s)) {
		p.veil(c, r, s)
	}
}

// drawPicture draws the picture of the point.
func (p *Latent) drawPicture(c *Canvas, r Rect, s *watch.Snapshot) {
	c.Fill(r, backColor)
	if img := p.newest.image; img != nil {
		c.Image(img, r.Fit(float64(img.Rect.Dx()), float64(img.Rect.Dy())))
		if p.newest.scene.stale(p.scene(s)) {
			c.Fill(r, faded(backColor, 0.75))
		}
	}
	p.drawSearch(c, r)
	c.Frame(r.Inset(-1), 1, accentColor)
}

// veil greys the pictures of another step, and says why they are shown no better.
func (p *Latent) veil(c *Canvas, r Rect, s *watch.Snapshot) {
	c.Fill(r, faded(backColor, 0.75))
	text := "drawing with the weights of step " + formatCount(s.Past.Weights) + " …"
	switch {
	case !replayed(s):
		text = "drawing with the newest weights …"
	case s.Past.Weights < 0:
		text = "no weights are recorded"
	}
	t := Text{Size: 13, Color: textColor, Align: Center}
	c.Text(c.Shorten(text, t, r.W-2*padding), Point{r.X + r.W/2, r.Y + 0.9*r.H}, t)
}

// lines describes where the user is.
func (p *Latent) lines(l *watch.Latent) []string {
	plane, z := p.plane(l), p.placed(p.point(l))
	first := fmt.Sprintf("|z| = %.2f  in %d dimensions", norm(z), l.Z)
	if l.Z == 2 {
		first = ticks.Minus(fmt.Sprintf("z = (%.2f, %.2f)", z[0], z[1]))
	}
	if p.mode == ofMap {
		return []string{first, p.charts.line()}
	}
	if p.mode == ofDirections && len(p.pins) > 1 {
		return []string{first, "click points into groups: " + p.groupSizes()}
	}
	if p.away != nil {
		return []string{first, p.where}
	}
	var names []string
	for _, q := range plane.corners {
		names = append(names, q.Name)
	}
	for i, a := range plane.axes {
		names = append(names, a.Name+ticks.Minus(fmt.Sprintf(" %+.2f", plane.along(p.dot)[i])))
	}
	if l.Z == 2 || p.lens != whole {
		names = append(names, plane.about(p.lens))
	}
	return []string{first, strings.Join(names, "   ")}
}
