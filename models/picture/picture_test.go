package picture

import (
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"genview/models/watch"
)

// TestWriteByKind: the first view that makes a file is written, with the ending of its kind, and nothing else.
func TestWriteByKind(t *testing.T) {
	pictures := &watch.Pictures{Name: "Samples", Images: []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 8, 4)), image.NewRGBA(image.Rect(0, 0, 8, 4))}}
	scatter := &watch.Scatter{Name: "Points", Reach: 1, Sets: []watch.Points{{Name: "generated", XY: []float32{0, 0}}}}
	wrote := &watch.Texts{Name: "Sample", Examples: []watch.Example{{Input: "\n", Output: "one"}, {Output: "two"}}}
	judged := &watch.Texts{Name: "Examples", Examples: []watch.Example{{Input: "a", Output: "b", Want: "c"}}}
	maps := reading("abc", 3)
	none := &watch.HeatMaps{Name: "Attention", Prompt: &watch.Prompt{Text: "☃", Problem: "never seen"}}
	for name, c := range map[string]struct {
		views []watch.View
		want  string
	}{
		"pictures":           {[]watch.View{&watch.Latent{Name: "Latent space"}, pictures, scatter}, "s.png"},
		"points":             {[]watch.View{scatter}, "s.png"},
		"a text and maps":    {[]watch.View{wrote, maps}, "s.txt"},
		"judged texts, maps": {[]watch.View{judged, maps}, "s.png"},
		"a problem":          {[]watch.View{judged, none}, ""},
		"nothing":            {nil, ""},
	} {
		dir := t.TempDir()
		if err := Write(filepath.Join(dir, "s"), c.views, "", nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if want := []string{c.want}; c.want != "" && !slices.Equal(got, want) || c.want == "" && len(got) > 0 {
			t.Errorf("%s: wrote %q, want %q", name, got, c.want)
		}
		if c.want == "s.txt" {
			if p, err := os.ReadFile(filepath.Join(dir, "s.txt")); err != nil || string(p) != "one\ntwo\n" {
				t.Errorf("wrote %q, %v", p, err)
			}
		}
	}
}

// TestScatterLightsWhereThePointsAre: points at one place light one cell, and those outside of the plane none.
func TestScatterLightsWhereThePointsAre(t *testing.T) {
	img := Scatter([]float32{0.5, 0.5, 0.5, 0.5, -1.001, 0, 0, 1.001, 7, 7}, 1)
	lit := 0
	for y := 0; y < img.Rect.Dy(); y += sheetScale {
		for x := 0; x < img.Rect.Dx(); x += sheetScale {
			if img.RGBAAt(x, y).R > 0 {
				lit++
			}
		}
	}
	if at := scatterSide * sheetScale; lit != 1 || img.RGBAAt(at*3/4, at/4).R == 0 {
		t.Errorf("%d cells are lit, that of the points: %v", lit, img.RGBAAt(at*3/4, at/4))
	}
}
