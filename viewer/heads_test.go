package viewer

import (
	"reflect"
	"testing"

	"genview/models/watch"
)

// tool clicks a button above the large map.
func (d *desk) tool(which int) {
	i, p := panel[*HeatMaps](d)
	d.click(d.middle(i, p.sectionsOf(p.areas(d.size(i)).large, p.shown).tools[which]))
}

// TestHeadIsTakenAway: a click asks what the model does without the chosen head, and another one asks no more. Until the answer is there, no
// other one is shown as this one's.
func TestHeadIsTakenAway(t *testing.T) {
	d := newDesk(t, verse())
	d.e.Size = Point{1280, 800}
	d.tick()
	i, p := panel[*HeatMaps](d)
	asks := func(what string, want ...watch.Request) {
		t.Helper()
		if got := d.take(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s asks for %#v, want %#v", what, got, want)
		}
	}
	answer := func(a watch.Ablate) {
		s, v := *d.s, *p.shown
		v.Cut = &watch.Cut{Ablate: a, Loss: 1, Lost: 2}
		s.Show(&v)
		d.s = &s
		d.tick()
	}
	ready := func(when string, want bool) {
		t.Helper()
		if _, got := p.without(maps(d.s)); got != want {
			t.Errorf("%s: the answer is there: %v, want %v", when, got, want)
		}
	}
	d.click(d.middle(i, small(p.areas(d.size(i)).grid, p.shown, 1, 2)))
	asks("choosing a head")
	zero := watch.Ablate{Layer: "h.1.attn", Head: 2}
	d.tool(toolZero)
	asks("zero", zero)
	ready("at first", false)
	answer(zero)
	ready("when it came", true)
	p.asked = "another text"
	ready("while another text is read", false)
	p.asked = ""
	mean := zero
	mean.Mean = true
	d.tool(toolMean)
	asks("mean", mean)
	ready("with the answer of zeros", false)
	answer(mean)
	d.tool(toolMean)
	asks("mean again", watch.Ablate{})
	ready("when nothing is asked", false)
	d.click(d.middle(i, small(p.areas(d.size(i)).grid, p.shown, 1, 4)))
	if q := p.sectionsOf(p.areas(d.size(i)).large, p.shown); p.reduction() != "average" || q.tools[toolZero].W > 0 {
		t.Errorf("%q, which is of all heads, has a button to take it away", p.reduction())
	}
}

// TestNarrowGridHasHeadsAlone: where maps would be too narrow to be seen, the reductions have no place, and cannot be clicked.
func TestNarrowGridHasHeadsAlone(t *testing.T) {
	v := maps(verse())
	for _, c := range []struct {
		width   float64
		reduced bool
	}{{layerWidth + 70, false}, {layerWidth + 200, true}} {
		grid := Rect{0, 0, c.width, 200}
		if got := small(grid, v, 1, 4); got.W > 0 != c.reduced {
			t.Errorf("in a grid of width %v a reduction lies at %v", c.width, got)
		}
		if got := small(grid, v, 1, 3); got.W < 10 || got.X+got.W > c.width {
			t.Errorf("in a grid of width %v the last head lies at %v", c.width, got)
		}
	}
}

// TestScaleIsLocked: locked, equal values have equal colours in all maps, also of later steps.
func TestScaleIsLocked(t *testing.T) {
	d := newDesk(t, dates())
	d.e.Size = Point{1280, 800}
	d.tick()
	_, p := panel[*HeatMaps](d)
	brightest := func() int {
		most := 0
		for _, v := range p.maps[p.chosen].Pix {
			if v != 0xff {
				most = max(most, int(v))
			}
		}
		return most
	}
	p.chosen = head{"encoder.layers.0.self_attn", 0}
	before := brightest()
	d.tool(toolLock)
	if after := brightest(); !p.locked || after >= before {
		t.Errorf("a largest value of less than 1 is as bright as %d, before %d", after, before)
	}
	d.s = dates()
	d.tick()
	p.chosen = head{"encoder.layers.0.self_attn", 0}
	if after := brightest(); after >= before {
		t.Error("the next snapshot has another scale")
	}
}

// TestHoverOverLines: at the left is who takes, at the right who gives.
func TestHoverOverLines(t *testing.T) {
	m := watch.Map{Heads: 1, Rows: []string{"a", "b"}, Cols: []string{"x", "y", "z"}, Values: []float32{0.1, 0.7, 0.2, 0.5, 0.3, 0.2}}
	l := linesIn(Rect{10, 10, 300, 200}, m)
	for _, c := range []struct {
		at          Point
		want        spot
		name, other string
		value       float32
	}{
		{Point{20, 15}, spot{0, -1}, "a", "y", 0.7},
		{Point{20, 35}, spot{1, -1}, "b", "x", 0.5},
		{Point{300, 55}, spot{-1, 2}, "z", "b", 0.2},
	} {
		got, ok := l.at(c.at)
		if !ok || got != c.want {
			t.Errorf("at %v is %v, %v; want %v", c.at, got, ok, c.want)
			continue
		}
		if name, other, value := strongest(m, got); name != c.name || other != c.other || value != c.value {
			t.Errorf("%v: %s, %s, %v; want %s, %s, %v", got, name, other, value, c.name, c.other, c.value)
		}
	}
	for _, q := range []Point{{20, 55}, {300, 75}, {20, 2}} {
		if got, ok := l.at(q); ok {
			t.Errorf("at %v is %v", q, got)
		}
	}
}

// TestTrace: steps come in any order, once each, and old ones are thinned.
func TestTrace(t *testing.T) {
	var c trace
	for _, step := range []int{5, 1, 3, 3} {
		c.add(step, float64(10*step))
	}
	if !reflect.DeepEqual(c.steps, []int{1, 3, 5}) || !reflect.DeepEqual(c.values, []float64{10, 30, 50}) {
		t.Errorf("the trace is %v, %v", c.steps, c.values)
	}
	for step := range 3000 {
		c.add(10+step, 1)
	}
	if n := len(c.steps); n > mostTraced || n < mostTraced/2 || c.steps[0] != 1 || c.steps[n-1] != 3009 {
		t.Errorf("%d steps from %d to %d", n, c.steps[0], c.steps[n-1])
	}
}
