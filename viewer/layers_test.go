package viewer

import (
	"slices"
	"testing"

	"genview/models/watch"
)

// TestLayersScroll: the wheel moves the rows as far as there are some, and the row under the cursor is chosen.
func TestLayersScroll(t *testing.T) {
	d := newDesk(t, layered())
	i, p := panel[*Layers](d)
	rows := p.columns(d.size(i)).name
	seen := int(rows.H / layerHeight)
	d.e.Cursor = Point{d.places[i].X + rows.X + 3, d.places[i].Y + rows.Y + layerHeight*1.5}
	d.tick()
	if p.scroll != 0 || p.over != 2 {
		t.Errorf("the cursor is over row %d from row %v on", p.over, p.scroll)
	}
	d.e.Wheel = -100
	d.tick()
	if want := float64(10 - seen); p.scroll != want || p.over != int(want)+2 {
		t.Errorf("scrolled to row %v, the cursor is over row %d; want %v", p.scroll, p.over, want)
	}
	d.e.Wheel = 100
	d.tick()
	if p.scroll != 0 {
		t.Errorf("scrolled back to row %v", p.scroll)
	}
	for _, width := range []float64{120, 300, 480, 600, 1200} {
		q := p.columns(Point{width, 300})
		last := 0.0
		for _, r := range []Rect{q.name, q.shape, q.count, q.weight, q.gradient} {
			if r.W > 0 && r.X < last || r.X+r.W > width-padding+0.01 && r.W > 0 {
				t.Errorf("in a panel %v wide the columns are %+v", width, q)
			}
			last = r.X + r.W
		}
	}
}

// TestInsideTheModel: the key asks for the parameters, and for no more of them once they are shown.
func TestInsideTheModel(t *testing.T) {
	for _, c := range []struct {
		s  *watch.Snapshot
		on bool
	}{{snapshot(), true}, {layered(), false}} {
		c.s.Rate = 1
		d := newDesk(t, c.s)
		d.e.Typed = "i"
		d.tick()
		if got := d.take(); !slices.Contains(got, watch.Request(watch.Inspect{On: c.on})) {
			t.Errorf("asked for %v, want On: %v", got, c.on)
		}
	}
}
