package film

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/image/draw"
)

// sheet returns the picture of a film of one row.
func sheet(t *testing.T, f Film) *image.RGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(written(t, ".png", f)))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// TestTransparentPictures are laid over the background, half-transparent ones too, and parts of larger pictures.
func TestTransparentPictures(t *testing.T) {
	large := image.NewRGBA(image.Rect(0, 0, 9, 9))
	part := large.SubImage(image.Rect(3, 4, 5, 6)).(*image.RGBA)
	part.Set(3, 4, color.NRGBA{200, 100, 0, 128})
	part.Set(4, 5, color.NRGBA{10, 20, 30, 255})
	for name, c := range map[string]struct {
		ground color.Color
		half   uint8 // red of the half-transparent pixel
		none   color.RGBA
	}{
		"black": {nil, 100, color.RGBA{A: 255}},
		"red":   {color.RGBA{255, 0, 0, 255}, 227, color.RGBA{255, 0, 0, 255}},
		"half":  {color.NRGBA{255, 0, 0, 128}, 164, color.RGBA{128, 0, 0, 255}},
	} {
		f := filmOf(1, part)
		f.Background = c.ground
		got := sheet(t, f)
		if d := int(got.RGBAAt(0, 0).R) - int(c.half); d < -1 || d > 1 {
			t.Errorf("%s: the half-transparent pixel is %v, want red %d", name, got.RGBAAt(0, 0), c.half)
		}
		if got.RGBAAt(1, 1) != (color.RGBA{10, 20, 30, 255}) || got.RGBAAt(1, 0) != c.none || got.Rect.Dx() != 2 {
			t.Errorf("%s: got %v and %v of %v", name, got.RGBAAt(1, 1), got.RGBAAt(1, 0), got.Rect)
		}
	}
}

// TestSmoothSizes: a picture of a slope has a slope at any size, and the height in proportion.
func TestSmoothSizes(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 16, 8))
	for i := range 128 {
		v := uint8(8 + 16*(i%16))
		img.SetRGBA(i%16, i/16, color.RGBA{v, v, v, 255})
	}
	for width, height := range map[int]int{1: 1, 5: 3, 16: 8, 33: 17, 100: 50} {
		f := filmOf(1, img)
		f.Size = width
		got := sheet(t, f)
		if got.Rect.Size() != image.Pt(width, height) {
			t.Errorf("%d wide: the size is %v", width, got.Rect.Size())
			continue
		}
		for x := range width {
			want := 256 * (float64(x) + 0.5) / float64(width)
			if v := float64(got.RGBAAt(x, height/2).R); math.Abs(v-want) > 9 {
				t.Errorf("%d wide: pixel %d is %v, want %.1f", width, x, v, want)
			}
		}
	}
}

// TestCaptions are texts with the pictures' numbers, in ink that shows, under all pictures of all formats, and none leaves its picture.
func TestCaptions(t *testing.T) {
	white := uniform(60, 20, color.RGBA{255, 255, 255, 255})
	for _, ground := range []color.Color{color.Black, color.White} {
		f := filmOf(1, white, white, white)
		f.Columns, f.Background, f.Numbers = 3, ground, []int{7, 8, 1000}
		f.Captions = func(n int) string {
			return map[int]string{7: "7", 8: "", 1000: "a text that is longer than its picture is wide"}[n]
		}
		got := sheet(t, f)
		if got.Rect.Dx() != 180 || got.Rect.Dy() != 38 {
			t.Fatalf("the sheet is %v large", got.Rect.Size())
		}
		paper, _, _, _ := ground.RGBA()
		ink := func(from, to int) (n int) {
			for x := from; x < to; x++ {
				for y := 20; y < 38; y++ {
					if d := int(got.RGBAAt(x, y).R) - int(paper>>8); d > 128 || d < -128 {
						n++
					}
				}
			}
			return n
		}
		if ink(20, 40) < 5 || ink(0, 20)+ink(40, 60) > 0 || ink(60, 120) > 0 || ink(120, 180) < 50 {
			t.Errorf("on %v: ink of %d, %d, %d and %d pixels", ground, ink(0, 20)+ink(40, 60), ink(20, 40), ink(60, 120), ink(120, 180))
		}
		f.Columns, f.Scale = 0, 3 // captions are not magnified, so the GIF's pixels are
		pictures, _ := gifPictures(t, written(t, ".gif", f))
		if size := pictures[0].Rect.Size(); size != image.Pt(180, 78) {
			t.Errorf("the GIF is %v large", size)
		}
	}
}

// TestLabels are texts under the cells of a grid, within their widths, at any size; the cells stay as they are.
func TestLabels(t *testing.T) {
	var cells []*image.RGBA
	for i := range 6 {
		cells = append(cells, uniform(40, 20, color.RGBA{A: 255, R: uint8(40 * i)}))
	}
	grid := Grid(cells, 3, 1, color.White)
	texts := []string{"one", "", strings.Repeat("much too long ", 1e6), "", "", "six"}
	for scale, width := range map[int]int{1: 124, 2: 248} {
		f := filmOf(1, grid, grid)
		f.Cells, f.Pad, f.Labels, f.Scale, f.Columns = image.Pt(3, 2), 1, func(int) []string { return texts }, scale, 1
		f.Captions, f.Background = func(int) string { return "caption" }, color.White
		got := sheet(t, f)
		const band = 18
		high := 43*scale + 3*band
		if got.Rect.Size() != image.Pt(width, 2*high) {
			t.Fatalf("× %d: the sheet is %v large", scale, got.Rect.Size())
		}
		for i := range 6 {
			x, y := (1+i%3*41+20)*scale, (1+i/3*21+10)*scale+i/3*band
			if c := got.RGBAAt(x, y); c != (color.RGBA{A: 255, R: uint8(40 * i)}) {
				t.Errorf("× %d: cell %d is %v", scale, i, c)
			}
			ink := 0
			for dy := range band {
				for dx := range 40 * scale {
					if got.RGBAAt((1+i%3*41)*scale+dx, (i/3+1)*21*scale+i/3*band+dy).G < 128 {
						ink++
					}
				}
			}
			if (ink > 5) != (texts[i] != "") {
				t.Errorf("× %d: %d pixels of ink under cell %d, whose label is %.20q", scale, ink, i, texts[i])
			}
			if c := got.RGBAAt((1+i%3*41)*scale-1, (i/3+1)*21*scale+i/3*band+9); c != (color.RGBA{255, 255, 255, 255}) {
				t.Errorf("× %d: between labels is %v", scale, c)
			}
		}
	}
	for want, change := range map[string]func(f *Film){
		"how many columns":       func(f *Film) { f.Cells = image.Point{} },
		"are no grids of 3 × 4":  func(f *Film) { f.Cells.Y = 4 },
		"2 labels for 6 cells":   func(f *Film) { f.Labels = func(int) []string { return texts[:2] } },
		"are no grids of 50 × 2": func(f *Film) { f.Cells.X = 50 },
	} {
		f := filmOf(1, grid, grid)
		f.Cells, f.Pad, f.Labels = image.Pt(3, 2), 1, func(int) []string { return texts }
		change(&f)
		if err := WriteTo(io.Discard, ".gif", f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestColumns: as many as one says, or as 960 pixels hold.
func TestColumns(t *testing.T) {
	for columns, want := range map[int]image.Point{0: {600, 10}, 1: {100, 60}, 4: {400, 20}, 9: {600, 10}} {
		f := filmOf(1, make6()...)
		f.Columns, f.Size = columns, 100
		pictures := f.Pictures
		f.Pictures = func(yield func(*image.RGBA, error) bool) {
			for img := range pictures {
				if !yield(img.SubImage(image.Rect(0, 0, 2, 1)).(*image.RGBA), nil) {
					return
				}
			}
		}
		want.Y *= 5
		if got := sheet(t, f).Rect.Size(); got != want {
			t.Errorf("%d columns: the sheet is %v large, want %v", columns, got, want)
		}
	}
}

// TestPicturesAreMadeAhead: while a picture is encoded, the next are made, but in a film of 10,000 never more than 34, and fewer large ones.
func TestPicturesAreMadeAhead(t *testing.T) {
	for _, c := range []struct{ side, frames, most, least int }{{1, 10_000, 34, 3}, {1448, 20, 10, 2}} {
		var made atomic.Int64
		read, ahead := 0, 0
		img := uniform(c.side, c.side, color.RGBA{A: 255})
		f := Film{Frames: c.frames, FPS: 1, Pictures: func(yield func(*image.RGBA, error) bool) {
			for range c.frames {
				made.Add(1)
				if !yield(img, nil) {
					return
				}
			}
		}}
		if err := WriteTo(writer(func([]byte) error {
			ahead = max(ahead, int(made.Load())-read)
			read++
			return nil
		}), Raw, f); err != nil {
			t.Fatal(err)
		}
		if read != c.frames || ahead > c.most || ahead < c.least {
			t.Errorf("side %d: %d pictures of %d, of which up to %d were there at a time, want %d to %d", c.side, read, c.frames, ahead, c.least, c.most)
		}
	}
}

// writer is an io.Writer that is a function.
type writer func(p []byte) error

func (w writer) Write(p []byte) (int, error) { return len(p), w(p) }

// TestWriterThatFails ends the film: no goroutine makes pictures any more when WriteTo returns.
func TestWriterThatFails(t *testing.T) {
	full := errors.New("full")
	for _, name := range []string{Raw, ".gif", ".apng", ".png"} {
		var made atomic.Int64
		err := WriteTo(writer(func([]byte) error { return full }), name, Film{Frames: 1 << 20, FPS: 1, Columns: 1, Pictures: func(yield func(*image.RGBA, error) bool) {
			for i := range 1 << 20 {
				made.Add(1)
				if !yield(uniform(64, 64, color.RGBA{uint8(i), uint8(i >> 8), 0, 255}), nil) {
					return
				}
			}
		}})
		if before := made.Load(); !errors.Is(err, full) || before > 5000 || made.Load() != before {
			t.Errorf("%s: %v after %d pictures", name, err, before)
		}
	}
}
