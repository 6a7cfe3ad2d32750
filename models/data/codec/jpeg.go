package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
)

// jpegHead is the content of the segments before the first scan.
type jpegHead struct {
	w, h, precision int
	progressive     bool
	frame           bool // a frame's header was read
	parts           []jpegPart
	jfif            bool
	adobe           int // the colours according to Adobe's segment: 0 unchanged, 1 YCbCr, 2 YCCK; -1: there is no such segment
	orientation     Orientation
}

// A jpegPart is one component: luma, red, cyan, ….
type jpegPart struct {
	id   byte
	h, v int // samples in a unit of the picture, across and down
	tq   byte
}

var (
	errSegment  = errors.New("a segment is damaged")
	errSampling = errors.New("its sampling is damaged")
)

// openJPEG uses image/jpeg, and for files that it refuses the decoder in this package, which supports any sampling, four components with or
// without Adobe's segment, twelve bits, missing tables, and files without an end marker. Files that this decoder refuses, too, are damaged.
func openJPEG(p []byte) (*Picture, error) {
	h := &jpegHead{adobe: -1, orientation: TopLeft}
	at, scan := 2, false
	for !scan {
		marker, body, next, err := segment(p, at)
		if err != nil {
			return nil, err
		}
		if err := h.read(marker, body); err != nil {
			return nil, err
		}
		at, scan = next, marker == markerSOS
	}
	if !h.frame {
		return nil, errors.New("it has no header of a picture")
	}
	pic := &Picture{Width: h.w, Height: h.h, Orientation: h.orientation, Grey: len(h.parts) == 1}
	pic.Bytes = h.bytes()
	pic.decode = func() (image.Image, error) {
		img, err := jpeg.Decode(bytes.NewReader(p))
		if err == nil {
			return img, nil
		}
		if h.ownBytes() > maxOwn {
			return nil, err
		}
		d, err := decodeJPEG(p, nil, h.w*h.h)
		if err != nil {
			return nil, err
		}
		return d.picture(), nil
	}
	return pic, nil
}

// maxOwn is the most bytes that the decoder here may take. It needs more than image/jpeg, which is tried first.
const maxOwn = 1 << 30

// bytes returns the bytes that decoding takes.
func (h *jpegHead) bytes() int64 {
	if len(h.parts) == 3 && !h.progressive && h.usual() {
		return 3 * int64(h.w) * int64(h.h)
	}
	return h.ownBytes()
}

// ownBytes counts, per sample, four bytes of coefficients (as image/jpeg keeps of progressive pictures) and its value, and finally four
// bytes per pixel.
func (h *jpegHead) ownBytes() int64 {
	px := int64(h.w) * int64(h.h)
	samples := int64(0)
	hMax, vMax := h.most()
	for _, p := range h.parts {
		samples += px * int64(p.h*p.v) / int64(hMax*vMax)
	}
	return 5*samples + 4*px
}

// usual tells whether image/jpeg supports the sampling of three components.
func (h *jpegHead) usual() bool {
	y, cb, cr := h.parts[0], h.parts[1], h.parts[2]
	return h.precision == 8 && cb.h == cr.h && cb.v == cr.v && y.h%cb.h == 0 && y.v%cb.v == 0
}

func (h *jpegHead) most() (hMax, vMax int) {
	for _, p := range h.parts {
		hMax, vMax = max(hMax, p.h), max(vMax, p.v)
	}
	return hMax, vMax
}

// Markers of ITU-T T.81, table B.1.
const (
	markerSOF0  = 0xc0
	markerSOF2  = 0xc2
	markerDHT   = 0xc4
	markerRST0  = 0xd0
	markerRST7  = 0xd7
	markerSOI   = 0xd8
	markerEOI   = 0xd9
	markerSOS   = 0xda
	markerDQT   = 0xdb
	markerDRI   = 0xdd
	markerAPP0  = 0xe0
	markerAPP1  = 0xe1
	markerAPP14 = 0xee
	markerTEM   = 0x01
)

// segment finds the marker at or after a position, its segment's body and its end. It skips bytes between segments, as other decoders do.
func segment(p []byte, at int) (marker byte, body []byte, next int, err error) {
	for {
		i := bytes.IndexByte(p[min(at, len(p)):], 0xff)
		if i < 0 || at+i+1 >= len(p) {
			return 0, nil, 0, errShort
		}
		at += i + 1
		switch marker = p[at]; {
		case marker == 0xff: // fill; the next byte may be the marker
			continue
		case marker == 0, marker == markerTEM, marker >= markerRST0 && marker <= markerSOI:
			continue
		case marker == markerEOI:
			return marker, nil, at + 1, nil
		}
		if len(p)-at < 3 {
			return 0, nil, 0, errShort
		}
		size := int(binary.BigEndian.Uint16(p[at+1:]))
		if size < 2 {
			return 0, nil, 0, errSegment
		}
		if len(p)-at-1 < size {
			return 0, nil, 0, errShort
		}
		return marker, p[at+3 : at+1+size], at + 1 + size, nil
	}
}

// read takes what the head needs to know from the segment of a marker.
func (h *jpegHead) read(marker byte, body []byte) error {
	switch {
	case marker == markerAPP0:
		h.jfif = h.jfif || bytes.HasPrefix(body, []byte("JFIF\x00"))
	case marker == markerAPP1:
		if h.orientation == TopLeft && bytes.HasPrefix(body, []byte("Exif\x00")) && len(body) > 6 {
			h.orientation = exifOrientation(body[6:])
		}
	case marker == markerAPP14:
		if bytes.HasPrefix(body, []byte("Adobe")) && len(body) >= 12 {
			h.adobe = int(body[11])
		}
	case marker == markerEOI:
		return errors.New("it has no picture")
	case marker >= markerSOF0 && marker <= markerSOF2:
		h.progressive = marker == markerSOF2
		return h.readFrame(body)
	case marker > markerSOF2 && marker <= 0xcf && marker != markerDHT && marker != 0xc8 && marker != 0xcc:
		return fmt.Errorf("its coding is of a kind that is not read (frame %X)", marker)
	}
	return nil
}

func (h *jpegHead) readFrame(body []byte) error {
	if h.frame || len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return errSegment
	}
	h.frame = true
	h.precision = int(body[0])
	h.h, h.w = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	n := int(body[5])
	if n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("%d components are not read", n)
	}
	if h.precision != 8 && h.precision != 12 {
		return fmt.Errorf("samples of %d bits are not read", h.precision)
	}
	for i := range n {
		c := body[6+3*i:]
		part := jpegPart{id: c[0], h: int(c[1] >> 4), v: int(c[1] & 15), tq: c[2]}
		if part.h < 1 || part.h > 4 || part.v < 1 || part.v > 4 || part.tq > 3 {
			return errSampling
		}
		if n == 1 { // of one component each unit is one block, whatever it says (T.81, A.2.2)
			part.h, part.v = 1, 1
		}
		h.parts = append(h.parts, part)
	}
	return nil
}
