package codec

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

const compressedJPEG = 7

// unpackers undo the compression of a block of size bytes and some rows. The caller may change their results, which are shorter for a
// shorter block.
var unpackers = map[int]func(t *tiff, p []byte, size, rows int) ([]byte, error){
	1:     unpackPlain,
	3:     unpackFax3,
	4:     unpackFax4,
	5:     unpackLZW,
	8:     unpackZip,
	32773: unpackBits,
	32946: unpackZip,
}

func unpackPlain(t *tiff, p []byte, size, _ int) ([]byte, error) {
	p = p[:min(size, len(p))]
	if t.predictor == 2 {
		p = bytes.Clone(p)
	}
	return p, nil
}

func unpackLZW(_ *tiff, p []byte, size, _ int) ([]byte, error) {
	r := lzw.NewReader(bytes.NewReader(p), lzw.MSB, 8)
	defer r.Close()
	return atMost(r, size)
}

func unpackZip(_ *tiff, p []byte, size, _ int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(p))
	if err != nil {
		return nil, err
	}
	return atMost(r, size)
}

// unpackFax3 undoes the one-dimensional form of ITU-T T.4. It decodes each row separately, because the decoder does not know the zeros by
// which writers of TIFF align rows to bytes.
func unpackFax3(t *tiff, p []byte, size, rows int) ([]byte, error) {
	if t.value(tagFaxOptions, 0)&1 != 0 {
		return nil, errors.New("fax of two dimensions is not read")
	}
	var out []byte
	for _, row := range faxRows(p) {
		if len(out) >= size {
			break
		}
		bits, err := t.fax(row, t.rowBytes(), 1, ccitt.Group3)
		if err != nil {
			return nil, err
		}
		out = append(out, bits...)
	}
	return out[:min(len(out), size)], nil
}

// faxRows splits codes into rows, which begin with at least 11 zeros and a one. Each returned row begins with exactly 11.
func faxRows(p []byte) [][]byte {
	const zeros = 11
	var rows [][]byte
	row, n, run := []byte(nil), 0, 0 // n bits of the row are used; run of them at its end are zeros
	add := func(bit byte) {
		if n&7 == 0 {
			row = append(row, 0)
		}
		row[n/8] |= bit << (7 - n&7)
		n++
	}
	for i := range 8 * len(p) {
		bit := p[i/8] >> (7 - i&7) & 1
		if bit == 0 || run < zeros {
			add(bit)
			run = (run + 1) * int(1-bit)
			continue
		}
		if n > zeros+1+run { // it holds codes after its beginning
			rows = append(rows, row)
		}
		row, n, run = nil, 0, 0
		for range zeros {
			add(0)
		}
		add(1)
	}
	if n > zeros+1+run {
		rows = append(rows, row)
	}
	return rows
}

func unpackFax4(t *tiff, p []byte, size, rows int) ([]byte, error) {
	return t.fax(p, size, rows, ccitt.Group4)
}

// fax converts runs to bits: white is 0, regardless of the directory, as in libtiff.
func (t *tiff) fax(p []byte, size, rows int, form ccitt.SubFormat) ([]byte, error) {
	if t.bits != 1 || t.inBlock() != 1 {
		return nil, errors.New("fax of more than one bit is not read")
	}
	return atMost(ccitt.NewReader(bytes.NewReader(p), ccitt.MSB, form, t.blockW, rows, &ccitt.Options{Invert: true}), size)
}

// atMost reads up to that many bytes; fewer are no error.
func atMost(r io.Reader, size int) ([]byte, error) {
	p := make([]byte, size)
	n, err := io.ReadFull(r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return p[:n], err
}

// unpackBits undoes PackBits (TIFF 6.0, section 9).
func unpackBits(_ *tiff, p []byte, size, _ int) ([]byte, error) {
	out := make([]byte, 0, size)
	for len(p) > 1 && len(out) < size {
		n := int(int8(p[0]))
		switch {
		case n >= 0:
			n = min(n+1, len(p)-1)
			out = append(out, p[1:1+n]...)
			p = p[1+n:]
		case n == -128:
			p = p[1:]
		default:
			out = append(out, bytes.Repeat(p[1:2], 1-n)...)
			p = p[2:]
		}
	}
	return out[:min(len(out), size)], nil
}

// reversed returns bytes whose lowest bits come first.
func reversed(p []byte) []byte {
	out := make([]byte, len(p))
	for i, b := range p {
		out[i] = bits.Reverse8(b)
	}
	return out
}
