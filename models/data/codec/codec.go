// Package codec reads picture files as viewers show them: upright, in the colours that their writers meant, on their canvas.
//
// The one idea: a file is opened before it is decoded. What [Open] reads is small, and says how large the picture is and how many
// bytes its decoder takes; the caller decides whether it can afford them. Most files go on to the decoders of the standard library
// and of golang.org/x/image. Around them stands what these refuse although common viewers show it, or show otherwise: orientation,
// the range of WebP's colours, a GIF's canvas, unusual JPEGs, and TIFF and BMP as a whole.
//
// Colour profiles are not applied.
package codec

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
)

// A Picture is a file that was opened and not yet decoded.
type Picture struct {
	Format        string // as JPEG
	Width, Height int    // of the picture as it is shown, turned upright
	Grey          bool   // the file has no colours, by its header
	Orientation   Orientation
	Bytes         int64 // that decoding takes at most, the file itself not counted

	decode func() (image.Image, error)
}

// errShort is the error of a file that lacks its end.
var errShort = errors.New("it ends too early")

// maxSide is what formats allow for a side; it keeps the arithmetic of sizes far from overflow.
const maxSide = 1 << 24

// openers are the formats that are read, each with what its files begin with. A '?' stands for any byte.
var openers = []struct {
	format, magic string
	open          func(p []byte) (*Picture, error)
}{
	{"JPEG", "\xff\xd8", openJPEG},
	{"PNG", "\x89PNG\r\n\x1a\n", openPNG},
	{"GIF", "GIF8?a", openGIF},
	{"WebP", "RIFF????WEBP", openWebP},
	{"BMP", "BM", openBMP},
	{"TIFF", "II*\x00", openTIFF},
	{"TIFF", "MM\x00*", openTIFF},
	{"TIFF", "II+\x00", openTIFF},
	{"TIFF", "MM\x00+", openTIFF},
}

// strangers are formats that are not read, so that a message can name them.
var strangers = []struct{ format, magic string }{
	{"JPEG 2000", "\x00\x00\x00\x0cjP  "},
	{"JPEG 2000", "\xff\x4f\xff\x51"},
	{"JPEG XL", "\xff\x0a"},
	{"JPEG XL", "\x00\x00\x00\x0cJXL "},
	{"AVIF", "????ftypavif"},
	{"AVIF", "????ftypavis"},
	{"HEIF", "????ftyp"},
	{"Photoshop", "8BPS"},
	{"OpenEXR", "v/1\x01"},
	{"PDF", "%PDF"},
	{"SVG", "<svg"},
	{"SVG or XML", "<?xml"},
	{"HTML", "<!DOCTYPE"},
	{"HTML", "<html"},
}

func begins(p []byte, magic string) bool {
	if len(p) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != p[i] {
			return false
		}
	}
	return true
}

// Open reads what a file says of itself. It keeps p, which must not change until the picture is decoded.
func Open(p []byte) (*Picture, error) {
	if len(p) == 0 {
		return nil, errors.New("it is empty")
	}
	for _, f := range openers {
		if !begins(p, f.magic) {
			continue
		}
		pic, err := f.open(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.format, err)
		}
		if pic.Width < 1 || pic.Height < 1 || pic.Width > maxSide || pic.Height > maxSide {
			return nil, fmt.Errorf("%s: it says to be %d×%d pixels", f.format, pic.Width, pic.Height)
		}
		pic.Format = f.format
		if pic.Orientation.sideways() {
			pic.Width, pic.Height = pic.Height, pic.Width
		}
		return pic, nil
	}
	for _, f := range strangers {
		if begins(p, f.magic) {
			return nil, fmt.Errorf("it is a file of the format %s, which is not read", f.format)
		}
	}
	return nil, errors.New("it is no picture of a format that is known")
}

// Decode returns the picture in the orientation of the file; [Orientation.Upright] turns it. Each call makes a new one.
func (p *Picture) Decode() (image.Image, error) {
	img, err := p.decode()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Format, err)
	}
	return img, nil
}

// onCanvas puts a picture at a place of a transparent canvas that it does not fill.
func onCanvas(img image.Image, canvas image.Rectangle, at image.Point) image.Image {
	frame := image.Rectangle{at, at.Add(img.Bounds().Size())}
	if frame == canvas {
		return img
	}
	out := image.NewNRGBA(canvas)
	draw.Draw(out, frame, img, img.Bounds().Min, draw.Src)
	return out
}

// behind reads one part behind the other, without a copy of them.
func behind(parts ...[]byte) io.Reader {
	var readers []io.Reader
	for _, p := range parts {
		readers = append(readers, bytes.NewReader(p))
	}
	return io.MultiReader(readers...)
}
