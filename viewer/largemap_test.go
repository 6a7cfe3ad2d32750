package viewer

import (
	"math"
	"testing"
)

// TestZoomedMap: the wheel zooms around the cursor, a drag moves the map, and it never leaves its room or has cells that are too large.
func TestZoomedMap(t *testing.T) {
	d := newDesk(t, verse())
	d.e.Size = Point{1280, 800}
	d.tick()
	i, p := panel[*HeatMaps](d)
	m, _ := p.chosenMap()
	place := func() largeMap {
		return largeOf(p.sectionsOf(p.areas(d.size(i)).large, p.shown).table, p.shown, m, p.zoom)
	}
	whole := place()
	at := Point{whole.room.X + 0.3*whole.room.W, whole.room.Y + 0.4*whole.room.H}
	move := func(q Point) { d.e.Cursor = Point{d.places[i].X + q.X, d.places[i].Y + q.Y} }
	turn := func(notches float64) bool {
		d.e.Wheel = notches
		defer func() { d.e.Wheel = 0 }()
		return d.tick()
	}
	move(at)
	before, _ := place().at(at)
	if !turn(7) {
		t.Error("a zoomed map is not drawn again")
	}
	if l := place(); l.cells.W < 1.9*whole.cells.W || l.room.W > p.sectionsOf(p.areas(d.size(i)).large, p.shown).table.W {
		t.Errorf("seven notches lead from %+v to %+v", whole, l)
	}
	if after, ok := place().at(at); !ok || after != before || p.hover != before {
		t.Errorf("below the cursor was %v, and is %v", before, after)
	}
	if first, end, _, _ := place().seen(); end-first >= len(m.Rows) {
		t.Errorf("rows %d to %d of %d are seen", first, end, len(m.Rows))
	}
	d.e.Down = true
	d.tick()
	was := place().cells
	move(Point{at.X - 20, at.Y - 15})
	d.tick()
	if l := place().cells; math.Abs(l.X-was.X+20) > 1e-6 || math.Abs(l.Y-was.Y+15) > 1e-6 {
		t.Errorf("a drag moves the map from %v to %v", was, l)
	}
	move(Point{at.X - 5000, at.Y - 5000})
	d.tick()
	if l := place(); math.Abs(l.cells.X+l.cells.W-l.room.X-l.room.W) > 1e-6 || math.Abs(l.cells.Y+l.cells.H-l.room.Y-l.room.H) > 1e-6 {
		t.Errorf("a long drag leads to %+v", l)
	}
	d.e.Down = false
	d.tick()
	move(at)
	turn(50)
	if l := place(); l.cells.W/float64(l.cols) > widestCell+1e-9 {
		t.Errorf("a cell is %v wide", l.cells.W/float64(l.cols))
	}
	turn(-100)
	if l := place(); l != whole {
		t.Errorf("zoomed out, the map is %+v, not %+v", l, whole)
	}
	if d.tick() {
		t.Error("a map at rest is drawn again")
	}
}
