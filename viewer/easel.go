package viewer

import (
	"image"
	"math"
	"math/rand/v2"

	"genview/models/watch"
)

// An easel lets the user draw points, from which a choice then learns: a press sprays some, a drag sprays on, the wheel changes how wide.
type easel struct {
	name    string    // of the choice; "": nothing is drawn
	xy      []float32 // in the plane from −1 to 1
	strokes []int     // lengths of xy at the beginning of each stroke
	width   float64   // standard deviation of a spray, in the plane; 0: the usual one
	cursor  Point
	over    bool
	drawing bool  // the button is held since it was pressed in the plane
	last    Point // where was sprayed last
	rng     *rand.Rand

	train, undo, clear, back button
	image                    *image.RGBA
	painted                  int // points of image
	theme                    Theme
}

const (
	easelSide   = 480 // pixels of the picture
	usualSpray  = 0.03
	leastSpray  = 0.004
	mostSpray   = 0.3
	sprayed     = 12      // points of a spray
	sprayApart  = 0.5     // standard deviations between sprays
	mostDrawn   = 200_000 // points
	leastDrawn  = 20
	easelFooter = 44
)

// open begins a drawing for a choice.
func (e *easel) open(name string) {
	*e = easel{name: name, width: usualSpray, rng: rand.New(rand.NewPCG(1, 1)), train: button{named: "Enter"}, back: button{named: "Esc"}, undo: button{key: 'u'}, clear: button{key: 'c'}}
}

// on tells whether the user draws.
func (e *easel) on() bool { return e.name != "" }

// easelParts are the areas of an easel.
type easelParts struct {
	title, plane             Rect
	train, undo, clear, back Rect
}

func (e *easel) parts(size Point) (q easelParts) {
	r := Rect{0, 0, size.X, size.Y}.Inset(padding)
	q.title, r = r.Top(34)
	var foot Rect
	r, foot = r.Top(r.H - easelFooter)
	q.plane = r.Fit(1, 1)
	wide := min(128, (foot.W-3*8)/4)
	at := foot.X + (foot.W-4*wide-3*8)/2
	for _, b := range []*Rect{&q.train, &q.undo, &q.clear, &q.back} {
		*b = Rect{at, foot.Y + 10, wide, 30}
		at += wide + 8
	}
	return q
}

// update handles the mouse and the buttons. begun: the drawing is sent.
func (e *easel) update(in Input) (ask []watch.Request, begun, redraw bool) {
	q := e.parts(in.Size)
	at := Point{2*(in.Cursor.X-q.plane.X)/q.plane.W - 1, 1 - 2*(in.Cursor.Y-q.plane.Y)/q.plane.H}
	inside := q.plane.Contains(in.Cursor)
	redraw = in.Moved || inside != e.over
	e.over, e.cursor = inside, in.Cursor
	if in.Wheel != 0 && inside {
		e.width = min(max(e.width*math.Pow(1.2, in.Wheel), leastSpray), mostSpray)
		redraw = true
	}
	e.drawing = e.drawing && in.Held || in.Pressed && inside
	switch {
	case in.Pressed && inside:
		e.strokes = append(e.strokes, len(e.xy))
		e.spray(at)
		redraw = true
	case e.drawing && inside && math.Hypot(at.X-e.last.X, at.Y-e.last.Y) > sprayApart*e.width:
		e.stroke(at)
		redraw = true
	}
	trained, a := e.train.update(in, q.train)
	undone, b := e.undo.update(in, q.undo)
	cleared, c := e.clear.update(in, q.clear)
	left, d := e.back.update(in, q.back)
	switch {
	case (trained || in.Keys.Enter) && e.enough():
		return []watch.Request{watch.Choose{Name: e.name, Points: &watch.Points{Name: "drawn", XY: e.xy}}}, true, true
	case (undone || in.Keys.Undo) && len(e.strokes) > 0:
		n := len(e.strokes) - 1
		e.drawing = false
		e.xy, e.strokes = e.xy[:e.strokes[n]:e.strokes[n]], e.strokes[:n]
	case cleared:
		e.xy, e.strokes, e.drawing = nil, nil, false
	case left || in.Keys.Escape:
		e.name = ""
	}
	if e.paint(in.Theme) {
		redraw = true
	}
	return nil, false, redraw || a || b || c || d || trained || undone || cleared || left
}

// enough tells whether there are points to learn from.
func (e *easel) enough() bool { return len(e.xy) >= 2*leastDrawn }

// stroke sprays along the way from where was sprayed last.
func (e *easel) stroke(to Point) {
	from := e.last
	n := max(1, int(math.Hypot(to.X-from.X, to.Y-from.Y)/(sprayApart*e.width)))
	for i := range n {
		t := float64(i+1) / float64(n)
		e.spray(Point{from.X + (to.X-from.X)*t, from.Y + (to.Y-from.Y)*t})
	}
}

// spray adds points around a place. Those outside of the plane are left out.
func (e *easel) spray(at Point) {
	e.last = at
	for range sprayed {
		x, y := at.X+e.width*e.rng.NormFloat64(), at.Y+e.width*e.rng.NormFloat64()
		if math.Abs(x) <= 1 && math.Abs(y) <= 1 && len(e.xy) < 2*mostDrawn {
			e.xy = append(e.xy, float32(x), float32(y))
		}
	}
}

// paint draws the points that are new, and tells whether there are any, or fewer than before.
func (e *easel) paint(theme Theme) bool {
	if e.image != nil && e.painted == len(e.xy) && e.theme == theme {
		return false
	}
	img := image.NewRGBA(image.Rect(0, 0, easelSide, easelSide))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	back, ink := fieldColor[theme], accentColor[theme]
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2] = back.R, back.G, back.B
	}
	for i := 0; i+1 < len(e.xy); i += 2 {
		x, y := int((float64(e.xy[i])+1)/2*easelSide), int((1-float64(e.xy[i+1]))/2*easelSide)
		for dy := range 2 {
			for dx := range 2 {
				if p := (image.Point{x + dx, y + dy}); p.In(img.Rect) {
					img.SetRGBA(p.X, p.Y, ink)
				}
			}
		}
	}
	e.image, e.painted, e.theme = img, len(e.xy), theme
	return true
}

// draw draws the plane with the points, and the buttons. begun: the training begins.
func (e *easel) draw(c *Canvas, s *watch.Snapshot, begun bool) {
	q := e.parts(c.Size())
	c.Fill(Rect{0, 0, c.Size().X, c.Size().Y}, panelColor)
	title, t := "Draw what the GAN is to learn", Text{Size: 16, Bold: true, Color: textColor}
	c.Text(c.Shorten(title, t, q.title.W), Point{q.title.X, q.title.Y + 14}, t)
	count := formatCount(len(e.xy)/2) + " points"
	if !e.enough() {
		count = "draw " + formatCount(leastDrawn) + " points or more"
	}
	hint, dim := "the wheel makes the spray wider  ·  "+count, Text{Size: 13, Color: dimColor, Align: Right}
	switch {
	case s.Message != "":
		hint, dim.Color = s.Message, alertColor
	case begun:
		hint, dim.Color = "Starting…", accentColor
	}
	if room := q.title.W - c.Width(title, t) - 20; room > 60 {
		c.Text(c.Shorten(hint, dim, room), Point{q.title.X + q.title.W, q.title.Y + 14}, dim)
	}
	if e.image != nil {
		c.Image(e.image, q.plane)
	}
	c.Frame(q.plane, 1, lineColor)
	if len(e.xy) == 0 {
		c.Text("press and drag here", Point{q.plane.X + q.plane.W/2, q.plane.Y + q.plane.H/2}, Text{Size: 15, Color: dimColor, Align: Center})
	}
	if e.over {
		c.Ring(e.cursor, max(3, 2*e.width*q.plane.W/2), 1, textColor)
	}
	e.undo.draw(c, q.undo, "Undo")
	e.clear.draw(c, q.clear, "Clear")
	e.back.draw(c, q.back, "Back")
	e.train.draw(c, q.train, "Train")
}

// draw handles the easel.
func (p *Start) draw(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.begun > 0 {
		in.Pressed, in.Held, in.Keys = false, false, Keys{}
	}
	wants, begun, changed := p.easel.update(in)
	if begun && p.begun == 0 {
		p.begun = len(s.Choices) + len(s.Recent) + 1
		return wants, true
	}
	return nil, changed
}
