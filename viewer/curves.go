package viewer

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"sort"
	"strings"

	"genview/models/ticks"
	"genview/models/watch"
)

// Curves draws numbers over a run's steps: the values faintly, and their moving average. Each group has a plot with its own axis of values;
// all share the axis of steps. A click changes between a linear and a logarithmic scale.
type Curves struct {
	name  string
	scale button
	log   bool
	hover float64 // position of the cursor along the steps, from 0 to 1; NaN or outside: it is elsewhere
	over  bool
}

// Title returns the panel's title.
func (p *Curves) Title() string { return p.name }

func (p *Curves) view(s *watch.Snapshot) *watch.Curves {
	return watch.Find[*watch.Curves](s.Views, p.name)
}

// Shape is Wide, and Hidden until there are curves.
func (p *Curves) Shape(s *watch.Snapshot) Shape {
	if v := p.view(s); v == nil || len(v.Groups) == 0 {
		return Hidden
	}
	return Wide
}

func (p *Curves) toggle(size Point) Rect { return Rect{size.X - padding - 84, 8, 84, 24} }

// label returns the name of the scale that a click changes to.
func (p *Curves) label() string {
	if p.log {
		return "linear"
	}
	return "log"
}

const (
	legendHeight = 20 // of one row of the legend
	axisWidth    = 42 // for the values at the left of a plot
	axisHeight   = 22 // for the steps below the last plot
	plotGap      = 10 // between plots
	groupHeight  = 18 // of a group's name above its plot, if there are several groups
	leastPlot    = 36 // smallest height of a plot
)

// legendStart returns where the legend begins beside the title. It estimates widths, because layout has no fonts.
func (p *Curves) legendStart() float64 { return padding + 22 + 8.5*float64(len([]rune(p.name))) }

// allSeries returns the curves of all groups.
func allSeries(v *watch.Curves) (all []watch.Series) {
	for _, g := range v.Groups {
		all = append(all, g.Series...)
	}
	return all
}

// legendRows places the curves' names: beside the title, and in rows below it if they need more room. It returns the row of each curve; row
// 0 is beside the title. It does not depend on values.
func (p *Curves) legendRows(size Point, v *watch.Curves) []int {
	all := allSeries(v)
	rows := make([]int, len(all))
	row, x, end := 0, p.legendStart(), p.toggle(size).X-10
	for i, l := range all {
		w := 20 + 7.2*float64(len([]rune(l.Name))+7)
		if x+w > end && !(row > 0 && x == padding) {
			row, x, end = row+1, padding, size.X-padding
		}
		rows[i], x = row, x+w+18
	}
	return rows
}

// plots returns the areas of the groups' curves, without axes and legend. The first is twice as high as the others. Groups that do not fit
// have no area.
func (p *Curves) plots(size Point, v *watch.Curves) []Rect {
	r := content(size, true)
	if rows := p.legendRows(size, v); len(rows) > 0 {
		_, r = r.Top(legendHeight * float64(rows[len(rows)-1]))
	}
	r = Rect{r.X + axisWidth, r.Y + 6, max(1, r.W-axisWidth), max(1, r.H-6-axisHeight)}
	if len(v.Groups) == 1 {
		return []Rect{r}
	}
	n := len(v.Groups)
	plotHeight := func() float64 { return (r.H + plotGap - (plotGap+groupHeight)*float64(n)) / float64(n+1) }
	for n > 1 && plotHeight() < leastPlot {
		n--
	}
	out := make([]Rect, n)
	h := plotHeight()
	for i := range out {
		_, r = r.Top(groupHeight)
		out[i] = Rect{r.X, r.Y, r.W, h}
		if i == 0 {
			out[i].H = 2 * h
		}
		_, r = r.Top(out[i].H + plotGap)
	}
	return out
}

// Update follows the cursor along the curves.
func (p *Curves) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	p.scale.key = 'l'
	clicked, redraw := p.scale.update(in, p.toggle(in.Size))
	if clicked {
		p.log = !p.log
	}
	over := false
	for _, r := range p.plots(in.Size, p.view(s)) {
		over = over || in.Over && r.Contains(in.Cursor)
		p.hover = (in.Cursor.X - r.X) / r.W
	}
	redraw = redraw || clicked || over != p.over || over && in.Moved
	p.over = over
	return nil, redraw
}

// A curve is a series with its style and its axis.
type curve struct {
	watch.Series
	smoothed []float64
	color    color.RGBA
	at       func(step int, v float64) Point // position on the canvas; nil: its group has no plot
}

// Draw draws the curves.
func (p *Curves) Draw(c *Canvas, s *watch.Snapshot) {
	p.scale.draw(c, p.toggle(c.Size()), p.label())
	v := p.view(s)
	last := 1
	for _, l := range allSeries(v) {
		if n := len(l.Steps); n > 0 {
			last = max(last, l.Steps[n-1])
		}
	}
	plots := p.plots(c.Size(), v)
	x := axis{high: float64(last)}
	var curves []curve
	for i, g := range v.Groups {
		var group []curve
		for _, l := range g.Series {
			group = append(group, curve{l, watch.Smooth(l.Values, math.Exp(-smoothness/float64(len(l.Values)))), curveColor(len(curves) + len(group)), nil})
		}
		if i < len(plots) {
			p.plot(c, plots[i], x, group)
			if i == len(plots)-1 {
				steps(c, plots[i], x)
			}
			if len(v.Groups) > 1 {
				c.Text(strings.Join(filled(g.Name, g.Unit), ", "), Point{plots[i].X, plots[i].Y - groupHeight/2}, Text{Size: 11, Color: dimColor})
			}
		}
		curves = append(curves, group...)
	}
	if replayed(s) {
		for _, r := range plots {
			px := r.X + x.at(float64(s.Past.Shown))*r.W
			c.Line([]Point{{px, r.Y}, {px, r.Y + r.H}}, 1.5, curveColors[1])
		}
	}
	step := -1
	if p.over {
		step = int(math.Round(p.hover * float64(last)))
		for _, r := range plots {
			px := r.X + p.hover*r.W
			c.Line([]Point{{px, r.Y}, {px, r.Y + r.H}}, 1, dimColor)
		}
	}
	p.legend(c, v, curves, step)
}

// plot draws a group of curves in r with the axis of their values.
func (p *Curves) plot(c *Canvas, r Rect, x axis, group []curve) {
	values := make([][]float64, len(group))
	for i, l := range group {
		values[i] = l.Values
	}
	y := valueAxis(values, p.log)
	valueTicks(c, r, y)
	inside := c.Sub(r)
	local := func(step int, v float64) Point { return Point{x.at(float64(step)) * r.W, (1 - y.at(v)) * r.H} }
	for i := range group {
		group[i].at = func(step int, v float64) Point {
			q := local(step, v)
			return Point{q.X + r.X, q.Y + r.Y}
		}
		band(inside, group[i].Series, faded(group[i].color, 0.22), local)
	}
	for _, l := range group {
		line := make([]Point, len(l.Steps))
		for k, step := range l.Steps {
			line[k] = local(step, l.smoothed[k])
		}
		inside.Line(line, 1.8, l.color)
	}
}

// smoothness is how many windows of the moving average fit into a curve.
const smoothness = 60

// band draws the range of values that each point of a curve summarises.
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

// valueTicks draws the ticks of a plot's values.
func valueTicks(c *Canvas, r Rect, y axis) {
	small := Text{Size: 11, Color: dimColor, Align: Right}
	for _, v := range y.ticks(max(2, int(r.H/48))) {
		h := r.Y + (1-y.at(v))*r.H
		if h < r.Y-1 || h > r.Y+r.H+1 {
			continue
		}
		c.Fill(Rect{r.X, h, r.W, 1}, lineColor)
		c.Text(ticks.Format(v), Point{r.X - 8, h}, small)
	}
}

// steps writes the step numbers below a plot.
func steps(c *Canvas, r Rect, x axis) {
	small := Text{Size: 11, Color: dimColor, Align: Center}
	for _, v := range x.ticks(max(2, int(r.W/110))) {
		px := r.X + x.at(v)*r.W
		label := ticks.Format(v)
		if over := px + c.Width(label, small)/2 - (r.X + r.W); over > 0 {
			px -= over
		}
		c.Text(label, Point{px, r.Y + r.H + 14}, small)
	}
}

// legend writes the curves' names with their newest values, or those at a step.
func (p *Curves) legend(c *Canvas, v *watch.Curves, curves []curve, step int) {
	pen, end := Point{p.legendStart(), titleHeight / 2}, p.toggle(c.Size()).X-10
	t := Text{Size: 13, Color: textColor}
	rows, row := p.legendRows(c.Size(), v), 0
	for i, l := range curves {
		if len(l.Steps) == 0 {
			continue
		}
		k := len(l.Steps) - 1
		if step >= 0 {
			k = min(k, sort.SearchInts(l.Steps, step))
			if l.at != nil {
				c.Dot(l.at(l.Steps[k], l.smoothed[k]), 3.5, l.color)
			}
		}
		if rows[i] > row {
			row = rows[i]
			pen, end = Point{padding, titleHeight + legendHeight*(float64(row)-0.5)}, c.Size().X-padding
		}
		label := c.Shorten(fmt.Sprintf("%s %s", l.Name, formatValue(l.smoothed[k])), t, end-pen.X-20)
		c.Fill(Rect{pen.X, pen.Y - 1.5, 14, 3}, l.color)
		c.Text(label, Point{pen.X + 20, pen.Y}, t)
		pen.X += 38 + c.Width(label, t)
		if label := "at step " + formatCount(l.Steps[k]); step >= 0 && i == len(curves)-1 && pen.X+c.Width(label, t) <= end {
			c.Text(label, pen, Text{Size: 13, Color: dimColor})
		}
	}
}
