package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/data"
	"genview/models/gan"
	"genview/models/run"
	"genview/models/vae"
)

// album writes n pictures of a size to a folder; of those that are not grey a corner is red.
func album(t *testing.T, dir string, n, w, h int, grey bool, encode func(*bytes.Buffer, image.Image) error) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				v := uint8(x + 3*y + i)
				img.SetRGBA(x, y, color.RGBA{v, v, v, 255})
				if !grey && x < w/3 && y < h/3 {
					img.SetRGBA(x, y, color.RGBA{255, 0, 0, 255})
				}
			}
		}
		var b bytes.Buffer
		if err := encode(&b, img); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), b.Bytes())
	}
	return dir
}

func asPNG(b *bytes.Buffer, img image.Image) error  { return png.Encode(b, img) }
func asJPEG(b *bytes.Buffer, img image.Image) error { return jpeg.Encode(b, img, nil) }

func TestSettingsFollowThePictures(t *testing.T) {
	dir := t.TempDir()
	colour := album(t, filepath.Join(dir, "colour"), 3, 64, 48, false, asPNG)
	grey := album(t, filepath.Join(dir, "grey"), 3, 28, 28, true, asJPEG) // of three components that say the same
	photos := album(t, filepath.Join(dir, "photos"), 2, 640, 480, false, asJPEG)
	for _, c := range []struct {
		preset, data   string
		set            []string
		size, channels int
		binarize       bool
		says           string
	}{
		{"vae", colour, nil, 48, 3, false, "pictures are 64×48, in colour: trained with data.size=48, data.channels=3, data.binarize=false; "},
		{"vae", grey, nil, 28, 1, false, "pictures are 28×28, grey: trained with data.size=28, data.channels=1, data.binarize=false; "},
		{"vae", photos, nil, 64, 3, false, "pictures are 640×480, in colour: trained with data.size=64, "},
		{"gan", colour, nil, 48, 3, false, "data.size=48, data.channels=3; "},
		{"dcgan", colour, nil, 48, 3, false, "data.size=48"},
		{"dcgan", grey, nil, 32, 1, false, "data.size=32"},
		{"vae", colour, []string{"data.size=20"}, 20, 3, false, "data.channels=3, data.binarize=false; "},
		{"vae", colour, []string{"data.channels=1", "data.binarize=true"}, 48, 1, true, "trained with data.size=48; "},
		{"vae", colour, []string{"data.channels=1", "data.size=28", "data.binarize=true"}, 28, 1, true, ""},
		{"vae", "fashion-mnist", nil, 28, 1, false, "trained with data.binarize=false; "},
		{"vae", "mnist", nil, 28, 1, true, ""},
		{"vae", "glyphs", nil, 28, 1, true, ""},
		{"points", "points:ring8", nil, 1, 1, false, ""},
	} {
		cfg, err := run.New(c.preset)
		if err := errors.Join(err, setAll(cfg, append(c.set, "data.name="+c.data))); err != nil {
			t.Fatal(err)
		}
		told, err := run.Configure(t.Context(), cfg, asked(c.set))
		if err != nil {
			t.Fatal(c, err)
		}
		var d data.PictureSettings
		switch s := cfg.Settings.(type) {
		case *vae.Settings:
			d = s.Data
		case *gan.Settings:
			d = s.Data
		}
		if d.Size != c.size || d.Channels != c.channels || d.Binarize != c.binarize {
			t.Errorf("%s of %s with %q: got size %d, channels %d, binarize %v; want %d, %d, %v",
				c.preset, filepath.Base(c.data), c.set, d.Size, d.Channels, d.Binarize, c.size, c.channels, c.binarize)
		}
		if !strings.Contains(told+"; ", c.says) || c.says == "" && told != "" {
			t.Errorf("%s of %s with %q says %q, want %q in it", c.preset, filepath.Base(c.data), c.set, told, c.says)
		}
	}
}

// TestTrainingAFolder trains on a folder of colour pictures, one of them damaged, and of files that are not pictures.
func TestTrainingAFolder(t *testing.T) {
	dir := t.TempDir()
	photos := album(t, filepath.Join(dir, "photos"), 24, 20, 16, false, asPNG)
	write(t, filepath.Join(photos, "torn.png"), []byte("\x89PNG\r\n\x1a\n"))
	write(t, filepath.Join(photos, "phone.heic"), nil)
	run := filepath.Join(dir, "run")
	_, stderr, code := genview(t, tiny("--data", photos, "--steps", "3", "--batch", "8", "--out", run)...)
	for _, want := range []string{
		"pictures are 20×16, in colour: trained with data.size=16, data.channels=3",
		"read 24 pictures of " + photos + ", 2 left out (1 .heic, 1 that cannot be read)",
		"left out: " + filepath.Join(photos, "torn.png") + ": PNG: it ends too early",
	} {
		if code != 0 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d and %q, want %q in it", code, stderr, want)
		}
	}
	kept, err := os.ReadFile(filepath.Join(run, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"size: 16", "channels: 3"} {
		if !strings.Contains(string(kept), want) {
			t.Errorf("config.yaml lacks %q: %s", want, kept)
		}
	}
	if strings.Contains(string(kept), "binarize") {
		t.Errorf("photographs are binarised: %s", kept)
	}
	if out := must(t, "eval", run); !strings.Contains(out, "pixels: as they are") {
		t.Errorf("eval says %q", out)
	}
}
