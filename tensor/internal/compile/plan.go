package compile

import (
	"cmp"
	"slices"

	"genview/tensor/internal/ir"
)

// A span is memory that holds a value from when it is written to when it is last read.
type span struct {
	bytes       int
	first, last int // the positions in the program, both included
	offset      int // where plan puts it
}

// plan gives each span an offset so that no two that live at once overlap, the largest first, each as low as it fits (Pisarchyk
// & Lee 2020, "greedy by size"). It returns the bytes needed in all.
func plan(spans []*span) int {
	bySize := slices.Clone(spans)
	slices.SortStableFunc(bySize, func(a, b *span) int { return cmp.Compare(b.bytes, a.bytes) })
	var placed []*span // by offset
	peak := 0
	for _, s := range bySize {
		at, need := 0, ir.Aligned(s.bytes)
		for _, p := range placed {
			if p.last < s.first || s.last < p.first {
				continue
			}
			if at+need <= p.offset {
				break
			}
			at = max(at, p.offset+ir.Aligned(p.bytes))
		}
		s.offset = at
		i, _ := slices.BinarySearchFunc(placed, s, func(p, s *span) int { return cmp.Compare(p.offset, s.offset) })
		placed = slices.Insert(placed, i, s)
		peak = max(peak, at+need)
	}
	return peak
}
