package atlas_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/models/atlas"
	"genview/models/watch"
)

// drawn returns a map of pictures of two classes. Only the first has a name.
func drawn(tsne bool) *watch.Atlas {
	a := &watch.Atlas{Names: []string{"odd <one>"}, Shares: []float64{0.7, 0.2}, Mean: []float32{0, 0}, Axes: [][]float32{{1, 0}, {0, 1}}}
	for i := range 40 {
		a.Z = append(a.Z, []float32{float32(i % 7), float32(i / 7)})
		a.Classes = append(a.Classes, int32(i%2))
		a.Images = append(a.Images, image.NewRGBA(image.Rect(0, 0, 8, 8)))
		if tsne {
			a.Places = append(a.Places, [2]float64{float64(-i), float64(i * i)})
		}
	}
	return a
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	written := func(name string, a *watch.Atlas, c atlas.Chart) []byte {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := atlas.Write(path, a, c); err != nil {
			t.Fatal(err)
		}
		p, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []atlas.Chart{{Side: 300}, {Side: 300, Pictures: true}} {
		img, err := png.Decode(bytes.NewReader(written("map.png", drawn(true), c)))
		if err != nil || img.Bounds().Dy() != 300 {
			t.Errorf("%+v: the picture is %v, %v", c, img.Bounds(), err)
		}
	}
	svg := string(written("map.svg", drawn(false), atlas.Chart{}))
	for _, want := range []string{"principal component 1, 70 % of the variance", "odd &lt;one&gt;", "class 1"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the SVG has no %q", want)
		}
	}
	if svg := string(written("map.svg", drawn(true), atlas.Chart{Pictures: true})); strings.Contains(svg, "principal") || !strings.Contains(svg, "t-SNE 2") || !strings.Contains(svg, "<image") {
		t.Errorf("the SVG by t-SNE is %.300s", svg)
	}
	if pdf := written("map.pdf", drawn(true), atlas.Chart{}); !bytes.HasPrefix(pdf, []byte("%PDF")) {
		t.Error("the PDF is none")
	}
	lines, err := csv.NewReader(bytes.NewReader(written("map.csv", drawn(true), atlas.Chart{}))).ReadAll()
	if err != nil || len(lines) != 41 || strings.Join(lines[4], " ") != "3 class 1 -3 9 3 0" {
		t.Errorf("the table is %v, %v", lines, err)
	}
	for name, c := range map[string]atlas.Chart{"map.gif": {}, "map.png": {Side: 10}} {
		if err := atlas.Write(filepath.Join(dir, "no-"+name), drawn(false), c); err == nil {
			t.Errorf("%s of %+v gives no error", name, c)
		}
		if _, err := os.Stat(filepath.Join(dir, "no-"+name)); err == nil {
			t.Errorf("no-%s is there", name)
		}
	}
}

// Two groups of vectors lie apart on the map.
func ExampleTSNE() {
	var x [][]float32
	for i := range 30 {
		group := float32(i % 2)
		x = append(x, []float32{10 * group, 5 * group, float32(i) / 30})
	}
	places, err := atlas.TSNE(context.Background(), x, 5)
	if err != nil {
		panic(err)
	}
	near := math.Hypot(places[0][0]-places[2][0], places[0][1]-places[2][1])
	far := math.Hypot(places[0][0]-places[1][0], places[0][1]-places[1][1])
	fmt.Println(near < far)
	// Output: true
}
