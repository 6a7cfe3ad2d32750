package viewer

import (
	"sort"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/segmenter"
)

// An edit is a text with a caret in it. What lies between the mark and the caret is selected. Both count code points from the beginning, and
// lie between characters as users see them (grapheme clusters, UAX #29).
type edit struct {
	text        string
	caret, mark int
}

// allOf selects all of a text.
func allOf(text string) edit { return edit{text, len([]rune(text)), 0} }

func (e edit) selection() (from, to int) { return min(e.caret, e.mark), max(e.caret, e.mark) }

// selected returns the selected text.
func (e edit) selected() string {
	from, to := e.selection()
	return string([]rune(e.text)[from:to])
}

// with returns e with s in the place of what is selected, and the caret behind it.
func (e edit) with(s string) edit {
	from, to := e.selection()
	r := []rune(e.text)
	caret := from + len([]rune(s))
	return edit{string(r[:from]) + s + string(r[to:]), caret, caret}
}

// to returns e with the caret elsewhere. Extended, the selection goes on to there.
func (e edit) to(caret int, extended bool) edit {
	e.caret = caret
	if !extended {
		e.mark = caret
	}
	return e
}

// next returns where the caret is after a step to the right.
func (e edit) next(word bool) int {
	stops := e.stops()
	if word {
		stops = nil
		for _, w := range e.words() {
			stops = append(stops, w[1])
		}
		stops = append(stops, len([]rune(e.text)))
	}
	return stops[min(sort.SearchInts(stops, e.caret+1), len(stops)-1)]
}

// before returns where the caret is after a step to the left.
func (e edit) before(word bool) int {
	stops := e.stops()
	if word {
		stops = []int{0}
		for _, w := range e.words() {
			stops = append(stops, w[0])
		}
	}
	return stops[max(sort.SearchInts(stops, e.caret)-1, 0)]
}

// near returns the place between characters that is nearest to i.
func (e edit) near(i int) int {
	stops := e.stops()
	k := min(sort.SearchInts(stops, i), len(stops)-1)
	if k > 0 && i-stops[k-1] < stops[k]-i {
		k--
	}
	return stops[k]
}

// wordAt selects the word at i, or what lies between two words.
func (e edit) wordAt(i int) edit {
	from, to := 0, len([]rune(e.text))
	for _, w := range e.words() {
		switch {
		case w[0] <= i && i < w[1] || i == to && i == w[1]:
			return edit{e.text, w[1], w[0]}
		case w[1] <= i:
			from = w[1]
		case w[0] > i && w[0] < to:
			to = w[0]
		}
	}
	return edit{e.text, to, from}
}

// stops returns the places between characters, with the beginning and the end.
func (e edit) stops() []int {
	var s segmenter.Segmenter
	s.Init([]rune(e.text))
	stops := []int{0}
	for g := s.GraphemeIterator(); g.Next(); {
		stops = append(stops, g.Grapheme().Offset+len(g.Grapheme().Text))
	}
	return stops
}

// words returns where the words begin and end.
func (e edit) words() (all [][2]int) {
	var s segmenter.Segmenter
	s.Init([]rune(e.text))
	for w := s.WordIterator(); w.Next(); {
		all = append(all, [2]int{w.Word().Offset, w.Word().Offset + len(w.Word().Text)})
	}
	return all
}

// plain returns a text that was pasted or typed without characters that have no place in a line.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

// A history holds what was before the changes of a text.
type history struct {
	past, future []edit
	typing       bool // the newest change was typing, which one step undoes as a whole
}

const mostUndone = 200 // changes

// note keeps what is before a change.
func (h *history) note(before edit, typing bool) {
	if !typing || !h.typing {
		h.past = append(h.past[max(0, len(h.past)-mostUndone+1):], before)
	}
	h.future, h.typing = nil, typing
}

// undo returns what was before the newest change.
func (h *history) undo(now edit) edit {
	h.past, h.future, now = pass(h.past, h.future, now)
	h.typing = false
	return now
}

// redo returns what the change made that was undone last.
func (h *history) redo(now edit) edit {
	h.future, h.past, now = pass(h.future, h.past, now)
	h.typing = false
	return now
}

// pass takes the newest of one list, and keeps now in the other.
func pass(from, to []edit, now edit) (left, more []edit, then edit) {
	if len(from) == 0 {
		return from, to, now
	}
	last := len(from) - 1
	return from[:last:last], append(to, now), from[last]
}
