package codec

// A bitReader reads the bits of a scan up to the next marker, without the zeros stuffed after 0xff. Bits after the end are 0.
type bitReader struct {
	p       []byte
	at      int // position of the next byte
	acc     uint64
	n       uint // bits in acc
	padding uint // number of these that are after the end
	lacking bool // some of those were read
}

// fill makes at least 32 bits ready.
func (r *bitReader) fill() {
	for r.n <= 56 {
		b := byte(0)
		switch {
		case r.at >= len(r.p), r.p[r.at] == 0xff && (r.at+1 >= len(r.p) || r.p[r.at+1] != 0):
			r.padding += 8
		case r.p[r.at] == 0xff:
			b = 0xff
			r.at += 2
		default:
			b = r.p[r.at]
			r.at++
		}
		r.acc = r.acc<<8 | uint64(b)
		r.n += 8
	}
}

func (r *bitReader) peek(n uint) int {
	if r.n < n {
		r.fill()
	}
	return int(r.acc >> (r.n - n) & (1<<n - 1))
}

func (r *bitReader) skip(n uint) {
	r.n -= n
	if r.n < r.padding {
		r.padding, r.lacking = r.n, true
	}
}

// take reads n bits, at most 16.
func (r *bitReader) take(n uint) int {
	v := r.peek(n)
	r.skip(n)
	return v
}

// signed reads a number of n bits; those that begin with 0 are negative (T.81, F.2.2.1).
func (r *bitReader) signed(n uint) int {
	if n == 0 {
		return 0
	}
	v := r.take(n)
	if v>>(n-1) == 0 {
		v -= 1<<n - 1
	}
	return v
}

// restart continues after the next restart marker.
func (r *bitReader) restart() error {
	for r.at+1 < len(r.p) {
		if r.p[r.at] == 0xff {
			m := r.p[r.at+1]
			if m >= markerRST0 && m <= markerRST7 {
				*r = bitReader{p: r.p, at: r.at + 2}
				return nil
			}
			if m != 0 && m != 0xff {
				return errShort
			}
		}
		r.at++
	}
	return errShort
}

// A huffman is a table of codes of up to 16 bits.
type huffman struct {
	lookup [1 << 16]struct {
		size  uint8 // bits of the code; 0: there is none
		value uint8
	}
}

// newHuffman makes a table from the number of codes of each length and their values (T.81, annex C).
func newHuffman(counts, values []byte) (*huffman, error) {
	h := &huffman{}
	code, at := 0, 0
	for i, n := range counts {
		size := i + 1
		for range n {
			if code >= 1<<size {
				return nil, errHuffman
			}
			first := code << (16 - size)
			for k := range 1 << (16 - size) {
				e := &h.lookup[first+k]
				e.size, e.value = uint8(size), values[at]
			}
			code, at = code+1, at+1
		}
		code <<= 1
	}
	return h, nil
}

// code reads one code.
func (r *bitReader) code(h *huffman) (byte, error) {
	e := h.lookup[r.peek(16)]
	if e.size == 0 {
		return 0, errScan
	}
	r.skip(uint(e.size))
	return e.value, nil
}
