package codec

import (
	"encoding/binary"
	"image"
	"image/color"
)

// canvas is the target of decoding a TIFF. Its pixels function takes eight-bit samples, as many per pixel as the file has.
type canvas struct {
	image.Image
	pixels func(x, y int, samples []byte)
}

// canvas makes a picture that suits the samples. 16 bits are reduced to 8, which is all that callers use.
func (t *tiff) canvas() canvas {
	rect := image.Rect(0, 0, t.w, t.h)
	n := t.samples
	switch {
	case t.photometric <= blackIsZero && t.alpha == 0:
		img := image.NewGray(rect)
		flip := t.flip()
		return canvas{img, func(x, y int, p []byte) {
			row := img.Pix[y*img.Stride+x:][:len(p)/n]
			for i := range row {
				row[i] = p[i*n] ^ flip
			}
		}}
	case t.photometric == meansInk:
		img := image.NewCMYK(rect)
		return canvas{img, func(x, y int, p []byte) {
			row := img.Pix[y*img.Stride+4*x:]
			for i := range len(p) / n {
				copy(row[4*i:4*i+4], p[i*n:])
			}
		}}
	}
	img := image.NewNRGBA(rect)
	out := canvas{img, t.colours(img)}
	if t.premultiplied {
		out.Image = &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: rect}
	}
	return out
}

// flip returns the mask that inverts samples of which 0 is white.
func (t *tiff) flip() byte {
	if t.photometric == whiteIsZero {
		return 255
	}
	return 0
}

// colours returns the function that writes pixels with colours, or with grey and alpha.
func (t *tiff) colours(img *image.NRGBA) func(x, y int, samples []byte) {
	n, flip := t.samples, t.flip()
	return func(x, y int, p []byte) {
		row := img.Pix[y*img.Stride+4*x:]
		for i := range len(p) / n {
			px, s := row[4*i:4*i+4:4*i+4], p[i*n:(i+1)*n]
			switch t.photometric {
			case meansRGB:
				px[0], px[1], px[2] = s[0], s[1], s[2]
			case meansYCbCr:
				px[0], px[1], px[2] = color.YCbCrToRGB(s[0], s[1], s[2])
			case meansIndex:
				for k := range 3 {
					px[k] = byte(t.palette[k<<t.bits+int(s[0])] >> 8)
				}
			default:
				px[0] = s[0] ^ flip
				px[1], px[2] = px[0], px[0]
			}
			px[3] = 255
			if t.alpha > 0 {
				px[3] = s[t.alpha]
			}
		}
	}
}

// eightBits converts the samples of a row to eight bits. An index of a palette stays unchanged.
func (t *tiff) eightBits(dst, src []byte) {
	switch t.bits {
	case 8:
		copy(dst, src)
	case 16:
		for i := range dst {
			dst[i] = byte((uint32(t.order.Uint16(src[2*i:])) + 128) / 257)
		}
	case 32:
		high := 0
		if t.order == binary.ByteOrder(binary.LittleEndian) {
			high = 3
		}
		for i := range dst {
			dst[i] = src[4*i+high]
		}
	default:
		most := uint32(1)<<t.bits - 1
		if t.photometric == meansIndex {
			most = 255
		}
		for i := range dst {
			dst[i] = byte((bitsAt(src, i*t.bits, t.bits)*255 + most/2) / most)
		}
	}
}

// bitsAt returns n bits, at most 15, at a position, the highest first.
func bitsAt(p []byte, at, n int) uint32 {
	v := uint32(0)
	for i := range 3 {
		v <<= 8
		if at/8+i < len(p) {
			v |= uint32(p[at/8+i])
		}
	}
	return v << (8 + at%8) >> (32 - n)
}

// undoPredictor adds to each sample the one of the pixel before it.
func (t *tiff) undoPredictor(p []byte, samples int) {
	size := t.rowBytes()
	for ; len(p) >= size; p = p[size:] {
		row := p[:size]
		switch t.bits {
		case 8:
			for i := samples; i < size; i++ {
				row[i] += row[i-samples]
			}
		case 16:
			for i := 2 * samples; i+1 < size; i += 2 {
				t.order.PutUint16(row[i:], t.order.Uint16(row[i:])+t.order.Uint16(row[i-2*samples:]))
			}
		case 32:
			for i := 4 * samples; i+3 < size; i += 4 {
				t.order.PutUint32(row[i:], t.order.Uint32(row[i:])+t.order.Uint32(row[i-4*samples:]))
			}
		}
	}
}
