package codec

import (
	"image"
	"image/color"
)

// picture combines the components. It determines their meaning as libjpeg does: by the segments of JFIF and Adobe, else by their names.
func (d *jpegDecoder) picture() image.Image {
	rect := image.Rect(0, 0, d.w, d.h)
	switch len(d.planes) {
	case 1:
		c := d.planes[0]
		return (&image.Gray{Pix: c.samples, Stride: 8 * c.stride, Rect: image.Rect(0, 0, 8*c.stride, 8*c.rows)}).SubImage(rect)
	case 3:
		out := image.NewRGBA(rect)
		d.interleave(out.Pix)
		if !d.rgb() {
			fromYCC(out.Pix)
		}
		for i := 3; i < len(out.Pix); i += 4 {
			out.Pix[i] = 255
		}
		return out
	}
	out := image.NewCMYK(rect)
	d.interleave(out.Pix)
	if d.adobe > 0 {
		fromYCC(out.Pix)
	}
	for i := range out.Pix {
		if d.adobe == 0 || d.adobe > 0 && i&3 == 3 { // Adobe stores inks inverted, and for YCCK also the colours
			out.Pix[i] = ^out.Pix[i]
		}
	}
	return out
}

// rgb tells whether the three components are red, green and blue.
func (d *jpegDecoder) rgb() bool {
	switch {
	case d.jfif:
		return false
	case d.adobe >= 0:
		return d.adobe == 0
	}
	return d.parts[0].id == 'R' && d.parts[1].id == 'G' && d.parts[2].id == 'B'
}

// interleave writes the samples of all components to pixels of four bytes.
func (d *jpegDecoder) interleave(pix []byte) {
	hMax, vMax := d.most()
	column := make([]int, d.w)
	for k, c := range d.planes {
		for x := range column {
			column[x] = x * c.part.h / hMax
		}
		for y := range d.h {
			row := c.samples[y*c.part.v/vMax*8*c.stride:]
			out := pix[4*y*d.w : 4*(y+1)*d.w]
			for x, from := range column {
				out[4*x+k] = row[from]
			}
		}
	}
}

// fromYCC converts the first three of each four bytes from luma and chroma to red, green and blue.
func fromYCC(pix []byte) {
	for i := 0; i+3 < len(pix); i += 4 {
		p := pix[i : i+4 : i+4]
		p[0], p[1], p[2] = color.YCbCrToRGB(p[0], p[1], p[2])
	}
}
