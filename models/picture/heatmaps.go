package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"sort"
	"strings"

	"genview/models/lettering"
	"genview/models/watch"
)

var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.RGBA{0x22, 0x26, 0x2d, 0xff}
	dim   = color.RGBA{0x75, 0x7d, 0x8a, 0xff}
	none  = color.RGBA{0xf1, 0xf3, 0xf6, 0xff} // a value of 0
	full  = color.RGBA{0x0b, 0x4f, 0x8a, 0xff} // a value of 1
)

const (
	margin   = 24
	widest   = 720 // width of one map in pixels, unless its cells would be smaller than smallest
	smallest = 6   // pixels of one cell
	largest  = 16
	legible  = 11 // fewest pixels between two tokens that are written
)

// The text styles. Tokens are labels: each of their characters is visible.
var (
	title = lettering.Style{Size: 19, Bold: true}
	text  = lettering.Style{Size: 15}
	small = lettering.Style{Size: 13}
	mono  = lettering.Style{Size: 12, Mono: true, Signs: true}
)

// sheet is a picture to draw on.
type sheet struct {
	*image.RGBA
	fonts *lettering.Fonts
}

// HeatMaps draws the maps of a view: a row for each map and a column for each head, with the columns' tokens on top and the rows' tokens at
// the left. Above them are the text, the model's output and, if the text is longer than the model's context, the part that it read.
func HeatMaps(fonts *lettering.Fonts, v *watch.HeatMaps) *image.RGBA {
	const name = 40 // height of a layer's title
	width := 0
	for _, m := range v.Maps {
		w, _ := mapSize(fonts, m)
		width = max(width, 2*margin+m.Heads*(w+margin)-margin)
	}
	width = max(width, 640)
	lines := heading(fonts, v.Prompt, width-2*margin)
	height := margin + 32*len(lines) + margin
	for _, m := range v.Maps {
		_, h := mapSize(fonts, m)
		height += name + h + margin
	}
	s := sheet{image.NewRGBA(image.Rect(0, 0, width, height)), fonts}
	draw.Draw(s, s.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	y := margin
	for _, line := range lines {
		x := margin
		for _, w := range line {
			x = s.write(w.style, w.color, x, y+16, w.text) + 14
		}
		y += 32
	}
	y += margin
	for _, m := range v.Maps {
		w, h := mapSize(fonts, m)
		for k := range m.Heads {
			x := margin + k*(w+margin)
			if k == 0 {
				s.write(text, ink, x, y+10, m.Name)
			}
			if k > 0 || m.Heads > 1 {
				s.write(small, dim, x, y+27, fmt.Sprintf("head %d", k+1))
			}
			s.drawMap(image.Pt(x, y+name), m, m.Shades(k))
		}
		y += name + h + margin
	}
	return s.RGBA
}

// words is a part of a line.
type words struct {
	text  string
	style lettering.Style
	color color.RGBA
}

const mostLines = 6 // lines of the text above its maps

// heading returns the lines above the maps, none wider than width.
func heading(fonts *lettering.Fonts, a *watch.Prompt, width int) (lines [][]words) {
	if a == nil {
		return nil
	}
	for _, line := range wrap(fonts, a.Text, title, width) {
		lines = append(lines, []words{{line, title, ink}})
	}
	if len(lines) > mostLines {
		left := len(lines) - mostLines + 1
		lines = slices.Delete(lines, mostLines/2, mostLines/2+left)
		lines = slices.Insert(lines, mostLines/2, []words{{fmt.Sprintf("… %d more lines …", left), small, dim}})
	}
	if a.Output != "" {
		out := []words{{"becomes", text, dim}, {shorten(fonts, a.Output, title, width-80), title, ink}}
		if last := len(lines) - 1; last == 0 && fonts.Line(a.Text, title).Width()+100+fonts.Line(a.Output, title).Width() <= float64(width) {
			lines[0] = append(lines[0], out...)
		} else {
			lines = append(lines, out)
		}
	}
	if a.Unread > 0 {
		n := len([]rune(a.Text))
		lines = append(lines, []words{{fmt.Sprintf("of %d characters the model reads %d: the maps are of the last", n, n-a.Unread), text, dim}})
	}
	return lines
}

// wrap breaks a text into lines at most width pixels wide.
func wrap(fonts *lettering.Fonts, s string, st lettering.Style, width int) (lines []string) {
	for r := []rune(s); ; {
		n := max(1, fits(fonts, len(r), width, st, func(n int) string { return string(r[:n]) }))
		if n >= len(r) {
			return append(lines, string(r))
		}
		for k := n; k > n/2; k-- { // at a space, if there is one near
			if r[k] == ' ' {
				n = k + 1
				break
			}
		}
		lines, r = append(lines, strings.TrimRight(string(r[:n]), " ")), r[n:]
	}
}

// shorten removes the middle of s so that it is at most width pixels wide.
func shorten(fonts *lettering.Fonts, s string, st lettering.Style, width int) string {
	if fonts.Line(s, st).Width() <= float64(width) {
		return s
	}
	r := []rune(s)
	short := func(n int) string { return string(r[:n-n/2]) + "…" + string(r[len(r)-n/2:]) }
	return short(fits(fonts, len(r), width, st, short))
}

// fits returns the greatest n up to most for which of(n) is at most width pixels wide.
func fits(fonts *lettering.Fonts, most, width int, st lettering.Style, of func(n int) string) int {
	most = min(most, width) // everything is at least a pixel wide
	return sort.Search(most, func(n int) bool { return fonts.Line(of(n+1), st).Width() > float64(width) })
}

// cell returns the size of a cell in pixels.
func cell(m watch.Map) int {
	return min(max(widest/max(len(m.Cols), len(m.Rows), 1), smallest), largest)
}

// every returns n if every nth token is written: 1 for all; 2 or 3 if cells are smaller than letters.
func every(m watch.Map) int { return (legible + cell(m) - 1) / cell(m) }

// gutters returns the space for the tokens at the left and on top.
func gutters(fonts *lettering.Fonts, m watch.Map) (left, top int) {
	longest := 0.0
	for _, t := range m.Rows {
		longest = max(longest, fonts.Line(t, mono).Width())
	}
	return int(math.Ceil(longest)) + 8, 18
}

func mapSize(fonts *lettering.Fonts, m watch.Map) (w, h int) {
	left, top := gutters(fonts, m)
	return left + cell(m)*len(m.Cols), top + cell(m)*len(m.Rows)
}

// drawMap draws a map at a place of the sheet, with the names of its rows and columns, as far as there is room for them.
func (s sheet) drawMap(at image.Point, m watch.Map, shades []float64) {
	left, top := gutters(s.fonts, m)
	c := cell(m)
	for j := 0; j < len(m.Cols); j += every(m) {
		t := watch.Short(m.Cols[j])
		s.write(mono, ink, at.X+left+j*c+c/2-int(math.Round(s.fonts.Line(t, mono).Width()/2)), at.Y+top-5, t)
	}
	for i := 0; i < len(m.Rows); i += every(m) {
		s.write(mono, ink, at.X+left-6-int(math.Ceil(s.fonts.Line(m.Rows[i], mono).Width())), at.Y+top+i*c+c/2+4, m.Rows[i])
	}
	for i := range m.Rows {
		for j := range m.Cols {
			r := image.Rect(0, 0, c-1, c-1).Add(image.Pt(at.X+left+j*c, at.Y+top+i*c))
			draw.Draw(s, r, image.NewUniform(between(none, full, shades[i*len(m.Cols)+j])), image.Point{}, draw.Src)
		}
	}
}

// write writes a text that begins at x, on the base line y, and returns where it ends.
func (s sheet) write(st lettering.Style, c color.RGBA, x, y int, text string) int {
	l := s.fonts.Line(text, st)
	l.Draw(s, float64(x), float64(y), c)
	return x + int(math.Ceil(l.Width()))
}
