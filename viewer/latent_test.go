package viewer

import (
	"image"
	"math"
	"slices"
	"testing"

	"genview/models/watch"
)

// decode answers the newest decode request with pictures whose first pixel counts.
func (d *desk) decode() watch.Decode {
	d.t.Helper()
	for _, r := range slices.Backward(d.take()) {
		if r, ok := r.(watch.Decode); ok {
			var out []*image.RGBA
			for i := range r.Z {
				out = append(out, picture(28, i))
			}
			r.Reply(out)
			return r
		}
	}
	d.t.Fatal("no decode was asked for")
	return watch.Decode{}
}

func TestDragDecodesWhereTheDotIs(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Latent](d)
	if r := d.decode(); len(r.Z) != 1+mosaic*mosaic {
		t.Fatalf("first request: %d vectors, want the dot and a mosaic", len(r.Z))
	}
	if !d.tick() || p.newest.image == nil || len(p.mosaic) != mosaic*mosaic {
		t.Fatal("the answer is not shown")
	}
	r := p.parts(d.size(i), latent(d.s)).plane
	at := func(x, y float64) Point { return Point{d.places[i].X + r.X + x*r.W, d.places[i].Y + r.Y + y*r.H} }
	d.e.Cursor, d.e.Down = at(0.25, 0.75), true
	d.tick()
	got := d.decode()
	want := planes(latent(d.s))[0].at(Point{0.25, 0.75})
	if len(got.Z) != 1 || !near(got.Z[0], want) {
		t.Errorf("dragged to a quarter: asked for %v, want %v", got.Z, want)
	}
	d.e.Cursor = at(-3, 2) // the drag continues outside, and the dot stays at the edge
	d.tick()
	if got, want := d.decode().Z[0], latent(d.s).Points[2].Z; !near(got, want) {
		t.Errorf("dragged over the lower left corner: asked for %v, want seed 3, %v", got, want)
	}
	d.e.Down = false
	d.tick()
	d.e.Cursor = at(0.9, 0.1)
	d.tick()
	if got := d.take(); len(got) != 0 {
		t.Errorf("moved without the button: sent %v", got)
	}
}

func near(a, b []float32) bool {
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-5 {
			return false
		}
	}
	return len(a) == len(b)
}

func TestTwoLatentAxesArePlane(t *testing.T) {
	l := &watch.Latent{Z: 2}
	for p, want := range map[Point][]float32{{0, 0}: {-3, 3}, {1, 1}: {3, -3}, {0.5, 0.5}: {0, 0}} {
		if got := planes(l)[0].at(p); !near(got, want) {
			t.Errorf("at %v: got %v, want %v", p, got, want)
		}
	}
}

func TestDroppedAnswersAreAskedForAgain(t *testing.T) {
	d := newDesk(t, snapshot())
	d.take() // and nobody answers
	for range 60 {
		d.tick()
	}
	got := d.take()
	if len(got) == 0 || len(got) > 3 {
		t.Errorf("in a second without an answer: %d requests, want 1 to 3", len(got))
	}
}

func TestLatentFollowsTraining(t *testing.T) {
	d := newDesk(t, snapshot())
	d.decode()
	d.tick()
	asked := 0
	for i := range 120 { // two seconds, a snapshot every tick
		s := *d.s
		s.Step++
		if i == 60 {
			s.LookStep += 500
		}
		d.s = &s
		d.tick()
		for _, r := range d.take() {
			asked++
			r := r.(watch.Decode)
			if i < 60 && len(r.Z) != 1 {
				t.Errorf("tick %d: a mosaic though samples are the same", i)
			}
			r.Reply([]*image.RGBA{picture(28, 0)})
		}
	}
	if asked < 2 || asked > 5 {
		t.Errorf("asked %d times in two seconds, want about every %v", asked, refresh)
	}
}

func TestWalkMovesByItself(t *testing.T) {
	d := newDesk(t, snapshot())
	_, p := panel[*Latent](d)
	d.e.Typed = "w"
	d.tick()
	seen := map[Point]bool{}
	for range 60 {
		d.tick()
		seen[p.dot] = true
		if p.dot.X < 0 || p.dot.X > 1 || p.dot.Y < 0 || p.dot.Y > 1 {
			t.Fatalf("walked to %v", p.dot)
		}
	}
	if len(seen) < 50 {
		t.Errorf("walked through %d places in a second", len(seen))
	}
	d.e.Typed = "n"
	d.tick()
	if p.plane(latent(d.s)).corners[0].Name != "seed:5" {
		t.Errorf("Seeds: the plane begins at %s, want seed:5", p.plane(latent(d.s)).corners[0].Name)
	}
}

// TestAxes: directions span planes around the mean, two of them each, which come before those between seeds.
func TestAxes(t *testing.T) {
	s := snapshot()
	l := latent(s)
	l.Axes = []watch.Point{{Name: "smile", Z: []float32{1, 0, 0}}, {Name: "age", Z: []float32{0, 0.5, 0}}, {Name: "tilt", Z: []float32{0, 0, 1}}}
	d := newDesk(t, s)
	_, p := panel[*Latent](d)
	for _, c := range []struct {
		at   Point
		z    []float32
		line string
	}{
		{Point{0, 0}, []float32{-3, 1.5, 0}, "smile −3.00   age +3.00"},
		{Point{1, 1}, []float32{3, -1.5, 0}, "smile +3.00   age −3.00"},
		{Point{0.75, 0.5}, []float32{1.5, 0, 0}, "smile +1.50   age +0.00"},
	} {
		p.dot = c.at
		if z := p.plane(l).at(p.dot); !slices.Equal(z, c.z) || p.lines(l)[1] != c.line {
			t.Errorf("at %v of the first plane: %v and %q, want %v and %q", c.at, z, p.lines(l), c.z, c.line)
		}
	}
	click := func() {
		d.e.Typed = "n"
		d.tick()
		d.e.Typed = ""
	}
	click()
	if z := p.plane(l).at(Point{1, 0}); !slices.Equal(z, []float32{3, 0, 3}) {
		t.Errorf("the second plane's corner is %v, want that of tilt and smile", z)
	}
	for _, want := range []string{"seed:1", "seed:5"} {
		click()
		if got := p.plane(l).corners[0].Name; got != want {
			t.Errorf("the plane begins at %s, want %s", got, want)
		}
	}
	if click(); p.shown != 0 {
		t.Errorf("after the last plane comes plane %d", p.shown)
	}
	l.Points, l.Axes = nil, l.Axes[1:2]
	if z := p.plane(l).at(Point{1, 0}); p.Shape(s) == Hidden || !slices.Equal(z, []float32{0, 1.5, 0}) {
		t.Errorf("one direction gives %v", z)
	}
}
