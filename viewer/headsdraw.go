package viewer

import (
	"fmt"
	"math"

	"genview/models/watch"
)

// drawTools draws the buttons above the large map, and the scale of its colours.
func (p *HeatMaps) drawTools(c *Canvas, q sections, m watch.Map) {
	on := [toolCount]bool{
		toolLock: p.locked,
		toolZero: p.cut == watch.Ablate{Layer: p.chosen.layer, Head: p.chosen.index},
		toolMean: p.cut == watch.Ablate{Layer: p.chosen.layer, Head: p.chosen.index, Mean: true},
	}
	on[p.mode] = true
	for i, label := range toolNames {
		if q.tools[i].W == 0 {
			continue
		}
		p.tools[i].draw(c, q.tools[i], label)
		if on[i] {
			c.Frame(q.tools[i], 1, accentColor)
		}
	}
	if q.scale.W == 0 {
		return
	}
	t := Text{Size: 12, Color: dimColor}
	y, left := q.scale.Y+q.scale.H/2, c.Width("0", t)+6
	end := formatShare(float32(scaleOf(m, p.locked)))
	bar := Rect{q.scale.X + left, y - 5, q.scale.W - left - c.Width(end, t) - 6, 10}
	c.Text("0", Point{q.scale.X, y}, t)
	const steps = 48
	for i := range steps {
		c.Fill(Rect{bar.X + bar.W*float64(i)/steps, bar.Y, bar.W / steps, bar.H}, heat(math.Pow((float64(i)+0.5)/steps, 0.7)))
	}
	c.Text(end, Point{bar.X + bar.W + 6, y}, t)
}

// foot draws the scores of the chosen head over training, and what the model does without the head that was taken away.
func (p *HeatMaps) foot(c *Canvas, r Rect, v *watch.HeatMaps, s *watch.Snapshot) {
	first, second := r.Top(r.H / 2)
	p.scores(c, first)
	t := Text{Size: 13, Color: dimColor}
	at := Point{second.X, second.Y + second.H/2}
	cut, ready := p.without(v)
	switch {
	case p.cut == (watch.Ablate{}) && v.Prompt.Next != nil:
		c.Text("next", at, t)
		_, second = second.Left(c.Width("next", t) + 12)
		p.next(c, second, v.Prompt.Next)
		return
	case p.cut == (watch.Ablate{}):
		c.Text(c.Shorten("zero, mean: what the model does if the head puts out zeros, or its mean", t, second.W), at, t)
		return
	case !ready:
		said := "measuring…"
		if replayed(s) && s.Past.Weights < 0 {
			said = "no weights are kept of this step to measure with"
		}
		c.Text(c.Shorten(said, t, second.W), at, t)
		return
	}
	t.Color = textColor
	how := "without"
	if cut.Mean {
		how = "with the mean of"
	}
	said := fmt.Sprintf("%s %s, head %d: held-out loss %.3f → %.3f (%+.3f)", how, layerName(cut.Layer), cut.Head+1, cut.Loss, cut.Lost, cut.Lost-cut.Loss)
	said = c.Shorten(said, t, second.W)
	c.Text(said, at, t)
	at.X += c.Width(said, t) + 16
	t.Mono, t.Color = true, accentColor
	if arrow := c.Width("→ ", t); cut.Output != "" && at.X+arrow+c.Width(cut.Output, t) <= second.X+second.W {
		c.Text("→ ", at, t)
		at.X, t.Signs = at.X+arrow, true
		c.Text(cut.Output, at, t)
		return
	}
	p.next(c, Rect{at.X, second.Y, second.X + second.W - at.X, second.H}, cut.Next)
}

// next draws the likeliest next tokens as bars, as many as there is room for.
func (p *HeatMaps) next(c *Canvas, r Rect, all []watch.Likely) {
	y := r.Y + r.H/2
	for _, n := range all {
		if n.P < 0.005 { // it would be 0 %, and so would those after it
			return
		}
		sign, share := token(13, false, Left), Text{Size: 12, Color: dimColor}
		text := fmt.Sprintf("%.0f %%", 100*n.P)
		bar := 36 * n.P
		w := c.Width(watch.Short(n.Token), sign) + 4 + bar + 4 + c.Width(text, share)
		if w > r.W {
			return
		}
		c.Text(watch.Short(n.Token), Point{r.X, y}, sign)
		x := r.X + c.Width(watch.Short(n.Token), sign) + 4
		c.Fill(Rect{x, y - 5, max(1, bar), 10}, accentColor)
		c.Text(text, Point{x + bar + 4, y}, share)
		_, r = r.Left(w + 12)
	}
}

// scores writes the scores of the chosen head, each with its curve over training, as many as there is room for.
func (p *HeatMaps) scores(c *Canvas, r Rect) {
	const wide = 56 // of a curve
	y := r.Y + r.H/2
	for _, t := range p.traces[p.chosen] {
		name := Text{Size: 13, Color: dimColor}
		value := fmt.Sprintf("%.2f", t.values[len(t.values)-1])
		w := c.Width(t.name+" ", name) + c.Width(value, name)
		curve := len(t.values) > 1
		if curve {
			w += wide + 6
		}
		if w > r.W {
			return
		}
		c.Text(t.name, Point{r.X, y}, name)
		x := r.X + c.Width(t.name+" ", name)
		name.Color = textColor
		c.Text(value, Point{x, y}, name)
		if curve {
			c.Line(t.points(Rect{x + c.Width(value, name) + 6, r.Y + 5, wide, r.H - 10}), 1.2, accentColor)
		}
		_, r = r.Left(w + 16)
	}
}

// points returns the curve of a trace in an area.
func (t trace) points(r Rect) []Point {
	lo, hi := t.values[0], t.values[0]
	for _, v := range t.values {
		lo, hi = min(lo, v), max(hi, v)
	}
	first, last := float64(t.steps[0]), float64(t.steps[len(t.steps)-1])
	var all []Point
	for i, v := range t.values {
		y := 0.5
		if hi > lo {
			y = (v - lo) / (hi - lo)
		}
		all = append(all, Point{r.X + r.W*(float64(t.steps[i])-first)/(last-first), r.Y + r.H*(1-y)})
	}
	return all
}

// linesMap is the place of the two columns of tokens and of the lines between them.
type linesMap struct {
	left, right float64 // where lines begin and end
	y, height   float64 // of the first line's middle, and between two tokens
	rows, cols  int
}

func linesIn(r Rect, m watch.Map) linesMap {
	longest := func(tokens []string) float64 {
		n := 1.2
		for _, t := range tokens {
			n = max(n, 0.62*float64(len([]rune(t))))
		}
		return n*tokenSize + 10
	}
	height := min(20, r.H/float64(max(len(m.Rows), len(m.Cols), 1)))
	right := min(r.X+r.W, r.X+560) - longest(m.Cols)
	return linesMap{r.X + longest(m.Rows), right, r.Y + height/2, height, len(m.Rows), len(m.Cols)}
}

// at returns the token at q: of the left column in the left half, else of the right one.
func (l linesMap) at(q Point) (spot, bool) {
	i := int(math.Floor((q.Y - l.y + l.height/2) / l.height))
	switch left := q.X < (l.left+l.right)/2; {
	case i < 0 || left && i >= l.rows || !left && i >= l.cols:
		return spot{-1, -1}, false
	case left:
		return spot{i, -1}, true
	}
	return spot{-1, i}, true
}

// under returns what lies under the cursor in the large map.
func (p *HeatMaps) under(large Rect, v *watch.HeatMaps, m watch.Map, q Point) (spot, bool) {
	r := p.sectionsOf(large, v).table
	if p.mode != asLines {
		return largeOf(r, v, m, p.zoom).at(q)
	}
	if !r.Contains(q) {
		return spot{-1, -1}, false
	}
	return linesIn(r, m).at(q)
}

// linesOf draws a line from each token to those that it takes from, or those of the token under the cursor alone.
func (p *HeatMaps) linesOf(c *Canvas, r Rect, m watch.Map) {
	l := linesIn(r, m)
	y := func(i int) float64 { return l.y + float64(i)*l.height }
	shades := m.ShadesTo(0, scaleOf(m, p.locked))
	for i, v := range shades {
		row, col := i/l.cols, i%l.cols
		if v < 0.08 || p.over && row != p.hover.row && col != p.hover.col {
			continue
		}
		c.Line([]Point{{l.left, y(row)}, {l.right, y(col)}}, 0.5+2*v, faded(accentColor, v))
	}
	every := max(1, int(math.Ceil(11/l.height)))
	write := func(tokens []string, on int, x float64, align Align) {
		for i, t := range tokens {
			if i%every == 0 || p.over && i == on {
				c.Text(t, Point{x, y(i)}, token(min(tokenSize, max(9, l.height*0.9)), p.over && i == on, align))
			}
		}
	}
	write(m.Rows, p.hover.row, l.left-6, Right)
	write(m.Cols, p.hover.col, l.right+6, Left)
}

// strongest returns the token under the cursor, that which it takes the most from or gives the most to, and how much.
func strongest(m watch.Map, at spot) (name, other string, value float32) {
	cols := len(m.Cols)
	for i, v := range m.Head(0) {
		switch row, col := i/cols, i%cols; {
		case row == at.row && v >= value:
			name, other, value = m.Rows[row], m.Cols[col], v
		case col == at.col && v >= value:
			name, other, value = m.Cols[col], m.Rows[row], v
		}
	}
	return name, other, value
}
