package walk

import (
	"bytes"
	"image"
	"image/gif"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSlerpKeepsLengthAndAngle(t *testing.T) {
	a, b := []float32{2, 0, 0}, []float32{0, 2, 0}
	for _, x := range []float64{0, 0.25, 0.5, 1} {
		got := Slerp(a, b, x)
		angle := math.Atan2(float64(got[1]), float64(got[0]))
		length := math.Hypot(float64(got[0]), float64(got[1]))
		if math.Abs(angle-x*math.Pi/2) > 1e-6 || math.Abs(length-2) > 1e-6 {
			t.Errorf("at %v: got %v, of length %v at %v", x, got, length, angle)
		}
	}
	if got := Slerp(a, a, 0.5); !slices.Equal(got, a) {
		t.Errorf("between equal points: got %v, want %v", got, a)
	}
}

func TestPath(t *testing.T) {
	stops := [][]float32{{0}, {1}, {3}}
	got, err := Path(stops, 5, Lerp)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{0, 0.5, 1, 2, 3} {
		if got[i][0] != want {
			t.Errorf("frame %d: got %v, want %v", i, got[i][0], want)
		}
	}
	if _, err := Path(stops, 0, Lerp); err == nil || !strings.Contains(err.Error(), "--frames") {
		t.Errorf("no frames give %v", err)
	}
}

func TestPoint(t *testing.T) {
	a, _ := Point("seed:3", 20)
	b, _ := Point("seed:3", 20)
	c, _ := Point("seed:4", 20)
	if !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Error("a point must be a function of its seed")
	}
	path := filepath.Join(t.TempDir(), "z.json")
	if err := os.WriteFile(path, []byte("[1, 2]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Point("file:"+path, 2); err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"seed:x", "7", "file:/none", "file:" + path} {
		if _, err := Point(bad, 3); err == nil {
			t.Errorf("%q was taken for a point", bad)
		}
	}
}

func TestMedia(t *testing.T) {
	var frames []*image.RGBA
	for i := range 3 {
		f := image.NewRGBA(image.Rect(0, 0, 8, 6))
		for j := range f.Pix {
			f.Pix[j] = byte(40 * i)
			if j%4 == 3 {
				f.Pix[j] = 255
			}
		}
		frames = append(frames, f)
	}
	dir := t.TempDir()
	for _, ending := range []string{".gif", ".apng", ".png"} {
		if err := WriteMedia(filepath.Join(dir, "w"+ending), frames, 20); err != nil {
			t.Fatal(err)
		}
	}
	p, _ := os.ReadFile(filepath.Join(dir, "w.gif"))
	g, err := gif.DecodeAll(bytes.NewReader(p))
	if err != nil || len(g.Image) != 3 {
		t.Fatalf("the GIF has %v frames, %v", g, err)
	}
	if r, _, _, _ := g.Image[2].At(1, 1).RGBA(); r>>8 != 80 {
		t.Errorf("grey 80 became %d", r>>8)
	}
	p, _ = os.ReadFile(filepath.Join(dir, "w.apng"))
	if img, err := png.Decode(bytes.NewReader(p)); err != nil || img.Bounds().Dx() != 8 || bytes.Count(p, []byte("fcTL")) != 3 {
		t.Errorf("the APNG does not decode: %v", err)
	}
	if err := WriteMedia(filepath.Join(dir, "w.mp4"), frames, 20); err == nil || !strings.Contains(err.Error(), ".gif") {
		t.Errorf("an unknown ending gives %v", err)
	}
	if err := WriteMedia(filepath.Join(dir, "x.gif"), nil, 20); err == nil || !strings.Contains(err.Error(), "--frames") {
		t.Errorf("no frames give %v", err)
	}
	if err := WriteMedia(filepath.Join(dir, "x.gif"), frames, 0); err == nil || !strings.Contains(err.Error(), "--fps") {
		t.Errorf("no frames a second give %v", err)
	}
	path := filepath.Join(dir, "none", "x.gif")
	err = WriteMedia(path, frames, 20)
	if want := path + " cannot be written: no such file or directory; make room"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a folder that is not there gives %v, want an error with %q", err, want)
	}
}
