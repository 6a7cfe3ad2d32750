package viewer

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"genview/models/ticks"
	"genview/models/watch"
)

// featureMaps are what a layer makes of an example, as pictures: a plane for each channel, or one of all values.
type featureMaps struct {
	shown  *watch.Features // of which the pictures are; nil: there are none
	theme  Theme
	count  int // planes that the pictures have; further ones have no room
	planes []*image.RGBA
	over   int   // one more than the plane under the cursor; 0: none
	pixel  Point // of that plane
}

const (
	leastPlane = 9   // width of a plane at least
	mostPlanes = 256 // that are shown
	paneHead   = 44  // height of the texts above
	paneSpread = 92  // and of how values were spread, below
)

// closing is the button that closes the pane.
func closing(pane Rect) Rect { return Rect{pane.X + pane.W - 22, pane.Y, 22, 22} }

// turning is the button that shows how values were spread in place of the planes.
func turning(pane Rect) Rect { return Rect{pane.X + pane.W - 22 - 4 - 72, pane.Y, 72, 22} }

// roomy tells whether there is room for both.
func roomy(pane Rect) bool { return pane.H > paneHead+2.2*paneSpread }

// area returns where in the pane the planes are.
func (m *featureMaps) area(pane Rect) Rect {
	_, r := pane.Top(paneHead)
	if roomy(pane) {
		r.H -= paneSpread
	}
	return r
}

// sheet returns how many of n planes [h, w] there is room for, and how they lie.
func (m *featureMaps) sheet(pane Rect, n, h, w int) (count int, q sheet) {
	r := m.area(pane)
	count = min(n, mostPlanes, max(1, int(r.W/leastPlane)*int(r.H/leastPlane)))
	q.cols, q.w, q.h = fill(r, count, float64(w), float64(h), 2, 0)
	q.origin = Point{r.X, r.Y}
	return count, q
}

// update paints the planes, once, and looks which is under the cursor.
func (m *featureMaps) update(in Input, f *watch.Features, pane Rect) (redraw bool) {
	if f == nil || pane.W == 0 {
		m.shown, m.planes = nil, nil
		return false
	}
	n, h, w, values := f.Planes()
	count, q := m.sheet(pane, n, h, w)
	if m.shown != f || m.theme != in.Theme || m.count != count {
		m.shown, m.theme, m.count, m.planes = f, in.Theme, count, nil
		colors, most := newPalette(in.Theme, signed), max(f.Most(), 1e-12)
		for i := range count {
			m.planes = append(m.planes, paintPlane(colors, panelColor[in.Theme], values[i*h*w:(i+1)*h*w], w, most))
		}
		redraw = true
	}
	was := m.pixel
	for i := range count {
		if r := q.at(i); in.Over && r.Contains(in.Cursor) {
			m.over = i + 1
			m.pixel = Point{math.Floor((in.Cursor.X - r.X) / r.W * float64(w)), math.Floor((in.Cursor.Y - r.Y) / r.H * float64(h))}
		}
	}
	return redraw || m.pixel != was
}

// paintPlane draws values in rows of w. The greatest magnitude is most.
func paintPlane(colors *palette, none color.RGBA, values []float32, w int, most float64) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, len(values)/max(w, 1)))
	for i, v := range values {
		c := none
		if v == v { // a number
			c = colors.at(float64(v) / most)
		}
		img.SetRGBA(i%w, i/w, c)
	}
	return img
}

// drawPane draws what a layer makes of an example, and how it was spread so far.
func (p *Layers) drawPane(c *Canvas, pane Rect, v *watch.Layers) {
	name, dim := Text{Size: 14, Bold: true, Color: textColor}, Text{Size: 13, Color: dimColor}
	p.close.draw(c, closing(pane), "×")
	layer := p.of(v)
	if layer == "" {
		layer = p.chosen
	}
	room := closing(pane).X - pane.X - 12
	if !roomy(pane) {
		label := "history"
		if p.history {
			label = "maps"
		}
		p.turn.draw(c, turning(pane), label)
		room = turning(pane).X - pane.X - 12
	}
	c.Text(c.Shorten(layer, name, room), Point{pane.X, pane.Y + 11}, name)
	if p.history && !roomy(pane) {
		_, r := pane.Top(paneHead - 14)
		p.spreads.draw(c, r, v.Step)
		return
	}
	c.Text(c.Shorten(p.about(v), dim, pane.W), Point{pane.X, pane.Y + 33}, dim)
	if m := &p.maps; m.shown != nil {
		n, h, w, _ := m.shown.Planes()
		_, q := m.sheet(pane, n, h, w)
		for i, img := range m.planes {
			c.Image(img, q.at(i))
			if i == m.over-1 && len(m.planes) > 1 {
				c.Frame(q.at(i).Inset(-1), 1, accentColor)
			}
		}
	}
	if r := p.maps.area(pane); roomy(pane) {
		p.spreads.draw(c, Rect{pane.X, r.Y + r.H, pane.W, paneSpread}, v.Step)
	}
}

// about says what the pictures of a layer are of, or what is under the cursor.
func (p *Layers) about(v *watch.Layers) string {
	f, m := p.features(v), &p.maps
	switch {
	case p.of(v) == "" && v.Problem != "":
		return v.Problem
	case p.of(v) == "":
		return "nothing is known of what it makes"
	case v.Problem != "":
		return v.Problem
	case f == nil && v.Features != nil && v.Features.Layer == p.of(v):
		return v.Features.Problem
	case f == nil:
		return "computing…"
	}
	n, h, w, values := f.Planes()
	if m.over > 0 && m.over <= n && m.shown == f {
		x, y := int(m.pixel.X), int(m.pixel.Y)
		at := fmt.Sprintf("%d, %d", x, y)
		switch len(f.Shape) {
		case 3:
			at = fmt.Sprintf("channel %d  ·  %s", m.over, at)
		case 2:
			at = fmt.Sprintf("row %d, unit %d", y+1, x+1)
		default:
			at = fmt.Sprintf("unit %d", y*w+x+1)
		}
		if i := ((m.over-1)*h+y)*w + x; i >= 0 && i < len(values) {
			return ticks.Minus(fmt.Sprintf("%s  ·  %.3g", at, values[i]))
		}
	}
	size := shapeText(f.Shape)
	if m.count < n {
		size = fmt.Sprintf("the first %d of %s", m.count, size)
	}
	weights := ""
	if f.Step != v.Step {
		weights = "weights of step " + formatCount(f.Step)
	}
	return strings.Join(filled(size, "of "+v.Example, weights, fmt.Sprintf("up to ±%.2g", f.Most())), "  ·  ")
}
