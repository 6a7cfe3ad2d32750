package film

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/draw"
	"io"
	"math"
)

// writeSheet writes one PNG of all pictures, in rows. It writes row by row, because image/png needs the whole picture and cannot stop if the
// film ends with an error. A sheet with a watermark is in memory as a whole.
func writeSheet(w io.Writer, r *reel) error {
	cols, usual := r.Columns, 960 // pixels
	if cols == 0 {
		cols = max(1, usual/r.size.X)
	}
	cols = min(cols, r.Frames)
	rows := (r.Frames-1)/cols + 1
	if cols > math.MaxInt32/r.size.X || rows > math.MaxInt32/r.size.Y { // the limits of PNG
		return errTooLarge
	}
	mark, lines := r.mark, 1 // rows of pictures that are written at a time
	if mark != nil && r.Frames > 1 {
		r.mark, lines = nil, rows // the sheet has one mark, not each picture
	}
	if cols*r.size.X > mostPixels/(lines*r.size.Y) {
		return errTooLarge
	}
	var out *pngWriter
	band := image.NewRGBA(image.Rect(0, 0, cols*r.size.X, lines*r.size.Y))
	i := 0
	for img, err := range r.pictures() {
		if err != nil {
			return err
		}
		if r.Frames == 1 { // image/png chooses a filter for each row, which makes a single picture smaller
			return r.onePNG(w, img)
		}
		if i == 0 {
			out = newPNGWriter(w, cols*r.size.X, rows*r.size.Y, r.Film)
		}
		if i%(cols*lines) == 0 {
			draw.Draw(band, band.Rect, image.NewUniform(r.ground), image.Point{}, draw.Src) // the last row may have gaps
		}
		at := image.Pt(i%cols*r.size.X, i/cols%lines*r.size.Y)
		draw.Draw(band, img.Rect.Add(at), img, image.Point{}, draw.Src)
		if i++; i%(cols*lines) == 0 || i == r.Frames {
			if out.rows(r.embed(mark, band)); out.err != nil {
				return out.err
			}
		}
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

func newPNGWriter(w io.Writer, width, height int, f Film) *pngWriter {
	p := &pngWriter{chunkWriter: chunkWriter{w: w}, last: make([]byte, 3*width), row: make([]byte, 1+3*width)}
	p.write([]byte(pngSignature))
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	p.chunk("IHDR", append(head, 8, 2, 0, 0, 0)) // 8 bits of red, green and blue
	p.about(f)
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
