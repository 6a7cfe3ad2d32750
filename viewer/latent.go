package viewer

import (
	"fmt"
	"image"
	"math"
	"strings"
	"sync/atomic"
	"time"

	"genview/models/ticks"
	"genview/models/watch"
)

// mosaic is the number of pictures on the plane in each direction.
const mosaic = 8

// Latent shows a plane through the latent space: a mosaic of decoded pictures, and a dot that the user drags or that walks by itself, with
// the picture decoded at it.
type Latent struct {
	name        string
	at          Point // of the dot in the plane, from 0 to 1
	shown       int   // which of the view's planes
	dragging    bool
	walking     bool
	walked      time.Duration // time along the walk's curve
	tick        time.Time     // the last one
	roam, other button

	asked    place                   // the newest request
	sent     time.Time               // when; zero before the first
	reply    atomic.Pointer[decoded] // the newest answer, which the trainer's goroutine writes
	newest   decoded                 // the newest picture
	mosaic   []*image.RGBA           // the newest mosaic; nil before the first
	mosaicOf scene
}

// place is a position in a plane, decoded at a step.
type place struct {
	at          Point
	plane, step int
	past        bool // with recorded weights
}

// scene identifies a mosaic: its plane, and the step of the model, which is one of the past or that of the newest look.
type scene struct {
	plane, step int
	past        bool
}

// scene returns the scene that a snapshot asks for.
func (p *Latent) scene(s *watch.Snapshot) scene {
	if replayed(s) {
		return scene{p.shown, s.Past.Weights, true}
	}
	return scene{p.shown, s.LookStep, false}
}

// stale tells whether a picture is not of the model that the window shows. While the model is trained, every picture is of some steps ago.
func (v scene) stale(now scene) bool { return v.past != now.past || now.past && v.step != now.step }

// decoded is the answer to one request.
type decoded struct {
	z      []float32
	image  *image.RGBA
	scene  scene
	mosaic []*image.RGBA // nil: it was not asked for
}

// newLatent returns a panel whose dot is in the middle.
func newLatent(name string) *Latent { return &Latent{name: name, at: Point{0.5, 0.5}} }

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

// parts are the areas of the panel.
type parts struct {
	plane   Rect // the square to drag in
	picture Rect // the picture decoded at the dot
	lines   Rect // of text
	roam    Rect
	other   Rect
}

// parts puts the picture, the text and the buttons below the plane, or beside it in a panel that is wider than high.
func (p *Latent) parts(size Point) parts {
	const button, wide = 30, 128
	r := content(size, true)
	var q parts
	var rest Rect
	if r.W > 1.25*r.H {
		side := min(r.H, r.W-2*wide-padding)
		q.plane, rest = Rect{r.X, r.Y, side, side}, Rect{r.X + side + padding, r.Y, r.W - side - padding, r.H}
		side = max(0, min(rest.W, rest.H-3*button-padding))
		q.picture, rest = Rect{rest.X, rest.Y, side, side}, Rect{rest.X, rest.Y + side + padding, rest.W, rest.H - side - padding}
	} else {
		side := max(0, min(r.W, r.H-beneath+padding))
		q.plane = Rect{r.X + (r.W-side)/2, r.Y, side, side}
		rest = Rect{q.plane.X, r.Y + side + padding, side, max(0, r.H-side-padding)}
		q.picture, rest = rest.Left(min(rest.H, max(0, rest.W-96-padding)))
		q.picture.H = q.picture.W
		_, rest = rest.Left(padding)
	}
	bottom := rest.Y + rest.H - button
	q.roam, q.other = Rect{rest.X, bottom, 96, button}, Rect{rest.X + 104, bottom, wide, button}
	q.lines = Rect{rest.X, rest.Y, rest.W, rest.H - button}
	if rest.W < 104+wide { // one above the other
		q.other.X, q.other.W = rest.X, min(wide, rest.W)
		q.roam.Y, q.roam.W = bottom-button-8, q.other.W
		q.lines.H -= button + 8
	}
	return q
}

// plane returns the plane that the dot is in.
func (p *Latent) plane(l *watch.Latent) plane {
	all := planes(l)
	return all[p.shown%len(all)] // another look may have fewer
}

// Update moves the dot and asks for pictures that are not shown yet.
func (p *Latent) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	redraw = p.steer(in, s)
	if d := p.reply.Swap(nil); d != nil && !d.scene.stale(p.scene(s)) {
		p.newest, redraw = *d, true
		if d.mosaic != nil {
			p.mosaic, p.mosaicOf = d.mosaic, d.scene
		}
	}
	if r, ok := p.request(in.Now, s); ok {
		ask = append(ask, r)
	}
	return ask, redraw
}

// steer handles dragging, buttons and the walk, and tells whether the panel has to be drawn again.
func (p *Latent) steer(in Input, s *watch.Snapshot) (redraw bool) {
	p.roam.key, p.other.key = 'w', 'n'
	q := p.parts(in.Size)
	clicked, a := p.roam.update(in, q.roam)
	if clicked {
		p.walking = !p.walking
	}
	if p.view(s).Z != 2 {
		fresh, b := p.other.update(in, q.other)
		if fresh {
			p.shown = (p.shown + 1) % len(planes(p.view(s)))
		}
		clicked, a = clicked || fresh, a || b
	}
	r := q.plane
	p.dragging = in.Held && (p.dragging || in.Pressed && r.Contains(in.Cursor))
	was := p.at
	switch {
	case p.dragging:
		p.walking = false
		p.at = Point{min(max((in.Cursor.X-r.X)/r.W, 0), 1), min(max((in.Cursor.Y-r.Y)/r.H, 0), 1)}
	case p.walking && !p.tick.IsZero():
		// A Lissajous curve: it passes close to every point of the plane, turns gently, and closes.
		p.walked += min(in.Now.Sub(p.tick), time.Second/5)
		t := p.walked.Seconds() * 2 * math.Pi / 24
		p.at = Point{0.5 + 0.46*math.Sin(2*t), 0.5 + 0.46*math.Sin(3*t)}
	}
	p.tick = in.Now
	return clicked || a || p.at != was
}

// refresh is the least time between two requests while the dot rests, refreshPast while the user moves through time.
const (
	refresh     = time.Second / 2
	refreshPast = time.Second / 10
)

// request returns the pictures to ask for: at once when the dot moved, and now and then while it rests, because training changes the model.
// Every request asks for a mosaic until one has arrived, because a request may be dropped.
func (p *Latent) request(now time.Time, s *watch.Snapshot) (watch.Decode, bool) {
	want, v := place{p.at, p.shown, s.Step, false}, p.scene(s)
	wait := refresh
	if v.past {
		if want.step, want.past = v.step, true; want.step < 0 { // there are no weights
			return watch.Decode{}, false
		}
		if want.step != p.asked.step {
			wait = refreshPast
		}
	}
	newMosaic := p.mosaic == nil || v != p.mosaicOf
	moved := p.sent.IsZero() || want.at != p.asked.at || want.plane != p.asked.plane || want.past != p.asked.past
	stale := newMosaic || want.step != p.asked.step || p.newest.scene.stale(v)
	if !moved && (!stale || now.Sub(p.sent) < wait) {
		return watch.Decode{}, false
	}
	plane := p.plane(p.view(s))
	z := [][]float32{plane.at(p.at)}
	if newMosaic {
		for i := range mosaic * mosaic {
			z = append(z, plane.at(Point{(float64(i%mosaic) + 0.5) / mosaic, (float64(i/mosaic) + 0.5) / mosaic}))
		}
	}
	p.asked, p.sent = want, now
	return watch.Decode{Z: z, Step: max(0, v.step), Reply: func(pictures []*image.RGBA) {
		d := &decoded{z: z[0], image: pictures[0], scene: v}
		if newMosaic {
			d.mosaic = pictures[1:]
		}
		p.reply.Store(d)
	}}, true
}

// Draw draws the mosaic with the dot, and the picture decoded at the dot.
func (p *Latent) Draw(c *Canvas, s *watch.Snapshot) {
	q := p.parts(c.Size())
	r := q.plane
	c.Fill(r, backColor)
	c.hint(p.Title(), "drag the dot  ·  "+about(p.plane(p.view(s))))
	for i, img := range p.mosaic {
		w, h := r.W/mosaic, r.H/mosaic
		b := img.Rect
		c.Image(img, Rect{r.X + float64(i%mosaic)*w, r.Y + float64(i/mosaic)*h, w, h}.Inset(1).Fit(float64(b.Dx()), float64(b.Dy())))
	}
	if p.mosaicOf.stale(p.scene(s)) {
		p.veil(c, r, s)
	}
	dot := Point{r.X + p.at.X*r.W, r.Y + p.at.Y*r.H}
	c.Fill(Rect{dot.X - 0.5, r.Y, 1, r.H}, faded(accentColor, 0.5))
	c.Fill(Rect{r.X, dot.Y - 0.5, r.W, 1}, faded(accentColor, 0.5))
	c.Dot(dot, 8, backColor)
	c.Dot(dot, 6.5, accentColor)

	c.Fill(q.picture, backColor)
	if img := p.newest.image; img != nil {
		c.Image(img, q.picture.Fit(float64(img.Rect.Dx()), float64(img.Rect.Dy())))
		if p.newest.scene.stale(p.scene(s)) {
			c.Fill(q.picture, faded(backColor, 0.75))
		}
	}
	c.Frame(q.picture.Inset(-1), 1, accentColor)
	y, ink := 8.0, textColor
	for _, line := range p.lines(p.view(s)) {
		t := Text{Size: 13, Color: ink}
		for _, line := range c.wrap(line, t, q.lines.W) {
			if y+8 <= q.lines.H {
				c.Text(c.Shorten(strings.TrimSpace(line), t, q.lines.W), Point{q.lines.X, q.lines.Y + y}, t)
			}
			y += 20
		}
		ink = dimColor
	}
	p.roam.draw(c, q.roam, p.label())
	if p.view(s).Z != 2 {
		other := "New seeds"
		if all := planes(p.view(s)); all[(p.shown+1)%len(all)].axes != nil {
			other = "Directions"
		}
		p.other.draw(c, q.other, other)
	}
}

// awaits tells whether pictures of another step are still shown, although others can be drawn.
func (p *Latent) awaits(s *watch.Snapshot) bool {
	now := p.scene(s)
	return p.Shape(s) != Hidden && (!now.past || now.step >= 0) && (p.mosaicOf.stale(now) || p.newest.scene.stale(now))
}

// veil greys the pictures of another step, and says why they are shown no better.
func (p *Latent) veil(c *Canvas, r Rect, s *watch.Snapshot) {
	c.Fill(r, faded(backColor, 0.75))
	text := "drawing with the weights of step " + formatCount(s.Past.Weights) + " …"
	switch {
	case !replayed(s):
		text = "drawing with the newest weights …"
	case s.Past.Weights < 0:
		text = "no weights are recorded"
	}
	t := Text{Size: 13, Color: textColor, Align: Center}
	c.Text(c.Shorten(text, t, r.W-2*padding), Point{r.X + r.W/2, r.Y + 0.9*r.H}, t)
}

// label says what a click does to the walk.
func (p *Latent) label() string {
	if p.walking {
		return "Stop"
	}
	return "Walk"
}

// about says what a plane shows.
func about(p plane) string {
	what := "the plane of z"
	switch len(p.axes) {
	case 1:
		what = p.axes[0].Name
	case 2:
		what = p.axes[0].Name + " and " + p.axes[1].Name
	}
	if p.corners != nil {
		return "between four seeds"
	}
	return fmt.Sprintf("%s, ±%d σ", what, reach)
}

// lines describes the position of the dot.
func (p *Latent) lines(l *watch.Latent) []string {
	plane := p.plane(l)
	z := plane.at(p.at)
	if l.Z == 2 {
		return []string{ticks.Minus(fmt.Sprintf("z = (%.2f, %.2f)", z[0], z[1]))}
	}
	var names []string
	for _, q := range plane.corners {
		names = append(names, q.Name)
	}
	for i, a := range plane.axes {
		names = append(names, a.Name+ticks.Minus(fmt.Sprintf(" %+.2f", offsets(p.at)[i])))
	}
	return []string{fmt.Sprintf("|z| = %.2f  in %d dimensions", norm(z), l.Z), strings.Join(names, "   ")}
}
