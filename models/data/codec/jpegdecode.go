package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// jpegDecoder reads baseline, extended and progressive JPEGs with Huffman codes (ITU-T T.81). All scans are read to coefficients
// first, since any of them may add to what another one said.
type jpegDecoder struct {
	jpegHead
	bits     bitReader
	quant    [4]*[64]uint16 // in zigzag order
	huff     [2][4]*huffman // [DC, AC]
	restart  int            // units between restart markers; 0: none
	planes   []*jpegPlane
	eobRun   int  // blocks of a band that are known to end, this one counted (T.81, G.1.2.2)
	complete bool // the end marker was seen
	pixels   int  // that there may be
	scans    int
}

// A jpegPlane is one component's blocks.
type jpegPlane struct {
	part             jpegPart
	blocksW, blocksH int         // that the picture needs
	stride, rows     int         // blocks that are kept: whole units of interleaved scans
	coef             [][64]int16 // in zigzag order
	known            [64]int8    // lowest bit that was read of each coefficient; -1: nothing was
	dc               int
	w, h             int // samples
	samples          []byte
}

var (
	errScan    = errors.New("a scan is damaged")
	errHuffman = errors.New("a table of codes is damaged")
)

// decodeJPEG decodes a file of at most that many pixels. Tables, where given, is a file that has only tables, as TIFF keeps them.
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

// segments reads a file up to its end marker or its last byte.
func (d *jpegDecoder) segments(p []byte) error {
	for at := 2; ; {
		marker, body, next, err := segment(p, at)
		if errors.Is(err, errShort) && (d.frame || d.tabled()) {
			return nil // the end marker is missing, and perhaps more: what was read tells
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

// table returns a table of codes, or the usual one where the file has none, as films of JPEGs do (T.81, K.3).
func (d *jpegDecoder) table(class int, at byte) *huffman {
	if at > 3 {
		return nil
	}
	if h := d.huff[class][at]; h != nil || at > 1 {
		return h
	}
	return usualHuffman(class, int(at))
}

// A scanPart is a component in a scan.
type scanPart struct {
	*jpegPlane
	dcTable, acTable *huffman
}

// A jpegScan is what the header of a scan says: which coefficients, and for progressive pictures which of their bits.
type jpegScan struct {
	parts      []scanPart
	start, end int
	high, low  uint
}

// scan reads the codes of a scan and returns how many bytes they take.
func (d *jpegDecoder) scan(head, p []byte) (int, error) {
	const most = 1000 // scans; each costs time, however small it is
	s, err := d.readScan(head)
	if err != nil {
		return 0, err
	}
	if d.scans++; d.scans > most {
		return 0, fmt.Errorf("it has more than %d scans", most)
	}
	d.bits = bitReader{p: p}
	units, across := d.units(s)
	for u := range units {
		if d.restart > 0 && u > 0 && u%d.restart == 0 {
			if err := d.bits.restart(); err != nil {
				return 0, err
			}
		}
		if d.restart > 0 && u%d.restart == 0 || u == 0 {
			d.eobRun = 0
			for _, c := range s.parts {
				c.dc = 0
			}
		}
		if err := d.unit(s, u%across, u/across); err != nil {
			return 0, err
		}
		// Bits behind the end are 0. Of the last unit they do not matter; an earlier one shows that the file was cut off.
		if d.bits.lacking && u < units-1 {
			return 0, errShort
		}
	}
	for _, c := range s.parts {
		for i := s.start; i <= s.end; i++ {
			c.known[i] = int8(s.low)
		}
	}
	return d.bits.at, nil
}

func (d *jpegDecoder) readScan(p []byte) (*jpegScan, error) {
	if d.planes == nil || len(p) < 1 || len(p) < 4+2*int(p[0]) || p[0] < 1 || int(p[0]) > len(d.planes) {
		return nil, errScan
	}
	n := int(p[0])
	s := &jpegScan{end: 63}
	if last := p[1+2*n:]; d.progressive {
		s.start, s.end, s.high, s.low = int(last[0]), int(last[1]), uint(last[2]>>4), uint(last[2]&15)
		if s.start > s.end || s.end > 63 || s.start == 0 && s.end != 0 || s.start > 0 && n > 1 || s.high > 0 && s.high != s.low+1 || s.low > 13 {
			return nil, errScan
		}
	}
	taken := map[*jpegPlane]bool{}
	for i := range n {
		id, tables := p[1+2*i], p[2+2*i]
		part := scanPart{dcTable: d.table(0, tables>>4), acTable: d.table(1, tables&15)}
		for _, c := range d.planes { // two may have one name: then they come in order
			if c.part.id == id && !taken[c] {
				part.jpegPlane = c
				break
			}
		}
		if part.jpegPlane == nil || s.start == 0 && s.high == 0 && part.dcTable == nil || s.end > 0 && part.acTable == nil {
			return nil, errScan
		}
		taken[part.jpegPlane] = true
		s.parts = append(s.parts, part)
	}
	return s, nil
}

// units returns how many units a scan has, and how many lie side by side: blocks of one component, or of several the blocks that
// belong together.
func (d *jpegDecoder) units(s *jpegScan) (n, across int) {
	if len(s.parts) == 1 {
		c := s.parts[0]
		return c.blocksW * c.blocksH, c.blocksW
	}
	c := s.parts[0]
	across = c.stride / c.part.h
	return across * (c.rows / c.part.v), across
}

func (d *jpegDecoder) unit(s *jpegScan, x, y int) error {
	if len(s.parts) == 1 {
		c := s.parts[0]
		return d.block(s, c, &c.coef[y*c.stride+x])
	}
	for _, c := range s.parts {
		for v := range c.part.v {
			for h := range c.part.h {
				if err := d.block(s, c, &c.coef[(y*c.part.v+v)*c.stride+x*c.part.h+h]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *jpegDecoder) block(s *jpegScan, c scanPart, b *[64]int16) error {
	if !d.progressive {
		if err := d.first(s, c, b); err != nil {
			return err
		}
		return d.band(c.acTable, b, 1, 63, 0)
	}
	switch {
	case s.start == 0 && s.high == 0:
		return d.first(s, c, b)
	case s.start == 0:
		b[0] |= int16(d.bits.take(1) << s.low)
		return nil
	case s.high == 0:
		return d.band(c.acTable, b, s.start, s.end, s.low)
	}
	return d.refine(c.acTable, b, s.start, s.end, 1<<s.low)
}

// first reads a block's mean, which is kept as the difference to the one before.
func (d *jpegDecoder) first(s *jpegScan, c scanPart, b *[64]int16) error {
	size, err := d.bits.code(c.dcTable)
	if err != nil || size > 16 {
		return errScan
	}
	c.dc += d.bits.signed(uint(size))
	b[0] = int16(c.dc << s.low)
	return nil
}

// band reads a block's coefficients from one place to another (T.81, F.2.2.2 and G.1.2.2).
func (d *jpegDecoder) band(t *huffman, b *[64]int16, start, end int, low uint) error {
	if d.eobRun > 0 {
		d.eobRun--
		return nil
	}
	for k := start; k <= end; k++ {
		code, err := d.bits.code(t)
		if err != nil {
			return err
		}
		run, size := int(code>>4), uint(code&15)
		switch {
		case size > 0:
			if k += run; k > end {
				return errScan
			}
			b[k] = int16(d.bits.signed(size) << low)
		case run == 15:
			k += 15
		case d.progressive:
			d.eobRun = 1<<run - 1 + d.bits.take(uint(run))
			return nil
		default:
			return nil
		}
	}
	return nil
}

// refine reads one more bit of coefficients (T.81, G.1.2.3).
func (d *jpegDecoder) refine(t *huffman, b *[64]int16, start, end int, bit int16) error {
	k := start
	for d.eobRun == 0 && k <= end {
		code, err := d.bits.code(t)
		if err != nil {
			return err
		}
		run, value := int(code>>4), int16(0)
		switch code & 15 {
		case 0:
			if run < 15 {
				d.eobRun = 1<<run + d.bits.take(uint(run))
			}
		case 1:
			value = -bit
			if d.bits.take(1) == 1 {
				value = bit
			}
		default:
			return errScan
		}
		if d.eobRun > 0 {
			break
		}
		for ; k <= end; k++ {
			if b[k] != 0 {
				d.correct(&b[k], bit)
				continue
			}
			if run == 0 {
				b[k] = value
				break
			}
			run--
		}
		k++
	}
	if d.eobRun > 0 {
		for ; k <= end; k++ {
			if b[k] != 0 {
				d.correct(&b[k], bit)
			}
		}
		d.eobRun--
	}
	return nil
}

// correct adds a bit to a coefficient that is not 0, where the file says so.
func (d *jpegDecoder) correct(v *int16, bit int16) {
	switch {
	case d.bits.take(1) == 0:
	case *v > 0:
		*v += bit
	default:
		*v -= bit
	}
}

// reconstruct turns coefficients into samples of eight bits.
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

// zigzag is where the coefficients lie in a block (T.81, figure A.6).
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
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
