package walk

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"iter"
	"math"
)

// writeSheet writes one PNG of all pictures, in rows of about 960 pixels.
func writeSheet(w io.Writer, f Film) error {
	next, stop := iter.Pull2(f.Pictures)
	defer stop()
	first, err, ok := next()
	if err != nil || !ok {
		return err
	}
	size := first.Rect.Size().Mul(f.Scale)
	cols := min(f.Frames, max(1, 960/size.X))
	rows := (f.Frames-1)/cols + 1
	if cols*size.X > math.MaxInt32 || rows > math.MaxInt32/size.Y { // what PNG can say
		return errTooLarge
	}
	s := &sheet{film: f, next: next, first: first, size: size, band: -1, row: image.NewRGBA(image.Rect(0, 0, cols*size.X, size.Y)), rows: rows}
	err = png.Encode(failing{w, s}, s)
	if s.err != nil {
		return s.err
	}
	return err
}

// A sheet is an image that holds one row of pictures at a time. It can be read once, from top to bottom, as png.Encode does.
type sheet struct {
	film  Film
	next  func() (*image.RGBA, error, bool)
	first *image.RGBA // until it is drawn
	size  image.Point // of a picture
	rows  int
	band  int // the row of pictures that row holds
	row   *image.RGBA
	err   error // of the film
}

func (s *sheet) ColorModel() color.Model { return color.RGBAModel }
func (s *sheet) Bounds() image.Rectangle { return image.Rect(0, 0, s.row.Rect.Dx(), s.rows*s.size.Y) }

// Opaque spares png.Encode the look at every pixel.
func (s *sheet) Opaque() bool { return true }

// At returns a pixel. In a row of pictures below that of the last call it draws the pictures first.
func (s *sheet) At(x, y int) color.Color {
	if band := y / s.size.Y; band != s.band && s.err == nil {
		s.band = band
		s.fill()
	}
	return s.row.RGBAAt(x, y%s.size.Y)
}

// fill draws the next row of pictures; the last one may be shorter.
func (s *sheet) fill() {
	draw.Draw(s.row, s.row.Rect, image.Black, image.Point{}, draw.Src)
	for x := 0; x < s.row.Rect.Dx(); x += s.size.X {
		img := s.first
		if s.first = nil; img == nil {
			var ok bool
			if img, s.err, ok = s.next(); s.err != nil || !ok {
				return
			}
		}
		img = magnify(img, s.film.Scale)
		draw.Draw(s.row, image.Rectangle{Min: image.Pt(x, 0), Max: image.Pt(x, 0).Add(s.size)}, img, img.Rect.Min, draw.Src)
	}
}

// failing ends the encoding of a sheet whose film has ended with an error.
type failing struct {
	io.Writer
	sheet *sheet
}

func (w failing) Write(p []byte) (int, error) {
	if w.sheet.err != nil {
		return 0, w.sheet.err
	}
	return w.Writer.Write(p)
}
