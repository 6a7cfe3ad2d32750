package viewer

import (
	"image"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/watch"
)

// Start is the page on which a user begins a training or opens a run: a card for each choice, and a tile for each recent run.
type Start struct {
	cards  []button
	tiles  []button
	tools  []button // of the cards: they open the form of settings
	form   form
	easel  easel
	pens   []button // of the cards: they open the easel
	begun  int      // the card that was chosen, or the tile after the cards, from 1; 0: none
	all    button   // goes back from the data that were dropped
	theme  Theme
	shown  []watch.Recent
	thumbs []*image.RGBA // of runs that have something else than pictures
}

// Title is empty, because the page draws its own.
func (p *Start) Title() string { return "" }

// Shape is Full, the whole window, until something runs, and then Hidden.
func (p *Start) Shape(s *watch.Snapshot) Shape {
	if s.Choices == nil {
		return Hidden
	}
	return Full
}

const (
	cardHeight = 190
	cardWidth  = 270
	cardGap    = 16
	cardLeast  = 104 // height below which cards become narrower
	cardNarrow = 190
	pageHead   = 112 // of the title above the cards
	tileWidth  = 280
	tileHeight = 84
	tileGap    = 12
)

// top returns where the cards begin: in a high window the title has more room.
func (p *Start) top(size Point) float64 { return min(pageHead, 0.19*size.Y) + max(0, (size.Y-900)/4) }

// below returns the height of the tiles with their title, for n runs.
func below(size Point, n int) float64 {
	if n == 0 || size.Y < 420 {
		return 0
	}
	return tileHeight + 46
}

// card returns the area of a choice's card, n of which are side by side in as many rows as needed above the tiles. All rows but the last have
// the same number of cards, and the last one is centred: three above two look better than four and a single one.
func (p *Start) card(size Point, i, n int) Rect {
	room := Rect{padding, p.top(size), size.X - 2*padding, 0}
	room.H = max(0, size.Y-room.Y-padding-below(size, len(p.tiles)))
	rows, cols, w, h := rowsOf(room, n, max(1, int((room.W+cardGap)/(cardWidth+cardGap))))
	for most := cols + 1; h < cardLeast && (room.W+cardGap)/float64(most)-cardGap >= cardNarrow; most++ {
		if r, c, narrow, high := rowsOf(room, n, most); high >= cardLeast {
			rows, cols, w, h = r, c, narrow, high
		}
	}
	in := min(cols, n-i/cols*cols) // number of cards in this row
	left := room.X + (room.W-float64(in)*(w+cardGap)+cardGap)/2
	top := room.Y + max(0, room.H-float64(rows)*(h+cardGap)+cardGap)/3
	return Rect{left + float64(i%cols)*(w+cardGap), top + float64(i/cols)*(h+cardGap), w, h}
}

// rowsOf divides a room among n cards, at most so many of which are side by side.
func rowsOf(room Rect, n, most int) (rows, cols int, w, h float64) {
	rows = (n + most - 1) / most
	cols = (n + rows - 1) / rows
	w = min(cardWidth, (room.W+cardGap)/float64(cols)-cardGap)
	h = min(cardHeight, (room.H+cardGap)/float64(rows)-cardGap)
	return rows, cols, w, h
}

// tile returns the area of a run's tile; false: there is no room for it.
func (p *Start) tile(size Point, i, n int) (Rect, bool) {
	fit := int((size.X - 2*padding + tileGap) / (tileWidth + tileGap))
	if below(size, n) == 0 || i >= fit {
		return Rect{}, false
	}
	shown := float64(min(n, fit))
	left := (size.X - shown*(tileWidth+tileGap) + tileGap) / 2
	return Rect{left + float64(i)*(tileWidth+tileGap), size.Y - padding - tileHeight, tileWidth, tileHeight}, true
}

// tool returns the area of a card that opens the form.
func tool(card Rect) Rect { return Rect{card.X + card.W - 86, card.Y + card.H - 38, 86, 38} }

// pen returns the area of a card that opens the easel.
func pen(card Rect) Rect { return Rect{card.X + card.W - 150, card.Y + card.H - 38, 62, 38} }

// writing tells whether the user edits a setting.
func (p *Start) writing() bool {
	return slices.ContainsFunc(p.form.rows, func(f field) bool { return f.on })
}

func (p *Start) caret() Rect {
	i := slices.IndexFunc(p.form.rows, func(f field) bool { return f.on })
	return p.form.rows[max(i, 0)].at
}

// back returns the area of the button that goes back from dropped data.
func (p *Start) back(size Point) Rect { return Rect{size.X - padding - 150, padding, 150, 30} }

// Update begins the choice or opens the run that is clicked on, once, and takes data that are dropped.
func (p *Start) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.Shape(s) == Hidden {
		p.begun = 0
		return nil, false
	}
	if s.Message != "" && p.begun > 0 { // it could not begin
		p.begun, p.form.failed, redraw = 0, true, true
	}
	if len(p.cards) != len(s.Choices) || len(p.tiles) != len(s.Recent) {
		p.cards, p.tiles, redraw = make([]button, len(s.Choices)), make([]button, len(s.Recent)), true
		p.tools, p.pens = make([]button, len(s.Choices)), make([]button, len(s.Choices))
	}
	p.draws(in, s)
	if p.easel.on() {
		wants, changed := p.draw(in, s)
		return wants, redraw || changed
	}
	if choice, ok := p.form.choice(s); ok {
		if p.begun > 0 {
			in.Pressed, in.Keys = false, Keys{}
		}
		wants, begun, changed := p.form.update(in, s, choice)
		if begun {
			p.begun = len(s.Choices) + len(s.Recent) + 1
		}
		return wants, redraw || changed
	}
	click := func(in Input, b *button, area Rect, number int, r watch.Request) {
		clicked, changed := b.update(in, area)
		if clicked && p.begun == 0 {
			p.begun = number
			ask = append(ask, r)
		}
		redraw = redraw || changed || clicked
	}
	for i, choice := range s.Choices {
		if p.cards[i].key = 0; i < 9 {
			p.cards[i].key = rune('1' + i)
		}
		card := p.card(in.Size, i, len(s.Choices))
		opened, changed := p.tools[i].update(in, tool(card))
		redraw = redraw || changed
		if len(choice.Settings) > 0 && opened && p.begun == 0 {
			p.form.open(choice)
			return nil, true
		}
		draws, changed := p.pens[i].update(in, pen(card))
		redraw = redraw || changed
		if choice.Draws && draws && p.begun == 0 {
			p.easel.open(choice.Name)
			return nil, true
		}
		rest := in
		if len(choice.Settings) > 0 && tool(card).Contains(in.Cursor) || choice.Draws && pen(card).Contains(in.Cursor) {
			rest.Cursor = Point{-1, -1} // the card does not have the cursor
		}
		click(rest, &p.cards[i], card, i+1, watch.Choose{Name: choice.Name})
	}
	for i, run := range s.Recent {
		if area, ok := p.tile(in.Size, i, len(s.Recent)); ok {
			click(in, &p.tiles[i], area, len(s.Choices)+i+1, watch.Open{Dir: run.Dir})
		}
	}
	if s.Learns != "" {
		clicked, changed := p.all.update(in, p.back(in.Size))
		if redraw = redraw || changed; clicked || in.Keys.Escape {
			ask = append(ask, watch.Learn{})
		}
	}
	if len(in.Dropped) > 0 && p.begun == 0 {
		ask = append(ask, watch.Learn{Path: in.Dropped[0]})
	}
	return ask, redraw
}

// draws makes the small pictures of runs that show no pictures.
func (p *Start) draws(in Input, s *watch.Snapshot) {
	if len(p.shown) == len(s.Recent) && (len(p.shown) == 0 || &p.shown[0] == &s.Recent[0]) && p.theme == in.Theme {
		return
	}
	p.shown, p.theme, p.thumbs = s.Recent, in.Theme, make([]*image.RGBA, len(s.Recent))
	for i, run := range s.Recent {
		switch v := run.Shows.(type) {
		case *watch.Scatter:
			p.thumbs[i] = paint(v, false, true, in.Theme)
		case *watch.HeatMaps:
			if n := len(v.Maps); n > 0 {
				h := head{v.Maps[n-1].Name, 0}
				p.thumbs[i] = draws(tablesOf(v), false, in.Theme)[h]
			}
		}
	}
}

// Draw draws the title, the cards and the tiles.
func (p *Start) Draw(c *Canvas, s *watch.Snapshot) {
	size := c.Size()
	middle := p.top(size) - min(pageHead, 0.19*size.Y)/2
	c.Text("genview", Point{size.X / 2, middle - 18}, Text{Size: min(36, 0.06*size.Y), Bold: true, Color: textColor, Align: Center})
	line, t := "Choose what to train, and watch it learn  ·  drop a folder of pictures or a text to train on it", Text{Size: 15, Color: dimColor, Align: Center}
	switch {
	case s.Message != "":
		line, t.Color = s.Message, alertColor
	case s.Learns != "":
		line, t.Color = "Choose what to train on "+s.Learns, accentColor
	case c.Width(line, t) > size.X-2*padding:
		line = "Choose what to train, or drop pictures or a text"
	}
	c.Text(c.Shorten(line, t, size.X-2*padding), Point{size.X / 2, middle + 20}, t)
	if s.Learns != "" {
		p.all.named = "Esc"
		p.all.draw(c, p.back(size), "All models")
	}
	for i, choice := range s.Choices {
		p.drawCard(c.Sub(p.card(size, i, len(s.Choices))), choice, i)
	}
	for i, run := range s.Recent {
		r, ok := p.tile(size, i, len(s.Recent))
		if !ok {
			break
		}
		if i == 0 {
			c.Text("Recent runs", Point{r.X, r.Y - 18}, Text{Size: 14, Bold: true, Color: textColor})
		}
		p.drawTile(c.Sub(r), run, i)
	}
	if choice, ok := p.form.choice(s); ok {
		p.form.draw(c, s, choice, p.begun > 0)
	}
	if p.easel.on() {
		p.easel.draw(c, s, p.begun > 0)
	}
}

// bed draws what a card or a tile lies on, and tells whether it was chosen.
func (p *Start) bed(c *Canvas, b []button, i, number int) (chosen bool) {
	r := Rect{0, 0, c.Size().X, c.Size().Y}
	chosen = p.begun == number
	fill, line := buttonColor, lineColor
	if i < len(b) && b[i].hover && p.begun == 0 {
		fill, line = hoverColor, accentColor
	}
	if chosen {
		line = accentColor
	}
	c.Fill(r, fill)
	c.Frame(r, 1, line)
	return chosen
}

func (p *Start) drawCard(c *Canvas, choice watch.Choice, i int) {
	chosen := p.bed(c, p.cards, i, i+1)
	margin := 18.0
	if c.Size().Y < 130 {
		margin = 12
	}
	inner := Rect{0, 0, c.Size().X, c.Size().Y}.Inset(margin)
	title := Text{Size: 16, Bold: true, Color: textColor}
	if c.Size().Y < cardLeast/1.5 { // a line
		title.Size = 14
		number := Text{Size: 12, Color: dimColor, Align: Right}
		say := strconv.Itoa(i + 1)
		if len(choice.Settings) > 0 {
			say = "settings"
		}
		if chosen {
			say, number.Color = "Starting…", accentColor
		}
		middle := c.Size().Y / 2
		c.Text(c.Shorten(choice.Title, title, inner.W-c.Width(say, number)-8), Point{inner.X, middle}, title)
		c.Text(say, Point{inner.X + inner.W, middle}, number)
		return
	}
	c.Text(c.Shorten(choice.Title, title, inner.W), Point{inner.X, inner.Y + 9}, title)
	c.paragraph(choice.About, Rect{inner.X, inner.Y + 26, inner.W, inner.H - 26 - 20}, Text{Size: 14, Color: dimColor})
	foot := Text{Size: 14, Bold: true, Color: accentColor}
	say := "Train"
	if chosen {
		say = "Starting…"
	}
	c.Text(say, Point{inner.X, inner.Y + inner.H - 7}, foot)
	if i < 9 && !chosen {
		c.Text(strconv.Itoa(i+1), Point{inner.X + c.Width(say, foot) + 9, inner.Y + inner.H - 7}, Text{Size: 12, Color: dimColor})
	}
	if len(choice.Settings) > 0 {
		t := Text{Size: 13, Color: dimColor, Align: Right}
		if i < len(p.tools) && p.tools[i].hover {
			t.Color = accentColor
		}
		c.Text("settings…", Point{inner.X + inner.W, inner.Y + inner.H - 7}, t)
	}
	if choice.Draws {
		t := Text{Size: 13, Color: dimColor, Align: Right}
		if i < len(p.pens) && p.pens[i].hover {
			t.Color = accentColor
		}
		c.Text("draw…", Point{c.Size().X - 94, inner.Y + inner.H - 7}, t)
	}
}

// paragraph writes a text in as many lines as fit, the last of which ends in an ellipsis if there are more.
func (c *Canvas) paragraph(text string, r Rect, t Text) {
	const height = 20
	lines := c.wrap(text, t, r.W)
	fit := max(0, int(r.H/height))
	for k, line := range lines[:min(fit, len(lines))] {
		if line = strings.TrimSpace(line); k == fit-1 && len(lines) > fit {
			for line = strings.TrimRight(line, ".,:; ") + "…"; c.Width(line, t) > r.W; {
				rest := []rune(line)
				line = strings.TrimRight(string(rest[:len(rest)-2]), ".,:; ") + "…"
			}
			c.shorten(line, text)
		}
		c.Text(line, Point{r.X, r.Y + height*(float64(k)+0.5)}, t)
	}
}

func (p *Start) drawTile(c *Canvas, run watch.Recent, i int) {
	const margin = 8
	chosen := p.bed(c, p.tiles, i, len(p.cards)+i+1)
	side := c.Size().Y - 2*margin
	p.thumb(c.Sub(Rect{margin, margin, side, side}), run, i)
	x, width := side+2*margin+4, c.Size().X-side-3*margin-4
	name, t := Text{Size: 14, Bold: true, Color: textColor}, Text{Size: 13, Color: dimColor}
	c.Text(c.Shorten(filepath.Base(run.Dir), name, width), Point{x, 20}, name)
	c.Text(c.Shorten(run.Model, t, width), Point{x, 42}, t)
	say := progressOf(run)
	switch {
	case chosen:
		say, t.Color = "Opening…", accentColor
	case run.Steps > 0 && run.Step < run.Steps:
		t.Color = alertColor
	}
	c.Text(c.Shorten(say, t, width), Point{x, 63}, t)
}

// progressOf says how far a run is.
func progressOf(run watch.Recent) string {
	if run.Steps > 0 && run.Step < run.Steps {
		return "unfinished: " + formatCount(run.Step) + " of " + formatCount(run.Steps)
	}
	return formatCount(run.Step) + " steps"
}

// thumb draws a small picture of what a run has made.
func (p *Start) thumb(c *Canvas, run watch.Recent, i int) {
	r := Rect{0, 0, c.Size().X, c.Size().Y}
	c.Fill(r, fieldColor)
	switch v := run.Shows.(type) {
	case *watch.Pictures:
		n := 2
		if len(v.Images) < 4 {
			n = 1
		}
		for k, img := range v.Images[:min(n*n, len(v.Images))] {
			w := r.W / float64(n)
			c.Image(img, Rect{float64(k%n) * w, float64(k/n) * w, w, w})
		}
	case *watch.Texts:
		for k, e := range v.Examples[:min(1, len(v.Examples))] {
			small := Text{Size: 9, Mono: true, Color: textColor}
			for l, line := range c.wrap(trimmed(e.Input+e.Output), small, r.W-6) {
				c.Text(line, Point{3, 8 + 11*float64(l+k)}, small)
			}
		}
	default:
		if i < len(p.thumbs) && p.thumbs[i] != nil {
			c.Image(p.thumbs[i], r)
		}
	}
}

// trimmed removes empty lines at both ends.
func trimmed(s string) string { return strings.Trim(s, "\n") }
