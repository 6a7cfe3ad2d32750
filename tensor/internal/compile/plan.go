package compile

import (
	"cmp"
	"slices"

	"genview/tensor/internal/ir"
)

// An allocation is the lifetime and place of a value in memory.
type allocation struct {
	bytes       int
	first, last int // first write and last read, as positions in the program, both included
	offset      int // set by plan
}

// plan gives each allocation an offset so that no two that live at once overlap. It places the largest first, each at the lowest offset where
// it fits (Pisarchyk & Lee 2020, "greedy by size"). It returns the bytes needed in all.
func plan(allocations []*allocation) int {
	bySize := slices.Clone(allocations)
	slices.SortStableFunc(bySize, func(a, b *allocation) int { return cmp.Compare(b.bytes, a.bytes) })
	var placed []*allocation // sorted by offset
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
		i, _ := slices.BinarySearchFunc(placed, s, func(p, s *allocation) int { return cmp.Compare(p.offset, s.offset) })
		placed = slices.Insert(placed, i, s)
		peak = max(peak, at+need)
	}
	return peak
}
