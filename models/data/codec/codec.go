// Package codec reads picture files as viewers show them: upright, with the intended colours, on their canvas.
//
// The one idea: a file is opened before it is decoded. [Open] reads little, and returns the picture's size and how many bytes its decoder
// needs; the caller decides whether it can afford them. The decoders of the standard library and of golang.org/x/image decode most files.
// This package adds what they refuse or show differently from common viewers: orientation, the range of WebP's colours, a GIF's canvas,
// unusual JPEGs, and TIFF and BMP as a whole.
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

// A Picture is a file that is opened and not yet decoded.
type Picture struct {
	Format        string // such as JPEG
	Width, Height int    // of the upright picture
	Grey          bool   // according to its header the file has no colours
	Orientation   Orientation
	Bytes         int64 // most bytes that decoding takes, without the file itself

	decode func() (image.Image, error)
}

// errShort is the error of a truncated file.
var errShort = errors.New("it ends too early")

// maxSide is the largest side in any format; it keeps size arithmetic far from overflow.
const maxSide = 1 << 24

// openers are the formats that are read, each with the first bytes of its files; '?' stands for any byte.
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

// begins tells whether p begins with the bytes of magic, in which ? stands for any byte.
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

// Open reads the header of a file. It keeps p, which must not change until the picture is decoded.
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

// Decode returns the picture with the orientation of the file; [Orientation.Upright] turns it. Each call returns a new picture.
func (p *Picture) Decode() (image.Image, error) {
	img, err := p.decode()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Format, err)
	}
	return img, nil
}

// onCanvas puts a picture on a larger transparent canvas.
func onCanvas(img image.Image, canvas image.Rectangle, at image.Point) image.Image {
	frame := image.Rectangle{at, at.Add(img.Bounds().Size())}
	if frame == canvas {
		return img
	}
	out := image.NewNRGBA(canvas)
	draw.Draw(out, frame, img, img.Bounds().Min, draw.Src)
	return out
}

// behind reads one part after the other, without copying them.
func behind(parts ...[]byte) io.Reader {
	var readers []io.Reader
	for _, p := range parts {
		readers = append(readers, bytes.NewReader(p))
	}
	return io.MultiReader(readers...)
}
