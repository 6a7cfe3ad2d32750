package walk

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"io"
	"iter"
	"math"
)

// writeSheet writes one PNG of all pictures, in rows of about 960 pixels. It is written here, row by row, because image/png takes a
// whole picture and cannot be stopped where the film ends with an error.
func writeSheet(w io.Writer, f Film) error {
	next, stop := iter.Pull2(f.Pictures)
	defer stop()
	first, err, ok := next()
	if err != nil || !ok {
		return err
	}
	if f.Frames == 1 { // a filter for each row, as image/png chooses it, makes it smaller
		return png.Encode(w, magnify(first, f.Scale))
	}
	size := first.Rect.Size().Mul(f.Scale)
	cols := min(f.Frames, max(1, 960/size.X))
	rows := (f.Frames-1)/cols + 1
	if cols*size.X > math.MaxInt32 || rows > math.MaxInt32/size.Y { // what PNG can say
		return errTooLarge
	}
	out := newPNGWriter(w, cols*size.X, rows*size.Y)
	band := image.NewRGBA(image.Rect(0, 0, cols*size.X, size.Y))
	for i := range rows * cols {
		if i%cols == 0 {
			draw.Draw(band, band.Rect, image.Black, image.Point{}, draw.Src) // the last row may not be full
		}
		if i < f.Frames {
			img := first
			if i > 0 {
				if img, err, ok = next(); err != nil || !ok {
					return err
				}
			}
			img = magnify(img, f.Scale)
			at := image.Pt(i%cols*size.X, 0)
			draw.Draw(band, image.Rectangle{Min: at, Max: at.Add(size)}, img, img.Rect.Min, draw.Src)
		}
		if i%cols == cols-1 {
			out.rows(band)
		}
		if out.err != nil {
			return out.err
		}
	}
	if _, err, ok := next(); ok && err != nil { // more pictures than there should be
		return err
	}
	return out.close()
}

// A pngWriter writes an opaque PNG from top to bottom until the first error.
type pngWriter struct {
	chunkWriter
	z    *zlib.Writer  // writes to
	data *bufio.Writer // whose blocks become chunks
	last []byte        // the row above, 3 bytes a pixel
	row  []byte        // and the next one, after the number of its filter
}

func newPNGWriter(w io.Writer, width, height int) *pngWriter {
	p := &pngWriter{chunkWriter: chunkWriter{w: w}, last: make([]byte, 3*width), row: make([]byte, 1+3*width)}
	p.write([]byte("\x89PNG\r\n\x1a\n"))
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	p.chunk("IHDR", append(head, 8, 2, 0, 0, 0))                    // 8 bits of red, green and blue
	p.data = bufio.NewWriterSize((*pngData)(&p.chunkWriter), 1<<15) // a chunk has 12 bytes more
	p.z = zlib.NewWriter(p.data)
	return p
}

// rows writes the rows of a picture as what they differ by from those above, which is nothing where pixels are magnified.
func (p *pngWriter) rows(img *image.RGBA) {
	const up = 2
	for y := 0; y < img.Rect.Dy() && p.err == nil; y++ {
		p.row[0] = up
		pix := img.Pix[y*img.Stride:]
		for x := range img.Rect.Dx() {
			for k := range 3 {
				v := pix[4*x+k]
				p.row[1+3*x+k] = v - p.last[3*x+k]
				p.last[3*x+k] = v
			}
		}
		if _, err := p.z.Write(p.row); p.err == nil {
			p.err = err
		}
	}
}

func (p *pngWriter) close() error {
	if err := errors.Join(p.z.Close(), p.data.Flush()); p.err == nil {
		p.err = err
	}
	p.chunk("IEND", nil)
	return p.err
}

// pngData makes a chunk of whatever is written.
type pngData chunkWriter

func (d *pngData) Write(p []byte) (int, error) {
	c := (*chunkWriter)(d)
	c.chunk("IDAT", p)
	return len(p), c.err
}
