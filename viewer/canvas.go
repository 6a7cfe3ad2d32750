package viewer

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"sort"
	"strings"

	"genview/models/lettering"

	"github.com/hajimehoshi/ebiten/v2"
	"github.com/hajimehoshi/ebiten/v2/text/v2"
	"github.com/hajimehoshi/ebiten/v2/vector"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
)

// A Canvas is the area that a panel draws on, in pixels at scale 1, with its upper left corner at 0, 0.
type Canvas struct {
	dst    *ebiten.Image
	origin Point
	size   Point
	scale  float64
	theme  Theme
	brush  *brush
}

// A brush holds what is kept between drawings: fonts, and pictures that the GPU has. For one goroutine.
type brush struct {
	regular, bold, mono *text.GoTextFaceSource
	fonts               *lettering.Fonts // for characters that the other fonts do not have
	white               *ebiten.Image
	textures            map[*image.RGBA]*texture
	lines               map[line]*texture
	drawing             int               // counts drawings
	longer              map[string]string // of shortened texts, in this drawing
	shortened           []shortened       // where they are
	observed            bool              // all texts are kept
	labels              []Label           // of this drawing, if so
}

// A line is a text drawn in a font that Ebitengine does not have.
type line struct {
	text  string
	style lettering.Style
	color color.RGBA
}

type texture struct {
	image *ebiten.Image
	used  int // the last drawing that used it
}

func newBrush(o lettering.Options) (*brush, error) {
	fonts, err := lettering.New(o)
	if err != nil {
		return nil, err
	}
	b := &brush{fonts: fonts, white: whitePixel(), textures: map[*image.RGBA]*texture{}, lines: map[line]*texture{}, longer: map[string]string{}}
	for _, f := range []struct {
		to   **text.GoTextFaceSource
		font []byte
	}{{&b.regular, goregular.TTF}, {&b.bold, gobold.TTF}, {&b.mono, gomono.TTF}} {
		source, err := text.NewGoTextFaceSource(bytes.NewReader(f.font))
		if err != nil {
			return nil, fmt.Errorf("viewer: font: %w", err)
		}
		*f.to = source
	}
	return b, nil
}

// canvas begins a drawing on all of dst.
func (b *brush) canvas(dst *ebiten.Image, scale float64) *Canvas {
	b.drawing++
	clear(b.longer)
	b.shortened, b.labels = b.shortened[:0], b.labels[:0]
	d := dst.Bounds()
	return &Canvas{dst: dst, size: Point{float64(d.Dx()) / scale, float64(d.Dy()) / scale}, scale: scale, brush: b}
}

// sweep ends a drawing: it frees pictures that the drawing did not use.
func (b *brush) sweep() {
	sweep(b.textures, b.drawing)
	sweep(b.lines, b.drawing)
}

// forget drops all drawn lines.
func (b *brush) forget() {
	sweep(b.lines, -1)
}

func sweep[K comparable](textures map[K]*texture, drawing int) {
	for key, t := range textures {
		if t.used != drawing {
			t.image.Deallocate()
			delete(textures, key)
		}
	}
}

// Size returns the canvas's width and height.
func (c *Canvas) Size() Point { return c.size }

// Sub returns the part r of c. Nothing is drawn outside it.
func (c *Canvas) Sub(r Rect) *Canvas {
	x0, y0 := c.at(Point{r.X, r.Y})
	x1, y1 := c.at(Point{r.X + r.W, r.Y + r.H})
	clip := image.Rect(int(math.Floor(float64(x0))), int(math.Floor(float64(y0))), int(math.Ceil(float64(x1))), int(math.Ceil(float64(y1))))
	return &Canvas{
		dst:    c.dst.SubImage(clip).(*ebiten.Image),
		origin: Point{c.origin.X + r.X, c.origin.Y + r.Y},
		size:   Point{r.W, r.H},
		scale:  c.scale, theme: c.theme, brush: c.brush,
	}
}

// at converts p to the window's own pixels.
func (c *Canvas) at(p Point) (x, y float32) {
	return float32((p.X + c.origin.X) * c.scale), float32((p.Y + c.origin.Y) * c.scale)
}

// snap converts r to whole pixels of the window, so that its edges are sharp.
func (c *Canvas) snap(r Rect) (x, y, w, h float32) {
	round := func(v float64) float64 { return math.Round(v * c.scale) }
	x0, y0 := round(r.X+c.origin.X), round(r.Y+c.origin.Y)
	x1, y1 := round(r.X+r.W+c.origin.X), round(r.Y+r.H+c.origin.Y)
	return float32(x0), float32(y0), float32(x1 - x0), float32(y1 - y0)
}

// Fill fills r.
func (c *Canvas) Fill(r Rect, col Color) {
	x, y, w, h := c.snap(r)
	vector.FillRect(c.dst, x, y, w, h, col[c.theme], false)
}

// Frame draws a line of that width along the inside of r's edge.
func (c *Canvas) Frame(r Rect, width float64, col Color) {
	x, y, w, h := c.snap(r)
	d := max(1, float32(math.Round(width*c.scale)))
	vector.StrokeRect(c.dst, x+d/2, y+d/2, w-d, h-d, d, col[c.theme], false)
}

// Line draws a line through points, with a gap at each NaN.
func (c *Canvas) Line(points []Point, width float64, col Color) {
	m := newMesh(col[c.theme])
	from := 0
	for i, q := range points {
		if math.IsNaN(q.X) || math.IsNaN(q.Y) {
			m.line(c.pixels(points[from:i]), width*c.scale)
			from = i + 1
		}
	}
	m.line(c.pixels(points[from:]), width*c.scale)
	c.draw(m)
}

// Band fills what lies between two lines with the same positions from left to right, the first of which is above.
func (c *Canvas) Band(upper, lower []Point, col Color) {
	m := newMesh(col[c.theme])
	m.band(c.pixels(upper), c.pixels(lower))
	c.draw(m)
}

// Polygon fills the convex polygon with those corners.
func (c *Canvas) Polygon(points []Point, col Color) {
	m := newMesh(col[c.theme])
	m.corners(c.pixels(points))
	c.draw(m)
}

// Dot fills a circle.
func (c *Canvas) Dot(center Point, radius float64, col Color) { c.Dots([]Point{center}, radius, col) }

// Dots fills circles.
func (c *Canvas) Dots(centers []Point, radius float64, col Color) {
	m := newMesh(col[c.theme])
	for _, p := range c.pixels(centers) {
		m.disc(p, 0, radius*c.scale)
	}
	c.draw(m)
}

// Ring draws the outline of a circle.
func (c *Canvas) Ring(center Point, radius, width float64, col Color) {
	m := newMesh(col[c.theme])
	m.disc(c.pixels([]Point{center})[0], max(0.01, (radius-width/2)*c.scale), (radius+width/2)*c.scale)
	c.draw(m)
}

// pixels converts points to the window's own pixels.
func (c *Canvas) pixels(points []Point) []Point {
	out := make([]Point, len(points))
	for i, p := range points {
		out[i] = Point{(p.X + c.origin.X) * c.scale, (p.Y + c.origin.Y) * c.scale}
	}
	return out
}

// Align says which part of a text is at the given place.
type Align int

// The alignments.
const (
	Left Align = iota
	Center
	Right
)

// Text is a style of text.
type Text struct {
	Size  float64
	Bold  bool
	Mono  bool // all characters have one width, in scripts that allow it
	Signs bool // spaces are visible, too
	Color Color
	Align Align
}

// face returns the font of a text in the size at which it is drawn.
func (c *Canvas) face(t Text) *text.GoTextFace {
	source := c.brush.regular
	switch {
	case t.Mono:
		source = c.brush.mono
	case t.Bold:
		source = c.brush.bold
	}
	return &text.GoTextFace{Source: source, Size: t.Size * c.scale}
}

// style returns t for the fonts that Ebitengine does not have.
func (c *Canvas) style(t Text) lettering.Style {
	return lettering.Style{Size: t.Size * c.scale, Bold: t.Bold, Mono: t.Mono, Signs: t.Signs}
}

// Text writes s in one line that is centred vertically at at. Control characters, such as line ends, are drawn as signs.
func (c *Canvas) Text(s string, at Point, t Text) {
	c.note(s, at, t)
	if !c.brush.fonts.Plain(s, c.style(t)) {
		c.line(s, at, t)
		return
	}
	x, y := c.at(at)
	o := &text.DrawOptions{}
	o.PrimaryAlign = [...]text.Align{text.AlignStart, text.AlignCenter, text.AlignEnd}[t.Align]
	o.SecondaryAlign = text.AlignCenter
	o.GeoM.Translate(math.Round(float64(x)), math.Round(float64(y)))
	o.ColorScale.ScaleWithColor(t.Color[c.theme])
	text.Draw(c.dst, s, c.face(t), o)
}

// line writes s with the fonts of the system.
func (c *Canvas) line(s string, at Point, t Text) {
	style := c.style(t)
	above, below := c.brush.fonts.Extent(style)
	margin := math.Ceil(style.Size) // room for parts of letters outside their width
	key := line{s, style, t.Color[c.theme]}
	l := c.brush.lines[key]
	if l == nil {
		made := c.brush.fonts.Line(s, style)
		img := image.NewRGBA(image.Rect(0, 0, int(math.Ceil(made.Width()+2*margin)), int(math.Ceil(above+below+2*margin))))
		made.Draw(img, margin, math.Round(margin+above), key.color)
		l = &texture{image: ebiten.NewImageFromImage(img)}
		c.brush.lines[key] = l
	}
	l.used = c.brush.drawing
	x, y := c.at(at)
	width := float64(l.image.Bounds().Dx()) - 2*margin
	left := math.Round(float64(x) - [...]float64{0, width / 2, width}[t.Align])
	o := &ebiten.DrawImageOptions{}
	o.GeoM.Translate(left-margin, math.Round(float64(y)-(above+below)/2)-margin)
	c.dst.DrawImage(l.image, o)
}

// Width returns the width of s.
func (c *Canvas) Width(s string, t Text) float64 {
	if !c.brush.fonts.Plain(s, c.style(t)) {
		return c.brush.fonts.Line(s, c.style(t)).Width() / c.scale
	}
	return text.AdvanceAt(s, len(s), c.face(t)) / c.scale
}

// Shorten replaces the middle of s by an ellipsis if s is wider than width: names differ at their beginnings and their ends.
func (c *Canvas) Shorten(s string, t Text, width float64) string {
	if c.Width(s, t) <= width {
		return s
	}
	r := []rune(s)
	short := func(n int) string { return string(r[:n-n/2]) + "…" + string(r[len(r)-n/2:]) }
	most := sort.Search(len(r), func(n int) bool { return c.Width(short(n+1), t) > width }) // number of characters that fit
	return c.shorten(short(min(most, len(r)-1)), s)
}

// hint writes s at the right of a panel's title if there is room.
func (c *Canvas) hint(title, s string) {
	t := Text{Size: 13, Color: dimColor, Align: Right}
	if padding+c.Width(title, Text{Size: 14, Bold: true})+20+c.Width(s, t)+padding <= c.Size().X {
		c.Text(s, Point{c.Size().X - padding, titleHeight / 2}, t)
	}
}

// Image draws img over all of r. Enlarged pixels stay sharp; reduced ones are averaged.
func (c *Canvas) Image(img *image.RGBA, r Rect) {
	t := c.brush.textures[img]
	if t == nil {
		t = &texture{image: ebiten.NewImageFromImage(img)}
		c.brush.textures[img] = t
	}
	t.used = c.brush.drawing
	x, y, w, h := c.snap(r)
	o := &ebiten.DrawImageOptions{}
	kx, ky := float64(w)/float64(img.Rect.Dx()), float64(h)/float64(img.Rect.Dy())
	if kx < 1 || ky < 1 {
		o.Filter = ebiten.FilterLinear
	}
	o.GeoM.Scale(kx, ky)
	o.GeoM.Translate(float64(x), float64(y))
	c.dst.DrawImage(t.image, o)
}

// wrap breaks s into lines at most width wide, between words if possible.
func (c *Canvas) wrap(s string, t Text, width float64) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line := ""
		for _, word := range strings.SplitAfter(paragraph, " ") {
			if line != "" && c.Width(line+strings.TrimRight(word, " "), t) > width {
				lines, line = append(lines, line), ""
			}
			for line == "" && c.Width(strings.TrimRight(word, " "), t) > width { // scripts without spaces, and long words
				r := []rune(word)
				n := max(1, sort.Search(len(r), func(n int) bool { return c.Width(string(r[:n+1]), t) > width }))
				lines, word = append(lines, string(r[:n])), string(r[n:])
			}
			line += word
		}
		lines = append(lines, line)
	}
	return lines
}
