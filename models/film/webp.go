package film

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"os"
)

// webpSide is the largest width and height that a lossless WebP has.
const webpSide = 1 << 14

// writeWebP writes a lossless WebP (Google's WebP container specification): its chunks, and then their length in front of them.
func writeWebP(file *os.File, r *reel) error {
	if max(r.size.X, r.size.Y) > webpSide {
		return errTooLarge
	}
	out := &riffWriter{w: bufio.NewWriterSize(file, 1<<16)}
	out.write([]byte("RIFF\x00\x00\x00\x00WEBP"))
	const animated, hasXMP = 1 << 1, 1 << 2
	var flags byte
	if r.Frames > 1 {
		flags |= animated
	}
	packet := r.xmp()
	if packet != nil {
		flags |= hasXMP
	}
	out.chunk("VP8X", append([]byte{flags, 0, 0, 0}, webpSize(r.size)...))
	if r.Frames > 1 {
		out.chunk("ANIM", make([]byte, 6)) // on transparent ground, for ever
	}
	i := 0
	for data, err := range encoded(r, func(_ int, img *image.RGBA) ([]byte, error) { return encodeVP8L(img), nil }) {
		if err != nil {
			return err
		}
		if r.Frames == 1 {
			out.chunk("VP8L", data)
		} else {
			out.chunk("ANMF", webpFrame(r.size, duration(i, r.FPS, 1000), data))
		}
		if out.err != nil {
			return out.err
		}
		i++
	}
	if packet != nil {
		out.chunk("XMP ", packet)
	}
	if err := errors.Join(out.err, out.w.Flush()); err != nil {
		return err
	}
	size := out.n - 8
	if size > math.MaxUint32-1 {
		return errTooLarge
	}
	_, err := file.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(size)), 4)
	return err
}

// webpFrame returns the data of a chunk ANMF: a picture that replaces all of the one before.
func webpFrame(size image.Point, milliseconds int, data []byte) []byte {
	const noBlending = 1 << 1
	p := append(make([]byte, 6), webpSize(size)...)
	p = append(p, byte(milliseconds), byte(milliseconds>>8), byte(milliseconds>>16), noBlending)
	return appendRIFF(p, "VP8L", data)
}

// webpSize returns a size as two numbers of 24 bits, each less one.
func webpSize(size image.Point) []byte {
	w, h := size.X-1, size.Y-1
	return []byte{byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
}

// appendRIFF appends a chunk, filled up to an even length.
func appendRIFF(p []byte, kind string, data []byte) []byte {
	p = append(p, kind...)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(data)))
	p = append(p, data...)
	if len(data)%2 == 1 {
		p = append(p, 0)
	}
	return p
}

// A riffWriter writes chunks until the first error, and counts bytes.
type riffWriter struct {
	w   *bufio.Writer
	n   int64
	err error
}

func (r *riffWriter) write(p []byte) {
	if r.err == nil {
		_, r.err = r.w.Write(p)
		r.n += int64(len(p))
	}
}

func (r *riffWriter) chunk(kind string, data []byte) { r.write(appendRIFF(nil, kind, data)) }
