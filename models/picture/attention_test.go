package picture

import (
	"testing"

	"genview/models/watch"
)

// TestAttentionShowsTheShares: a share of 1 is full, one of 0 is none, wherever it lies, and tokens are written where there is room.
func TestAttentionShowsTheShares(t *testing.T) {
	m := watch.Map{Name: "a", Heads: 2, To: []string{"x", "end"}, From: []string{"begin", " ", "\n"}}
	m.Weights = []float32{1, 0, 0, 0, 0, 1 /* head 2: */, 0, 1, 0, 0.5, 0.5, 0}
	img, err := Attention(&watch.Attention{Text: "a b", Output: "c", Maps: []watch.Map{m}})
	if err != nil {
		t.Fatal(err)
	}
	left, top := gutters(m)
	w, h := mapSize(m)
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
	m := watch.Map{Name: "a", Heads: 1, To: make([]string, 256), From: make([]string, 256)}
	if w, h := mapSize(m); w > 256*smallest || h > 256*smallest {
		t.Errorf("256 tokens take %d × %d", w, h)
	}
}
