package film

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"genview/models/lettering"

	"golang.org/x/image/draw"
)

// styleFor returns the style of a text under a picture of a width: its height is a part of that.
func styleFor(width, part int) lettering.Style {
	return lettering.Style{Size: float64(min(max(12, width/part), 28))}
}

// bandOf returns the height of the band for a line of text.
func bandOf(s lettering.Style) int { return int(1.5 * s.Size) }

// captioned returns a picture with a text in a band under it.
func (r *reel) captioned(img *image.RGBA, text string) *image.RGBA {
	out := r.canvas(r.size)
	draw.Draw(out, img.Rect, img, image.Point{}, draw.Src)
	r.write(out, text, r.style, 0, img.Rect.Dx(), img.Rect.Dy())
	return out
}

// write writes a line of text, shortened to a width, in the middle of the band at left, top.
func (r *reel) write(out *image.RGBA, text string, style lettering.Style, left, width, top int) {
	ink := color.Color(color.White)
	if c := r.ground; 299*int(c.R)+587*int(c.G)+114*int(c.B) > 1000*128 { // its luma (ITU-R BT.601)
		ink = color.Black
	}
	text = text[:min(len(text), 16*(width+1))] // more cannot fit, even if each letter has several marks
	line := r.fitting(strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " "), style, float64(width))
	line.Draw(out, float64(left)+max(0, (float64(width)-line.Width())/2), float64(top)+1.1*style.Size, ink)
}

// fitting returns a line of a text, or of as much of it as fits into a width.
func (r *reel) fitting(text string, style lettering.Style, width float64) *lettering.Line {
	if line := r.fonts.Line(text, style); line.Width() <= width {
		return line
	}
	runes := []rune(text)
	fits, tooMany := 0, len(runes)
	for tooMany-fits > 1 {
		n := (fits + tooMany) / 2
		if r.fonts.Line(string(runes[:n])+"…", style).Width() <= width {
			fits = n
		} else {
			tooMany = n
		}
	}
	if fits == 0 {
		return r.fonts.Line("", style)
	}
	return r.fonts.Line(string(runes[:fits])+"…", style)
}

// labels say where the texts under the cells of a grid are.
type labels struct {
	style   lettering.Style
	columns []int // left edges of the columns of cells in the finished picture
	width   int   // of a cell
	bottoms []int // of the rows of cells, before there are texts
}

// newLabels returns where the labels of pictures of a size are, which are shown in another.
func newLabels(f Film, size, shown image.Point) (*labels, error) {
	cell := image.Pt((size.X-f.Pad)/f.Cells.X, (size.Y-f.Pad)/f.Cells.Y) // with the pad on one side
	if cell.X <= f.Pad || cell.Y <= f.Pad || cell.X*f.Cells.X+f.Pad != size.X || cell.Y*f.Cells.Y+f.Pad != size.Y {
		return nil, fmt.Errorf("film: pictures of %v pixels are no grids of %d × %d", size, f.Cells.X, f.Cells.Y)
	}
	l := &labels{width: (cell.X - f.Pad) * shown.X / size.X}
	l.style = styleFor(l.width, 12)
	for c := range f.Cells.X {
		l.columns = append(l.columns, (f.Pad+c*cell.X)*shown.X/size.X)
	}
	for r := range f.Cells.Y {
		l.bottoms = append(l.bottoms, (r+1)*cell.Y*shown.Y/size.Y)
	}
	return l, nil
}

// labelled returns a picture with texts in bands under its rows of cells.
func (r *reel) labelled(img *image.RGBA, texts []string) (*image.RGBA, error) {
	l := r.labels
	if len(texts) != len(l.columns)*len(l.bottoms) {
		return nil, fmt.Errorf("film: %d labels for %d cells", len(texts), len(l.columns)*len(l.bottoms))
	}
	band := bandOf(l.style)
	out := r.canvas(image.Pt(img.Rect.Dx(), img.Rect.Dy()+band*len(l.bottoms)))
	from, at := 0, 0
	strip := func(to int) {
		draw.Draw(out, image.Rect(0, at, img.Rect.Dx(), at+to-from), img, image.Pt(0, from), draw.Src)
		from, at = to, at+to-from
	}
	for k, bottom := range l.bottoms {
		strip(bottom)
		for c, left := range l.columns {
			r.write(out, texts[k*len(l.columns)+c], l.style, left, l.width, at)
		}
		at += band
	}
	strip(img.Rect.Dy())
	return out, nil
}
