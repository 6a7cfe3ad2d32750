package film

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"sync"
)

// writeAPNG combines the frames' PNG data into one animated PNG (W3C PNG third edition, section 11.3.2).
func writeAPNG(w io.Writer, r *reel) error {
	if r.Frames > math.MaxInt32/2 { // each frame has two sequence numbers of 31 bits
		return errTooLarge
	}
	out := &chunkWriter{w: w}
	out.write([]byte(pngSignature))
	seq, i := uint32(0), 0
	for parts, err := range encoded(r, r.pngParts) {
		if err != nil {
			return err
		}
		if i == 0 {
			out.chunk("IHDR", parts["IHDR"])
			out.chunk("acTL", binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(r.Frames)), 0))
			out.about(r.Film)
		}
		out.chunk("fcTL", frameControl(seq, uint32(r.size.X), uint32(r.size.Y), uint16(r.FPS)))
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

// pngParts encodes a finished picture, and returns the chunks of a PNG.
func (r *reel) pngParts(_ int, img *image.RGBA) (map[string][]byte, error) { return r.parts(img) }

// smallPNG is how many pixels a picture has for which the tables of thorough compression, cleared for each, take longer than the picture.
const smallPNG = 1 << 12

// parts encodes a picture, and returns the chunks of a PNG.
func (r *reel) parts(img image.Image) (map[string][]byte, error) {
	var b bytes.Buffer
	e := png.Encoder{BufferPool: &r.Buffers.thorough}
	small := img.Bounds().Dx()*img.Bounds().Dy() <= smallPNG
	switch {
	case small && r.Quick:
		e = png.Encoder{BufferPool: &r.Buffers.stored, CompressionLevel: png.NoCompression}
	case small || r.Quick:
		e = png.Encoder{BufferPool: &r.Buffers.fast, CompressionLevel: png.BestSpeed}
	}
	if err := e.Encode(&b, img); err != nil {
		return nil, err
	}
	return chunks(b.Bytes())
}

// Buffers keep what encoders of PNG have allocated, a megabyte each, for the next pictures. The zero Buffers are empty. Several goroutines
// may use them.
type Buffers struct{ thorough, fast, stored pngBuffers } // by the level of compression, as the allocated tables are

type pngBuffers struct{ kept sync.Pool }

// Get implements [png.EncoderBufferPool].
func (p *pngBuffers) Get() *png.EncoderBuffer {
	b, _ := p.kept.Get().(*png.EncoderBuffer)
	return b
}

// Put implements [png.EncoderBufferPool].
func (p *pngBuffers) Put(b *png.EncoderBuffer) { p.kept.Put(b) }

// onePNG writes a finished picture as a PNG file. It has one channel if the picture is grey, and then a third of the bytes.
func (r *reel) onePNG(w io.Writer, img *image.RGBA) error {
	shown := image.Image(img)
	if grey := greyOf(img); grey != nil {
		shown = grey
	}
	parts, err := r.parts(shown)
	if err != nil {
		return err
	}
	out := &chunkWriter{w: w}
	out.write([]byte(pngSignature))
	out.chunk("IHDR", parts["IHDR"])
	out.about(r.Film)
	out.chunk("IDAT", parts["IDAT"])
	out.chunk("IEND", nil)
	return out.err
}

// greyOf returns an opaque picture without its colours; nil: it has some.
func greyOf(img *image.RGBA) *image.Gray {
	out := image.NewGray(image.Rectangle{Max: img.Rect.Size()})
	for i := range out.Pix {
		p := img.Pix[4*i : 4*i+3]
		if p[0] != p[1] || p[0] != p[2] {
			return nil
		}
		out.Pix[i] = p[0]
	}
	return out
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

const pngSignature = "\x89PNG\r\n\x1a\n"

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
func chunks(p []byte) (map[string][]byte, error) {
	out := map[string][]byte{}
	return out, eachChunk(p, func(kind string, data []byte) { out[kind] = append(out[kind], data...) })
}
