package lettering

import (
	"math"
	"testing"
)

// TestCaretsLieBetweenCharacters: carets of a text that runs to the right stand in its order, those of Hebrew in the opposite one; a place
// that is asked for by its caret is found again, and all characters together take the whole width.
func TestCaretsLieBetweenCharacters(t *testing.T) {
	f, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text     string
		signs    bool
		leftward [2]int // the characters that run to the left
	}{
		{"Monday", false, [2]int{}},
		{"a b\n\tc\x00", true, [2]int{}},
		{"日本語", false, [2]int{}},
		{"", false, [2]int{}},
	} {
		line := f.Line(c.text, Style{Size: 15, Mono: true, Signs: c.signs})
		n := len([]rune(c.text))
		for i := range n + 1 {
			x := line.Caret(i)
			if i > 0 && x <= line.Caret(i-1) {
				t.Errorf("%q: caret %d is at %v, the one before at %v", c.text, i, x, line.Caret(i-1))
			}
			if got := line.Index(x + 0.2); got != i {
				t.Errorf("%q: caret %d is at %v, where %d is found", c.text, i, x, got)
			}
		}
		if line.Caret(0) != 0 || math.Abs(line.Caret(n)-line.Width()) > 0.01 {
			t.Errorf("%q: carets from %v to %v of %v", c.text, line.Caret(0), line.Caret(n), line.Width())
		}
		if s := line.Spans(0, n); n > 0 && (len(s) != 1 || s[0][0] != 0 || math.Abs(s[0][1]-line.Width()) > 0.01) {
			t.Errorf("%q: all of it lies at %v of %v", c.text, s, line.Width())
		}
	}
}

// TestSpotsOfBothDirections: in characters that run to the left the first caret is the right one, and a selection across the border of two
// directions is two areas.
func TestSpotsOfBothDirections(t *testing.T) {
	l := &Line{dot: 50} // "ab" and then three Hebrew letters, which lie at 20 to 50
	l.spots = []spot{{0, 1, 0, 10, false}, {1, 1, 10, 20, false}, {4, 1, 20, 30, true}, {3, 1, 30, 40, true}, {2, 1, 40, 50, true}}
	for i, want := range []float64{0, 10, 50, 40, 30, 20} {
		if got := l.Caret(i); got != want {
			t.Errorf("caret %d is at %v, want %v", i, got, want)
		}
	}
	if got := l.Spans(1, 3); len(got) != 2 || got[0] != [2]float64{10, 20} || got[1] != [2]float64{40, 50} {
		t.Errorf("the selection is %v", got)
	}
	if got := l.Index(39); got != 3 {
		t.Errorf("at 39 is %d", got)
	}
	ligature := &Line{dot: 30, spots: []spot{{0, 3, 0, 30, false}}}
	if got := ligature.Caret(1); got != 10 {
		t.Errorf("within a ligature the caret is at %v", got)
	}
}
