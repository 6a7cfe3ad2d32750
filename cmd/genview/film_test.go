package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/film"
	"genview/models/record"
	"genview/models/watch"
)

// TestFilm films a recording, without a device and without weights.
func TestFilm(t *testing.T) {
	dir := t.TempDir()
	run, empty := filepath.Join(dir, "run"), filepath.Join(dir, "empty")
	for _, d := range []string{run, empty} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(d, "config.yaml"), []byte("version: 2\nkind: vae\n"))
	}
	w, err := record.NewWriter(filepath.Join(run, "record"), 1<<20, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []int{0, 3, 20, 100} {
		views := []watch.View{&watch.Table{Name: "Classes"}, &watch.Pictures{Name: "Samples", Images: []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 8, 8))}}}
		if err := w.Last(step, views, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "frames") + "/"
	must(t, "film", run, "-o", out, "--from", "3", "--to", "20")
	for step, want := range map[int]bool{0: false, 3: true, 20: true, 100: false} {
		if _, err := os.Stat(film.PictureName(out, step)); (err == nil) != want {
			t.Errorf("step %d is filmed: %v, want %v", step, err == nil, want)
		}
	}
	gif := filepath.Join(dir, "all.gif")
	must(t, "film", run, "--view", "samples", "-o", gif)
	if about := must(t, "provenance", gif); !strings.Contains(about, "Run: run") {
		t.Errorf("of the film is said %q", about)
	}
	for want, args := range map[string][]string{
		"the first step comes after the last": {run, "--from", "9", "--to", "3"},
		"--fps 0: give 1 to 100":              {run, "--fps", "0"},
		"between the steps 4 and 19":          {run, "--from", "4", "--to", "19"},
		`no view "Classes" that is a picture`: {run, "--view", "Classes"},
		"there is no recording":               {empty},
		"no run":                              {filepath.Join(dir, "nothing")},
	} {
		_, stderr, code := genview(t, append([]string{"film", "-o", filepath.Join(dir, "x.gif")}, args...)...)
		if code == 0 || !strings.Contains(stderr, want) || strings.Count(strings.TrimSpace(stderr), "\n") > 0 {
			t.Errorf("film %v: exit code %d, %q; want %q", args, code, stderr, want)
		}
	}
}
