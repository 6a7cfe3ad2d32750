package film

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"genview/models/watermark"
)

// TestWatermark: each format keeps the mark in its first picture, of whatever size the film is shown in; sheets as a whole.
func TestWatermark(t *testing.T) {
	id := watermark.ID("letters")
	for ending, change := range map[string]func(f *Film){
		".gif":  func(f *Film) { f.Scale = 6 },
		".apng": func(f *Film) { f.Size = 200 },
		".webp": func(f *Film) { f.Scale = 5; f.Captions = func(int) string { return "step 7" } },
		".png":  func(f *Film) { f.Scale, f.Columns = 3, 2 },
	} {
		f := waves(32, 3, 0.4)
		change(&f)
		bare := written(t, ending, f)
		f.Watermark, f.Source = "letters", Trained
		dir := t.TempDir()
		for name, p := range map[string][]byte{"bare": bare, "marked": written(t, ending, f), "again": written(t, ending, f)} {
			if err := os.WriteFile(filepath.Join(dir, name), p, 0o644); err != nil {
				t.Fatal(err)
			}
			found, ok, err := ReadWatermark(filepath.Join(dir, name))
			if want := name != "bare"; err != nil || ok != want || want && found.ID != id {
				t.Errorf("%s, %s: %v, %v, %v", ending, name, found, ok, err)
			}
		}
		if f.Source = Data; len(written(t, ending, f)) > len(bare)+2000 {
			t.Errorf("%s: a picture of data is marked", ending)
		}
	}
	if _, _, err := ReadWatermark(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestSmallFilm: whoever wants a mark in pictures that are too small is told once, and gets them as they are.
func TestSmallFilm(t *testing.T) {
	f := waves(16, 5, 0.4)
	bare := written(t, ".webp", f)
	var said atomic.Pointer[string]
	times := new(atomic.Int32)
	f.Watermark = "7"
	f.Say = func(line string) { said.Store(&line); times.Add(1) }
	if !bytes.Equal(written(t, ".webp", f), bare) {
		t.Error("small pictures are changed")
	}
	if times.Load() != 1 || !strings.Contains(*said.Load(), "16 × 16 pixels hold no watermark") {
		t.Errorf("said %d times: %v", times.Load(), said.Load())
	}
	sheet := Still(uniform(300, 300, color.RGBA{1, 2, 3, 255}), Trained)
	sheet.Watermark = "7"
	if written(t, ".png", sheet); times.Load() != 1 {
		t.Error("a large picture is said to be small")
	}
}

func FuzzReadWatermark(f *testing.F) {
	for _, ending := range []string{".gif", ".png", ".webp"} {
		f.Add(written(f, ending, waves(8, 2, 0.4)))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if q := firstWebP(p); !bytes.Equal(p, q) {
			if _, _, err := image.DecodeConfig(bytes.NewReader(q)); err == nil && len(q) > len(p) {
				t.Errorf("the first picture of %d bytes has %d", len(p), len(q))
			}
		}
	})
}
