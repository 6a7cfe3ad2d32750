package codec

import (
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
)

var errFrame = errors.New("its frames are damaged")

// openGIF reads the first frame on the file's canvas. If the frame exceeds the canvas, which image/gif refuses, the canvas grows, as in
// browsers.
func openGIF(p []byte) (*Picture, error) {
	const head = 13
	if len(p) < head {
		return nil, errShort
	}
	w, h := int(binary.LittleEndian.Uint16(p[6:])), int(binary.LittleEndian.Uint16(p[8:]))
	frame, err := firstFrame(p)
	if err != nil {
		return nil, err
	}
	w, h = max(w, frame.Max.X), max(h, frame.Max.Y)
	if w > 1<<16-1 || h > 1<<16-1 {
		return nil, errFrame
	}
	canvas := image.Rect(0, 0, w, h)
	pic := &Picture{Width: w, Height: h, Orientation: TopLeft, Bytes: int64(frame.Dx()) * int64(frame.Dy())}
	if frame != canvas {
		pic.Bytes += 4 * int64(w) * int64(h)
	}
	pic.decode = func() (image.Image, error) {
		start := append([]byte(nil), p[:head]...)
		binary.LittleEndian.PutUint16(start[6:], uint16(w))
		binary.LittleEndian.PutUint16(start[8:], uint16(h))
		img, err := gif.Decode(behind(start, p[head:]))
		if err != nil {
			return nil, err
		}
		return onCanvas(img, canvas, frame.Min), nil
	}
	return pic, nil
}

// firstFrame returns the rectangle of the first frame.
func firstFrame(p []byte) (image.Rectangle, error) {
	const (
		head, colours    = 13, 3
		extension, frame = 0x21, 0x2c
	)
	at := head + tableBytes(p[10], colours)
	for at < len(p) {
		switch p[at] {
		case extension: // its label, then blocks up to an empty one
			at += 2
			for at < len(p) && p[at] != 0 {
				at += 1 + int(p[at])
			}
			at++
		case frame:
			if len(p)-at < 10 {
				return image.Rectangle{}, errShort
			}
			word := func(i int) int { return int(binary.LittleEndian.Uint16(p[at+i:])) }
			return image.Rect(word(1), word(3), word(1)+word(5), word(3)+word(7)), nil
		default:
			return image.Rectangle{}, errFrame
		}
	}
	return image.Rectangle{}, errShort
}

// tableBytes returns the size of the colour table from its flags.
func tableBytes(flags byte, each int) int {
	if flags&0x80 == 0 {
		return 0
	}
	return each << (flags&7 + 1)
}
