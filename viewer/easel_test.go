package viewer

import (
	"math"
	"testing"

	"genview/models/watch"
)

// draws opens the easel of the first choice that has one.
func (d *desk) draws() *easel {
	i, p := panel[*Start](d)
	for k, c := range d.s.Choices {
		if c.Draws {
			d.click(d.middle(i, pen(p.card(d.size(i), k, len(d.s.Choices)))))
			return &p.easel
		}
	}
	d.t.Fatal("no choice takes a drawing")
	panic("unreachable")
}

// scrawl drags through points of the plane from −1 to 1.
func (d *desk) scrawl(e *easel, way ...Point) {
	at, _ := panel[*Start](d)
	q := e.parts(d.size(at)).plane
	for i, p := range way {
		d.e.Cursor = Point{d.places[at].X + q.X + (p.X+1)/2*q.W, d.places[at].Y + q.Y + (1-p.Y)/2*q.H}
		d.e.Down = true
		if d.tick(); i == len(way)-1 {
			d.e.Down = false
			d.tick()
		}
	}
}

// circle is a way round the middle.
func circle(radius float64) (way []Point) {
	for i := range 25 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 24)
		way = append(way, Point{radius * cos, radius * sin})
	}
	return way
}

// TestEasel: points are sprayed where the mouse is pressed and dragged, taken back stroke by stroke, and sent once there are enough.
func TestEasel(t *testing.T) {
	d := newDesk(t, beginning())
	d.take()
	e := d.draws()
	if !e.on() || len(d.take()) != 0 {
		t.Fatal("a click on the pen begins no drawing")
	}
	d.strikes(Keys{Enter: true})
	if sent := d.take(); len(sent) != 0 {
		t.Errorf("without points is asked for %+v", sent)
	}
	d.scrawl(e, circle(0.5)...)
	n := len(e.xy)
	for i := 0; i < n; i += 2 {
		if r := math.Hypot(float64(e.xy[i]), float64(e.xy[i+1])); math.Abs(r-0.5) > 6*usualSpray {
			t.Fatalf("point %d is %v from the middle", i/2, r)
		}
	}
	if n < 2*300 {
		t.Errorf("a circle has %d points", n/2)
	}
	d.scrawl(e, Point{0.999, 0.999})
	for _, v := range e.xy[n:] {
		if v > 1 || v < 0.7 {
			t.Errorf("%v is sprayed at a corner", v)
		}
	}
	d.e.Typed = "u"
	if d.tick(); len(e.xy) != n || len(e.strokes) != 1 {
		t.Errorf("without the last stroke there are %d points of %d", len(e.xy)/2, n/2)
	}
	d.e.Wheel = -3
	if d.tick(); !(e.width < usualSpray) {
		t.Errorf("the spray is %v wide", e.width)
	}
	d.e.Wheel = 0
	d.strikes(Keys{Enter: true})
	c, ok := asked[watch.Choose](d)
	if !ok || c.Name != e.name || c.Points == nil || len(c.Points.XY) != n {
		t.Errorf("asked for %+v", c)
	}
	d.strikes(Keys{Enter: true})
	if sent := d.take(); len(sent) != 0 {
		t.Errorf("it begins twice: %+v", sent)
	}
	s := *d.s
	s.Message = "the disk is full"
	d.s = &s
	d.strikes(Keys{Escape: true})
	if e.on() {
		t.Error("Escape does not go back")
	}
}

// TestEaselDrawsWhereItIsPressed: a drag that begins outside of the plane draws nothing, and one that leaves the plane goes on when it is back.
func TestEaselDrawsWhereItIsPressed(t *testing.T) {
	d := newDesk(t, beginning())
	e := d.draws()
	d.scrawl(e, Point{-0.5, 0})
	n := len(e.xy)
	if d.scrawl(e, Point{1.2, 0}, Point{0.5, 0}, Point{0.4, 0}); len(e.xy) != n || len(e.strokes) != 1 {
		t.Errorf("a drag from outside draws %d points", (len(e.xy)-n)/2)
	}
	if d.scrawl(e, Point{0.8, 0}, Point{1.2, 0}, Point{0.8, 0.5}); len(e.xy) <= n+2*sprayed || len(e.strokes) != 2 {
		t.Errorf("a drag that comes back draws %d points", (len(e.xy)-n)/2)
	}
}

// TestEaselFits: the plane and the buttons lie in windows of all sizes, and apart.
func TestEaselFits(t *testing.T) {
	for _, size := range []Point{{640, 480}, {320, 300}, {1280, 800}, {3840, 2160}, {500, 1200}} {
		q := new(easel).parts(size)
		for _, r := range []Rect{q.plane, q.train, q.undo, q.clear, q.back} {
			if r.X < 0 || r.Y < 0 || r.X+r.W > size.X || r.Y+r.H > size.Y || r.W < 50 {
				t.Errorf("in %v there is %v", size, r)
			}
		}
		if q.plane.Y+q.plane.H > q.train.Y || q.train.X+q.train.W > q.undo.X {
			t.Errorf("in %v: %+v", size, q)
		}
	}
}
