package viewer

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"genview/models/ticks"
	"genview/models/watch"
)

// Scatter shows sets of points in a plane over a field of values: a GAN's data, its samples, and its discriminator's scores.
type Scatter struct {
	name          string
	others, field button
	without       struct{ others, field bool }
	arrows        button
	pointed       bool  // arrows are shown
	hover         Point // in the plane
	over          bool

	shown *watch.Scatter // the view that image was drawn from
	as    struct{ others, field bool }
	theme Theme
	image *image.RGBA
}

var (
	madeColor = Color{{0xff, 0xff, 0xff, 0xff}, {0x10, 0x14, 0x1a, 0xff}}
	lowColor  = Color{{0x1a, 0x2f, 0x55, 0xff}, {0xa9, 0xc6, 0xee, 0xff}} // of the field
	midColor  = Color{{0x14, 0x17, 0x1d, 0xff}, {0xf3, 0xf5, 0xf8, 0xff}}
	highColor = Color{{0x12, 0x5c, 0x4e, 0xff}, {0xa3, 0xdd, 0xc8, 0xff}}
)

// setColor returns the colour of a set of points. The first set, the model's own, is most distinct.
func setColor(i int) Color {
	if i == 0 {
		return madeColor
	}
	return curveColor(i)
}

// Title returns the panel's title.
func (p *Scatter) Title() string { return p.name }

func (p *Scatter) view(s *watch.Snapshot) *watch.Scatter {
	return watch.Find[*watch.Scatter](s.Views, p.name)
}

// Shape is Tall, and Hidden until there are points.
func (p *Scatter) Shape(s *watch.Snapshot) Shape {
	if p.view(s) == nil {
		return Hidden
	}
	return Tall
}

// areas puts the buttons below the plane, side by side as far as there is room.
func (p *Scatter) areas(size Point) (plane Rect, buttons [3]Rect) {
	const height, wide, space = 30, 128, 8
	r := content(size, true)
	row := min(max(int((r.W+space)/(wide+space)), 1), len(buttons))
	rows := (len(buttons) + row - 1) / row
	below := 46 + float64(rows)*(height+space) - space
	side := max(0, min(r.W, r.H-below))
	for i := range buttons {
		buttons[i] = Rect{r.X + float64(i%row)*(wide+space), r.Y + side + 46 + float64(i/row)*(height+space), min(wide, r.W), height}
	}
	return Rect{r.X + (r.W-side)/2, r.Y, side, side}, buttons
}

// Update handles the buttons and the cursor.
func (p *Scatter) Update(in Input, s *watch.Snapshot) ([]watch.Request, bool) {
	v := p.view(s)
	if v == nil {
		return nil, false
	}
	area, buttons := p.areas(in.Size)
	p.others.key, p.field.key, p.arrows.key = 'r', 'd', 'u'
	var a, b, redraw, changed bool
	if len(v.Sets) > 1 {
		a, redraw = p.others.update(in, buttons[0])
	}
	if v.Field != nil {
		var c, again bool
		b, changed = p.field.update(in, buttons[1])
		c, again = p.arrows.update(in, buttons[2])
		p.pointed, changed = p.pointed != c, changed || again || c
	}
	p.without.others, p.without.field = p.without.others != a, p.without.field != b
	redraw = redraw || changed || a || b
	over := in.Over && area.Contains(in.Cursor)
	redraw = redraw || over != p.over || over && in.Moved
	p.over = over
	p.hover = Point{(in.Cursor.X - area.X) / area.W, (in.Cursor.Y - area.Y) / area.H}
	if v != p.shown || p.as != p.without || p.theme != in.Theme {
		p.shown, p.as, p.theme, p.image = v, p.without, in.Theme, paint(v, !p.without.others, !p.without.field, in.Theme)
		redraw = true
	}
	return nil, redraw
}

// showOrHide returns the label of a button, for something that is hidden now or not.
func showOrHide(hidden bool) string {
	if hidden {
		return "Show"
	}
	return "Hide"
}

const painted = 640 // width and height of the plane's picture in pixels

// paint draws the field and the points, the first set on top.
func paint(p *watch.Scatter, others, field bool, theme Theme) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, painted, painted))
	f := p.Field
	if !field || f != nil && f.Side == 0 {
		f = nil
	}
	var low, mid, high float64
	if f != nil {
		low, mid, high = spread(f.Values)
	}
	for y := range painted {
		for x := range painted {
			c := midColor
			if f != nil {
				v := valueAt(f, (float64(x)+0.5)/painted, (float64(y)+0.5)/painted)
				if v < mid {
					c = mix(midColor, lowColor, min(1, (mid-v)/max(mid-low, 1e-9)))
				} else {
					c = mix(midColor, highColor, min(1, (v-mid)/max(high-mid, 1e-9)))
				}
			}
			img.SetRGBA(x, y, c[theme])
		}
	}
	for i := len(p.Sets) - 1; i >= 0; i-- {
		switch {
		case i == 0:
			dots(img, p, p.Sets[i].XY, setColor(i)[theme], 0.6)
		case others:
			dots(img, p, p.Sets[i].XY, setColor(i)[theme], 0.35)
		}
	}
	return img
}

// spread returns the lower bound, the middle and the upper bound of values without their outliers.
func spread(values []float32) (low, mid, high float64) {
	if len(values) == 0 {
		return 0, 0, 0
	}
	v := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 { return float64(v[int(q*float64(len(v)-1))]) }
	return at(0.03), at(0.5), at(0.97)
}

// valueAt interpolates a field at a position from 0 to 1, y down.
func valueAt(p *watch.Field, x, y float64) float64 {
	last := p.Side - 1
	u, v := min(max(x*float64(p.Side)-0.5, 0), float64(last)), min(max(y*float64(p.Side)-0.5, 0), float64(last))
	i, j := int(u), int(v)
	at := func(j, i int) float64 { return float64(p.Values[min(j, last)*p.Side+min(i, last)]) }
	lerp := func(a, b, t float64) float64 { return a + (b-a)*t }
	return lerp(lerp(at(j, i), at(j, i+1), u-float64(i)), lerp(at(j+1, i), at(j+1, i+1), u-float64(i)), v-float64(j))
}

// dots draws points two pixels wide, or wider if there are few, and brighter where there are many.
func dots(img *image.RGBA, p *watch.Scatter, xy []float32, c color.RGBA, opacity float64) {
	n := len(xy) / 2
	side := min(max(int(math.Sqrt(16000/float64(max(n, 1)))), 2), 8)
	for k := range n {
		x := int(math.Round((float64(xy[2*k])/p.Reach+1)/2*painted)) - side/2
		y := int(math.Round((1-float64(xy[2*k+1])/p.Reach)/2*painted)) - side/2
		for i := range side * side {
			if q := image.Pt(x+i%side, y+i/side); q.In(img.Rect) {
				img.SetRGBA(q.X, q.Y, blend(img.RGBAAt(q.X, q.Y), c, opacity))
			}
		}
	}
}

// Draw draws the plane and the legend of its colours.
func (p *Scatter) Draw(c *Canvas, s *watch.Snapshot) {
	v := p.view(s)
	r, buttons := p.areas(c.Size())
	c.hint(p.Title(), strings.Join(filled(v.Said, "of step "+formatCount(s.LookStep)), "  ·  "))
	c.Image(p.image, r)
	if p.pointed && v.Field != nil {
		for _, a := range arrowsOf(v) {
			a.draw(c, r)
		}
	}
	y, x := r.Y+r.H+24, buttons[0].X
	t := Text{Size: 13, Color: dimColor}
	for _, k := range keys(v) {
		if x+20+c.Width(k.name, t) > c.Size().X-padding {
			break
		}
		c.Dot(Point{x + 5, y}, 5, k.color)
		c.Text(k.name, Point{x + 16, y}, t)
		x += 16 + c.Width(k.name, t) + 18
	}
	if len(v.Sets) > 1 {
		p.others.draw(c, buttons[0], showOrHide(p.without.others)+" "+rest(v))
	}
	if v.Field != nil {
		p.field.draw(c, buttons[1], showOrHide(p.without.field)+" surface")
		p.arrows.draw(c, buttons[2], showOrHide(!p.pointed)+" arrows")
	}
	if p.over {
		text := fmt.Sprintf("x %.2f   y %.2f", (2*p.hover.X-1)*v.Reach, (1-2*p.hover.Y)*v.Reach)
		if v.Field != nil && v.Field.Side > 0 {
			text += fmt.Sprintf("   %s %.2f", v.Field.Name, valueAt(v.Field, p.hover.X, p.hover.Y))
		}
		text = ticks.Minus(text)
		t := Text{Size: 13, Color: textColor, Align: Right}
		if right, last := c.Size().X-padding, buttons[2]; last.X+last.W+c.Width(text, t)+padding <= right {
			c.Text(text, Point{right, last.Y + last.H/2}, t)
		}
	}
}

// A key is an entry of the legend.
type key struct {
	name  string
	color Color
}

func keys(v *watch.Scatter) (all []key) {
	for i, set := range v.Sets {
		all = append(all, key{set.Name, setColor(i)})
	}
	if v.Field != nil {
		all = append(all, key{v.Field.High, highColor}, key{v.Field.Low, lowColor})
	}
	return all
}

// rest returns the names of all sets but the first.
func rest(v *watch.Scatter) string {
	if len(v.Sets) == 2 {
		return v.Sets[1].Name
	}
	return "others"
}
