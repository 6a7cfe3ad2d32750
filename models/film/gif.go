package film

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"math"
	"math/bits"
	"path/filepath"
	"slices"
	"strings"
)

// gifLeast is the shortest time of a frame in hundredths of a second: browsers show shorter frames for a tenth of a second.
const gifLeast = 2

// gifDelay returns the time of frame n in hundredths of a second.
func gifDelay(frame, fps int) int { return max(gifLeast, duration(frame, fps, 100)) }

// duration returns how long frame n is shown, in units of which a second has some. Times differ by one unit so that the film takes
// frames/fps seconds.
func duration(frame, fps, second int) int {
	end := func(n int) int { return (2*second*n + fps) / (2 * fps) } // second·n/fps, rounded
	return end(frame+1) - end(frame)
}

// Slowed says how a file's format changes a film's speed; "": it does not.
func Slowed(path string, f Film) string {
	if most := 100 / gifLeast; strings.EqualFold(filepath.Ext(path), ".gif") && f.FPS > most {
		return fmt.Sprintf("a GIF shows %d frames a second at most: %s takes %.2f s, where %d frames at %d a second take %.2f s; give %d a second or less, or take .apng",
			most, path, float64(f.Frames)/float64(most), f.Frames, f.FPS, float64(f.Frames)/float64(f.FPS), most)
	}
	return ""
}

// writeGIF writes a GIF with the colours of a painter, frame by frame as the pictures come, which image/gif cannot do.
func writeGIF(w io.Writer, r *reel) error {
	if max(r.size.X, r.size.Y) > math.MaxUint16/r.repeat {
		return errTooLarge
	}
	g, p := &gifWriter{w: w, scale: r.repeat}, newPainter(r.size)
	i := 0
	for img, err := range r.pictures() {
		if err != nil {
			return err
		}
		part := p.paint(img)
		if i == 0 {
			g.begin(r.size, part.palette, r.Frames > 1)
			g.about(r.Film)
		}
		if g.frame(part, gifDelay(i, r.FPS)); g.err != nil {
			return g.err
		}
		i++
	}
	g.write(0x3b)
	return g.err
}

// A gifWriter writes the blocks of a GIF (CompuServe's GIF89a) until the first error.
type gifWriter struct {
	w      io.Writer
	scale  int
	global []rgb // the palette of frames without their own
	err    error
	pixels []byte
}

func (g *gifWriter) write(p ...byte) {
	if g.err == nil {
		_, g.err = g.w.Write(p)
	}
}

// begin writes the header, the global palette and, for moving pictures, that they repeat for ever.
func (g *gifWriter) begin(size image.Point, palette []rgb, moves bool) {
	g.global = palette
	p := []byte("GIF89a")
	p = binary.LittleEndian.AppendUint16(p, uint16(size.X*g.scale))
	p = binary.LittleEndian.AppendUint16(p, uint16(size.Y*g.scale))
	p = append(p, 0x80|byte(paletteBits(palette)-1), 0, 0)
	p = appendPalette(p, palette)
	if moves { // repeat for ever
		p = append(p, 0x21, 0xff, 11)
		p = append(p, "NETSCAPE2.0\x03\x01\x00\x00\x00"...)
	}
	g.write(p...)
}

// frame writes a part of the picture; its time is in hundredths of a second.
func (g *gifWriter) frame(f part, time int) {
	const keep = 1 << 2 // the rest of the picture stays
	flags, clear := byte(keep), byte(0)
	if f.transparent >= 0 {
		flags, clear = keep|1, byte(f.transparent)
	}
	p := []byte{0x21, 0xf9, 4, flags}
	p = binary.LittleEndian.AppendUint16(p, uint16(time))
	p = append(p, clear, 0, 0x2c)
	for _, v := range []int{f.rect.Min.X, f.rect.Min.Y, f.rect.Dx(), f.rect.Dy()} {
		p = binary.LittleEndian.AppendUint16(p, uint16(v*g.scale))
	}
	depth := paletteBits(f.palette)
	if slices.Equal(f.palette, g.global) {
		p = append(p, 0)
	} else {
		p = append(p, 0x80|byte(depth-1))
		p = appendPalette(p, f.palette)
	}
	codes := max(2, depth)
	g.write(append(p, byte(codes))...)
	g.compress(f, codes)
}

// compress writes the pixels of a part, magnified by scale.
func (g *gifWriter) compress(f part, codes int) {
	if g.err != nil {
		return
	}
	blocks := &blockWriter{w: g.w}
	z := lzw.NewWriter(blocks, lzw.LSB, codes)
	for y := range f.rect.Dy() {
		g.pixels = g.pixels[:0]
		for _, i := range f.pixels[y*f.rect.Dx() : (y+1)*f.rect.Dx()] {
			for range g.scale {
				g.pixels = append(g.pixels, i)
			}
		}
		for range g.scale {
			if _, g.err = z.Write(g.pixels); g.err != nil {
				return
			}
		}
	}
	if g.err = z.Close(); g.err == nil {
		g.err = blocks.close()
	}
}

// paletteBits returns how many bits an index of a palette needs.
func paletteBits(p []rgb) int { return max(1, bits.Len(uint(len(p)-1))) }

// appendPalette appends a palette, filled up to a power of two.
func appendPalette(p []byte, palette []rgb) []byte {
	for _, c := range palette {
		p = append(p, c[:]...)
	}
	return append(p, make([]byte, 3*(1<<paletteBits(palette)-len(palette)))...)
}

// A blockWriter splits its input into blocks of 255 bytes, each after its length.
type blockWriter struct {
	w io.Writer
	b bytes.Buffer
}

func (b *blockWriter) Write(p []byte) (int, error) {
	b.b.Write(p)
	for b.b.Len() >= 255 {
		if err := b.flush(255); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (b *blockWriter) flush(n int) error {
	_, err := b.w.Write(append([]byte{byte(n)}, b.b.Next(n)...))
	return err
}

// close writes the rest and the empty block that ends a picture.
func (b *blockWriter) close() error {
	if n := b.b.Len(); n > 0 {
		if err := b.flush(n); err != nil {
			return err
		}
	}
	return b.flush(0)
}
