package viewer

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"genview/models/watch"
)

// charts is the map of encoded pictures, and what the user does with it.
type charts struct {
	atlas  *watch.Atlas // the newest; nil: none has come
	colors []Color      // of its classes
	reach  float64      // of its points from the middle
	over   int          // the picture under the cursor; below 0: none
	past   bool         // it was asked for with the weights of a recorded step
	step   int          // at which it was asked for
	asked  bool         // for t-SNE
	sent   time.Time    // when; zero: never
	asking bool
	tsne   bool // the user wants it in place of the principal components
	change button
	answer atomic.Pointer[charted]
}

// charted is the answer to what was asked for.
type charted struct {
	atlas *watch.Atlas
	err   error
}

// A map is renewed at most this often while the model is trained. t-SNE takes a second of a processor.
const (
	renewal     = 3 * time.Second
	renewalTSNE = 20 * time.Second
)

// ask asks for a map of the model that is shown, if there is none or it is an old one.
func (m *charts) ask(now time.Time, s *watch.Snapshot) (ask []watch.Request) {
	step, weights, past := s.Step, -1, replayed(s)
	if past {
		step, weights = s.Past.Weights, s.Past.Weights
	}
	same, wait := past == m.past && m.tsne == m.asked, renewal
	if m.tsne {
		wait = renewalTSNE
	}
	fresh := same && step == m.step && (m.atlas != nil || past) // what a recorded step has not, it never gets
	early := same && !past && step >= m.step && !m.sent.IsZero() && now.Sub(m.sent) < wait
	if m.asking || fresh || early || past && weights < 0 {
		return nil
	}
	m.asking, m.past, m.step, m.asked, m.sent = true, past, step, m.tsne, now
	return []watch.Request{watch.Survey{Step: weights, TSNE: m.tsne, Reply: func(a *watch.Atlas, err error) { m.answer.Store(&charted{a, err}) }}}
}

// take takes an answer, and returns what went wrong; "": nothing.
func (m *charts) take() (problem string, redraw bool) {
	a := m.answer.Swap(nil)
	if a == nil {
		return "", false
	}
	if m.asking = false; a.err != nil {
		return a.err.Error(), true
	}
	m.atlas, m.reach, m.colors = a.atlas, 1e-9, nil
	most := int32(0)
	for i := range a.atlas.Z {
		for _, v := range a.atlas.Place(i) {
			m.reach = max(m.reach, 1.05*math.Abs(v))
		}
		most = max(most, a.atlas.Classes[i])
	}
	for k := range most + 1 {
		m.colors = append(m.colors, hue(int(k)))
	}
	return "", true
}

// hue is the colour of a class: hues that follow each other are far apart.
func hue(class int) Color {
	const golden = 0.618033988749895
	h := math.Mod(0.47+float64(class)*golden, 1)
	return Color{hsv(h, 0.55, 0.95), hsv(h, 0.85, 0.65)}
}

// hsv returns an opaque colour by its hue, saturation and value, each from 0 to 1.
func hsv(h, s, v float64) color.RGBA {
	part := func(n float64) uint8 {
		k := math.Mod(n+6*h, 6)
		return uint8(255*(v-v*s*max(0, min(k, 4-k, 1))) + 0.5)
	}
	return color.RGBA{part(5), part(3), part(1), 255}
}

// place returns where a place of the map lies in the square.
func (m *charts) place(r Rect, xy [2]float64) Point {
	return Point{r.X + r.W*(0.5+0.5*xy[0]/m.reach), r.Y + r.H*(0.5-0.5*xy[1]/m.reach)}
}

// here returns where a latent vector lies in the square, if it does. On a map by t-SNE there is a place for a picture's own alone.
func (m *charts) here(r Rect, z []float32) (Point, bool) {
	if m.atlas.Places == nil {
		at := m.place(r, m.atlas.At(z))
		return at, r.Contains(at)
	}
	if i := slices.IndexFunc(m.atlas.Z, func(of []float32) bool { return slices.Equal(of, z) }); i >= 0 {
		return m.place(r, m.atlas.Places[i]), true
	}
	return Point{}, false
}

// changeArea returns the areas of the legend and of the button that changes the kind of map.
func changeArea(q parts) (legend []Rect, change Rect) {
	const width = 76
	legend = slices.Clone(q.rows)
	last := len(legend) - 1
	legend[last].W = max(0, legend[last].W-width-6)
	return legend, Rect{q.rows[last].X + q.rows[last].W - width, q.rows[last].Y, width, q.rows[last].H}
}

// useMap asks for the map, and finds the picture under the cursor; a click goes to its point.
func (p *Latent) useMap(in Input, s *watch.Snapshot, q parts) (ask []watch.Request, redraw bool) {
	m := &p.charts
	_, change := changeArea(q)
	clicked, redraw := m.change.update(in, change)
	if clicked {
		m.tsne, redraw = !m.tsne, true
	}
	ask = m.ask(in.Now, s)
	was := m.over
	m.over = -1
	if m.atlas != nil && in.Over && q.square.Contains(in.Cursor) {
		nearest := 14.0
		for i := range m.atlas.Z {
			at := m.place(q.square, m.atlas.Place(i))
			if d := math.Hypot(at.X-in.Cursor.X, at.Y-in.Cursor.Y); d < nearest {
				m.over, nearest = i, d
			}
		}
	}
	if in.Pressed && m.over >= 0 {
		p.goTo(watch.Point{Name: fmt.Sprintf("held-out %d, %s", m.over, m.atlas.Class(m.over)), Z: m.atlas.Z[m.over]})
		redraw = true
	}
	return ask, redraw || m.over != was || len(ask) > 0
}

// drawMap draws the pictures as dots in the colours of their classes, with a ring where the user is.
func (p *Latent) drawMap(c *Canvas, s *watch.Snapshot, q parts) {
	m, r := &p.charts, q.square
	c.Fill(r, backColor)
	p.drawPicture(c, q.picture, s)
	other := "t-SNE"
	if m.tsne {
		other = "PCA"
	}
	_, change := changeArea(q)
	m.change.draw(c, change, other)
	if m.atlas == nil {
		t := Text{Size: 13, Color: dimColor, Align: Center}
		text := "encoding held-out pictures …"
		if !m.asking {
			text = "no map of this step"
		}
		c.Text(c.Shorten(text, t, r.W-8), Point{r.X + r.W/2, r.Y + r.H/2}, t)
		return
	}
	inside := c.Sub(r)
	local := Rect{0, 0, r.W, r.H}
	size := min(max(r.W/150, 1.8), 3.5)
	for i := range m.atlas.Z {
		inside.Dot(m.place(local, m.atlas.Place(i)), size, m.colors[m.atlas.Classes[i]])
	}
	if at, ok := m.here(local, p.here(p.view(s)).Z); ok {
		inside.Ring(at, 9, 2, textColor)
	}
	if i := m.over; i >= 0 && i < len(m.atlas.Z) {
		p.drawOver(inside, m.place(local, m.atlas.Place(i)), m.atlas.Images[i], m.atlas.Class(i), m.colors[m.atlas.Classes[i]])
	}
	p.drawLegend(c, q)
}

// drawOver draws the picture under the cursor with its class, where there is room beside it.
func (p *Latent) drawOver(c *Canvas, at Point, img *image.RGBA, class string, ink Color) {
	const side = 64
	size := c.Size()
	box := Rect{at.X + 12, at.Y + 12, side, side + 20}
	if box.X+box.W > size.X {
		box.X = max(0, at.X-12-box.W)
	}
	if box.Y+box.H > size.Y {
		box.Y = max(0, at.Y-12-box.H)
	}
	c.Dot(at, 5, ink)
	c.Fill(box, panelColor)
	c.Image(img, Rect{box.X, box.Y, side, side}.Inset(2).Fit(float64(img.Rect.Dx()), float64(img.Rect.Dy())))
	t := Text{Size: 12, Color: ink, Align: Center}
	c.Text(c.Shorten(class, t, side-4), Point{box.X + side/2, box.Y + side + 9}, t)
	c.Frame(box, 1, ink)
}

// drawLegend names the classes in their colours, as many as there is room for, and the shares of the axes.
func (p *Latent) drawLegend(c *Canvas, q parts) {
	m, row := &p.charts, 0
	rows, _ := changeArea(q)
	x := rows[0].X
	t := Text{Size: 12}
	for k, name := range m.atlas.Names {
		if k >= len(m.colors) {
			break
		}
		w := 12 + c.Width(name, t) + 10
		if x+w > rows[row].X+rows[row].W && x > rows[row].X {
			if row++; row == len(rows) {
				return
			}
			x = rows[row].X
		}
		y := rows[row].Y + rows[row].H/2
		c.Dot(Point{x + 4, y}, 4, m.colors[k])
		t.Color = textColor
		c.Text(c.Shorten(name, t, rows[row].W-12), Point{x + 12, y}, t)
		x += w
	}
}

// line says what the axes of the map are.
func (m *charts) line() string {
	if m.atlas == nil {
		return ""
	}
	if m.asking && m.asked != (m.atlas.Places != nil) {
		return fmt.Sprintf("%d held-out pictures, being arranged anew …", len(m.atlas.Z))
	}
	if m.atlas.Places != nil {
		return fmt.Sprintf("%d held-out pictures, t-SNE", len(m.atlas.Z))
	}
	if len(m.atlas.Shares) < 2 {
		return fmt.Sprintf("%d held-out pictures", len(m.atlas.Z))
	}
	return fmt.Sprintf("%d held-out pictures, PCA %.0f %% + %.0f %%", len(m.atlas.Z), 100*m.atlas.Shares[0], 100*m.atlas.Shares[1])
}
