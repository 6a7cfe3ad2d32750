package codec

import (
	"encoding/binary"
	"errors"
	"image"

	"golang.org/x/image/webp"
)

var errWebP = errors.New("it is damaged")

// still holds the chunks of one picture in a WebP file.
type still struct {
	lossy, lossless, alpha []byte // of a chunk each
}

// openWebP reads a still picture or the first frame of an animation. It puts the parts that the decoder needs into a simple file:
// golang.org/x/image/webp reads no animations and believes the flags, which libwebp does not.
func openWebP(p []byte) (*Picture, error) {
	pic := &Picture{Orientation: TopLeft}
	var s still
	canvas, at := image.Rectangle{}, image.Point{}
	err := chunks(p[12:], func(name string, body []byte) {
		switch {
		case name == "VP8X" && len(body) >= 10:
			canvas.Max = image.Pt(int24(body[4:])+1, int24(body[7:])+1)
		case name == "ANMF" && len(body) >= 16 && s.empty():
			at = image.Pt(2*int24(body), 2*int24(body[3:]))
			_ = chunks(body[16:], s.take) // missing chunks are found below
		case name == "EXIF":
			pic.Orientation = exifOrientation(body)
		default:
			s.take(name, body)
		}
	})
	size, sizeErr := s.size()
	if sizeErr != nil {
		if err != nil {
			return nil, err
		}
		return nil, sizeErr
	}
	frame := image.Rectangle{at, at.Add(size)}
	if canvas.Empty() {
		canvas = frame
	}
	if !frame.In(canvas) {
		return nil, errWebP
	}
	pic.Width, pic.Height = canvas.Dx(), canvas.Dy()
	const px = 12 // bytes: planes and their colours, or a lossless picture and its tables, and transparency, which is another picture
	pic.Bytes = px * int64(size.X) * int64(size.Y)
	if frame != canvas {
		pic.Bytes += 4 * int64(canvas.Dx()) * int64(canvas.Dy())
	}
	pic.decode = func() (image.Image, error) {
		img, err := s.decode(size)
		if err != nil {
			return nil, err
		}
		return onCanvas(img, canvas, at), nil
	}
	return pic, nil
}

// chunks calls f with each whole chunk of a RIFF file.
func chunks(p []byte, f func(name string, body []byte)) error {
	for len(p) >= 8 {
		name, size := string(p[:4]), uint64(binary.LittleEndian.Uint32(p[4:]))
		p = p[8:]
		if size > uint64(len(p)) {
			return errShort
		}
		f(name, p[:size])
		p = p[min(size+size&1, uint64(len(p))):]
	}
	return nil
}

func int24(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }

func (s *still) empty() bool { return s.lossy == nil && s.lossless == nil }

// take keeps the first chunk of each kind.
func (s *still) take(name string, body []byte) {
	switch {
	case name == "ALPH" && s.empty() && s.alpha == nil:
		s.alpha = body
	case name == "VP8 " && s.empty():
		s.lossy = body
	case name == "VP8L" && s.empty():
		s.lossless = body
	}
}

// size reads the size in the picture's data: RFC 6386, section 9.1, or the WebP lossless format, section 3.
func (s *still) size() (image.Point, error) {
	switch {
	case len(s.lossy) >= 10 && string(s.lossy[3:6]) == "\x9d\x01\x2a":
		w, h := binary.LittleEndian.Uint16(s.lossy[6:]), binary.LittleEndian.Uint16(s.lossy[8:])
		return image.Pt(int(w&0x3fff), int(h&0x3fff)), nil
	case len(s.lossless) >= 5 && s.lossless[0] == 0x2f:
		bits := binary.LittleEndian.Uint32(s.lossless[1:])
		return image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1), nil
	case s.empty():
		return image.Point{}, errShort
	}
	return image.Point{}, errWebP
}

func (s *still) decode(size image.Point) (image.Image, error) {
	if s.lossless != nil {
		return webp.Decode(behind(riff(chunk("VP8L", s.lossless))...))
	}
	var parts [][]byte
	if s.alpha != nil {
		const alphaFlag = 0x10
		w, h := size.X-1, size.Y-1
		flags := []byte{alphaFlag, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
		parts = append(chunk("VP8X", flags), chunk("ALPH", s.alpha)...)
	}
	img, err := webp.Decode(behind(riff(append(parts, chunk("VP8 ", s.lossy)...))...))
	if err != nil {
		return nil, err
	}
	switch img := img.(type) {
	case *image.YCbCr:
		return videoRange(img, nil, 0), nil
	case *image.NYCbCrA:
		return videoRange(&img.YCbCr, img.A, img.AStride), nil
	}
	return img, nil
}

// chunk returns the parts of a chunk: its head, its body, and a padding byte if their sum is odd.
func chunk(name string, body []byte) [][]byte {
	head := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	return [][]byte{head, body, make([]byte, len(body)&1)}
}

// riff puts the head of a WebP file before its chunks.
func riff(parts [][]byte) [][]byte {
	size := 4
	for _, p := range parts {
		size += len(p)
	}
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size))
	return append([][]byte{append(head, "WEBP"...)}, parts...)
}

// videoRange converts the planes of a lossy WebP to colours. They are BT.601 with luma from 16 to 235 and chroma from 16 to 240 (RFC 6386,
// section 9.2), while image.YCbCr means JPEG's, from 0 to 255. The chroma planes have half the size; values between their samples are
// interpolated linearly, 9:3:3:1 of the nearest four, as in WebP decoders.
func videoRange(img *image.YCbCr, alpha []byte, alphaStride int) image.Image {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	cw, ch := (w+1)/2, (h+1)/2
	cb, cr := make([]int32, 2*cw), make([]int32, 2*cw)
	for y := range h {
		near := y / 2
		far := min(max(near-1+2*(y&1), 0), ch-1)
		wide(cb, img.Cb[near*img.CStride:][:cw], img.Cb[far*img.CStride:][:cw])
		wide(cr, img.Cr[near*img.CStride:][:cw], img.Cr[far*img.CStride:][:cw])
		row := out.Pix[y*out.Stride:][:4*w]
		bt601(row, img.Y[y*img.YStride:][:w], cb[:w], cr[:w])
		if alpha != nil {
			for x, a := range alpha[y*alphaStride:][:w] {
				row[4*x+3] = a
			}
		}
	}
	if alpha != nil {
		return &image.NRGBA{Pix: out.Pix, Stride: out.Stride, Rect: out.Rect}
	}
	return out
}

// wide interpolates between a row of chroma and, with weight a quarter, the next one, to twice their length.
func wide(dst []int32, near, far []byte) {
	last := len(near) - 1
	before := 3*int32(near[0]) + int32(far[0])
	for i := range near {
		at := 3*int32(near[i]) + int32(far[i])
		after := at
		if i < last {
			after = 3*int32(near[i+1]) + int32(far[i+1])
		}
		dst[2*i] = (3*at + before + 8) >> 4
		dst[2*i+1] = (3*at + after + 8) >> 4
		before = at
	}
}

// bt601 writes opaque pixels of luma and chroma. Factors are 255/219 of luma and 255/224 of chroma with BT.601's 1.402, 0.344, 0.714,
// 1.772, times 2¹⁶.
func bt601(row, luma []byte, cb, cr []int32) {
	const y, rv, gu, gv, bu, half = 76309, 104597, 25675, 53279, 132201, 1 << 15
	for x, l := range luma {
		px := row[4*x : 4*x+4 : 4*x+4]
		l, u, v := y*(int32(l)-16)+half, cb[x]-128, cr[x]-128
		px[0] = clamped((l + rv*v) >> 16)
		px[1] = clamped((l - gu*u - gv*v) >> 16)
		px[2] = clamped((l + bu*u) >> 16)
		px[3] = 255
	}
}

// clamped returns v as a byte; most values are in range.
func clamped(v int32) byte {
	if uint32(v) < 256 {
		return byte(v)
	}
	return byte(^(v >> 31)) // 0 below, 255 above
}
