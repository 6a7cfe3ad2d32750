package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"math/bits"
)

// Compression of the pixels of a BMP.
const (
	bmpPlain     = 0
	bmpRLE8      = 1
	bmpRLE4      = 2
	bmpFields    = 3
	bmpAllFields = 6
)

// bmp is a BMP file: a header of OS/2 or of Windows, a palette, and rows from bottom to top, or from top to bottom.
type bmp struct {
	w, h    int
	topDown bool
	depth   int // bits per pixel
	kind    uint32
	palette [256][3]byte
	masks   [4]uint32 // red, green, blue, alpha
	pixels  []byte
}

func openBMP(p []byte) (*Picture, error) {
	b, err := readBMP(p)
	if err != nil {
		return nil, err
	}
	pic := &Picture{Width: b.w, Height: b.h, Orientation: TopLeft, Grey: b.grey()}
	pic.Bytes = 4 * int64(b.w) * int64(b.h)
	pic.decode = b.decode
	return pic, nil
}

func readBMP(p []byte) (*bmp, error) {
	const fileHead, coreHead, infoHead = 14, 12, 40
	if len(p) < fileHead+coreHead {
		return nil, errShort
	}
	start, head := binary.LittleEndian.Uint32(p[10:]), binary.LittleEndian.Uint32(p[14:])
	info := p[fileHead:]
	if head < coreHead || uint64(head) > uint64(len(info)) || uint64(start) > uint64(len(p)) {
		return nil, errShort
	}
	b := &bmp{pixels: p[start:]}
	at, each, colours := int(head), 4, 0 // start of the palette, bytes per colour, number of colours
	if head == coreHead {
		each = 3
		b.w, b.h = int(binary.LittleEndian.Uint16(info[4:])), int(binary.LittleEndian.Uint16(info[6:]))
		b.depth = int(binary.LittleEndian.Uint16(info[10:]))
	} else {
		if head < infoHead {
			return nil, fmt.Errorf("a header of %d bytes is not known", head)
		}
		b.w, b.h = int(int32(binary.LittleEndian.Uint32(info[4:]))), int(int32(binary.LittleEndian.Uint32(info[8:])))
		b.depth, b.kind = int(binary.LittleEndian.Uint16(info[14:])), binary.LittleEndian.Uint32(info[16:])
		colours = int(binary.LittleEndian.Uint32(info[32:]))
	}
	if b.h < 0 {
		b.h, b.topDown = -b.h, true
	}
	if b.w < 1 || b.h < 1 || b.w > maxSide || b.h > maxSide {
		return nil, fmt.Errorf("it says to be %d×%d pixels", b.w, b.h)
	}
	if (b.kind == bmpFields || b.kind == bmpAllFields) && head == infoHead {
		at += 4 * b.maskCount(head)
	}
	if err := b.fields(info, head); err != nil {
		return nil, err
	}
	if b.depth <= 8 {
		if colours < 1 || colours > 1<<b.depth {
			colours = 1 << b.depth
		}
		for i := range min(colours, (int(start)-fileHead-at)/each) {
			c := info[at+each*i:]
			b.palette[i] = [3]byte{c[2], c[1], c[0]}
		}
	}
	return b, nil
}

// fields checks depth and compression, and finds the masks of colours. If the header can describe alpha, plain 32-bit pixels have it in
// their fourth byte.
func (b *bmp) fields(info []byte, head uint32) error {
	unknown := fmt.Errorf("%d bits a pixel of kind %d are not read", b.depth, b.kind)
	switch b.kind {
	case bmpPlain:
		switch b.depth {
		case 1, 2, 4, 8, 24:
		case 16:
			b.masks = [4]uint32{0x7c00, 0x03e0, 0x001f, 0}
		case 32:
			b.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
			if b.maskCount(head) == 4 {
				b.masks[3] = 0xff000000
			}
		default:
			return unknown
		}
	case bmpRLE8, bmpRLE4:
		if b.depth != 8/int(b.kind) {
			return unknown
		}
	case bmpFields, bmpAllFields:
		if b.depth != 16 && b.depth != 32 {
			return unknown
		}
		n := b.maskCount(head)
		if len(info) < 40+4*n {
			return errShort
		}
		for i := range n {
			b.masks[i] = binary.LittleEndian.Uint32(info[40+4*i:])
		}
	default:
		return unknown
	}
	return nil
}

// maskCount returns 4 if the file can have a mask for alpha, else 3.
func (b *bmp) maskCount(head uint32) int {
	const alphaHead, os2Head = 56, 64 // bytes of the shortest header with such a mask, and of a longer one without
	if b.kind == bmpAllFields || head >= alphaHead && head != os2Head {
		return 4
	}
	return 3
}

// grey tells whether all colours of the palette are grey. Without a palette that is not known.
func (b *bmp) grey() bool {
	if b.depth > 8 {
		return false
	}
	for _, c := range b.palette {
		if c[0] != c[1] || c[0] != c[2] {
			return false
		}
	}
	return true
}

var errRuns = errors.New("its runs are damaged")

func (b *bmp) decode() (image.Image, error) {
	if b.kind == bmpRLE8 || b.kind == bmpRLE4 {
		return b.runs()
	}
	stride := (b.w*b.depth + 31) / 32 * 4
	if len(b.pixels) < stride*(b.h-1)+(b.w*b.depth+7)/8 { // padding may be missing at the end
		return nil, errShort
	}
	out := image.NewRGBA(image.Rect(0, 0, b.w, b.h))
	row := b.unpack()
	seen := false // any alpha
	for y := range b.h {
		src := b.pixels[y*stride:]
		seen = row(out.Pix[b.row(y)*out.Stride:][:4*b.w], src[:min(stride, len(src))]) || seen
	}
	if b.masks[3] == 0 {
		return out, nil
	}
	if !seen { // the fourth byte is not alpha: nobody writes an invisible picture
		for i := 3; i < len(out.Pix); i += 4 {
			out.Pix[i] = 255
		}
		return out, nil
	}
	return &image.NRGBA{Pix: out.Pix, Stride: out.Stride, Rect: out.Rect}, nil
}

// row returns the row of the picture for row y of the file.
func (b *bmp) row(y int) int {
	if b.topDown {
		return y
	}
	return b.h - 1 - y
}

// unpack returns a function that converts a row of the file to pixels of four bytes, and tells whether any of their alphas is above 0.
func (b *bmp) unpack() func(dst, src []byte) bool {
	switch {
	case b.depth <= 8:
		return b.indices
	case b.depth == 24:
		return func(dst, src []byte) bool {
			for i, j := 0, 0; i < len(dst); i, j = i+4, j+3 {
				d, s := dst[i:i+4:i+4], src[j:j+3:j+3]
				d[0], d[1], d[2], d[3] = s[2], s[1], s[0], 255
			}
			return true
		}
	case b.depth == 32 && b.masks[0] == 0xff0000 && b.masks[1] == 0xff00 && b.masks[2] == 0xff && (b.masks[3] == 0 || b.masks[3] == 0xff000000):
		return func(dst, src []byte) bool {
			seen, opaque := byte(0), byte(0)
			if b.masks[3] == 0 {
				opaque = 255
			}
			for i := 0; i < len(dst); i += 4 {
				d, s := dst[i:i+4:i+4], src[i:i+4:i+4]
				d[0], d[1], d[2], d[3] = s[2], s[1], s[0], s[3]|opaque
				seen |= s[3]
			}
			return seen > 0
		}
	}
	return b.masked
}

func (b *bmp) indices(dst, src []byte) bool {
	low := byte(1<<b.depth - 1)
	for x := range b.w {
		bit := x * b.depth
		c := b.palette[src[bit/8]>>(8-b.depth-bit%8)&low]
		dst[4*x], dst[4*x+1], dst[4*x+2], dst[4*x+3] = c[0], c[1], c[2], 255
	}
	return true
}

// masked reads 16-bit or 32-bit pixels with colour masks.
func (b *bmp) masked(dst, src []byte) bool {
	seen := false
	for x := range b.w {
		var v uint32
		if b.depth == 16 {
			v = uint32(binary.LittleEndian.Uint16(src[2*x:]))
		} else {
			v = binary.LittleEndian.Uint32(src[4*x:])
		}
		px := dst[4*x : 4*x+4]
		for i, m := range b.masks {
			if m == 0 {
				px[i] = 0
				continue
			}
			shift := bits.TrailingZeros32(m)
			px[i] = byte((uint64(v&m>>shift)*255 + uint64(m>>shift)/2) / uint64(m>>shift))
		}
		if b.masks[3] == 0 {
			px[3] = 255
		}
		seen = seen || px[3] > 0
	}
	return seen
}

// runs reads run-length coded palette pixels. Pixels that are skipped have the first colour.
func (b *bmp) runs() (image.Image, error) {
	out := image.NewRGBA(image.Rect(0, 0, b.w, b.h))
	paint := func(x, y int, index byte) {
		if x < b.w && y < b.h {
			c := b.palette[index]
			copy(out.Pix[b.row(y)*out.Stride+4*x:], []byte{c[0], c[1], c[2], 255})
		}
	}
	for y := range b.h {
		for x := range b.w {
			paint(x, y, 0)
		}
	}
	p, x, y := b.pixels, 0, 0
	for {
		if len(p) < 2 {
			if y >= b.h || y == b.h-1 && x >= b.w { // only the end of the picture is missing
				return out, nil
			}
			return nil, errShort
		}
		n, code := int(p[0]), p[1]
		p = p[2:]
		switch {
		case n > 0:
			for i := range n {
				paint(x+i, y, b.ofPair(code, i))
			}
			x += n
		case code == 0:
			x, y = 0, y+1
		case code == 1:
			return out, nil
		case code == 2:
			if len(p) < 2 {
				return nil, errShort
			}
			x, y, p = x+int(p[0]), y+int(p[1]), p[2:]
		default:
			n = int(code)
			size := (n*b.depth + 15) / 16 * 2
			if len(p) < size {
				return nil, errShort
			}
			for i := range n {
				paint(x+i, y, b.ofPair(p[i*b.depth/8], i))
			}
			x, p = x+n, p[size:]
		}
		if y > b.h || x > maxSide {
			return nil, errRuns
		}
	}
}

// ofPair returns index i of a run: each byte holds one, or two with the first in the high bits.
func (b *bmp) ofPair(code byte, i int) byte {
	switch {
	case b.depth == 8:
		return code
	case i&1 == 0:
		return code >> 4
	}
	return code & 15
}
