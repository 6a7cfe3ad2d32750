package viewer

import (
	"fmt"
	"math"

	"genview/models/watch"
)

// A writer shows the text that the user typed and what a model goes on with, with the likeliest next tokens, and how they are drawn.
type writer struct {
	sliders     [sliderCount]slider
	more, again button
	asked       watch.Generate // zero: nothing was asked for yet
	started     bool           // the sliders have their first values
}

const (
	temperature = iota
	topK
	topP
	sliderCount
)

const (
	hottest    = 2.0 // the greatest temperature
	mostOfK    = 50
	drawnFirst = 64  // tokens
	drawnMore  = 64  // tokens that the button adds
	nextWidth  = 132 // of the likeliest next tokens
)

// written are the areas of a writer.
type written struct {
	sliders     [sliderCount]Rect
	more, again Rect
	text, next  Rect
}

// partsOf divides the area of a writer. A narrow one has its buttons below the sliders.
func partsOf(r Rect) written {
	var q written
	const buttons, space = 180, 18
	row, rest := r.Top(sliderHeight)
	under := r.W < 480
	sliders := row
	if !under {
		sliders, row = row.Left(row.W - buttons)
	} else {
		row, rest = rest.Top(28)
	}
	w := (sliders.W - space*(sliderCount-1)) / sliderCount
	if !under {
		w -= space / sliderCount
	}
	for i := range q.sliders {
		q.sliders[i] = Rect{sliders.X + float64(i)*(w+space), sliders.Y, w, sliders.H}
	}
	y := row.Y + (row.H-24)/2
	q.more, q.again = Rect{row.X, y, 84, 24}, Rect{row.X + 92, y, 84, 24}
	_, rest = rest.Top(8)
	if rest.W < 3*nextWidth {
		q.text = rest
		return q
	}
	q.text, q.next = rest.Left(rest.W - nextWidth)
	q.text.W -= space
	return q
}

// values returns how the next token is drawn, by the sliders.
func (w *writer) values() watch.Generate {
	o := w.asked
	o.Temperature = math.Round(hottest*20*w.sliders[temperature].at) / 20
	o.TopK, o.TopP = 0, 0
	if k := 1 + int(math.Round(mostOfK*w.sliders[topK].at)); k <= mostOfK {
		o.TopK = k
	}
	if p := math.Round(100*w.sliders[topP].at) / 100; p < 1 {
		o.TopP = max(0.01, p)
	}
	return o
}

// update handles sliders and buttons, and asks for a text that is drawn so.
func (w *writer) update(in Input, r Rect, p *watch.Prompt) (ask []watch.Request, redraw bool) {
	if !w.started {
		w.started = true
		for i, at := range [sliderCount]float64{0.8 / hottest, 1, 1} {
			w.sliders[i].at = at
		}
		if w.asked = p.Drawn; w.asked.Tokens == 0 {
			w.asked.Seed = 1
		}
	}
	q := partsOf(r)
	want := w.asked
	for i := range w.sliders {
		_, let, changed := w.sliders[i].update(in, q.sliders[i])
		if redraw = redraw || changed; let {
			want = w.values()
			want.Tokens = max(want.Tokens, drawnFirst)
		}
	}
	more, changed := w.more.update(in, q.more)
	again, turned := w.again.update(in, q.again)
	redraw = redraw || changed || turned
	switch {
	case more:
		want = w.values()
		want.Tokens = min(want.Tokens+drawnMore, watch.MostGenerated)
	case again:
		want = w.values()
		want.Seed, want.Tokens = want.Seed+1, max(want.Tokens, drawnFirst)
	}
	if want == w.asked {
		return nil, redraw
	}
	w.asked = want
	return []watch.Request{want}, true
}

// waits tells whether what was asked for is not there yet.
func (w *writer) waits(p *watch.Prompt) bool { return w.asked.Tokens > 0 && w.asked != p.Drawn }

// draw draws the sliders, the text, and the likeliest next tokens as bars.
func (w *writer) draw(c *Canvas, r Rect, p *watch.Prompt) {
	q, o := partsOf(r), w.values()
	all := "all"
	k, share := all, all
	if o.TopK > 0 {
		k = fmt.Sprint(o.TopK)
	}
	if o.TopP > 0 {
		share = fmt.Sprintf("%.2f", o.TopP)
	}
	for i, words := range [sliderCount][2]string{{"temperature", fmt.Sprintf("%.2f", o.Temperature)}, {"top-k", k}, {"top-p", share}} {
		w.sliders[i].draw(c, q.sliders[i], words[0], words[1])
	}
	w.more.draw(c, q.more, "go on")
	w.again.draw(c, q.again, "another")
	w.write(c, q.text, p)
	for i, n := range p.Next {
		if y := q.next.Y + 20*(float64(i)+0.5); y+10 <= q.next.Y+q.next.H && n.P >= 0.0005 {
			bar(c, Rect{q.next.X, y - 10, q.next.W, 20}, n)
		}
	}
}

// write writes the text that was typed, and in another colour what the model goes on with. The end is shown if not all of it fits.
func (w *writer) write(c *Canvas, r Rect, p *watch.Prompt) {
	const height = 20
	t := Text{Size: 14, Mono: true}
	lines := c.wrap(p.Text+p.Output, t, r.W)
	given, ink := len([]rune(p.Text)), accentColor
	if w.waits(p) {
		ink = dimColor
	}
	skip := max(0, len(lines)-int(r.H/height))
	text := []rune(p.Text + p.Output)
	at := 0 // characters before the line
	for i, line := range lines {
		runes := []rune(line)
		y := r.Y + height*(float64(i-skip)+0.5)
		if n := min(max(0, given-at), len(runes)); i >= skip {
			first, rest := string(runes[:n]), string(runes[n:])
			t.Color = textColor
			c.Text(first, Point{r.X, y}, t)
			x := r.X + c.Width(first, t)
			t.Color = ink
			c.Text(rest, Point{x, y}, t)
		}
		if at += len(runes); at < len(text) && text[at] == '\n' {
			at++
		}
	}
}

// bar draws a token with its probability.
func bar(c *Canvas, r Rect, n watch.Likely) {
	y := r.Y + r.H/2
	c.Text(watch.Short(n.Token), Point{r.X + 8, y}, token(13, false, Center))
	room := r.W - 22 - 40
	c.Fill(Rect{r.X + 22, y - 5, max(1, room*n.P), 10}, accentColor)
	c.Text(fmt.Sprintf("%.1f %%", 100*n.P), Point{r.X + r.W, y}, Text{Size: 12, Color: dimColor, Align: Right})
}
