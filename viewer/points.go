package viewer

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"genview/models/watch"
)

// Plane shows a GAN of points: the points it learns from, those it makes, and behind them what its discriminator thinks of every
// place.
type Plane struct {
	real, surface button
	without       struct{ real, surface bool }
	hover         Point // in the plane
	over          bool

	shown *watch.Plane // what image was drawn from
	as    struct{ real, surface bool }
	image *image.RGBA
}

var (
	realColor = color.RGBA{0xf2, 0xb1, 0x34, 0xff}
	fakeColor = color.RGBA{0xff, 0xff, 0xff, 0xff}
	lowColor  = color.RGBA{0x1a, 0x2f, 0x55, 0xff} // where the discriminator sees what is generated
	midColor  = color.RGBA{0x14, 0x17, 0x1d, 0xff}
	highColor = color.RGBA{0x12, 0x5c, 0x4e, 0xff} // where it sees what is real
)

// Title names the panel.
func (p *Plane) Title() string { return "Points" }

// Shape is tall, for a model of points.
func (p *Plane) Shape(s *watch.Snapshot) Shape {
	if s.Plane == nil {
		return Hidden
	}
	return Tall
}

// areas puts the buttons beneath the plane, side by side where there is room.
func (p *Plane) areas(size Point) (plane, real, surface Rect) {
	const button, wide = 30, 128
	r := content(size, true)
	below := 46.0 + button
	if r.W < 2*wide+8 {
		below += button + 8
	}
	side := max(0, min(r.W, r.H-below))
	plane = Rect{r.X + (r.W-side)/2, r.Y, side, side}
	real = Rect{r.X, r.Y + side + 46, min(wide, r.W), button}
	surface = real
	if r.W < 2*wide+8 {
		surface.Y += button + 8
	} else {
		surface.X += wide + 8
	}
	return plane, real, surface
}

// Update follows the buttons and the cursor.
func (p *Plane) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	if s.Plane == nil {
		return nil, false
	}
	area, real, surface := p.areas(in.Size)
	p.real.key, p.surface.key = 'r', 'd'
	a, redraw := p.real.update(in, real)
	b, changed := p.surface.update(in, surface)
	p.without.real, p.without.surface = p.without.real != a, p.without.surface != b
	redraw = redraw || changed || a || b
	over := in.Over && area.Contains(in.Cursor)
	redraw = redraw || over != p.over || over && in.Moved
	p.over = over
	p.hover = Point{(in.Cursor.X - area.X) / area.W, (in.Cursor.Y - area.Y) / area.H}
	if s.Plane != p.shown || p.as != p.without {
		p.shown, p.as, p.image = s.Plane, p.without, paint(s.Plane, !p.without.real, !p.without.surface)
		redraw = true
	}
	return nil, redraw
}

// showOrHide says what a click does to what is hidden now, or not.
func showOrHide(hidden bool) string {
	if hidden {
		return "Show"
	}
	return "Hide"
}

const painted = 640 // pixels of the plane's picture, along each side

// paint draws the surface and the points.
func paint(p *watch.Plane, real, surface bool) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, painted, painted))
	low, mid, high := spread(p.Surface)
	for y := range painted {
		for x := range painted {
			c := midColor
			if surface && p.Side > 0 {
				v := valueAt(p, (float64(x)+0.5)/painted, (float64(y)+0.5)/painted)
				if v < mid {
					c = mix(midColor, lowColor, min(1, (mid-v)/max(mid-low, 1e-9)))
				} else {
					c = mix(midColor, highColor, min(1, (v-mid)/max(high-mid, 1e-9)))
				}
			}
			img.SetRGBA(x, y, c)
		}
	}
	if real {
		dots(img, p, p.Real, realColor, 0.35)
	}
	dots(img, p, p.Fake, fakeColor, 0.6)
	return img
}

// spread returns what is low, in the middle and high among values, so that a few that are far off do not matter.
func spread(values []float32) (low, mid, high float64) {
	if len(values) == 0 {
		return 0, 0, 0
	}
	v := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 { return float64(v[int(q*float64(len(v)-1))]) }
	return at(0.03), at(0.5), at(0.97)
}

// valueAt is the surface at a place from 0 to 1, y down, between the four values around it.
func valueAt(p *watch.Plane, x, y float64) float64 {
	last := p.Side - 1
	u, v := min(max(x*float64(p.Side)-0.5, 0), float64(last)), min(max(y*float64(p.Side)-0.5, 0), float64(last))
	i, j := int(u), int(v)
	at := func(j, i int) float64 { return float64(p.Surface[min(j, last)*p.Side+min(i, last)]) }
	lerp := func(a, b, t float64) float64 { return a + (b-a)*t }
	return lerp(lerp(at(j, i), at(j, i+1), u-float64(i)), lerp(at(j+1, i), at(j+1, i+1), u-float64(i)), v-float64(j))
}

// dots adds points to a picture, each two pixels wide; where many lie they are brighter.
func dots(img *image.RGBA, p *watch.Plane, xy []float32, c color.RGBA, opacity float64) {
	for k := range len(xy) / 2 {
		x := int(math.Round((float64(xy[2*k])/p.Reach + 1) / 2 * painted))
		y := int(math.Round((1 - float64(xy[2*k+1])/p.Reach) / 2 * painted))
		for _, q := range []image.Point{{x - 1, y - 1}, {x, y - 1}, {x - 1, y}, {x, y}} {
			if q.In(img.Rect) {
				img.SetRGBA(q.X, q.Y, mix(img.RGBAAt(q.X, q.Y), c, opacity))
			}
		}
	}
}

// Draw draws the plane and what its colours mean.
func (p *Plane) Draw(c *Canvas, s *watch.Snapshot) {
	r, real, surface := p.areas(c.Size())
	c.hint(p.Title(), "of step "+formatCount(s.SampleStep))
	c.Image(p.image, r)
	y := r.Y + r.H + 24
	x := real.X
	t := Text{Size: 13, Color: dimColor}
	for _, k := range []struct {
		name  string
		color color.RGBA
	}{{"generated", fakeColor}, {"real", realColor}, {"seems real", highColor}, {"seems generated", lowColor}} {
		if x+20+c.Width(k.name, t) > c.Size().X-padding {
			break
		}
		c.Dot(Point{x + 5, y}, 5, k.color)
		c.Text(k.name, Point{x + 16, y}, t)
		x += 16 + c.Width(k.name, t) + 18
	}
	p.real.draw(c, real, showOrHide(p.without.real)+" real")
	p.surface.draw(c, surface, showOrHide(p.without.surface)+" surface")
	if p.over && s.Plane.Side > 0 {
		text := minus(fmt.Sprintf("x %.2f   y %.2f   logit %.2f", (2*p.hover.X-1)*s.Plane.Reach, (1-2*p.hover.Y)*s.Plane.Reach, valueAt(s.Plane, p.hover.X, p.hover.Y)))
		t := Text{Size: 13, Color: textColor, Align: Right}
		if right := c.Size().X - padding; surface.X+surface.W+c.Width(text, t)+padding <= right {
			c.Text(text, Point{right, surface.Y + surface.H/2}, t)
		}
	}
}
