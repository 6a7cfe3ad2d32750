// Package picture draws what a model does as pictures for files and pages, on the CPU alone; what moves is the viewer's.
package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"

	"genview/models/watch"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.RGBA{0x22, 0x26, 0x2d, 0xff}
	dim   = color.RGBA{0x75, 0x7d, 0x8a, 0xff}
	none  = color.RGBA{0xf1, 0xf3, 0xf6, 0xff} // a share of 0
	full  = color.RGBA{0x0b, 0x4f, 0x8a, 0xff} // a share of 1
)

const (
	margin   = 24
	widest   = 420 // pixels of one map
	smallest = 6   // pixels of one share
	largest  = 16
	legible  = 11 // pixels of one share from which on its token is written
)

// faces are the fonts of one picture.
type faces struct{ title, text, small, mono font.Face }

func newFaces() (f faces, err error) {
	for _, a := range []struct {
		to   *font.Face
		ttf  []byte
		size float64
	}{{&f.title, gobold.TTF, 19}, {&f.text, goregular.TTF, 15}, {&f.small, goregular.TTF, 13}, {&f.mono, gomono.TTF, 12}} {
		parsed, err := opentype.Parse(a.ttf)
		if err != nil {
			return f, fmt.Errorf("picture: %w", err)
		}
		if *a.to, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: a.size, DPI: 72, Hinting: font.HintingFull}); err != nil {
			return f, fmt.Errorf("picture: %w", err)
		}
	}
	return f, nil
}

// Attention draws the maps of a text: a row for each layer and a column for each head, with the tokens read on top and those that
// read at the left.
func Attention(a *watch.Attention) (*image.RGBA, error) {
	f, err := newFaces()
	if err != nil {
		return nil, err
	}
	const head, name = 56, 40 // heights of the picture's and of a layer's title
	width, height := 0, margin+head
	for _, m := range a.Maps {
		w, h := mapSize(m)
		width, height = max(width, 2*margin+m.Heads*(w+margin)-margin), height+name+h+margin
	}
	img := image.NewRGBA(image.Rect(0, 0, max(width, 640), height))
	draw.Draw(img, img.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	at := write(img, f.title, ink, margin, margin+16, a.Text)
	if a.Output != "" {
		at = write(img, f.text, dim, at+14, margin+16, "becomes")
		write(img, f.title, ink, at+14, margin+16, a.Output)
	}
	y := margin + head
	for _, m := range a.Maps {
		w, h := mapSize(m)
		for k := range m.Heads {
			x := margin + k*(w+margin)
			if k == 0 {
				write(img, f.text, ink, x, y+10, m.Name)
			}
			if k > 0 || m.Heads > 1 {
				write(img, f.small, dim, x, y+27, fmt.Sprintf("head %d", k+1))
			}
			n := len(m.To) * len(m.From)
			drawMap(img, f, image.Pt(x, y+name), m, m.Weights[k*n:(k+1)*n])
		}
		y += name + h + margin
	}
	return img, nil
}

// cell is the size in pixels of one share.
func cell(m watch.Map) int {
	return min(max(widest/max(len(m.From), len(m.To), 1), smallest), largest)
}

// gutters are the widths of what is written at the left and on top.
func gutters(m watch.Map) (left, top int) {
	if cell(m) < legible {
		return 0, 0
	}
	longest := 0
	for _, t := range m.To {
		longest = max(longest, len([]rune(t)))
	}
	return 8*longest + 6, 18
}

func mapSize(m watch.Map) (w, h int) {
	left, top := gutters(m)
	return left + cell(m)*len(m.From), top + cell(m)*len(m.To)
}

func drawMap(img *image.RGBA, f faces, at image.Point, m watch.Map, shares []float32) {
	left, top := gutters(m)
	c := cell(m)
	if left > 0 {
		for j, t := range m.From {
			centre(img, f.mono, at.X+left+j*c+c/2, at.Y+top-5, short(t))
		}
		for i, t := range m.To {
			t = shown(t)
			write(img, f.mono, ink, at.X+left-6-font.MeasureString(f.mono, t).Ceil(), at.Y+top+i*c+c/2+4, t)
		}
	}
	most := max(float64(slices.Max(shares)), 1e-9)
	for i := range m.To {
		for j := range m.From {
			share := math.Pow(float64(shares[i*len(m.From)+j])/most, 0.7) // so that small shares are seen too
			r := image.Rect(0, 0, c-1, c-1).Add(image.Pt(at.X+left+j*c, at.Y+top+i*c))
			draw.Draw(img, r, image.NewUniform(between(none, full, share)), image.Point{}, draw.Src)
		}
	}
}

// shown makes white space visible.
func shown(token string) string {
	switch token {
	case " ":
		return "·"
	case "\n":
		return "¶"
	}
	return token
}

// short is a token in one character.
func short(token string) string {
	if r := []rune(token); len(r) > 1 {
		return "►"
	}
	return shown(token)
}

func between(a, b color.RGBA, t float64) color.RGBA {
	mix := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t + 0.5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// write writes s from x on, on a base line at y, and returns where it ends.
func write(img *image.RGBA, face font.Face, c color.RGBA, x, y int, s string) int {
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(s)
	return d.Dot.X.Ceil()
}

func centre(img *image.RGBA, face font.Face, x, y int, s string) {
	write(img, face, ink, x-font.MeasureString(face, s).Round()/2, y, s)
}
