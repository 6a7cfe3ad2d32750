package vk

import "slices"

// A block is one range of memory that allocations share. Free ranges are kept in order, and neighbours are merged.
type block struct {
	size int
	free []hole
}

const (
	smallBlock = 64 << 10
	largeBlock = 256 << 20
)

// blockSize returns the size of the block for n bytes if held bytes are allocated. Large allocations get their own block. Other blocks grow
// with the total, so that neither the waste nor their number becomes large.
func blockSize(n, held int) int {
	size := min(max(held/16/smallBlock*smallBlock, smallBlock), largeBlock)
	if n > size/4 {
		return n
	}
	return size
}

type hole struct{ lo, hi int }

func newBlock(size int) *block { return &block{size: size, free: []hole{{0, size}}} }

// alloc returns the offset of n free bytes at a multiple of align, first fit; false: there are none.
func (b *block) alloc(n, align int) (int, bool) {
	for i, h := range b.free {
		lo := (h.lo + align - 1) / align * align
		if lo+n > h.hi {
			continue
		}
		var rest []hole
		if h.lo < lo {
			rest = append(rest, hole{h.lo, lo})
		}
		if lo+n < h.hi {
			rest = append(rest, hole{lo + n, h.hi})
		}
		b.free = slices.Replace(b.free, i, i+1, rest...)
		return lo, true
	}
	return 0, false
}

// release frees n bytes at lo.
func (b *block) release(lo, n int) {
	i, _ := slices.BinarySearchFunc(b.free, lo, func(h hole, lo int) int { return h.lo - lo })
	b.free = slices.Insert(b.free, i, hole{lo, lo + n})
	if i+1 < len(b.free) && b.free[i].hi == b.free[i+1].lo {
		b.free[i].hi = b.free[i+1].hi
		b.free = slices.Delete(b.free, i+1, i+2)
	}
	if i > 0 && b.free[i-1].hi == b.free[i].lo {
		b.free[i-1].hi = b.free[i].hi
		b.free = slices.Delete(b.free, i, i+1)
	}
}

// empty tells whether nothing is allocated.
func (b *block) empty() bool { return len(b.free) == 1 && b.free[0] == hole{0, b.size} }
