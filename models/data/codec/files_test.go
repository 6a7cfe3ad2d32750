package codec

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

var (
	red   = color.RGBA{255, 0, 0, 255}
	green = color.RGBA{0, 255, 0, 255}
	blue  = color.RGBA{0, 0, 255, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// quarters is 32 × 16 pixels: red and green over blue and white.
func quarters() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			img.SetRGBA(x, y, [2][2]color.RGBA{{red, green}, {blue, white}}[y/8][x/16])
		}
	}
	return img
}

// lying is how quarters lie in a file of an orientation: its four corners, row by row, by what the number means in Exif.
func lying(o Orientation) *image.RGBA {
	corners := map[Orientation][2][2]color.RGBA{
		TopLeft:     {{red, green}, {blue, white}},
		TopRight:    {{green, red}, {white, blue}},
		BottomRight: {{white, blue}, {green, red}},
		BottomLeft:  {{blue, white}, {red, green}},
		LeftTop:     {{red, blue}, {green, white}},
		RightTop:    {{green, white}, {red, blue}},
		RightBottom: {{white, green}, {blue, red}},
		LeftBottom:  {{blue, red}, {white, green}},
	}[o]
	w, h := 32, 16
	if o >= LeftTop {
		w, h = 16, 32
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, corners[y*2/h][x*2/w])
		}
	}
	return img
}

// exif is Exif data with only an orientation.
func exif(order binary.AppendByteOrder, o Orientation) []byte {
	p := []byte("MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		p = []byte("II")
	}
	p = order.AppendUint16(p, 42)
	p = order.AppendUint32(p, 8)
	p = order.AppendUint16(p, 1)
	p = entryOf(p, order, 274, 3, 1, uint32(o))
	return append(p, 0, 0, 0, 0)
}

// entryOf appends an entry of a directory whose value lies in it.
func entryOf(p []byte, order binary.AppendByteOrder, tag, kind uint16, count, value uint32) []byte {
	p = order.AppendUint16(p, tag)
	p = order.AppendUint16(p, kind)
	p = order.AppendUint32(p, count)
	if kind == 3 && count == 1 {
		p = order.AppendUint16(p, uint16(value))
		return append(p, 0, 0)
	}
	return order.AppendUint32(p, value)
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pngChunk is a chunk of PNG with its sum.
func pngChunk(name string, body []byte) []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	p = append(append(p, name...), body...)
	return binary.BigEndian.AppendUint32(p, crc32.ChecksumIEEE(p[4:]))
}

const afterIHDR = 8 + 25

func withChunk(p, chunk []byte) []byte {
	return bytes.Join([][]byte{p[:afterIHDR], chunk, p[afterIHDR:]}, nil)
}

// tiffOf is a TIFF file of one strip of plain RGB.
func tiffOf(order binary.AppendByteOrder, img *image.RGBA, o Orientation) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	var pixels []byte
	for i := 0; i < len(img.Pix); i += 4 {
		pixels = append(pixels, img.Pix[i:i+3]...)
	}
	values := [][4]uint32{
		{tagWidth, 3, 1, uint32(w)},
		{tagHeight, 3, 1, uint32(h)},
		{tagBits, 3, 3, 8},
		{tagCompression, 3, 1, 1},
		{tagPhotometric, 3, 1, meansRGB},
		{tagOffsets, 4, 1, 14},
		{274, 3, 1, uint32(o)},
		{tagSamples, 3, 1, 3},
		{tagSizes, 4, 1, uint32(len(pixels))},
	}
	p := exif(order, o)[:4]
	p = order.AppendUint32(p, uint32(14+len(pixels)))
	for range 3 { // bits of three samples
		p = order.AppendUint16(p, 8)
	}
	p = append(p, pixels...)
	p = order.AppendUint16(p, uint16(len(values)))
	for _, v := range values {
		p = entryOf(p, order, uint16(v[0]), uint16(v[1]), v[2], v[3])
	}
	return append(p, 0, 0, 0, 0)
}

func isQuarters(t *testing.T, what string, p []byte) {
	t.Helper()
	got, err := upright(p)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	want := quarters()
	if got.Rect != want.Rect {
		t.Errorf("%s is %v, want %v", what, got.Rect.Size(), want.Rect.Size())
		return
	}
	for _, at := range []image.Point{{2, 2}, {29, 2}, {2, 13}, {29, 13}} {
		if g, w := got.RGBAAt(at.X, at.Y), want.RGBAAt(at.X, at.Y); far(g, w, 4) {
			t.Errorf("%s at %v: got %v, want %v", what, at, g, w)
			return
		}
	}
}
