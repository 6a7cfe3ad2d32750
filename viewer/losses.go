package viewer

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"

	"genview/models/watch"
)

// Losses draws the curves of a run's losses over its steps: what was seen, faintly, and its moving average. The scale is
// linear, or logarithmic at a click.
type Losses struct {
	scale button
	log   bool
	hover float64 // where the cursor is, from 0 to 1 along the steps; NaN or outside for nowhere
	over  bool
}

// Title names the panel.
func (p *Losses) Title() string { return "Loss" }

// Shape is wide, once there are curves.
func (p *Losses) Shape(s *watch.Snapshot) Shape {
	if len(s.Losses) == 0 {
		return Hidden
	}
	return Wide
}

func (p *Losses) toggle(size Point) Rect { return Rect{size.X - padding - 84, 8, 84, 24} }

// label names the scale that a click changes to.
func (p *Losses) label() string {
	if p.log {
		return "linear"
	}
	return "log"
}

const legendHeight = 20 // of a row of the legend beneath the title

// legendRows places the curves' names: beside the title, and in rows beneath it where there is more than fits. Widths are estimated, for there
// is no font yet where this is asked, and do not depend on the values. It returns the row of each curve, from 0 on, which is beside
// the title.
func (p *Losses) legendRows(size Point, s *watch.Snapshot) []int {
	rows := make([]int, len(s.Losses))
	row, x, end := 0, padding+56.0, p.toggle(size).X-10
	for i, l := range s.Losses {
		w := 20 + 7.2*float64(len([]rune(l.Name))+7)
		if x+w > end && !(row > 0 && x == padding) {
			row, x, end = row+1, padding, size.X-padding
		}
		rows[i], x = row, x+w+18
	}
	return rows
}

// plot is the area of the curves, beside their axes and beneath the legend.
func (p *Losses) plot(size Point, s *watch.Snapshot) Rect {
	r := content(size, true)
	if rows := p.legendRows(size, s); len(rows) > 0 {
		_, r = r.Top(legendHeight * float64(rows[len(rows)-1]))
	}
	return Rect{r.X + 42, r.Y + 6, max(1, r.W-42), max(1, r.H-28)}
}

// Update follows the cursor along the curves.
func (p *Losses) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	p.scale.key = 'l'
	clicked, redraw := p.scale.update(in, p.toggle(in.Size))
	if clicked {
		p.log = !p.log
	}
	r := p.plot(in.Size, s)
	over := in.Over && r.Contains(in.Cursor)
	redraw = redraw || clicked || over != p.over || over && in.Moved
	p.over, p.hover = over, (in.Cursor.X-r.X)/r.W
	return nil, redraw
}

// Draw draws the curves.
func (p *Losses) Draw(c *Canvas, s *watch.Snapshot) {
	p.scale.draw(c, p.toggle(c.Size()), p.label())
	r := p.plot(c.Size(), s)
	smoothed := make([][]float64, len(s.Losses))
	last := 1
	for i, l := range s.Losses {
		smoothed[i] = smooth(l.Values, math.Exp(-smoothness/float64(len(l.Values))))
		if n := len(l.Steps); n > 0 {
			last = max(last, l.Steps[n-1])
		}
	}
	values := make([][]float64, len(s.Losses))
	for i, l := range s.Losses {
		values[i] = l.Values
	}
	x, y := axis{high: float64(last)}, valueAxis(values, p.log)
	p.grid(c, r, x, y)
	at := func(step int, v float64) Point {
		return Point{r.X + x.at(float64(step))*r.W, r.Y + (1-y.at(v))*r.H}
	}
	inside := c.Sub(r)
	local := func(step int, v float64) Point {
		q := at(step, v)
		return Point{q.X - r.X, q.Y - r.Y}
	}
	for i, l := range s.Losses {
		band(inside, l, faded(curveColor(i), 0.22), local)
	}
	for i, l := range s.Losses {
		line := make([]Point, len(l.Steps))
		for k, step := range l.Steps {
			line[k] = local(step, smoothed[i][k])
		}
		inside.Line(line, 1.8, curveColor(i))
	}
	step := -1
	if p.over {
		step = int(math.Round(p.hover * float64(last)))
		px := r.X + p.hover*r.W
		c.Line([]Point{{px, r.Y}, {px, r.Y + r.H}}, 1, dimColor)
	}
	p.legend(c, s, smoothed, step, at)
}

// smoothness is how many windows of the moving average the whole curve holds.
const smoothness = 60

// band draws what each point of a curve stands for, from its least to its greatest value.
func band(c *Canvas, l watch.Series, col color.RGBA, at func(step int, v float64) Point) {
	var upper, lower []Point
	for k, step := range l.Steps {
		low, high := l.Values[k], l.Values[k]
		if l.Low != nil {
			low, high = l.Low[k], l.High[k]
		}
		if math.IsNaN(low) || math.IsNaN(high) {
			continue
		}
		upper, lower = append(upper, at(step, high)), append(lower, at(step, low))
	}
	if len(upper) < 2 {
		return
	}
	c.Line(upper, 1, col)
	if !slices.Equal(upper, lower) {
		slices.Reverse(lower)
		c.Polygon(append(upper, lower...), col)
	}
}

// grid draws the axes' ticks with their values.
func (p *Losses) grid(c *Canvas, r Rect, x, y axis) {
	small := Text{Size: 11, Color: dimColor}
	for _, v := range y.ticks(max(2, int(r.H/48))) {
		h := r.Y + (1-y.at(v))*r.H
		if h < r.Y-1 || h > r.Y+r.H+1 {
			continue
		}
		c.Fill(Rect{r.X, h, r.W, 1}, lineColor)
		small.Align = Right
		c.Text(formatTick(v), Point{r.X - 8, h}, small)
	}
	for _, v := range x.ticks(max(2, int(r.W/110))) {
		px := r.X + x.at(v)*r.W
		small.Align = Center
		label := formatTick(v)
		if over := px + c.Width(label, small)/2 - (r.X + r.W); over > 0 {
			px -= over
		}
		c.Text(label, Point{px, r.Y + r.H + 14}, small)
	}
}

// legend names the curves with their newest values, or those at a step.
func (p *Losses) legend(c *Canvas, s *watch.Snapshot, smoothed [][]float64, step int, at func(int, float64) Point) {
	pen, end := Point{padding + 56, titleHeight / 2}, p.toggle(c.Size()).X-10
	t := Text{Size: 13, Color: textColor}
	rows, row := p.legendRows(c.Size(), s), 0
	for i, l := range s.Losses {
		if len(l.Steps) == 0 {
			continue
		}
		k := len(l.Steps) - 1
		if step >= 0 {
			k = min(k, sort.SearchInts(l.Steps, step))
			c.Dot(at(l.Steps[k], smoothed[i][k]), 3.5, curveColor(i))
		}
		if rows[i] > row {
			row = rows[i]
			pen, end = Point{padding, titleHeight + legendHeight*(float64(row)-0.5)}, c.Size().X-padding
		}
		label := c.Shorten(fmt.Sprintf("%s %s", l.Name, formatValue(smoothed[i][k])), t, end-pen.X-20)
		c.Fill(Rect{pen.X, pen.Y - 1.5, 14, 3}, curveColor(i))
		c.Text(label, Point{pen.X + 20, pen.Y}, t)
		pen.X += 38 + c.Width(label, t)
		if label := "at step " + formatCount(l.Steps[k]); step >= 0 && i == len(s.Losses)-1 && pen.X+c.Width(label, t) <= end {
			c.Text(label, pen, Text{Size: 13, Color: dimColor})
		}
	}
}
