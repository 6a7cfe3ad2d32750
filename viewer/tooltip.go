package viewer

// A shortened is a text of which only a part was drawn.
type shortened struct {
	area Rect   // in the window
	full string // the whole text
}

// shorten notes that s stands for a longer text, which is shown when the cursor is over s.
func (c *Canvas) shorten(s, full string) string {
	if s != full {
		c.brush.longer[s] = full
	}
	return s
}

// note keeps where a shortened text is drawn, and every text if the window is observed.
func (c *Canvas) note(s string, at Point, t Text) {
	full, short := c.brush.longer[s]
	if !short && !c.brush.observed {
		return
	}
	w := c.Width(s, t)
	left := at.X + c.origin.X - [...]float64{0, w / 2, w}[t.Align]
	area := Rect{left, at.Y + c.origin.Y - t.Size*0.8, w, 1.6 * t.Size}
	if short {
		c.brush.shortened = append(c.brush.shortened, shortened{area, full})
	}
	if c.brush.observed {
		c.label(s, area)
	}
}

// under returns the whole text of what was drawn shortened at p; "" if nothing was.
func (b *brush) under(p Point) string {
	for i := len(b.shortened) - 1; i >= 0; i-- { // the last one lies on top
		if b.shortened[i].area.Contains(p) {
			return b.shortened[i].full
		}
	}
	return ""
}

// cover dims what was drawn so far, for a list or a form above it.
func (c *Canvas) cover() {
	c.Fill(Rect{0, 0, c.size.X, c.size.Y}, faded(backColor, 0.7))
	c.brush.shortened, c.brush.labels = c.brush.shortened[:0], c.brush.labels[:0]
}

const tipWidth = 460

// tip shows the whole text of what is shortened under the cursor, below it or, where there is no room, above it.
func (c *Canvas) tip(cursor Point) {
	text := c.brush.under(cursor)
	if text == "" {
		return
	}
	const height, margin, away = 19, 8, 20
	t := Text{Size: 13, Color: textColor}
	lines := c.wrap(text, t, min(tipWidth, c.size.X-4*margin))
	most := max(1, int((c.size.Y/2-2*margin)/height))
	if len(lines) > most {
		lines = append(lines[:most-1:most-1], "…")
	}
	box := Rect{cursor.X, cursor.Y + away, 0, height*float64(len(lines)) + 2*margin}
	for _, line := range lines {
		box.W = max(box.W, c.Width(line, t)+2*margin)
	}
	box.X = max(0, min(box.X, c.size.X-box.W-margin))
	if box.Y+box.H > c.size.Y {
		box.Y = max(0, cursor.Y-margin-box.H)
	}
	c.Fill(box, buttonColor)
	c.Frame(box, 1, dimColor)
	for i, line := range lines {
		c.Text(line, Point{box.X + margin, box.Y + margin + height*(float64(i)+0.5)}, t)
	}
}
