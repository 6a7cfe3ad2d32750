package viewer

import (
	"strconv"
	"strings"

	"genview/models/watch"
)

// Start is the page on which a user begins a training: a card for each choice.
type Start struct {
	cards []button
	begun int // the card that was chosen, from 1; 0: none
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
	cardHeight = 210
	cardWidth  = 270
	cardGap    = 20
)

// card returns the area of a choice's card: side by side, in as many rows as needed. All rows but the last have the same number of cards,
// and the last one is centred: three above two look better than four and a single one.
func (p *Start) card(size Point, i, n int) Rect {
	most := max(1, int((size.X-2*padding+cardGap)/(cardWidth+cardGap)))
	rows := (n + most - 1) / most
	cols := (n + rows - 1) / rows
	w := min(cardWidth, size.X-2*padding)
	top := max(132, (size.Y-float64(rows)*(cardHeight+cardGap)+100)/2)
	h := min(cardHeight, (size.Y-top-padding)/float64(rows)-cardGap)
	in := min(cols, n-i/cols*cols) // number of cards in this row
	left := (size.X - float64(in)*(w+cardGap) + cardGap) / 2
	return Rect{left + float64(i%cols)*(w+cardGap), top + float64(i/cols)*(h+cardGap), w, h}
}

// Update begins the choice that is clicked on, once.
func (p *Start) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.Shape(s) == Hidden {
		p.begun = 0
		return nil, false
	}
	if len(p.cards) != len(s.Choices) {
		p.cards, redraw = make([]button, len(s.Choices)), true
	}
	for i, choice := range s.Choices {
		p.cards[i].key = rune('1' + i)
		clicked, changed := p.cards[i].update(in, p.card(in.Size, i, len(s.Choices)))
		if clicked && p.begun == 0 {
			p.begun = i + 1
			ask = append(ask, watch.Choose{Name: choice.Name})
		}
		redraw = redraw || changed || clicked
	}
	return ask, redraw
}

// Draw draws the title and the cards.
func (p *Start) Draw(c *Canvas, s *watch.Snapshot) {
	size := c.Size()
	first := p.card(size, 0, len(s.Choices))
	c.Text("genview", Point{size.X / 2, first.Y - 84}, Text{Size: 40, Bold: true, Color: textColor, Align: Center})
	c.Text("Choose what to train, and watch it learn", Point{size.X / 2, first.Y - 42}, Text{Size: 16, Color: dimColor, Align: Center})
	for i, choice := range s.Choices {
		p.drawCard(c.Sub(p.card(size, i, len(s.Choices))), choice, i)
	}
}

func (p *Start) drawCard(c *Canvas, choice watch.Choice, i int) {
	r := Rect{0, 0, c.Size().X, c.Size().Y}
	chosen := p.begun == i+1
	fill, line := buttonColor, lineColor
	if i < len(p.cards) && p.cards[i].hover && p.begun == 0 {
		fill, line = hoverColor, accentColor
	}
	if chosen {
		line = accentColor
	}
	c.Fill(r, fill)
	c.Frame(r, 1, line)
	inner := r.Inset(18)
	title := Text{Size: 17, Bold: true, Color: textColor}
	c.Text(c.Shorten(choice.Title, title, inner.W), Point{inner.X, inner.Y + 10}, title)
	about := Text{Size: 14, Color: dimColor}
	for k, text := range c.wrap(choice.About, about, inner.W) {
		if y := inner.Y + 42 + 21*float64(k); y < inner.Y+inner.H-30 {
			c.Text(strings.TrimSpace(text), Point{inner.X, y}, about)
		}
	}
	foot := Text{Size: 14, Bold: true, Color: accentColor}
	say := "Train"
	if chosen {
		say = "Starting…"
	}
	c.Text(say, Point{inner.X, inner.Y + inner.H - 8}, foot)
	c.Text(strconv.Itoa(i+1), Point{inner.X + inner.W, inner.Y + inner.H - 8}, Text{Size: 12, Color: dimColor, Align: Right})
}

// trimmed removes empty lines at both ends.
func trimmed(s string) string { return strings.Trim(s, "\n") }
