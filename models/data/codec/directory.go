package codec

import (
	"encoding/binary"
	"errors"
)

// A directory is the first one of a TIFF file or of Exif data: its values by tag.
type directory struct {
	file    []byte
	order   binary.ByteOrder
	entries map[uint16]entry
}

// An entry holds the values of a tag.
type entry struct {
	kind  uint16
	count uint64
	data  []byte // enough for count values
}

// Bytes per value by type: 3 is SHORT, 4 is LONG, 16 is LONG8 of BigTIFF.
var kindBytes = [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

var errDirectory = errors.New("its directory is damaged")

// readDirectory reads the first directory of a classic TIFF or BigTIFF file. It leaves out entries whose values are outside the file.
func readDirectory(p []byte) (*directory, error) {
	d := &directory{file: p, entries: map[uint16]entry{}}
	if len(p) < 16 {
		return nil, errShort
	}
	switch string(p[:2]) {
	case "II":
		d.order = binary.LittleEndian
	case "MM":
		d.order = binary.BigEndian
	default:
		return nil, errDirectory
	}
	big := false
	switch d.order.Uint16(p[2:]) {
	case 42:
	case 43:
		big = true
	default:
		return nil, errDirectory
	}
	word, head, size, at := uint64(4), uint64(2), uint64(12), uint64(d.order.Uint32(p[4:]))
	if big {
		word, head, size, at = 8, 8, 20, d.order.Uint64(p[8:])
	}
	if at > uint64(len(p)) || uint64(len(p))-at < head {
		return nil, errShort
	}
	n := uint64(d.order.Uint16(p[at:]))
	if big {
		n = d.order.Uint64(p[at:])
	}
	list := p[at+head:]
	if n > uint64(len(list))/size {
		return nil, errShort
	}
	for ; n > 0; n, list = n-1, list[size:] {
		d.add(list[:size], word)
	}
	return d, nil
}

// add reads one entry of a directory with offsets of that many bytes.
func (d *directory) add(p []byte, word uint64) {
	e := entry{kind: d.order.Uint16(p[2:]), count: d.word(p[4:], word), data: p[4+word:]}
	if int(e.kind) >= len(kindBytes) || kindBytes[e.kind] == 0 || e.count > uint64(len(d.file)) {
		return
	}
	if size := e.count * kindBytes[e.kind]; size > word {
		at := d.word(e.data, word)
		if at > uint64(len(d.file)) || uint64(len(d.file))-at < size {
			return
		}
		e.data = d.file[at : at+size]
	}
	if tag := d.order.Uint16(p); d.entries[tag].data == nil { // the first entry of a tag counts
		d.entries[tag] = e
	}
}

// word reads a whole number of 4 or 8 bytes.
func (d *directory) word(p []byte, size uint64) uint64 {
	if size == 8 {
		return d.order.Uint64(p)
	}
	return uint64(d.order.Uint32(p))
}

// values returns the whole numbers of a tag; nil: there are none.
func (d *directory) values(tag uint16) []uint64 {
	e := d.entries[tag]
	out := make([]uint64, 0, e.count)
	for i := range e.count {
		switch e.kind {
		case 1, 7:
			out = append(out, uint64(e.data[i]))
		case 3:
			out = append(out, uint64(d.order.Uint16(e.data[2*i:])))
		case 4, 13:
			out = append(out, uint64(d.order.Uint32(e.data[4*i:])))
		case 16, 18:
			out = append(out, d.order.Uint64(e.data[8*i:]))
		}
	}
	return out
}

// value returns the first number of a tag, or usual if there is none.
func (d *directory) value(tag uint16, usual uint64) uint64 {
	if v := d.values(tag); len(v) > 0 {
		return v[0]
	}
	return usual
}

func (d *directory) orientation() Orientation {
	if o := Orientation(d.value(274, 1)); o >= TopLeft && o <= LeftBottom {
		return o
	}
	return TopLeft
}
