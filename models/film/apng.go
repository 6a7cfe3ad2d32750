package film

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/png"
	"io"
	"math"
)

// writeAPNG combines the frames' PNG data into one animated PNG (W3C PNG third edition, section 11.3.2).
func writeAPNG(w io.Writer, f Film) error {
	if f.Frames > math.MaxInt32/2 || f.FPS > math.MaxUint16 { // each frame has two sequence numbers of 31 bits
		return errTooLarge
	}
	out := &chunkWriter{w: w}
	out.write([]byte("\x89PNG\r\n\x1a\n"))
	seq, i := uint32(0), 0
	var head, one []byte
	for img, err := range f.Pictures {
		if err != nil {
			return err
		}
		img = magnify(img, f.Scale)
		b := bytes.NewBuffer(one[:0])
		if err := png.Encode(b, img); err != nil {
			return err
		}
		one = b.Bytes()
		parts := chunks(one)
		if i == 0 {
			head = bytes.Clone(parts["IHDR"])
			out.chunk("IHDR", head)
			out.chunk("acTL", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(f.Frames)), 0))
		}
		if !bytes.Equal(parts["IHDR"], head) {
			return errors.New("film: one picture of a film is opaque and another one is not")
		}
		out.chunk("fcTL", frameControl(seq, uint32(img.Rect.Dx()), uint32(img.Rect.Dy()), uint16(f.FPS)))
		seq++
		if i == 0 {
			out.chunk("IDAT", parts["IDAT"])
		} else {
			out.chunk("fdAT", append(binary.BigEndian.AppendUint32(nil, seq), parts["IDAT"]...))
			seq++
		}
		if out.err != nil {
			return out.err
		}
		i++
	}
	out.chunk("IEND", nil)
	return out.err
}

// frameControl makes a frame cover the whole picture for 1/fps seconds.
func frameControl(seq, width, height uint32, fps uint16) []byte {
	var p []byte
	for _, v := range []uint32{seq, width, height, 0, 0} {
		p = binary.BigEndian.AppendUint32(p, v)
	}
	p = binary.BigEndian.AppendUint16(p, 1)
	p = binary.BigEndian.AppendUint16(p, fps)
	return append(p, 0, 0)
}

// A chunkWriter writes the chunks of a PNG until the first error.
type chunkWriter struct {
	w   io.Writer
	err error
}

func (c *chunkWriter) write(p []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(p)
	}
}

func (c *chunkWriter) chunk(kind string, data []byte) {
	c.write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
	body := append([]byte(kind), data...)
	c.write(body)
	c.write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
}

// chunks splits a PNG file; chunks of one kind are joined.
func chunks(p []byte) map[string][]byte {
	out := map[string][]byte{}
	for p = p[8:]; len(p) >= 12; {
		n := int(binary.BigEndian.Uint32(p))
		kind := string(p[4:8])
		out[kind] = append(out[kind], p[8:8+n]...)
		p = p[12+n:]
	}
	return out
}
