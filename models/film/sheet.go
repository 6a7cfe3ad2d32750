package film

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

// writeSheet writes one PNG of all pictures, in rows of about 960 pixels. It writes row by row, because image/png needs the whole picture
// and cannot stop if the film ends with an error.
func writeSheet(w io.Writer, f Film) error {
	next, stop := iter.Pull2(f.Pictures)
	defer stop()
	first, err, ok := next()
	if err != nil || !ok {
		return err
	}
	if f.Frames == 1 { // image/png chooses a filter for each row, which makes a single picture smaller
		return png.Encode(w, magnify(first, f.Scale))
	}
	size := first.Rect.Size().Mul(f.Scale)
	cols := min(f.Frames, max(1, 960/size.X))
	rows := (f.Frames-1)/cols + 1
	if cols*size.X > math.MaxInt32 || rows > math.MaxInt32/size.Y { // the limits of PNG
		return errTooLarge
	}
	out := newPNGWriter(w, cols*size.X, rows*size.Y)
	band := image.NewRGBA(image.Rect(0, 0, cols*size.X, size.Y))
	for i := range rows * cols {
		if i%cols == 0 {
			draw.Draw(band, band.Rect, image.Black, image.Point{}, draw.Src) // the last row may have gaps
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
	if _, err, ok := next(); ok && err != nil { // more pictures than the film said
		return err
	}
	return out.close()
}

// A pngWriter writes an opaque PNG from top to bottom until the first error.
type pngWriter struct {
	chunkWriter
	z    *zlib.Writer  // compresses into data
	data *bufio.Writer // its blocks become chunks
	last []byte        // the previous row, 3 bytes per pixel
	row  []byte        // the next row, after the number of its filter
}

func newPNGWriter(w io.Writer, width, height int) *pngWriter {
	p := &pngWriter{chunkWriter: chunkWriter{w: w}, last: make([]byte, 3*width), row: make([]byte, 1+3*width)}
	p.write([]byte("\x89PNG\r\n\x1a\n"))
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	p.chunk("IHDR", append(head, 8, 2, 0, 0, 0))                    // 8 bits of red, green and blue
	p.data = bufio.NewWriterSize((*pngData)(&p.chunkWriter), 1<<15) // each chunk adds 12 bytes
	p.z = zlib.NewWriter(p.data)
	return p
}

// rows writes the rows of a picture as differences from the row above, which are 0 for magnified pixels.
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
