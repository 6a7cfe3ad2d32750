package picture

import (
	"flag"
	"image"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"genview/models/lettering"
	"genview/models/watch"
)

var keep = flag.String("keep", "", "file to write a picture to, for looking at")

func fonts(t *testing.T) *lettering.Fonts {
	t.Helper()
	f, err := lettering.New(lettering.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// reading returns the view of a text of which a model has read the last n characters.
func reading(text string, n int) *watch.HeatMaps {
	all := strings.Split(text, "")
	read := all[max(0, len(all)-n):]
	m := watch.Map{Name: "h.0.attn", Heads: 2, Rows: read, Cols: read, Values: make([]float32, 2*len(read)*len(read))}
	for i := range m.Values {
		m.Values[i] = float32(i%7) / 7
	}
	return &watch.HeatMaps{Prompt: &watch.Prompt{Text: text, Unread: len(all) - len(read), Output: "文\n"}, Maps: []watch.Map{m}}
}

// TestPicturesOfTextsDiffer: a map is labelled with the characters of its text, in any script, and all that was read is labelled.
func TestPicturesOfTextsDiffer(t *testing.T) {
	f := fonts(t)
	var seen []*image.RGBA
	for _, text := range []string{"中文字", "中文書", "абв", "абг", "ابت", "กขค", "😀😁😂", "😀😁😃", "a\nb", "a\tb", "a b", "a\x00b", "a\x01b", "a·b", "a¶b"} {
		a := reading(text, 64)
		a.Prompt.Text = "" // the labels alone have to tell them apart
		img := HeatMaps(f, a)
		for _, other := range seen {
			if slices.Equal(img.Pix, other.Pix) {
				t.Errorf("the picture of %q is that of another text", text)
			}
		}
		seen = append(seen, img)
	}
}

// TestNothingIsCut: what stands above the maps is as wide as the picture at most, and says which part of a long text was read.
func TestNothingIsCut(t *testing.T) {
	f := fonts(t)
	for _, text := range []string{"short", strings.Repeat("words and more ", 30), strings.Repeat("漢字", 300), strings.Repeat("x", 500), "a\nb\n\nc"} {
		a := reading(text, 64)
		img := HeatMaps(f, a)
		head := heading(f, a.Prompt, img.Rect.Dx()-2*margin)
		said := false
		for _, line := range head {
			x := 0.0
			for _, w := range line {
				x += f.Line(w.text, w.style).Width()
				said = said || strings.Contains(w.text, "the maps are of the last")
			}
			if x > float64(img.Rect.Dx()-2*margin) {
				t.Errorf("%.20q: a line of %v pixels in a picture of %d", text, x, img.Rect.Dx())
			}
		}
		if want := len([]rune(text)) > 64; said != want {
			t.Errorf("%.20q: said what is read: %v, want %v", text, said, want)
		}
		if m := a.Maps[0]; len(m.Rows) <= 64 && every(m) != 1 {
			t.Errorf("%.20q: of %d tokens one in %d is labelled", text, len(m.Rows), every(m))
		}
	}
}

// TestKeep writes a picture, where somebody wants to look at one.
func TestKeep(t *testing.T) {
	if *keep == "" {
		t.Skip("-keep FILE writes a picture")
	}
	f, err := lettering.New(lettering.Options{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w, err := os.Create(*keep)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	a := reading("東京は日本の首都です。\nПривет, мир! \tمرحبا 123 بالعالم — γειά σου 😀👍🏽 สวัสดี "+strings.Repeat("and so on ", 12), 64)
	if err := png.Encode(w, HeatMaps(f, a)); err != nil {
		t.Fatal(err)
	}
}

// TestHeatMapsShowTheirValues: a weight of 1 has the full colour, one of 0 none, at every position, and tokens are written if there is
// room.
func TestHeatMapsShowTheirValues(t *testing.T) {
	m := watch.Map{Name: "a", Heads: 2, Rows: []string{"x", "end"}, Cols: []string{"begin", " ", "\n"}}
	m.Values = []float32{1, 0, 0, 0, 0, 1 /* head 2: */, 0, 1, 0, 0.5, 0.5, 0}
	f := fonts(t)
	img := HeatMaps(f, &watch.HeatMaps{Prompt: &watch.Prompt{Text: "a b", Output: "c"}, Maps: []watch.Map{m}})
	left, top := gutters(f, m)
	w, h := mapSize(f, m)
	if c := cell(m); left == 0 || w != left+3*c || h != top+2*c {
		t.Fatalf("a map of 3 × 2 is %d × %d, with %d and %d for its tokens", w, h, left, top)
	}
	if b := img.Bounds(); b.Dx() < 2*margin+2*w || b.Dy() < h {
		t.Fatalf("the picture is %v", b)
	}
	y := img.Bounds().Dy() - margin - h
	for head, want := range [][]bool{{true, false, false, false, false, true}, {false, true, false}} {
		for i, on := range want {
			x := margin + head*(w+margin) + left + i%3*cell(m) + cell(m)/2
			got := img.RGBAAt(x, y+top+i/3*cell(m)+cell(m)/2)
			if on && got != full || !on && got != none {
				t.Errorf("head %d, share %d: %v", head+1, i, got)
			}
		}
	}
}

// TestLongTextsAreSmall: the map of a long text stays a picture that can be looked at.
func TestLongTextsAreSmall(t *testing.T) {
	m := watch.Map{Name: "a", Heads: 1, Rows: make([]string, 256), Cols: make([]string, 256)}
	if w, h := mapSize(fonts(t), m); w > 256*smallest+40 || h > 256*smallest+40 {
		t.Errorf("256 tokens take %d × %d", w, h)
	}
}
