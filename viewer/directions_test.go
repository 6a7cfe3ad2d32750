package viewer

import (
	"errors"
	"testing"

	"genview/models/walk"
	"genview/models/watch"
)

// press clicks a control of the latent panel.
func (d *desk) press(area func(q parts) Rect) {
	i, p := panel[*Latent](d)
	d.click(d.middle(i, area(p.parts(d.size(i), latent(d.s)))))
}

// asked returns the first request of a kind that was sent since the last call.
func asked[R watch.Request](d *desk) (r R, ok bool) {
	for _, sent := range d.take() {
		if r, ok := sent.(R); ok {
			return r, true
		}
	}
	return r, false
}

// TestFindDirections: the chosen layer's are asked for, their sliders move the point, a name keeps one, and Reset brings the point back.
func TestFindDirections(t *testing.T) {
	d := newDesk(t, directed())
	i, p := panel[*Latent](d)
	p.mode = ofDirections
	d.press(func(q parts) Rect { return split(q.rows[0], 2)[0] })
	d.take()
	d.press(func(q parts) Rect { return split(q.rows[0], 2)[1] })
	ask, ok := asked[watch.Vary](d)
	if !ok || ask.Layer != "fc3" || ask.Step >= 0 {
		t.Fatalf("asked for %+v, %v", ask, ok)
	}
	d.press(func(q parts) Rect { return split(q.rows[0], 2)[1] })
	if _, again := asked[watch.Vary](d); again {
		t.Error("asked once more before the answer")
	}
	ask.Reply(nil, errors.New("no weights are recorded yet"))
	if d.tick(); p.problem != "no weights are recorded yet" {
		t.Errorf("of an error is said %q", p.problem)
	}
	ask.Reply(&watch.Components{Points: []watch.Point{{Name: "fc3.pc1", Z: []float32{1, 0, 0}}, {Name: "fc3.pc2", Z: []float32{0, 2, 0}}}, Shares: []float64{0.6, 0.3}}, nil)
	d.tick()
	l := latent(d.s)
	if all := p.dirs.all(l); len(all) != 3 || all[0].Name != "fc3.pc1" || all[2].Name != "bold" {
		t.Fatalf("the directions are %v", all)
	}
	before := p.here(l).Z
	_, rows := p.dirs.list(p.parts(d.size(i), l).square, 3)
	_, track, _ := p.dirs.slider("fc3.pc2").parts(rows[1])
	d.click(d.middle(i, Rect{track.X + track.W - sliderMargin - 1, track.Y, 2, track.H}))
	moved := p.here(l).Z
	if want := before[1] + 2*reach; moved[0] != before[0] || moved[1] < want-0.2 || moved[1] > want+0.01 {
		t.Errorf("moved from %v to %v", before, moved)
	}
	for range 10 {
		d.tick()
	}
	if got := d.decode(); len(got.Z) != 1+mosaic*mosaic || !near(got.Z[0], moved) {
		t.Errorf("asked for %d pictures, the first of %v", len(got.Z), got.Z[0])
	}
	keep := func(q parts) Rect { _, r := fieldRow(q.rows[2]); return r }
	p.dirs.name.text = "a name"
	if d.press(keep); p.problem == "" {
		t.Error("a name with a space is kept")
	}
	p.dirs.name.text = "slant"
	d.take()
	d.press(keep)
	if got, ok := asked[watch.KeepDirection](d); !ok || got.Name != "slant" || !near(got.Z, []float32{0, 2, 0}) || !near(p.here(l).Z, moved) {
		t.Errorf("kept %v, %v, and the point is %v", got, ok, p.here(l).Z)
	}
	if d.press(func(q parts) Rect { return split(q.rows[1], 2)[1] }); !near(p.here(l).Z, before) {
		t.Errorf("after Reset the point is %v, want %v", p.here(l).Z, before)
	}
}

// TestDifference: a click moves a point from group to group, and the difference lies between their means.
func TestDifference(t *testing.T) {
	d := newDesk(t, directed())
	i, p := panel[*Latent](d)
	p.mode = ofDirections
	p.visit("1-3", latent(d.s))
	d.tick()
	apart := func(q parts) Rect { return split(q.rows[1], 2)[0] }
	if d.press(apart); p.problem == "" || len(p.dirs.found) != 0 {
		t.Errorf("a difference of nothing is %v", p.dirs.found)
	}
	for pin, clicks := range []int{1, 2, 2} {
		for range clicks {
			d.click(d.middle(i, p.pinArea(p.parts(d.size(i), latent(d.s)), pin)))
		}
	}
	d.press(apart)
	a, b, c := walk.Seed(1, 3), walk.Seed(2, 3), walk.Seed(3, 3)
	var want []float32
	for k := range a {
		want = append(want, (b[k]+c[k])/2-a[k])
	}
	if all := p.dirs.found; len(all) != 1 || !near(all[0].Z, want) || p.dirs.chosen != all[0].Name {
		t.Errorf("the difference is %v, want %v", all, want)
	}
}
