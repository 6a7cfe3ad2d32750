package viewer

import (
	"image"
	"slices"
	"sync/atomic"
	"time"

	"genview/models/watch"
)

// mosaic is the number of pictures on the plane in each direction.
const mosaic = 8

// Latent shows a latent space: a plane with a mosaic of decoded pictures and a dot that the user drags, or a walk, and the picture at the
// point where the user is.
type Latent struct {
	name     string
	mode     latentMode
	dot      Point     // in the plane
	away     []float32 // the point, if it is not the dot's; nil: it is
	shown    int       // which of the view's planes
	lens     lens
	walk     stroll
	where    string // the name of that point
	problem  string // why a text names no point
	seed     field  // of such a text
	pins     []pin
	dirs     dirs
	charts   charts
	locating locating
	overPin  int // the pin under the cursor; below 0: none
	dragging bool
	tick     time.Time // the last one
	tools    latentTools

	moves    int                     // counts changes of the point
	pinned   int                     // counts changes of the pins
	changes  int                     // counts changes of what points become
	asked    place                   // the newest request
	sent     time.Time               // when; zero before the first
	reply    atomic.Pointer[decoded] // the newest answer, which the trainer's goroutine writes
	newest   decoded                 // the newest picture
	mosaic   []*image.RGBA           // the newest mosaic; nil before the first
	mosaicOf scene
}

// latentMode is what the user does with a latent space.
type latentMode int

const (
	ofPlane latentMode = iota
	ofWalk
	ofDirections
	ofMap
	latentModes
)

var modeNames = [latentModes]string{"Plane", "Walk", "Directions", "Map"}

// latentTools are the controls of the panel.
type latentTools struct {
	other, add, keep, copy, stroll, path, ease button
	psi                                        slider // of truncation
}

// place is a point with the pins beside a mosaic, decoded at a step.
type place struct {
	moves, pinned int
	of            scene
	step          int
}

// scene identifies a mosaic: its part of a plane, and the step of the model, which is one of the past or that of the newest look.
type scene struct {
	changes int
	lens    lens
	step    int
	past    bool
}

// scene returns the scene that a snapshot asks for.
func (p *Latent) scene(s *watch.Snapshot) scene {
	if replayed(s) {
		return scene{p.changes, p.lens, s.Past.Weights, true}
	}
	return scene{p.changes, p.lens, s.LookStep, false}
}

// stale tells whether a picture is not of the model that the window shows. While the model is trained, every picture is of some steps ago.
func (v scene) stale(now scene) bool { return v.past != now.past || now.past && v.step != now.step }

// decoded is the answer to one request.
type decoded struct {
	z      []float32
	image  *image.RGBA
	scene  scene
	pins   []*image.RGBA
	pinned int           // the pins that they are of
	mosaic []*image.RGBA // nil: it was not asked for
}

// usualPsi is the position of the slider of truncation that leaves points where they are; at its end they are mostPsi times as far from the
// mean.
const (
	mostPsi  = 2
	usualPsi = 1. / mostPsi
)

// newLatent returns a panel whose dot is in the middle.
func newLatent(name string) *Latent {
	p := &Latent{name: name, dot: Point{0.5, 0.5}, lens: whole, walk: newStroll(), dirs: newDirs(), charts: charts{over: -1}, overPin: -1}
	p.tools.psi = slider{at: usualPsi, mark: usualPsi}
	p.tools.copy.key, p.charts.change.key = 'c', 'y'
	p.tools.stroll.key, p.tools.other.key, p.tools.add.key, p.tools.keep.key = 'w', 'n', 'a', 'k'
	return p
}

// Title returns the panel's title.
func (p *Latent) Title() string { return p.name }

func (p *Latent) view(s *watch.Snapshot) *watch.Latent {
	return watch.Find[*watch.Latent](s.Views, p.name)
}

// Shape is Tall if there is a plane, and Hidden otherwise.
func (p *Latent) Shape(s *watch.Snapshot) Shape {
	if l := p.view(s); l == nil || len(planes(l)) == 0 {
		return Hidden
	}
	return Tall
}

// plane returns the plane that is shown.
func (p *Latent) plane(l *watch.Latent) plane {
	all := planes(l)
	return all[p.shown%len(all)] // another look may have fewer
}

// point returns the latent vector where the user is, before the controls change it.
func (p *Latent) point(l *watch.Latent) []float32 {
	if p.away != nil {
		return p.away
	}
	return p.plane(l).at(p.dot)
}

// placed returns a point as the controls place it: nearer to the mean, or further away, and then along directions.
func (p *Latent) placed(z []float32) []float32 {
	z = slices.Clone(z)
	for i := range z {
		z[i] *= float32(mostPsi * p.tools.psi.at)
	}
	for i, v := range p.dirs.sum {
		z[i] += v
	}
	return z
}

// Update moves the point and asks for pictures that are not shown yet.
func (p *Latent) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	ask, redraw = p.steer(in, s)
	if d := p.reply.Swap(nil); d != nil && !d.scene.stale(p.scene(s)) {
		p.newest, redraw = *d, true
		if d.mosaic != nil {
			p.mosaic, p.mosaicOf = d.mosaic, d.scene
		}
		if d.pinned == p.pinned {
			for i, img := range d.pins {
				p.pins[i].image = img
			}
		}
	}
	if problem, found := p.dirs.take(p.view(s)); found {
		p.problem, redraw = problem, true
	}
	ask = append(ask, p.given(in, s)...)
	redraw = p.found() || len(in.Dropped) > 0 || redraw
	if problem, come := p.charts.take(); come {
		p.problem, redraw = problem, true
	}
	if r, ok := p.request(in.Now, s); ok {
		ask = append(ask, r)
	}
	return ask, redraw
}

// steer handles the mouse in the square, the controls and the walk. It returns requests, and whether the panel has to be drawn again.
func (p *Latent) steer(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	l := p.view(s)
	q := p.parts(in.Size, l)
	ask, redraw = p.useTools(in, s, q)
	redraw = p.usePins(in, q) || redraw
	r := q.plane
	at := Point{(in.Cursor.X - r.X) / r.W, (in.Cursor.Y - r.Y) / r.H}
	inside := r.Contains(in.Cursor) && (p.mode == ofPlane || p.mode == ofWalk)
	if inside && in.Over && in.Wheel != 0 {
		if to := p.lens.zoomed(in.Wheel, at); to != p.lens {
			p.lens, redraw = to, true
		}
	}
	p.dragging = in.Held && (p.dragging || in.Pressed && inside)
	dot := p.dot
	switch {
	case p.dragging:
		p.walk.on = false
		p.dot = p.lens.in(Point{min(max(at.X, 0), 1), min(max(at.Y, 0), 1)})
		p.leave(nil)
	case p.walk.on && !p.tick.IsZero():
		p.stroll(in.Now.Sub(p.tick), l)
	}
	p.tick = in.Now
	if p.dot != dot {
		p.moves++
	}
	return ask, redraw || p.walk.on || p.dot != dot
}

// leave brings the user to a point beside the plane, or back to the dot.
func (p *Latent) leave(z []float32) {
	if z != nil || p.away != nil {
		p.away = z
		p.moves++
	}
}

// stroll goes on with the walk.
func (p *Latent) stroll(by time.Duration, l *watch.Latent) {
	p.walk.advance(min(by, time.Second/5))
	if p.walk.path == byLoop {
		p.dot = p.lens.in(p.walk.loop())
		p.leave(nil)
		return
	}
	p.where = "from point to point"
	if p.walk.path == atRandom {
		p.where = "from seed to seed"
	}
	p.leave(p.walk.at(l.Z, p.stops(l)))
}

// stops returns the points that a walk by points goes through: the pins if there are two or more, else the corners of the square.
func (p *Latent) stops(l *watch.Latent) (stops [][]float32) {
	if len(p.pins) > 1 {
		for _, q := range p.pins {
			stops = append(stops, q.Z)
		}
		return stops
	}
	for _, at := range []Point{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
		stops = append(stops, p.plane(l).at(p.lens.in(at)))
	}
	return stops
}

// refresh is the least time between two requests while the point rests, refreshPast while the user moves through time or changes the mosaic.
const (
	refresh     = time.Second / 2
	refreshPast = time.Second / 10
)

// request returns the pictures to ask for: at once when the point moved, and now and then while it rests, because training changes the model.
// Every request asks for a mosaic until one has arrived, because a request may be dropped.
func (p *Latent) request(now time.Time, s *watch.Snapshot) (watch.Decode, bool) {
	v := p.scene(s)
	want, last := place{p.moves, p.pinned, v, s.Step}, p.asked
	if v.past {
		if want.step = v.step; want.step < 0 { // there are no weights
			return watch.Decode{}, false
		}
	}
	wait := refresh
	if changed := v.lens != last.of.lens || v.changes != last.of.changes; changed || v.past && want.step != last.step {
		wait = refreshPast
	}
	newMosaic := p.mosaic == nil || v != p.mosaicOf
	moved := p.sent.IsZero() || want.moves != last.moves || want.pinned != last.pinned || v.past != last.of.past
	stale := newMosaic || want.step != last.step || p.newest.scene.stale(v)
	if !moved && (!stale || now.Sub(p.sent) < wait) {
		return watch.Decode{}, false
	}
	l := p.view(s)
	z := [][]float32{p.placed(p.point(l))}
	for _, q := range p.pins {
		z = append(z, q.Z)
	}
	pins, pinned := len(p.pins), p.pinned
	if newMosaic {
		for i := range mosaic * mosaic {
			z = append(z, p.placed(p.plane(l).at(p.lens.in(cell(i)))))
		}
	}
	p.asked, p.sent = want, now
	return watch.Decode{Z: z, Step: max(0, v.step), Reply: func(pictures []*image.RGBA) {
		d := &decoded{z: z[0], image: pictures[0], scene: v, pins: pictures[1 : 1+pins], pinned: pinned}
		if newMosaic {
			d.mosaic = pictures[1+pins:]
		}
		p.reply.Store(d)
	}}, true
}

// awaits tells whether pictures of another step are still shown, although others can be drawn.
func (p *Latent) awaits(s *watch.Snapshot) bool {
	now := p.scene(s)
	return p.Shape(s) != Hidden && (!now.past || now.step >= 0) && (p.mosaicOf.stale(now) || p.newest.scene.stale(now))
}
