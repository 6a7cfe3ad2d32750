package codec

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// upright decodes a file as it is shown.
func upright(p []byte) (*image.RGBA, error) {
	pic, err := Open(p)
	if err != nil {
		return nil, err
	}
	img, err := pic.Decode()
	if err != nil {
		return nil, err
	}
	flat := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(flat, flat.Rect, img, img.Bounds().Min, draw.Src)
	flat = pic.Orientation.Upright(flat)
	if flat.Rect.Dx() != pic.Width || flat.Rect.Dy() != pic.Height {
		return nil, fmt.Errorf("it is %v and was to be %d×%d", flat.Rect, pic.Width, pic.Height)
	}
	return flat, nil
}

// A reference is a picture as another decoder shows it: its colours where the columns and rows meet.
type reference struct {
	w, h int
	rows []string
}

// references reads testdata/reference.txt. The colours come from libwebp 1.2.4, libjpeg-turbo 2.1.5 without smoothing of chroma, libtiff
// 4.5.0, and Pillow 9.4 and ImageMagick 6.9.11 for the rest: red, green, blue and alpha in two digits each.
func references(t *testing.T) map[string]reference {
	t.Helper()
	f, err := os.Open("testdata/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, name := map[string]reference{}, ""
	for s := bufio.NewScanner(f); s.Scan(); {
		line := s.Text()
		r := all[name]
		if n, size, ok := strings.Cut(line, " "); ok && strings.Contains(n, ".") {
			name, r = n, reference{}
			if _, err := fmt.Sscanf(size, "%dx%d", &r.w, &r.h); err != nil {
				t.Fatal(line, err)
			}
		} else {
			r.rows = append(r.rows, line)
		}
		all[name] = r
	}
	return all
}

// grid is where references have colours, along an axis of n pixels.
func grid(n int, at ...int) []int {
	var out []int
	for _, v := range append(at, n-1) {
		out = append(out, min(v, n-1))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestColoursOfOtherDecoders(t *testing.T) {
	all := references(t)
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := f.Name()
		if f.IsDir() || name == "reference.txt" {
			continue
		}
		want, ok := all[name]
		if !ok {
			t.Errorf("%s has no reference", name)
			continue
		}
		delete(all, name)
		p, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := upright(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compare(t, name, got, want)
	}
	for name := range all {
		t.Errorf("%s has a reference and no file", name)
	}
}

// compare allows 3 of 255: decoders round and transform differently.
func compare(t *testing.T, name string, got *image.RGBA, want reference) {
	t.Helper()
	if got.Rect.Dx() != want.w || got.Rect.Dy() != want.h {
		t.Errorf("%s is %v, want %d×%d", name, got.Rect.Size(), want.w, want.h)
		return
	}
	xs, ys := grid(want.w, 0, 4, 9, 13, 18), grid(want.h, 0, 2, 5, 7, 9, 12, 17)
	for j, y := range ys {
		for i, code := range strings.Fields(want.rows[j]) {
			v, err := hex.DecodeString(code)
			if err != nil || len(v) != 4 {
				t.Fatal(name, code, err)
			}
			w := color.RGBAModel.Convert(color.NRGBA{v[0], v[1], v[2], v[3]}).(color.RGBA)
			if g := got.RGBAAt(xs[i], y); far(g, w, 3) {
				t.Errorf("%s at %d, %d: got %v, want %v", name, xs[i], y, g, w)
				return
			}
		}
	}
}

func far(a, b color.RGBA, most int) bool {
	for _, d := range [4]int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		if d > most || d < -most {
			return true
		}
	}
	return false
}
