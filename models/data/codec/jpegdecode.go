package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// jpegDecoder reads baseline, extended and progressive JPEGs with Huffman codes (ITU-T T.81). It first reads all scans into coefficients,
// because each scan may refine earlier ones.
type jpegDecoder struct {
	jpegHead
	bits     bitReader
	quant    [4]*[64]uint16 // in zigzag order
	huff     [2][4]*huffman // [DC, AC]
	restart  int            // units between restart markers; 0: none
	planes   []*jpegPlane
	eobRun   int  // number of blocks in which the band is known to end, including this one (T.81, G.1.2.2)
	complete bool // the end marker was seen
	pixels   int  // most pixels
	scans    int
}

// A jpegPlane is one component's blocks.
type jpegPlane struct {
	part             jpegPart
	blocksW, blocksH int         // blocks of the picture
	stride, rows     int         // blocks in memory: whole units of interleaved scans
	coef             [][64]int16 // in zigzag order
	known            [64]int8    // lowest bit read so far of each coefficient; -1: none
	dc               int
	w, h             int // samples
	samples          []byte
}

var (
	errScan    = errors.New("a scan is damaged")
	errHuffman = errors.New("a table of codes is damaged")
)

// decodeJPEG decodes a file of at most that many pixels. tables may be a file with tables only, as TIFF stores them.
func decodeJPEG(p, tables []byte, pixels int) (*jpegDecoder, error) {
	d := &jpegDecoder{jpegHead: jpegHead{adobe: -1}, pixels: pixels}
	if len(tables) > 2 {
		if err := d.segments(tables); err != nil {
			return nil, err
		}
		d.complete = false
	}
	if len(p) < 2 {
		return nil, errShort
	}
	if err := d.segments(p); err != nil {
		return nil, err
	}
	if len(d.planes) == 0 {
		return nil, errShort
	}
	for _, c := range d.planes {
		if c.known[0] < 0 {
			return nil, errShort
		}
		if d.complete {
			continue
		}
		for _, bit := range c.known {
			if bit != 0 {
				return nil, errShort
			}
		}
	}
	return d, d.reconstruct()
}

// segments reads a file until its end marker or its last byte.
func (d *jpegDecoder) segments(p []byte) error {
	for at := 2; ; {
		marker, body, next, err := segment(p, at)
		if errors.Is(err, errShort) && (d.frame || d.tabled()) {
			return nil // the end marker is missing, perhaps more: the caller checks what was read
		}
		if err != nil {
			return err
		}
		at = next
		switch marker {
		case markerEOI:
			d.complete = true
			return nil
		case markerDQT:
			err = d.readQuant(body)
		case markerDHT:
			err = d.readHuffman(body)
		case markerDRI:
			if len(body) < 2 {
				return errSegment
			}
			d.restart = int(binary.BigEndian.Uint16(body))
		case markerSOS:
			var read int
			read, err = d.scan(body, p[at:])
			at += read
		default:
			err = d.jpegHead.read(marker, body)
			if err == nil && d.frame && d.planes == nil {
				err = d.allocate()
			}
		}
		if err != nil {
			return err
		}
	}
}

func (d *jpegDecoder) tabled() bool { return d.quant != [4]*[64]uint16{} }

// allocate makes room for the coefficients of every component, once the size of the picture is known and possible.
func (d *jpegDecoder) allocate() error {
	if d.w < 1 || d.h < 1 || d.h > d.pixels/d.w {
		return fmt.Errorf("it says to be %d×%d pixels", d.w, d.h)
	}
	hMax, vMax := d.most()
	unitsW, unitsH := ceilDiv(d.w, 8*hMax), ceilDiv(d.h, 8*vMax)
	for _, part := range d.parts {
		c := &jpegPlane{part: part, stride: unitsW * part.h, rows: unitsH * part.v}
		c.w, c.h = ceilDiv(d.w*part.h, hMax), ceilDiv(d.h*part.v, vMax)
		c.blocksW, c.blocksH = ceilDiv(c.w, 8), ceilDiv(c.h, 8)
		c.coef = make([][64]int16, c.stride*c.rows)
		for i := range c.known {
			c.known[i] = -1
		}
		d.planes = append(d.planes, c)
	}
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (d *jpegDecoder) readQuant(p []byte) error {
	for len(p) > 0 {
		wide, at := int(p[0]>>4), p[0]&15
		size := 64 << wide
		if wide > 1 || at > 3 || len(p) < 1+size {
			return errSegment
		}
		q := new([64]uint16)
		for i := range q {
			if wide == 0 {
				q[i] = uint16(p[1+i])
			} else {
				q[i] = binary.BigEndian.Uint16(p[1+2*i:])
			}
		}
		d.quant[at] = q
		p = p[1+size:]
	}
	return nil
}

func (d *jpegDecoder) readHuffman(p []byte) error {
	for len(p) > 0 {
		if len(p) < 17 || p[0]>>4 > 1 || p[0]&15 > 3 {
			return errHuffman
		}
		n := 0
		for _, c := range p[1:17] {
			n += int(c)
		}
		if len(p) < 17+n {
			return errHuffman
		}
		h, err := newHuffman(p[1:17], p[17:17+n])
		if err != nil {
			return err
		}
		d.huff[p[0]>>4][p[0]&15] = h
		p = p[17+n:]
	}
	return nil
}

// table returns a table of codes, or the standard one if the file has none, as in motion JPEG (T.81, K.3).
func (d *jpegDecoder) table(class int, at byte) *huffman {
	if at > 3 {
		return nil
	}
	if h := d.huff[class][at]; h != nil || at > 1 {
		return h
	}
	return usualHuffman(class, int(at))
}

// reconstruct converts coefficients to samples of eight bits.
func (d *jpegDecoder) reconstruct() error {
	for _, c := range d.planes {
		q := d.quant[c.part.tq]
		if q == nil {
			return fmt.Errorf("it has no table of quantization %d", c.part.tq)
		}
		width := 8 * c.stride
		c.samples = make([]byte, width*8*c.rows)
		for i := range c.coef {
			at := i/c.stride*8*width + i%c.stride*8
			inverse(&c.coef[i], q, d.precision, c.samples[at:], width)
		}
		c.coef = nil
	}
	return nil
}

// cosines is ½·C(u)·cos((2x+1)uπ/16) by u and x (T.81, A.3.3).
var cosines = func() (t [8][8]float32) {
	for u := range t {
		for x := range t[u] {
			t[u][x] = float32(0.5 * math.Cos(float64(2*x+1)*float64(u)*math.Pi/16))
			if u == 0 {
				t[u][x] = float32(0.5 * math.Sqrt2 / 2)
			}
		}
	}
	return t
}()

// inverse writes the samples of a block to dst, rows width apart.
func inverse(coef *[64]int16, q *[64]uint16, precision int, dst []byte, width int) {
	var rows [8][8]float32 // [v][x]
	var used [8]bool       // rows of frequencies
	for i, c := range coef {
		if c == 0 {
			continue
		}
		v, u := zigzag[i]/8, zigzag[i]%8
		f := float32(c) * float32(q[i])
		used[v] = true
		for x := range 8 {
			rows[v][x] += f * cosines[u][x]
		}
	}
	level, scale := float32(128), float32(1)
	if precision == 12 {
		scale = 1. / 16
	}
	for y := range 8 {
		var sum [8]float32
		for v := range 8 {
			if !used[v] {
				continue
			}
			for x := range 8 {
				sum[x] += rows[v][x] * cosines[v][y]
			}
		}
		for x, s := range sum {
			dst[y*width+x] = byte(min(max(s*scale+level+0.5, 0), 255))
		}
	}
}
