package viewer

import (
	"fmt"
	"strconv"
	"strings"

	"genview/models/watch"
)

// parts are the areas of the panel.
type parts struct {
	tabs    []Rect
	square  Rect // of the plane, with its numbers
	plane   Rect // to drag in
	picture Rect // of the point
	lines   Rect // of text
	rows    []Rect
	pins    Rect
}

const (
	toolHeight = 26 // of a row of controls
	toolGap    = 4
	toolRows   = 3
	tabWidth   = 72
	numbers    = 18 // below a plane with coordinates
	numbersAt  = 34 // to the left of it
)

// parts puts the picture, the text and the controls below the square, or beside it in a panel that is wider than high.
func (p *Latent) parts(size Point, l *watch.Latent) parts {
	const narrow, wide = 230, 250
	r := content(size, true)
	q, r := p.tabRow(size, r, modesOf(l))
	strip := 0.0
	if len(p.pins) > 0 {
		strip = pinSide + 6
	}
	tools := float64(toolRows*(toolHeight+toolGap) - toolGap)
	var rest Rect
	beside := r.W > 1.25*r.H && r.W > wide+r.H/2
	if beside {
		side := min(r.H, r.W-wide-padding)
		q.square, rest = Rect{r.X, r.Y, side, side}, Rect{r.X + side + padding, r.Y, r.W - side - padding, r.H}
		q.pins, rest = rest.Top(strip)
	} else {
		below := beneath - padding
		side := max(0, min(r.W, r.H-float64(below)-padding-strip))
		q.square = Rect{r.X + (r.W-side)/2, r.Y, side, side}
		q.pins = Rect{r.X, r.Y + side + 6, r.W, strip}
		rest = Rect{r.X, r.Y + side + padding + strip, r.W, max(0, r.H-side-padding-strip)}
	}
	q.plane = q.square
	if p.plane(l).numbered() && q.square.W >= 260 {
		q.plane = Rect{q.square.X + numbersAt, q.square.Y, q.square.W - numbersAt, q.square.H - numbersAt}
	}
	column := rest
	column.Y, column.H = rest.Y+max(0, rest.H-tools), min(rest.H, tools)
	text := max(0, rest.H-tools-6)
	switch {
	case beside:
		side := min(text, rest.W/2)
		q.picture = Rect{rest.X, rest.Y, side, side}
		q.lines = Rect{rest.X + side + padding, rest.Y, rest.W - side - padding, side}
	case rest.W >= 2*narrow || rest.W-rest.H-padding >= narrow:
		q.picture, column = Rect{rest.X, rest.Y, rest.H, rest.H}, Rect{rest.X + rest.H + padding, column.Y, rest.W - rest.H - padding, column.H}
		q.lines = Rect{column.X, rest.Y, column.W, text}
	default: // the text is beside a small picture
		q.picture = Rect{rest.X, rest.Y, text, text}
		q.lines = Rect{rest.X + text + 8, rest.Y, max(0, rest.W-text-8), text}
	}
	for range toolRows {
		var row Rect
		row, column = column.Top(toolHeight)
		_, column = column.Top(toolGap)
		q.rows = append(q.rows, row)
	}
	return q
}

// modesOf returns the number of modes of a latent space. The map, which is the last, needs an encoder.
func modesOf(l *watch.Latent) int {
	if l.Encodes {
		return int(latentModes)
	}
	return int(ofMap)
}

// tabRow puts the names of n modes at the right of the title if there is room, and else into a row of their own.
func (p *Latent) tabRow(size Point, r Rect, n int) (q parts, rest Rect) {
	width := float64(n * tabWidth)
	row := Rect{size.X - padding - width, 8, width, 24}
	if size.X < 130+width {
		row, r = r.Top(22)
		_, r = r.Top(6)
		row.W = min(row.W, width)
	}
	for i := range n {
		q.tabs = append(q.tabs, Rect{row.X + float64(i)*row.W/float64(n), row.Y, row.W/float64(n) - 2, row.H})
	}
	return q, r
}

// split divides a row among n controls.
func split(row Rect, n int) []Rect {
	const between, most = 6, 128
	w := min(most, (row.W-between*float64(n-1))/float64(n))
	all := make([]Rect, n)
	for i := range all {
		all[i] = Rect{row.X + float64(i)*(w+between), row.Y, w, row.H}
	}
	return all
}

// fieldRow divides the row of the field, which gets the room that the button leaves.
func fieldRow(row Rect) (text, keep Rect) {
	text, keep = row.Left(row.W - min(128, row.W/3))
	text.W -= 6
	return text, keep
}

// useTools handles the controls. It returns requests, and whether the panel has to be drawn again.
func (p *Latent) useTools(in Input, s *watch.Snapshot, q parts) (ask []watch.Request, redraw bool) {
	l, typing := p.view(s), in
	if p.writing() {
		in.Typed, in.Letters = "", "" // letters are no shortcuts
	}
	for i, r := range q.tabs {
		if in.Pressed && r.Contains(in.Cursor) && p.mode != latentMode(i) {
			p.mode, redraw = latentMode(i), true
		}
	}
	click := func(b *button, area Rect, do func()) {
		clicked, changed := b.update(in, area)
		if clicked {
			do()
		}
		redraw = redraw || clicked || changed
	}
	slide := func(k *slider, area Rect) (moved bool) {
		moved, _, changed := k.update(in, area)
		redraw = redraw || changed
		return moved
	}
	row := q.rows
	var start, other, add, copies, text, keep Rect
	switch p.mode {
	case ofPlane:
		buttons := split(row[0], 3)
		other, add, copies = buttons[0], buttons[1], buttons[2]
		text, keep = fieldRow(row[2])
		if slide(&p.tools.psi, row[1]) {
			p.changes++
		}
	case ofWalk:
		parts := split(row[0], 3)
		start = parts[0]
		click(&p.tools.path, parts[1], func() { p.walk.path, p.walk.time = (p.walk.path+1)%pathCount, 0 })
		click(&p.tools.ease, parts[2], func() { p.walk.ease = (p.walk.ease + 1) % len(eases) })
		slide(&p.walk.pace, row[1])
		if slide(&p.tools.psi, row[2]) {
			p.changes++
		}
	}
	var wants []watch.Request
	var changed bool
	switch p.mode {
	case ofDirections:
		wants, changed = p.useDirections(typing, s, q, click)
	case ofMap:
		wants, changed = p.useMap(in, s, q)
	}
	ask, redraw = append(ask, wants...), redraw || changed
	p.dirs.name.on = p.dirs.name.on && p.mode == ofDirections
	click(&p.tools.stroll, start, func() {
		if p.walk.on = !p.walk.on; p.walk.on {
			p.mode = ofWalk
		}
	})
	click(&p.tools.other, other, func() {
		p.shown = (p.shown + 1) % len(planes(l))
		p.changes++
		p.moves++
	})
	click(&p.tools.add, add, func() { p.pin(p.here(l)) })
	if exportable(s) {
		click(&p.tools.keep, keep, func() {
			at := p.here(l)
			ask = append(ask, watch.Keep{Name: at.Name, Z: [][]float32{at.Z}})
		})
	}
	click(&p.tools.copy, copies, func() { in.Clipboard.Write(asJSON(p.here(l).Z)) })
	take, changed := p.seed.update(typing, text, p.seed.text)
	if p.seed.on = p.seed.on && p.mode == ofPlane; take && strings.TrimSpace(p.seed.text) != "" {
		if path, ok := typedFile(p.seed.text); ok && exportable(s) {
			ask = append(ask, p.locate(path, s))
		} else {
			p.visit(p.seed.text, l)
		}
	}
	return ask, redraw || changed
}

// writing tells whether the user edits the field.
func (p *Latent) writing() bool { return p.seed.on || p.dirs.name.on }

// caret returns where the field's caret is.
func (p *Latent) caret() Rect {
	if p.dirs.name.on {
		return p.dirs.name.at
	}
	return p.seed.at
}

// asJSON returns a latent vector as JSON, which z:FILE reads.
func asJSON(z []float32) string {
	text := make([]string, len(z))
	for i, v := range z {
		text[i] = strconv.FormatFloat(float64(v), 'g', -1, 32)
	}
	return "[" + strings.Join(text, ", ") + "]"
}

// drawTools draws the controls.
func (p *Latent) drawTools(c *Canvas, s *watch.Snapshot, q parts) {
	l := p.view(s)
	for i, r := range q.tabs {
		t := Text{Size: 12, Color: dimColor, Align: Center}
		if latentMode(i) == p.mode {
			t.Color, t.Bold = textColor, true
			c.Fill(Rect{r.X, r.Y + r.H - 2, r.W, 2}, accentColor)
		}
		c.Text(c.Shorten(modeNames[i], t, r.W), Point{r.X + r.W/2, r.Y + r.H/2 - 1}, t)
	}
	row, psi := q.rows, q.rows[1]
	switch p.mode {
	case ofPlane:
		buttons := split(row[0], 3)
		p.tools.other.draw(c, buttons[0], p.nextPlane(l))
		p.tools.add.draw(c, buttons[1], "Add")
		p.tools.copy.draw(c, buttons[2], "Copy")
		text, keep := fieldRow(row[2])
		p.seed.draw(c, text, p.seed.text)
		placeholder(c, &p.seed, text, "seeds: 7, 1-4, …")
		if exportable(s) {
			p.tools.keep.draw(c, keep, "Save")
		}
	case ofDirections:
		p.drawDirections(c, s, q)
		return
	case ofMap:
		p.drawMap(c, s, q)
		return
	case ofWalk:
		parts := split(row[0], 3)
		p.tools.stroll.draw(c, parts[0], p.label())
		p.tools.path.draw(c, parts[1], paths[p.walk.path])
		p.tools.ease.draw(c, parts[2], eases[p.walk.ease])
		p.walk.pace.draw(c, row[1], "speed", p.walk.label())
		psi = row[2]
	}
	p.tools.psi.draw(c, psi, "truncation", fmt.Sprintf("ψ %.2f", mostPsi*p.tools.psi.at))
}

// label says what a click does to the walk.
func (p *Latent) label() string {
	if p.walk.on {
		return "Stop"
	}
	return "Walk"
}

// nextPlane names the plane that a click shows.
func (p *Latent) nextPlane(l *watch.Latent) string {
	all := planes(l)
	switch next := all[(p.shown+1)%len(all)]; {
	case next.shares:
		return "Shares"
	case next.axes != nil:
		return "Directions"
	case next.corners != nil:
		return "Seeds"
	}
	return "Plane"
}

// drawNumbers writes the coordinates of the mosaic's pictures along the plane, of every second one if they are too close.
func (p *Latent) drawNumbers(c *Canvas, plane plane, r Rect) {
	t := Text{Size: 11, Color: dimColor, Align: Center}
	step := 1
	if r.W/mosaic < 34 {
		step = 2
	}
	for i := 0; i < mosaic; i += step {
		at := (float64(i) + 0.5) / mosaic
		along := plane.along(p.lens.in(Point{at, at}))
		c.Text(coordinate(along[0], p.lens.span), Point{r.X + at*r.W, r.Y + r.H + numbers/2}, t)
		if t.Align = Right; len(plane.axes) != 1 {
			c.Text(coordinate(along[1], p.lens.span), Point{r.X - 6, r.Y + at*r.H}, t)
		}
		t.Align = Center
	}
	names := [2]string{"z₁", "z₂"}
	for i, a := range plane.axes {
		names[i] = a.Name
	}
	t.Color = textColor
	c.Text(c.Shorten(names[0], t, r.W), Point{r.X + r.W/2, r.Y + r.H + numbersAt - 8}, t)
	if len(plane.axes) != 1 {
		t.Align = Left
		c.Text(c.Shorten(names[1], t, numbersAt-4), Point{r.X - numbersAt, r.Y + r.H + numbers/2}, t)
	}
}
