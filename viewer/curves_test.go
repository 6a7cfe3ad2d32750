package viewer

import (
	"math"
	"slices"
	"testing"

	"genview/models/watch"
)

// TestZoom turns the wheel over the curves: the step under the cursor stays there. A drag moves the steps, and the button shows all again.
func TestZoom(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Curves](d)
	at, v := d.places[i], curves(d.s)
	last := p.end(v)
	plot := p.plots(d.size(i), v)[0]
	d.e.Cursor = Point{at.X + plot.X + 0.75*plot.W, at.Y + plot.Y + plot.H/2}
	d.tick()
	d.e.Wheel = 3
	if !d.tick() {
		t.Error("a zoom draws nothing")
	}
	d.e.Wheel = 0
	x := p.steps(v)
	if got, want := x.low+0.75*(x.high-x.low), 0.75*last; math.Abs(got-want) > 1e-6*last || math.Abs(x.high-x.low-last*0.512) > 1e-6*last {
		t.Errorf("three notches show the steps %v to %v of %v", x.low, x.high, last)
	}
	d.e.Down = true
	d.tick()
	d.e.Cursor.X += plot.W / 10
	d.tick()
	d.e.Down = false
	d.tick()
	moved := p.steps(v)
	if want := x.low - (x.high-x.low)/10; math.Abs(moved.low-want) > 1e-6*last || math.Abs(moved.high-moved.low-(x.high-x.low)) > 1e-6*last {
		t.Errorf("a drag to the right by a tenth moves %v to %v", x, moved)
	}
	d.e.Down = true // and far beyond the end
	d.tick()
	d.e.Cursor.X -= 100 * plot.W
	d.tick()
	d.e.Down = false
	d.tick()
	if end := p.steps(v); end.high > last || end.high < last-1e-6*last {
		t.Errorf("a drag beyond the end shows %v of %v", end, last)
	}
	button := p.allButton(d.size(i), v)
	d.click(Point{at.X + button.X + 5, at.Y + button.Y + 5})
	if p.zoomed() {
		t.Error("the button does not show all steps")
	}
	d.e.Cursor = Point{at.X + plot.X + 5, at.Y + plot.Y + 5}
	for range 100 {
		d.e.Wheel = 1
		d.tick()
	}
	if x := p.steps(v); math.Abs(x.high-x.low-p.least(v)) > 1e-6 || x.low < 0 {
		t.Errorf("the closest zoom shows %v", x)
	}
	d.e.Wheel = -100
	d.tick()
	if p.zoomed() {
		t.Error("the wheel does not go back to all steps")
	}
}

// TestHiddenCurves clicks on the names of curves, and elsewhere.
func TestHiddenCurves(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Curves](d)
	at := d.places[i]
	boxes := p.legendBoxes(d.size(i), curves(d.s))
	first := Point{at.X + boxes[0].X + 8, at.Y + boxes[0].Y + 8}
	name := allSeries(curves(d.s))[0].Name
	for _, want := range []bool{true, false, true} {
		d.click(first)
		if p.hidden[name] != want || len(boxes) > 1 && p.hidden[allSeries(curves(d.s))[1].Name] {
			t.Errorf("hidden are %v, want %s: %v", p.hidden, name, want)
		}
	}
	d.e.Cursor = Point{}
	d.tick()
	if p.raised != 0 {
		t.Error("a name stays raised")
	}
}

// TestSmoothing drags the slider of the moving average to its ends and beyond.
func TestSmoothing(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Curves](d)
	at, r := d.places[i], p.slider(d.size(i))
	if r.W == 0 {
		t.Fatalf("a panel of %v has no slider", d.size(i))
	}
	usual := p.weight(512)
	if windows := 512 * -math.Log(usual); math.Abs(windows-60) > 5 {
		t.Errorf("a new panel has %v windows of the moving average in a curve, want about 60", windows)
	}
	d.e.Cursor = Point{at.X + r.X + r.W/2, at.Y + r.Y + r.H/2}
	d.e.Down = true
	d.tick()
	d.e.Cursor.X -= 1000 // over another panel, or none
	d.tick()
	if p.smooth != 0 || p.weight(512) != 0 {
		t.Errorf("at the left the weight is %v", p.weight(512))
	}
	d.e.Cursor.X += 3000
	d.tick()
	if w := p.weight(512); p.smooth != 1 || !(w > usual && w < 1) {
		t.Errorf("at the right the weight is %v, and %v usually", w, usual)
	}
	d.e.Down = false
	d.tick()
	d.e.Cursor.X -= 1500
	d.tick()
	if p.smooth != 1 {
		t.Error("the slider moves though nobody holds it")
	}
}

// TestTimes changes the axis of steps to one of times, of a run whose second half went twice as fast.
func TestTimes(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Curves](d)
	d.e.Typed = "t"
	if d.tick(); p.unit != inSteps {
		t.Error("there are times without a clock")
	}
	s := *d.s
	v := *curves(d.s)
	last := p.end(&v)
	v.Clock = watch.Clock{Steps: []float64{0, last / 2, last}, Seconds: []float64{0, 200, 300}}
	s.Views = slices.Clone(s.Views)
	s.Show(&v)
	d.s = &s
	d.e.Typed = "t"
	d.tick()
	if p.unit != inTime || p.end(&v) != 300 || p.along(&v, int(last/2)) != 200 || p.stepAt(&v, 250) != int(math.Round(0.75*last)) {
		t.Errorf("the axis ends at %v s and has step %v at %v s", p.end(&v), last/2, p.along(&v, int(last/2)))
	}
	at, plot := d.places[i], p.plots(d.size(i), &v)[0]
	d.e.Cursor, d.e.Wheel = Point{at.X + plot.X + plot.W, at.Y + plot.Y + 5}, 1
	d.e.Cursor.X -= 1e-3
	d.tick()
	d.e.Wheel = 0
	if x := p.steps(&v); math.Abs(x.low-60) > 0.1 || math.Abs(x.high-300) > 0.1 {
		t.Errorf("a notch at the end shows %v", x)
	}
	button := p.timesButton(d.size(i))
	d.click(Point{at.X + button.X + 5, at.Y + button.Y + 5})
	if p.unit != inSteps || p.zoomed() || p.end(&v) != last {
		t.Error("the button does not show steps again")
	}
}

// TestExport asks for files of what is shown; a run without a folder has none.
func TestExport(t *testing.T) {
	d := newDesk(t, snapshot())
	d.e.Typed = "e"
	d.tick()
	for _, r := range d.take() {
		if _, ok := r.(watch.Draw); ok {
			t.Error("a run without a folder is drawn into files")
		}
	}
	s := *d.s
	s.Past = &watch.Past{Steps: []int{1}, Shown: -1}
	d.s = &s
	i, p := panel[*Curves](d)
	asked := func() watch.Draw {
		t.Helper()
		for _, r := range d.take() {
			if r, ok := r.(watch.Draw); ok {
				return r
			}
		}
		t.Fatal("no files are asked for")
		panic("unreachable")
	}
	d.tick()
	button := p.exportButton(d.size(i))
	d.click(Point{d.places[i].X + button.X + 5, d.places[i].Y + button.Y + 5})
	if r := asked(); r.Log || r.Time || r.Only != nil || r.From != 0 || r.To != 0 || !(r.Smooth > 0 && r.Smooth < 1) {
		t.Errorf("of all curves it asks %+v", r)
	}
	v := curves(d.s)
	p.log, p.smooth, p.hidden[allSeries(v)[0].Name] = true, 0, true
	p.show(v, 0.25*p.end(v), 0, 0.5*p.end(v))
	d.e.Typed = "e"
	d.tick()
	if r := asked(); !r.Log || r.Smooth != 0 || len(r.Only) != len(allSeries(v))-1 || r.From != int(0.25*p.end(v)) || r.To != int(0.75*p.end(v)) {
		t.Errorf("of some it asks %+v", r)
	}
}
