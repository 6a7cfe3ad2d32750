package codec

import (
	"fmt"
)

// A scanPart is a component in a scan.
type scanPart struct {
	*jpegPlane
	dcTable, acTable *huffman
}

// A jpegScan is the header of a scan: its coefficients and, for progressive pictures, their bits.
type jpegScan struct {
	parts      []scanPart
	start, end int
	high, low  uint
}

// scan reads the codes of a scan and returns the number of their bytes.
func (d *jpegDecoder) scan(head, p []byte) (int, error) {
	const most = 1000 // scans; each costs time, even a small one
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
		// Bits after the end are 0. In the last unit that is harmless; in an earlier one it shows that the file was truncated.
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

// units returns the number of units of a scan, and how many are side by side. A unit is one block of a single component, or the blocks of
// several components that belong together.
func (d *jpegDecoder) units(s *jpegScan) (n, across int) {
	if len(s.parts) == 1 {
		c := s.parts[0]
		return c.blocksW * c.blocksH, c.blocksW
	}
	c := s.parts[0]
	across = c.stride / c.part.h
	return across * (c.rows / c.part.v), across
}

// unit reads the blocks of one unit of a scan: that of row y and column x.
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

// block reads what a scan holds of one block: all of it, or one band of coefficients or one of their bits in a progressive picture.
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

// first reads a block's mean, which is stored as the difference from the previous one.
func (d *jpegDecoder) first(s *jpegScan, c scanPart, b *[64]int16) error {
	size, err := d.bits.code(c.dcTable)
	if err != nil || size > 16 {
		return errScan
	}
	c.dc += d.bits.signed(uint(size))
	b[0] = int16(c.dc << s.low)
	return nil
}

// band reads a range of a block's coefficients (T.81, F.2.2.2 and G.1.2.2).
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

// correct adds a bit to a coefficient that is not 0, if the file says so.
func (d *jpegDecoder) correct(v *int16, bit int16) {
	switch {
	case d.bits.take(1) == 0:
	case *v > 0:
		*v += bit
	default:
		*v -= bit
	}
}

// zigzag is the order of the coefficients in a block (T.81, figure A.6).
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}
