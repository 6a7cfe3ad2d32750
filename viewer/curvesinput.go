package viewer

import (
	"math"
	"sort"

	"genview/models/watch"
)

// Update follows the cursor along the curves, zooms and moves the steps that are shown, and hides curves.
func (p *Curves) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	v := p.view(s)
	was := *p
	clicked, redraw := p.scale.update(in, p.toggle(in.Size))
	if clicked {
		p.log = !p.log
	}
	if p.zoomed() {
		clicked, changed := p.all.update(in, p.allButton(in.Size, v))
		if redraw = redraw || changed; clicked {
			p.zoom = [2]float64{}
		}
	}
	if next := p.next(v); next != p.unit {
		clicked, changed := p.times.update(in, p.timesButton(in.Size))
		if redraw = redraw || changed; clicked {
			p.unit, p.zoom = next, [2]float64{}
		}
	}
	var ask []watch.Request
	if exportable(s) {
		clicked, changed := p.export.update(in, p.exportButton(in.Size))
		if redraw = redraw || changed; clicked {
			ask = append(ask, p.files(v))
		}
	}
	p.over = false
	var width float64
	for _, r := range p.plots(in.Size, v) {
		p.over = p.over || (in.Over || p.drag == draggingSteps) && r.Contains(in.Cursor)
		p.hover, width = (in.Cursor.X-r.X)/r.W, r.W
	}
	if p.over && in.Wheel != 0 {
		x := p.steps(v)
		p.show(v, x.low+p.hover*(x.high-x.low), p.hover, (x.high-x.low)*math.Pow(0.8, in.Wheel))
	}
	redraw = p.names(in, v) || redraw
	p.pull(in, v, width)
	redraw = redraw || p.log != was.log || p.unit != was.unit || p.zoom != was.zoom || p.smooth != was.smooth || p.over != was.over || p.over && in.Moved
	return ask, redraw
}

// exportable tells whether the curves can be drawn into files: those of a run that has a folder.
func exportable(s *watch.Snapshot) bool { return s.Past != nil }

// files asks for files of the curves as they are shown.
func (p *Curves) files(v *watch.Curves) watch.Draw {
	r := watch.Draw{Time: p.unit == inTime, Epochs: p.unit == inEpochs, Log: p.log}
	longest := 0
	for _, l := range allSeries(v) {
		longest = max(longest, len(l.Steps))
		if !p.hidden[l.Name] {
			r.Only = append(r.Only, l.Name)
		}
	}
	if len(r.Only) == len(allSeries(v)) {
		r.Only = nil // with those that begin later
	}
	if r.Smooth = p.weight(longest); p.zoomed() {
		x := p.steps(v)
		r.From, r.To = max(0, p.stepAt(v, x.low)), p.stepAt(v, x.high)
	}
	return r
}

// names hides and shows curves by clicks on their names, and tells whether to draw again.
func (p *Curves) names(in Input, v *watch.Curves) bool {
	was := p.raised
	p.raised = 0
	for i, box := range p.legendBoxes(in.Size, v) {
		if !in.Over || !box.Contains(in.Cursor) {
			continue
		}
		p.raised = i + 1
		if in.Pressed {
			name := allSeries(v)[i].Name
			p.hidden[name] = !p.hidden[name]
			return true
		}
	}
	return p.raised != was
}

// pull moves what the mouse holds.
func (p *Curves) pull(in Input, v *watch.Curves, width float64) {
	slider := p.slider(in.Size)
	switch {
	case in.Pressed && slider.Contains(in.Cursor):
		p.drag = draggingSmooth
	case in.Pressed && p.over && !(p.zoomed() && p.allButton(in.Size, v).Contains(in.Cursor)):
		p.drag, p.last = draggingSteps, in.Cursor
	case !in.Held:
		p.drag = draggingNothing
	}
	switch p.drag {
	case draggingSmooth:
		p.smooth = min(1, max(0, (in.Cursor.X-slider.X-sliderMargin)/(slider.W-2*sliderMargin)))
	case draggingSteps:
		if x := p.steps(v); p.zoomed() {
			p.show(v, x.low-(in.Cursor.X-p.last.X)/width*(x.high-x.low), 0, x.high-x.low)
		}
		p.last = in.Cursor
	}
}

// end returns the end of the axis of steps: the newest step of the curves or 1, or the time trained then.
func (p *Curves) end(v *watch.Curves) float64 {
	last := 1
	for _, l := range allSeries(v) {
		if n := len(l.Steps); n > 0 {
			last = max(last, l.Steps[n-1])
		}
	}
	return p.along(v, last)
}

// along returns where a step is on the axis.
func (p *Curves) along(v *watch.Curves, step int) float64 {
	switch p.unit {
	case inTime:
		return v.Clock.At(float64(step))
	case inEpochs:
		return float64(step) / float64(v.Epoch)
	}
	return float64(step)
}

// stepAt returns the step at a place on the axis.
func (p *Curves) stepAt(v *watch.Curves, place float64) int {
	switch p.unit {
	case inTime:
		place = v.Clock.Step(place)
	case inEpochs:
		place *= float64(v.Epoch)
	}
	return int(math.Round(place))
}

// zoomed tells whether some steps are shown, not all.
func (p *Curves) zoomed() bool { return p.zoom != [2]float64{} }

// steps returns the axis of the steps or times that are shown.
func (p *Curves) steps(v *watch.Curves) axis {
	if p.zoomed() {
		return axis{low: p.zoom[0], high: p.zoom[1]}
	}
	return axis{high: p.end(v)}
}

// least returns the least that a zoom shows: ten steps or seconds.
func (p *Curves) least(v *watch.Curves) float64 {
	const least = 10
	if p.unit == inEpochs {
		return least / float64(v.Epoch)
	}
	return least
}

// show zooms to a range of the axis of some width, with a place at a position from 0 to 1 in it, as far as the axis goes.
func (p *Curves) show(v *watch.Curves, place, position, width float64) {
	last := p.end(v)
	width = max(width, min(p.least(v), last))
	if width >= last {
		p.zoom = [2]float64{}
		return
	}
	low := min(max(place-position*width, 0), last-width)
	p.zoom = [2]float64{low, low + width}
}

// allButton returns the area of the button for all steps: in the upper right corner of the first plot.
func (p *Curves) allButton(size Point, v *watch.Curves) Rect {
	r := p.plots(size, v)[0]
	return Rect{r.X + r.W - 96, r.Y + 4, 96, 22}
}

// shown returns the range of the points that are on the axis, and one more at each side, to which the lines go on.
func (p *Curves) shown(v *watch.Curves, steps []int, x axis) (from, to int) {
	from = sort.Search(len(steps), func(i int) bool { return p.along(v, steps[i]) >= x.low })
	to = sort.Search(len(steps), func(i int) bool { return p.along(v, steps[i]) > x.high })
	return max(0, from-1), min(len(steps), to+1)
}

// weight returns the weight of the moving average of a curve with n points. From left to right, the slider chooses none, and windows from a
// thousandth to a fifth of the curve.
func (p *Curves) weight(n int) float64 {
	if p.smooth == 0 {
		return 0
	}
	return math.Exp(-5 * math.Pow(200, 1-p.smooth) / float64(max(1, n)))
}

const sliderMargin = 6 // from an end of the slider to that of its track

// drawSlider draws the slider of the moving average: a line that is rougher at its left.
func (p *Curves) drawSlider(c *Canvas) {
	r := p.slider(c.Size())
	if r.W == 0 {
		return
	}
	middle := r.Y + r.H/2
	var wave []Point
	for i := range 33 {
		f := float64(i) / 32
		up := 4 * (1 - f)
		if i%2 == 0 {
			up = -up
		}
		wave = append(wave, Point{r.X + sliderMargin + f*(r.W-2*sliderMargin), middle + up})
	}
	c.Line(wave, 1, dimColor)
	ink := textColor
	if p.drag == draggingSmooth {
		ink = accentColor
	}
	c.Dot(Point{r.X + sliderMargin + p.smooth*(r.W-2*sliderMargin), middle}, 5, ink)
}
