package viewer

import (
	"fmt"

	"genview/models/watch"
)

// Texts shows a model's outputs for texts that it was not trained on, with marks for right and wrong, or a text that it wrote.
type Texts struct {
	name  string
	hover int // the row under the cursor, from 1; 0: none
}

// Title returns the panel's title.
func (p *Texts) Title() string { return p.name }

func (p *Texts) view(s *watch.Snapshot) *watch.Texts {
	return watch.Find[*watch.Texts](s.Views, p.name)
}

// Shape is Wide, and Hidden until there are texts.
func (p *Texts) Shape(s *watch.Snapshot) Shape {
	if v := p.view(s); v == nil || len(v.Examples) == 0 {
		return Hidden
	}
	return Wide
}

const exampleHeight = 28

// row returns the area of an example.
func (p *Texts) row(size Point, i int) Rect {
	r := content(size, true)
	return Rect{r.X, r.Y + float64(i)*exampleHeight, r.W, exampleHeight}
}

// rows returns how many examples fit.
func (p *Texts) rows(size Point, v *watch.Texts) int {
	return min(len(v.Examples), int(content(size, true).H/exampleHeight))
}

// prompted returns the first heat maps with a prompt that the user can change; nil: there are none.
func prompted(s *watch.Snapshot) *watch.HeatMaps {
	for _, v := range s.Views {
		if v, ok := v.(*watch.HeatMaps); ok && v.Prompt != nil {
			return v
		}
	}
	return nil
}

// Update asks for the attention of an example that is clicked on, if the model shows attention.
func (p *Texts) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	v := p.view(s)
	if v == nil || !v.Judged() || prompted(s) == nil {
		return nil, false
	}
	was := p.hover
	p.hover = 0
	for i := range p.rows(in.Size, v) {
		if in.Over && p.row(in.Size, i).Contains(in.Cursor) {
			p.hover = i + 1
			if in.Pressed {
				ask = append(ask, watch.Attend{Text: v.Examples[i].Input})
			}
		}
	}
	return ask, p.hover != was
}

// Draw draws a line for each example, or the text.
func (p *Texts) Draw(c *Canvas, s *watch.Snapshot) {
	v, step := p.view(s), "of step "+formatCount(s.LookStep)
	if !v.Judged() {
		c.hint(p.Title(), step)
		p.text(c, v)
		return
	}
	right := 0
	for _, e := range v.Examples {
		if e.Output == e.Want {
			right++
		}
	}
	c.hint(p.Title(), fmt.Sprintf("held out: %d of %d right  ·  %s", right, len(v.Examples), step))
	t := Text{Size: 14, Mono: true, Color: textColor}
	for i := range p.rows(c.Size(), v) {
		e, r := v.Examples[i], p.row(c.Size(), i)
		if p.hover == i+1 {
			c.Fill(r, hoverColor)
		}
		middle := r.Y + r.H/2
		mark(c, Point{r.X + 12, middle}, e.Output == e.Want)
		x := r.X + 30
		result := c.Width("0000-00-00  ", t)
		source := max(0, min(0.56*r.W, r.W-30-2*result))
		if e.Output == e.Want {
			source = r.W - 30 - result - 24
		}
		c.Text(c.Shorten(e.Input, t, source), Point{x, middle}, t)
		x += min(source, max(c.Width(e.Input, t), 0.5*r.W)) + 12
		x = p.output(c, Point{x, middle}, e, t)
		if want := e.Want; e.Output != want && x+c.Width(want, t) <= r.X+r.W {
			c.Text(want, Point{x + 12, middle}, Text{Size: 14, Mono: true, Color: dimColor})
		}
	}
}

// output writes a model's output, with wrong characters in another colour, and returns where it ends.
func (p *Texts) output(c *Canvas, at Point, e watch.Example, t Text) float64 {
	want := []rune(e.Want)
	t.Signs = true
	for i, r := range []rune(e.Output) {
		t.Color = accentColor
		if i >= len(want) || want[i] != r {
			t.Color = alertColor
		}
		c.Text(string(r), at, t)
		at.X += c.Width(string(r), t)
	}
	return at.X
}

// mark draws a tick or a cross.
func mark(c *Canvas, at Point, right bool) {
	if right {
		c.Line([]Point{{at.X - 5, at.Y}, {at.X - 1, at.Y + 4}, {at.X + 6, at.Y - 5}}, 2, accentColor)
		return
	}
	c.Line([]Point{{at.X - 4, at.Y - 4}, {at.X + 4, at.Y + 4}}, 2, alertColor)
	c.Line([]Point{{at.X - 4, at.Y + 4}, {at.X + 4, at.Y - 4}}, 2, alertColor)
}

// text draws a text that a model wrote.
func (p *Texts) text(c *Canvas, v *watch.Texts) {
	const height = 20
	t := Text{Size: 14, Mono: true, Color: textColor}
	r := content(c.Size(), true)
	var all []string
	for _, e := range v.Examples {
		all = append(all, c.wrap(trimmed(e.Input+e.Output), t, r.W)...)
	}
	for i, line := range all {
		if y := r.Y + height*(float64(i)+0.5); y+height/2 <= r.Y+r.H {
			c.Text(line, Point{r.X, y}, t)
		}
	}
}
