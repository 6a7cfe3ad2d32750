package lettering

import (
	"bytes"
	"image"
	"image/color"
	_ "image/jpeg" // of glyphs that are pictures
	_ "image/png"
	"math"
	"strings"

	"github.com/go-text/typesetting/font"
	ot "github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"github.com/hajimehoshi/bitmapfont/v3"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// A Line is a text that was measured and can be drawn.
type Line struct {
	fonts *Fonts
	style Style
	parts []part
	dot   float64 // where the next part begins
	spots []spot  // by position
}

// Width returns the width of the line in pixels.
func (l *Line) Width() float64 { return l.dot }

// A part is a glyph of a font, or squares. Coordinates are in pixels from the line's beginning on the base line, y down.
type part struct {
	x, y    float64
	size    float64    // of the font
	face    *font.Face // nil: squares
	glyph   shaping.Glyph
	squares []square
}

// square is a filled rectangle.
type square struct{ x, y, w, h float64 }

func (l *Line) glyph(face *font.Face, g shaping.Glyph) {
	l.parts = append(l.parts, part{x: l.dot + float(g.XOffset), y: -float(g.YOffset), size: l.style.Size, face: face, glyph: g})
	l.dot += float(g.Advance)
}

func float(v fixed.Int26_6) float64 { return float64(v) / 64 }

// sign appends the sign of r.
func (l *Line) sign(sign string, r rune) {
	switch sign {
	case codeSign:
		l.code(r)
	case spaceSign:
		w, d, h := 0.6*l.style.Size, max(1, math.Round(l.style.Size/14)), 0.22*l.style.Size
		x := l.dot + 0.1*w
		l.parts = append(l.parts, part{squares: []square{{x, 0, 0.8 * w, d}, {x, -h, d, h}, {x + 0.8*w - d, -h, d, h}}})
		l.dot += w
	default: // an escape sequence, smaller
		small := l.style
		small.Size, small.Mono, small.Signs = 0.75*l.style.Size, true, false
		f := l.fonts
		sub := &Line{fonts: f, style: small}
		f.shape(sub, []rune(sign), 0)
		for _, p := range sub.parts {
			p.x += l.dot
			l.parts = append(l.parts, p)
		}
		l.dot += sub.dot
	}
}

// missing appends a character that no outline font has.
func (l *Line) missing(r rune) {
	if squares, advance, ok := bitmap(r); ok {
		k := max(1, math.Round(l.style.Size/13))
		for i, s := range squares {
			squares[i] = square{l.dot + k*s.x, k * s.y, k * s.w, k * s.h}
		}
		l.parts = append(l.parts, part{squares: squares})
		l.dot += k * advance
		return
	}
	l.code(r)
}

// bitmap returns the dots of a character in the bitmap font; false: it is not in it.
func bitmap(r rune) (dots []square, advance float64, ok bool) {
	if r > 0xffff {
		return nil, 0, false // not in the bitmap font
	}
	where, mask, from, width, ok := bitmapfont.Face.Glyph(fixed.P(0, 0), r)
	if !ok {
		return nil, 0, false
	}
	for y := range where.Dy() {
		for x := range where.Dx() {
			if _, _, _, a := mask.At(from.X+x, from.Y+y).RGBA(); a > 0 {
				dots = append(dots, square{float64(where.Min.X + x), float64(where.Min.Y + y), 1, 1})
			}
		}
	}
	return dots, float(width), len(dots) > 0
}

// code appends the digits of a code point, in small size.
func (l *Line) code(r rune) {
	k := max(1, math.Floor(l.style.Size/11))
	var squares []square
	rows := code(r)
	top := math.Round(-0.35*l.style.Size - 5.5*k)
	for row, text := range rows {
		for i, d := range text {
			bits := digits[strings.IndexRune("0123456789ABCDEF", d)]
			for b := range 15 {
				if bits>>(14-b)&1 == 1 {
					squares = append(squares, square{math.Round(l.dot) + k*float64(1+4*i+b%3), top + k*float64(6*row+b/3), k, k})
				}
			}
		}
	}
	l.parts = append(l.parts, part{squares: squares})
	l.dot = math.Round(l.dot) + k*float64(4*len(rows[0])+2)
}

// Draw draws the line in c, on a base line at y.
func (l *Line) Draw(dst draw.Image, x, y float64, c color.Color) {
	l.fonts.mu.Lock()
	defer l.fonts.mu.Unlock()
	area := image.Rect(int(math.Floor(x-l.style.Size)), int(math.Floor(y-1.6*l.style.Size)), int(math.Ceil(x+l.dot+l.style.Size)), int(math.Ceil(y+l.style.Size)))
	area = area.Intersect(dst.Bounds())
	if area.Empty() {
		return
	}
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	for _, p := range l.parts {
		at := pen{r, x + p.x - float64(area.Min.X), y + p.y - float64(area.Min.Y), 0}
		if p.face == nil {
			for _, s := range p.squares {
				at.square(s)
			}
			continue
		}
		at.k = p.size / float64(p.face.Upem())
		switch d := p.face.GlyphData(p.glyph.GlyphID).(type) {
		case font.GlyphBitmap:
			picture(dst, d, at, p.glyph, area.Min)
		default:
			at.outline(segments(d))
		}
	}
	r.Draw(dst, area, image.NewUniform(c), image.Point{})
}

// segments returns the outline of a glyph. It ignores the colours of a colour glyph.
func segments(d font.GlyphData) []font.Segment {
	switch d := d.(type) {
	case font.GlyphOutline:
		return d.Segments
	case font.GlyphSVG:
		return d.Outline.Segments
	}
	return nil
}

// inked tells whether a glyph can be drawn and leaves ink.
func inked(face *font.Face, g font.GID) bool {
	d := face.GlyphData(g)
	if b, ok := d.(font.GlyphBitmap); ok {
		return b.Format == font.PNG || b.Format == font.JPG
	}
	return len(segments(d)) > 0
}

// picture draws a glyph that is a picture, in its own colours.
func picture(dst draw.Image, d font.GlyphBitmap, at pen, g shaping.Glyph, corner image.Point) {
	img, _, err := image.Decode(bytes.NewReader(d.Data))
	if err != nil {
		return
	}
	x, y := at.x+float(g.XBearing), at.y-float(g.YBearing)
	r := image.Rect(int(math.Round(x)), int(math.Round(y)), int(math.Round(x+float(g.Width))), int(math.Round(y-float(g.Height))))
	draw.CatmullRom.Scale(dst, r.Add(corner), img, img.Bounds(), draw.Over, nil)
}

// A pen draws in a rasterizer, relative to a point on the base line.
type pen struct {
	r    *vector.Rasterizer
	x, y float64
	k    float64 // pixels per font unit
}

func (p pen) at(q ot.SegmentPoint) (x, y float32) {
	return float32(p.x + p.k*float64(q.X)), float32(p.y - p.k*float64(q.Y))
}

// outline draws the outline of a character.
func (p pen) outline(segments []font.Segment) {
	for i, s := range segments {
		x, y := p.at(s.Args[0])
		switch s.Op {
		case ot.SegmentOpMoveTo:
			if i > 0 {
				p.r.ClosePath()
			}
			p.r.MoveTo(x, y)
		case ot.SegmentOpLineTo:
			p.r.LineTo(x, y)
		case ot.SegmentOpQuadTo:
			x1, y1 := p.at(s.Args[1])
			p.r.QuadTo(x, y, x1, y1)
		case ot.SegmentOpCubeTo:
			x1, y1 := p.at(s.Args[1])
			x2, y2 := p.at(s.Args[2])
			p.r.CubeTo(x, y, x1, y1, x2, y2)
		}
	}
	p.r.ClosePath()
}

// square draws a rectangle on whole pixels.
func (p pen) square(s square) {
	x, y := float32(math.Round(p.x+s.x)), float32(math.Round(p.y+s.y))
	w, h := float32(s.w), float32(s.h)
	p.r.MoveTo(x, y)
	p.r.LineTo(x+w, y)
	p.r.LineTo(x+w, y+h)
	p.r.LineTo(x, y+h)
	p.r.ClosePath()
}
