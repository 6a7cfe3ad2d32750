package viewer

import (
	"math"
	"slices"
	"testing"
	"time"

	"genview/models/walk"
	"genview/models/watch"
)

// onPlane returns a position in the latent panel's square in the window.
func (d *desk) onPlane(x, y float64) Point {
	i, p := panel[*Latent](d)
	r := p.parts(d.size(i), latent(d.s)).plane
	return Point{d.places[i].X + r.X + x*r.W, d.places[i].Y + r.Y + y*r.H}
}

// slid drags a slider of the latent panel to a position, and lets go.
func (d *desk) slid(s *slider, row int, to float64) {
	i, p := panel[*Latent](d)
	_, r, _ := s.parts(p.parts(d.size(i), latent(d.s)).rows[row])
	d.click(Point{d.places[i].X + r.X + sliderMargin + to*(r.W-2*sliderMargin), d.places[i].Y + r.Y + r.H/2})
}

// TestWheelChangesTheSpacing: the place under the cursor stays, the new lattice is asked for soon, and the wheel finds back.
func TestWheelChangesTheSpacing(t *testing.T) {
	d := newDesk(t, snapshot())
	_, p := panel[*Latent](d)
	d.decode()
	d.tick()
	plane, under := p.plane(latent(d.s)), p.lens.in(Point{0.2, 0.7})
	d.e.Cursor, d.e.Wheel = d.onPlane(0.2, 0.7), 3
	d.tick()
	d.e.Wheel = 0
	if at := p.lens.in(Point{0.2, 0.7}); math.Abs(at.X-under.X)+math.Abs(at.Y-under.Y) > 1e-6 || !(p.lens.span < 0.7) {
		t.Errorf("the wheel moves %v to %v with a span of %v", under, at, p.lens.span)
	}
	for range 10 {
		d.tick()
	}
	got := d.decode()
	if want := plane.at(p.lens.in(cell(mosaic))); len(got.Z) != 1+mosaic*mosaic || !near(got.Z[1+mosaic], want) {
		t.Errorf("asked for %d points, want a lattice with %v", len(got.Z), want)
	}
	d.e.Wheel = -3
	d.tick()
	if d.e.Wheel = 0; p.lens != whole {
		t.Errorf("turned back it is %v", p.lens)
	}
	d.e.Wheel = 1000
	d.tick()
	if d.e.Wheel = 0; p.lens.span != leastSpan {
		t.Errorf("the least span is %v", p.lens.span)
	}
}

// TestTruncation: ψ pulls the point and the lattice to the mean; near to 1 it is 1.
func TestTruncation(t *testing.T) {
	d := newDesk(t, snapshot())
	_, p := panel[*Latent](d)
	d.decode()
	d.slid(&p.tools.psi, 1, 0.25)
	for range 10 {
		d.tick()
	}
	got := d.decode()
	for k, z := range [][]float32{p.plane(latent(d.s)).at(p.dot), p.plane(latent(d.s)).at(cell(0))} {
		for i := range z {
			z[i] /= 2
		}
		if len(got.Z) != 1+mosaic*mosaic || !near(got.Z[k], z) {
			t.Fatalf("at half the distance: asked for %v, want %v", got.Z[k], z)
		}
	}
	if d.slid(&p.tools.psi, 1, 0.51); p.tools.psi.at != usualPsi {
		t.Errorf("near to the mark it is at %v", p.tools.psi.at)
	}
}

// TestShares: equal parts of the square hold equal shares of N(0, 1).
func TestShares(t *testing.T) {
	all := planes(&watch.Latent{Z: 2})
	if got := all[1].at(Point{0.975, 0.5}); math.Abs(float64(got[0])-1.96) > 0.001 || got[1] != 0 {
		t.Errorf("97.5 %% of N(0, 1) lie below %v, want 1.96", got)
	}
	if got := all[1].at(Point{-3, 7}); !near(got, []float32{-3.540084, -3.540084}) {
		t.Errorf("outside of the square is %v", got)
	}
}

// TestPaths: a walk at random goes from seed to seed, one by points through the plane's corners and back; the ease rests at them; and twice
// as fast is twice as far.
func TestPaths(t *testing.T) {
	corners := [][]float32{{1, 0, 0}, {0, 1, 0}, {-1, 0, 0}, {0, -1, 0}}
	for path, want := range map[int][][]float32{
		atRandom: {walk.Seed(0, 3), walk.Seed(1, 3), walk.Seed(2, 3)},
		byPoints: {corners[0], corners[1], corners[2], corners[3], corners[0]},
	} {
		for ease := range eases {
			w := stroll{path: path, ease: ease, pace: slider{at: usualPace}}
			for i, at := range want {
				if got := w.at(3, corners); !near(got, at) {
					t.Errorf("%s, %s: at stop %d is %v, want %v", paths[path], eases[ease], i, got, at)
				}
				w.advance(stopTime)
			}
		}
	}
	linear, rests := stroll{path: atRandom, pace: slider{at: usualPace}}, stroll{path: atRandom, pace: slider{at: usualPace}, ease: slices.Index(eases, "in-out")}
	linear.advance(stopTime / 10)
	rests.advance(stopTime / 10)
	if !(rests.eased() < linear.eased()/2) {
		t.Errorf("the ease is at %v, where without it is %v", rests.eased(), linear.eased())
	}
	fast := stroll{pace: slider{at: 2. / 3}}
	fast.advance(time.Second)
	if want := 2 * time.Second.Seconds() / loopTime.Seconds(); math.Abs(fast.time-want) > 1e-9 {
		t.Errorf("a second at twice the speed is %v of a loop, want %v", fast.time, want)
	}
	if len(eases) != len(walk.Eases) {
		t.Errorf("there are the eases %v, and in package walk %v", eases, walk.EaseNames())
	}
}

// TestWalkBesideThePlane: a random walk asks for its points, and a press into the square ends it and brings the dot there.
func TestWalkBesideThePlane(t *testing.T) {
	d := newDesk(t, snapshot())
	i, p := panel[*Latent](d)
	d.decode()
	d.e.Typed = "w"
	d.tick()
	path := split(p.parts(d.size(i), latent(d.s)).rows[0], 3)[1]
	d.click(d.middle(i, path))
	for range 30 {
		d.tick()
	}
	if got := d.decode().Z[0]; p.away == nil || !near(got, p.away) {
		t.Errorf("asked for %v, want the walk's %v", got, p.away)
	}
	d.click(d.onPlane(0.5, 0.25))
	if p.walk.on || p.away != nil || math.Abs(p.dot.Y-0.25) > 0.01 {
		t.Errorf("after a press the walk goes on: %v, beside the plane: %v, and the dot is at %v", p.walk.on, p.away, p.dot)
	}
}
