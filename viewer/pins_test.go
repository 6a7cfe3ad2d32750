package viewer

import (
	"slices"
	"strings"
	"testing"

	"genview/models/walk"
	"genview/models/watch"
)

// TestClickedSample: a click on a sample brings the user to its point, whose pictures are asked for.
func TestClickedSample(t *testing.T) {
	d := newDesk(t, snapshot())
	k, q := panel[*Pictures](d)
	_, p := panel[*Latent](d)
	d.take()
	d.click(d.middle(k, q.cells(d.size(k), q.view(d.s)).at(6)))
	if got := d.decode().Z[0]; p.where != "seed:7" || !near(got, walk.Seed(7, 3)) {
		t.Errorf("a click on the seventh sample leads to %s, %v", p.where, got)
	}
	s := *d.s
	old := *q.view(d.s)
	old.Points = nil
	s.Show(&old)
	d.s, p.where = &s, ""
	if d.click(d.e.Cursor); p.where != "" {
		t.Errorf("a click on a picture without a point leads to %s", p.where)
	}
}

// TestTypedPoints: numbers are seeds, several ones become pins, and other texts are read as package walk does; what names no point is said.
func TestTypedPoints(t *testing.T) {
	s := snapshot()
	l := latent(s)
	l.Axes = []watch.Point{{Name: "smile", Z: []float32{1, 2, 3}}}
	sum := walk.Seed(7, 3)
	for i := range sum {
		sum[i] += 2 * l.Axes[0].Z[i]
	}
	for text, want := range map[string][][]float32{
		" 7":                 {walk.Seed(7, 3)},
		"2, 5-6":             {walk.Seed(2, 3), walk.Seed(5, 3), walk.Seed(6, 3)},
		"seed:7+2*dir:smile": {sum},
	} {
		p := newLatent("Latent space")
		p.visit(text, l)
		if p.problem != "" || !near(p.away, want[0]) || len(want) > 1 != (len(p.pins) == len(want)) {
			t.Errorf("%q leads to %v with %d pins, %q", text, p.away, len(p.pins), p.problem)
		}
	}
	p := newLatent("Latent space")
	for text, want := range map[string]string{"seed:x": "whole number", "z:a.npy": "no files", "dir:frown": "no direction", "1-99": "more than 12"} {
		if p.visit(text, l); !strings.Contains(p.problem, want) || p.away != nil {
			t.Errorf("%q leads to %v, and is said to be wrong by %q", text, p.away, p.problem)
		}
	}
	if p.visit("3", l); p.problem != "" {
		t.Errorf("after a point was found %q is said", p.problem)
	}
}

// TestPins: a point is added once, its picture is asked for with the others, a click goes there, and its corner removes it.
func TestPins(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Latent](d)
	d.decode()
	d.tick()
	p.visit("3-5", latent(d.s))
	for range 2 {
		d.e.Typed = "a"
		d.tick()
	}
	got := d.decode()
	if d.tick(); len(p.pins) != 3 || len(got.Z) != 4 || !near(got.Z[2], walk.Seed(4, 3)) || p.pins[2].image == nil {
		t.Fatalf("%d pins, and asked for %d pictures: want 3, and one more", len(p.pins), len(got.Z))
	}
	if got := p.stops(latent(d.s)); len(got) != 3 || !near(got[1], walk.Seed(4, 3)) {
		t.Errorf("a walk leads through %v", got)
	}
	area := func(k int) Rect { return p.pinArea(p.parts(d.size(i), latent(d.s)), k) }
	if d.click(d.middle(i, area(1))); p.where != "seed:4" || !slices.Equal(p.away, p.pins[1].Z) {
		t.Errorf("a click leads to %s", p.where)
	}
	if d.click(d.middle(i, cross(area(0)))); len(p.pins) != 2 || p.pins[0].Name != "seed:4" {
		t.Errorf("what is left are %d pins", len(p.pins))
	}
}

// TestKeepPoint: Save asks for a file of the point as it is shown, with its name if it is that; a run without a folder has no button.
func TestKeepPoint(t *testing.T) {
	s := snapshot()
	d := newDesk(t, s)
	_, p := panel[*Latent](d)
	kept := func() (all []watch.Keep) {
		d.e.Typed = "k"
		d.tick()
		for _, r := range d.take() {
			if k, ok := r.(watch.Keep); ok {
				all = append(all, k)
			}
		}
		return all
	}
	if got := kept(); got != nil {
		t.Errorf("without a folder %v is kept", got)
	}
	s.Past = &watch.Past{Shown: -1, Weights: -1}
	p.visit("8", latent(s))
	if got := kept(); len(got) != 1 || got[0].Name != "seed:8" || !near(got[0].Z[0], walk.Seed(8, 3)) {
		t.Errorf("kept %v", got)
	}
	p.tools.psi.at = 0
	if got := kept(); len(got) != 1 || got[0].Name != "point" || !near(got[0].Z[0], []float32{0, 0, 0}) {
		t.Errorf("pulled to the mean, kept %v", got)
	}
}
