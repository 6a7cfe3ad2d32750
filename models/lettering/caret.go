package lettering

import (
	"math"
)

// A spot is the place of characters of a line that share a glyph or several.
type spot struct {
	first, n int // the characters, as code points from the beginning of the text
	from, to float64
	leftward bool // the first of them is at the right
}

// spot notes where characters lie that were appended from a place on.
func (l *Line) spot(first, n int, from float64, leftward bool) {
	if last := len(l.spots) - 1; last >= 0 && l.spots[last].first == first && l.spots[last].n == n {
		l.spots[last].to = l.dot // another glyph of the same characters
		return
	}
	l.spots = append(l.spots, spot{first, n, from, l.dot, leftward})
}

// edge returns the place before character i of the spot's.
func (s spot) edge(i int) float64 {
	part := (s.to - s.from) * float64(i-s.first) / float64(s.n)
	if s.leftward {
		return s.to - part
	}
	return s.from + part
}

// Caret returns the place of a caret before character i of the text, in pixels from the line's beginning. Characters are code points; the
// number of all characters is the end.
func (l *Line) Caret(i int) float64 {
	var before *spot // the last one that ends at i or before it
	for k, s := range l.spots {
		if s.first <= i && i < s.first+s.n {
			return s.edge(i)
		}
		if s.first+s.n <= i && (before == nil || s.first > before.first) {
			before = &l.spots[k]
		}
	}
	if before == nil {
		return 0
	}
	return before.edge(before.first + before.n)
}

// Index returns the place between characters that is nearest to x, as the number of characters before it.
func (l *Line) Index(x float64) int {
	best, distance := 0, math.Inf(1)
	for _, s := range l.spots {
		for i := s.first; i <= s.first+s.n; i++ {
			if d := math.Abs(s.edge(i) - x); d < distance {
				best, distance = i, d
			}
		}
	}
	return best
}

// Spans returns the areas of the characters from one to before another, each from left to right. In text that runs in both directions they
// may lie apart.
func (l *Line) Spans(from, to int) (all [][2]float64) {
	for _, s := range l.spots {
		a, b := max(from, s.first), min(to, s.first+s.n)
		if a >= b {
			continue
		}
		x0, x1 := min(s.edge(a), s.edge(b)), max(s.edge(a), s.edge(b))
		if last := len(all) - 1; last >= 0 && math.Abs(all[last][1]-x0) < 0.01 {
			all[last][1] = x1
			continue
		}
		all = append(all, [2]float64{x0, x1})
	}
	return all
}
