package viewer

import (
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"

	"genview/models/heads"
	"genview/models/watch"
)

// draws draws each table as a picture, in the colours of a theme and of a scale up to its largest value or, if locked, up to 1.
func draws(tables map[head]watch.Map, locked bool, theme Theme) map[head]*image.RGBA {
	maps, colors := map[head]*image.RGBA{}, newPalette(theme, share)
	for h, m := range tables {
		maps[h] = colors.draw(m, locked)
	}
	return maps
}

// scaleOf returns the value that has the brightest colour.
func scaleOf(m watch.Map, locked bool) float64 {
	if locked {
		return 1
	}
	return m.Most(0)
}

// heat returns a colour for a value from 0 to 1: 0 is nearly the colour of a panel.
func heat(v float64) Color {
	stops := []Color{
		{{0x12, 0x15, 0x1b, 0xff}, {0xf0, 0xf3, 0xf6, 0xff}},
		{{0x1d, 0x4e, 0x5a, 0xff}, {0x9c, 0xd3, 0xc8, 0xff}},
		{{0x5b, 0xc8, 0xaf, 0xff}, {0x1c, 0x86, 0x7f, 0xff}},
		{{0xf6, 0xff, 0xd8, 0xff}, {0x0a, 0x2b, 0x3c, 0xff}},
	}
	x := min(max(v, 0), 1) * float64(len(stops)-1)
	i := min(int(x), len(stops)-2)
	return mix(stops[i], stops[i+1], x-float64(i))
}

// Draw draws the field, the grid and the chosen head.
func (p *HeatMaps) Draw(c *Canvas, s *watch.Snapshot) {
	a := p.view(s)
	at := p.areas(c.Size())
	stale := false
	if a.Prompt == nil {
		c.hint(p.Title(), "of step "+formatCount(s.LookStep))
	} else {
		stale = p.stale(a)
		p.prompt(c, at, a, stale)
	}
	if !single(a) {
		p.grid(c, at.grid, a)
	}
	if m, ok := p.chosenMap(); ok {
		p.large(c, at.large, a, m, s)
	}
	if stale { // the maps are still of the previous text
		for _, r := range []Rect{at.grid, at.large} {
			c.Fill(r, faded(panelColor, 0.7))
		}
	}
}

// prompt draws the field and the model's output for the text in it.
func (p *HeatMaps) prompt(c *Canvas, at areas, a *watch.HeatMaps, stale bool) {
	q := a.Prompt
	hint := "click the text to write your own  ·  click a map to see it large"
	if q.Unread > 0 {
		n := len([]rune(q.Text))
		hint = fmt.Sprintf("of %d characters the model reads %d: the maps are of the last", n, n-q.Unread)
	}
	c.hint(p.Title(), hint)
	p.field.draw(c, at.field, p.text(a))
	switch t := (Text{Size: 15, Mono: true, Color: accentColor}); {
	case stale:
		t.Color = dimColor
		c.Text("reading…", Point{at.output.X, at.output.Y + at.output.H/2}, t)
	case q.Problem != "":
		problem(c, at.output, q.Problem)
	case q.Output != "":
		middle := at.output.Y + at.output.H/2
		c.Text("→ ", Point{at.output.X, middle}, t)
		w := c.Width("→ ", t)
		t.Signs = true
		c.Text(c.Shorten(q.Output, t, at.output.W-w), Point{at.output.X + w, middle}, t)
	}
}

// problem says in two lines why the model cannot read a text.
func problem(c *Canvas, r Rect, text string) {
	t := Text{Size: 13, Color: alertColor}
	lines := c.wrap(text, t, r.W)
	if len(lines) > 2 {
		lines = []string{lines[0], lines[1] + "…"}
	}
	for i, line := range lines {
		y := r.Y + r.H/2 + 17*(float64(i)-0.5*float64(len(lines)-1))
		c.Text(c.Shorten(line, t, r.W), Point{r.X, y}, t)
	}
}

// grid draws the small maps.
func (p *HeatMaps) grid(c *Canvas, r Rect, a *watch.HeatMaps) {
	t := Text{Size: 12, Color: dimColor}
	for l, m := range a.Maps {
		first := small(r, a, l, 0)
		c.Text(c.Shorten(layerName(m.Name), t, layerWidth-6), Point{r.X, first.Y + first.H/2}, t)
		for k := range m.Heads + len(heads.Reductions) {
			h, q := head{m.Name, k}, small(r, a, l, k)
			if q.W == 0 {
				continue
			}
			if l == 0 && slices.ContainsFunc(a.Maps, func(m watch.Map) bool { return p.maps[head{m.Name, k}] != nil }) {
				name := Text{Size: 11, Color: dimColor, Align: Center}
				c.Text(c.fitting(columnNames(k, m.Heads), name, q.W), Point{q.X + q.W/2, r.Y + 7}, name)
			}
			if p.maps[h] == nil {
				continue
			}
			c.Image(p.maps[h], q)
			if h == p.chosen {
				c.Frame(q.Inset(-2), 2, accentColor)
			}
		}
	}
}

// columnNames returns what a column of the grid can be called, from the longest name to the one for a narrow column.
func columnNames(k, of int) []string {
	if k < of {
		return []string{"head " + strconv.Itoa(k+1), strconv.Itoa(k + 1)}
	}
	how := heads.Reductions[k-of]
	short := map[heads.Reduction]string{heads.Average: "avg", heads.Maximum: "max", heads.Rollout: "roll"}[how]
	return []string{string(how), short, short[:1]}
}

// fitting returns the first of the names that fits, or else the last.
func (c *Canvas) fitting(names []string, t Text, width float64) string {
	for _, name := range names {
		if c.Width(name, t) <= width {
			return name
		}
	}
	return names[len(names)-1]
}

// large draws the chosen head with its tokens.
func (p *HeatMaps) large(c *Canvas, r Rect, v *watch.HeatMaps, m watch.Map, s *watch.Snapshot) {
	q := p.sectionsOf(r, v)
	at, title := Point{q.title.X, q.title.Y + 8}, Text{Size: 13, Bold: true, Color: textColor}
	if q.text.W > 0 {
		note := Text{Size: 13, Color: dimColor}
		c.Text(c.Shorten("what the model goes on with, drawn anew at each look", note, q.title.W), at, note)
		p.drawTools(c, q, m)
		p.writer.draw(c, q.text, v.Prompt)
		return
	}
	if !single(v) {
		name := fmt.Sprintf("%s, head %d", layerName(m.Name), p.chosen.index+1)
		if how := p.reduction(); how != "" {
			name = layerName(m.Name) + ", " + string(how)
		}
		c.Text(name, at, title)
		at.X += c.Width(name, title) + 16
	}
	stages := p.mode == asStages && p.looksInto(q) != watch.Dissect{}
	if stages {
		note := Text{Size: 13, Color: dimColor}
		c.Text(c.Shorten(p.inside.sentence(), note, q.title.X+q.title.W-at.X), at, note)
	} else {
		p.sentence(c, at, q.title.X+q.title.W, v, m)
	}
	p.drawTools(c, q, m)
	if q.foot.W > 0 {
		p.foot(c, q.foot, v, s)
	}
	switch {
	case stages:
		p.inside.draw(c, q.table, s)
	case p.mode == asLines:
		p.linesOf(c, q.table, m)
	default:
		p.table(c, largeOf(q.table, v, m, p.zoom), m)
	}
}

// sentence says what is under the cursor, or how to read the map.
func (p *HeatMaps) sentence(c *Canvas, at Point, right float64, v *watch.HeatMaps, m watch.Map) {
	note := Text{Size: 13, Color: dimColor}
	switch row, col := p.hover.row, p.hover.col; {
	case m.Patches && p.over:
		note.Color = textColor
		c.Text(fmt.Sprintf("the class token takes %s from row %s, column %s", formatShare(m.Head(0)[row*len(m.Cols)+col]), m.Rows[row], m.Cols[col]), at, note)
	case m.Patches:
		c.Text(c.Shorten("what the class token takes from each patch", note, right-at.X), at, note)
	case !p.over:
		c.Text(c.Shorten(fmt.Sprintf("each row %s %s the columns", v.Words[0], v.Words[1]), note, right-at.X), at, note)
	case row >= 0 && col >= 0:
		note.Color = textColor
		value := m.Head(0)[row*len(m.Cols)+col]
		c.sentence(at, note, m.Rows[row], fmt.Sprintf(" %s %s %s ", v.Words[0], formatShare(value), v.Words[1]), m.Cols[col])
	default:
		note.Color = textColor
		name, most, value := strongest(m, p.hover)
		words := fmt.Sprintf(" %s %s %s ", v.Words[0], formatShare(value), v.Words[1])
		if row < 0 {
			words = fmt.Sprintf(" gives %s to ", formatShare(value))
		}
		c.sentence(at, note, name, words, most)
	}
}

func token(size float64, on bool, align Align) Text {
	t := Text{Size: size, Mono: true, Signs: true, Color: textColor, Align: align}
	if on {
		t.Color = accentColor
	}
	return t
}

// layerName returns a short name of an attention layer's tap: "encoder.layers.0.self_attn" is "encoder 1",
// "decoder.layers.1.multihead_attn", which reads the encoder, is "cross 2", and "h.3.attn" is "layer 4".
func layerName(tap string) string {
	parts := strings.Split(tap, ".")
	kind := parts[0]
	switch {
	case strings.HasSuffix(tap, ".multihead_attn"):
		kind = "cross"
	case kind == "h":
		kind = "layer"
	}
	for _, part := range parts {
		if n, err := strconv.Atoi(part); err == nil {
			return fmt.Sprintf("%s %d", kind, n+1)
		}
	}
	return tap
}

// sentence writes two tokens with words between them, and with their code points if they are not ASCII.
func (c *Canvas) sentence(at Point, t Text, to, words, from string) {
	for i, s := range []string{to, words, from} {
		if i == 1 {
			c.Text(s, at, t)
			at.X += c.Width(s, t)
			continue
		}
		signs := t
		signs.Signs = true
		c.Text("“", at, t)
		at.X += c.Width("“", t)
		c.Text(s, at, signs)
		at.X += c.Width(s, signs)
		end := "”"
		if r := []rune(s); len(r) == 1 && (r[0] < ' ' || r[0] > '~') {
			end = fmt.Sprintf("” (U+%04X)", r[0])
		}
		c.Text(end, at, t)
		at.X += c.Width(end, t)
	}
}

// formatShare formats a value of a map: a probability with three decimals, a count without any.
func formatShare(v float32) string {
	if v == float32(math.Trunc(float64(v))) && v > 1 {
		return formatCount(int(v))
	}
	return fmt.Sprintf("%.3f", v)
}
