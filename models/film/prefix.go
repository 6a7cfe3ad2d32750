package film

import (
	"cmp"
	"math/bits"
	"slices"
)

// A bitWriter collects bits, the lowest first.
type bitWriter struct {
	out  []byte
	hold uint64
	n    int
}

// bits writes the n lowest bits of v, at most 32.
func (b *bitWriter) bits(v uint64, n int) {
	b.hold |= v << b.n
	for b.n += n; b.n >= 8; b.n -= 8 {
		b.out = append(b.out, byte(b.hold))
		b.hold >>= 8
	}
}

// done returns the bits, filled up to a byte.
func (b *bitWriter) done() []byte {
	b.bits(0, 7)
	return b.out
}

// A prefixCode has for each symbol the number of its bits, and the bits in the order in which they are written.
type prefixCode struct {
	length []int
	code   []uint64
	single bool // one symbol, which takes no bits
}

// newPrefixCode returns the canonical Huffman code of symbols that occur so often, with at most most bits. One symbol at least has a code.
func newPrefixCode(counts []int, most int) prefixCode {
	c := prefixCode{length: lengths(counts, most), code: make([]uint64, len(counts))}
	used := 0
	for _, n := range c.length {
		used += min(n, 1)
	}
	c.single = used == 1
	next := uint64(0)
	for n := 1; n <= most; n++ {
		next <<= 1
		for s, l := range c.length {
			if l == n {
				c.code[s] = bits.Reverse64(next) >> (64 - n)
				next++
			}
		}
	}
	return c
}

// lengths returns the lengths of a Huffman code. While they are too long, rare symbols are counted as if they were less rare.
func lengths(counts []int, most int) []int {
	type node struct{ count, symbol, left, right int }
	out := make([]int, len(counts))
	for least := 1; ; least *= 2 {
		var tree []node
		for s, n := range counts {
			if n > 0 {
				tree = append(tree, node{max(n, least), s, -1, -1})
			}
		}
		switch len(tree) {
		case 0:
			out[0] = 1
			return out
		case 1:
			out[tree[0].symbol] = 1
			return out
		}
		slices.SortFunc(tree, func(a, b node) int { return cmp.Or(a.count-b.count, a.symbol-b.symbol) })
		leaves, leaf := len(tree), 0
		inner := leaves // nodes of two come out in the order of their counts too, so that two queues do (van Leeuwen 1976)
		for range leaves - 1 {
			var pick [2]int
			for k := range pick {
				if leaf < leaves && (inner == len(tree) || tree[leaf].count <= tree[inner].count) {
					pick[k], leaf = leaf, leaf+1
				} else {
					pick[k], inner = inner, inner+1
				}
			}
			tree = append(tree, node{tree[pick[0]].count + tree[pick[1]].count, -1, pick[0], pick[1]})
		}
		depth, deepest := make([]int, len(tree)), 0
		for i := len(tree) - 1; i >= 0; i-- {
			if n := tree[i]; n.symbol >= 0 {
				out[n.symbol], deepest = depth[i], max(deepest, depth[i])
			} else {
				depth[n.left], depth[n.right] = depth[i]+1, depth[i]+1
			}
		}
		if deepest <= most {
			return out
		}
	}
}

// symbol writes a symbol.
func (b *bitWriter) symbol(c prefixCode, s int) {
	if !c.single {
		b.bits(c.code[s], c.length[s])
	}
}

// Symbols of lengths of codes that repeat one: the one before 3 to 6 times, 0 for 3 to 10 or 11 to 138 times.
const again, zeros, manyZeros = 16, 17, 18

// orderOfLengths is the order in which the lengths of the lengths' own code are written.
var orderOfLengths = [19]int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// lengths writes the lengths of a code, in a code of their own.
func (b *bitWriter) lengths(c prefixCode) {
	type run struct {
		symbol, n int
		extra     uint64
	}
	var runs []run
	counts := make([]int, len(orderOfLengths))
	add := func(symbol, n int, extra int) {
		runs = append(runs, run{symbol, n, uint64(extra)})
		counts[symbol]++
	}
	for i := 0; i < len(c.length); {
		n := 1
		for i+n < len(c.length) && c.length[i+n] == c.length[i] {
			n++
		}
		v := c.length[i]
		i += n
		if v > 0 {
			add(v, 0, 0)
			n--
		}
		for ; v > 0 && n >= 3; n -= min(n, 6) {
			add(again, 2, min(n, 6)-3)
		}
		for ; v == 0 && n >= 11; n -= min(n, 138) {
			add(manyZeros, 7, min(n, 138)-11)
		}
		for ; v == 0 && n >= 3; n -= min(n, 10) {
			add(zeros, 3, min(n, 10)-3)
		}
		for range n {
			add(v, 0, 0)
		}
	}
	own := newPrefixCode(counts, 7)
	last := 4
	for i, s := range orderOfLengths {
		if own.length[s] > 0 {
			last = max(last, i+1)
		}
	}
	b.bits(0, 1) // not the short form for one or two symbols
	b.bits(uint64(last-4), 4)
	for _, s := range orderOfLengths[:last] {
		b.bits(uint64(own.length[s]), 3)
	}
	b.bits(0, 1) // lengths of all symbols
	for _, r := range runs {
		b.symbol(own, r.symbol)
		b.bits(r.extra, r.n)
	}
}
