package viewer

import (
	"math"
	"slices"

	"genview/models/ticks"
	"genview/models/watch"
)

// Curves draws numbers over a run's steps: the values faintly, and their moving average. Each group has a plot with its own axis of values;
// all share the axis of steps, which the wheel zooms and a drag moves. A click on a name hides its curve.
type Curves struct {
	name   string
	scale  button
	all    button // of all steps, while some are zoomed
	log    bool
	unit   unit // of the axis of steps
	times  button
	export button
	hover  float64         // position of the cursor along the steps, from 0 to 1; NaN or outside: it is elsewhere
	over   bool            // the cursor is over a plot
	zoom   [2]float64      // what is shown of the axis of steps or times; both 0: all
	smooth float64         // position of the slider of the moving average, from 0 to 1
	hidden map[string]bool // names of curves
	drag   dragging
	last   Point // where the cursor was while dragging
	raised int   // one more than the curve whose name the cursor is over; 0: none
}

// unit is what the axis of steps shows.
type unit int

const (
	inSteps unit = iota
	inTime       // trained at the steps
	inEpochs
)

// String returns the name on the button that changes to the unit.
func (u unit) String() string { return [...]string{"steps", "time", "epochs"}[u] }

// next returns the unit after that of the axis, of those that are known.
func (p *Curves) next(v *watch.Curves) unit {
	switch {
	case p.unit == inSteps && v.Clock.Known():
		return inTime
	case p.unit != inEpochs && v.Epoch > 0:
		return inEpochs
	}
	return inSteps
}

// dragging is what the mouse moves in the curves.
type dragging int

const (
	draggingNothing dragging = iota
	draggingSteps
	draggingSmooth
)

func newCurves(name string) *Curves {
	const usual = 0.53 // 60 windows of the moving average in a curve
	return &Curves{name: name, scale: button{key: 'l'}, all: button{key: 'z'}, times: button{key: 't'}, export: button{key: 'e'}, smooth: usual, hidden: map[string]bool{}}
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

// slider returns the area of the slider of the moving average, which narrow panels do not have.
func (p *Curves) slider(size Point) Rect {
	const width, least = 76, 440
	r := p.toggle(size)
	if size.X < least {
		return Rect{r.X, r.Y, 0, 0}
	}
	return Rect{r.X - 12 - width, r.Y, width, r.H}
}

// exportButton returns the area of the button that draws the curves into files: beside that of times.
func (p *Curves) exportButton(size Point) Rect {
	r := p.timesButton(size)
	return Rect{r.X - 8 - 72, r.Y, 72, r.H}
}

// timesButton returns the area of the button that changes between steps and times: below the end of the last plot's axis.
func (p *Curves) timesButton(size Point) Rect {
	return Rect{size.X - padding - 70, size.Y - 26, 70, 20}
}

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

// allSeries returns the curves of all groups.
func allSeries(v *watch.Curves) (all []watch.Series) {
	for _, g := range v.Groups {
		all = append(all, g.Series...)
	}
	return all
}

// plots returns the areas of the groups' curves, without axes and legend. The first is twice as high as the others. Groups that do not fit
// have no area.
func (p *Curves) plots(size Point, v *watch.Curves) []Rect {
	r := content(size, true)
	if boxes := p.titleBoxes(size, v); len(boxes) > 0 {
		if last := boxes[len(boxes)-1]; last.Y >= titleHeight {
			_, r = r.Top(last.Y + legendHeight - titleHeight)
		}
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

// A curve is a series with its style and its axis.
type curve struct {
	watch.Series
	smoothed []float64
	color    Color
	at       func(step int, v float64) Point // position on the canvas; nil: its group has no plot
}

// Draw draws the curves.
func (p *Curves) Draw(c *Canvas, s *watch.Snapshot) {
	p.scale.draw(c, p.toggle(c.Size()), p.label())
	v := p.view(s)
	p.drawSlider(c)
	plots, x := p.plots(c.Size(), v), p.steps(v)
	var curves []curve
	for i, g := range v.Groups {
		var group []curve
		for _, l := range g.Series {
			group = append(group, curve{l, watch.Smooth(l.Values, p.weight(len(l.Values))), curveColor(len(curves) + len(group)), nil})
		}
		if i < len(plots) {
			p.plot(c, plots[i], v, x, group)
			if i == len(plots)-1 {
				end := plots[i].X + plots[i].W
				switch {
				case exportable(s):
					end = p.exportButton(c.Size()).X - 8
				case p.next(v) != p.unit:
					end = p.timesButton(c.Size()).X - 8
				}
				p.stepTicks(c, plots[i], x, end)
			}
			if len(v.Groups) > 1 {
				c.Text(groupTitle(g), Point{plots[i].X, plots[i].Y - groupHeight/2}, Text{Size: 11, Color: dimColor})
			}
		}
		curves = append(curves, group...)
	}
	if replayed(s) {
		for _, r := range plots {
			px := x.at(p.along(v, s.Past.Shown)) * r.W
			c.Sub(r).Line([]Point{{px, 0}, {px, r.H}}, 1.5, curveColors[1])
		}
	}
	step := -1
	if p.over {
		step = p.stepAt(v, x.low+p.hover*(x.high-x.low))
		for _, r := range plots {
			px := r.X + p.hover*r.W
			c.Line([]Point{{px, r.Y}, {px, r.Y + r.H}}, 1, dimColor)
		}
	}
	p.legend(c, v, curves, step)
	if p.zoomed() {
		p.all.draw(c, p.allButton(c.Size(), v), "all steps")
	}
	if exportable(s) {
		p.export.draw(c, p.exportButton(c.Size()), "export")
	}
	if next := p.next(v); next != p.unit {
		p.times.draw(c, p.timesButton(c.Size()), next.String())
	}
	p.drawEvents(c, v, plots, x)
}

// plot draws a group of curves in r with the axis of their values, which fits the steps that are shown.
func (p *Curves) plot(c *Canvas, r Rect, v *watch.Curves, x axis, group []curve) {
	var values [][]float64
	for _, l := range group {
		if from, to := p.shown(v, l.Steps, x); !p.hidden[l.Name] {
			values = append(values, l.Values[from:to])
		}
	}
	y := valueAxis(values, p.log)
	valueTicks(c, r, y)
	inside := c.Sub(r)
	local := func(step int, value float64) Point {
		return Point{x.at(p.along(v, step)) * r.W, (1 - y.at(value)) * r.H}
	}
	for i, l := range group {
		if p.hidden[l.Name] {
			continue
		}
		group[i].at = func(step int, v float64) Point {
			q := local(step, v)
			return Point{q.X + r.X, q.Y + r.Y}
		}
		band(inside, l.Series, faded(l.color, 0.22), local)
	}
	for _, l := range group {
		if p.hidden[l.Name] {
			continue
		}
		line := make([]Point, len(l.Steps))
		for k, step := range l.Steps {
			line[k] = local(step, l.smoothed[k])
		}
		inside.Line(line, 1.8, l.color)
	}
}

// band draws the range of values that each point of a curve summarises.
func band(c *Canvas, l watch.Series, col Color, at func(step int, v float64) Point) {
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
		c.Band(upper, lower, col)
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

// stepTicks writes the steps or times below a plot, up to the buttons at its end.
func (p *Curves) stepTicks(c *Canvas, r Rect, x axis, end float64) {
	small := Text{Size: 11, Color: dimColor, Align: Center}
	n := max(2, int(r.W/110))
	values, label := x.ticks(n), ticks.Format
	if p.unit == inTime {
		values, label = ticks.Times(x.low, x.high, n+n/2), ticks.Time
	}
	for _, v := range values {
		px, text := r.X+x.at(v)*r.W, label(v)
		w := c.Width(text, small) / 2
		switch over := px+w > end; {
		case over && end < r.X+r.W: // a button is there
			continue
		case over:
			px = end - w
		}
		c.Text(text, Point{px, r.Y + r.H + 14}, small)
	}
}
