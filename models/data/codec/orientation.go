package codec

import (
	"bytes"
	"image"
)

// An Orientation is the orientation of a picture in its file, with the numbers of TIFF 6.0, section 8, and Exif. A name says where the
// file's first row and first column are in the picture.
type Orientation int

// The orientations.
const (
	TopLeft     Orientation = 1 + iota // upright
	TopRight                           // mirrored
	BottomRight                        // turned by 180°
	BottomLeft                         // upside down and mirrored
	LeftTop                            // rows are columns
	RightTop                           // to be turned by 90° clockwise
	RightBottom                        // rows are columns, turned by 180°
	LeftBottom                         // to be turned by 90° counterclockwise
)

// sideways tells whether rows in the file are columns of the picture.
func (o Orientation) sideways() bool { return o >= LeftTop && o <= LeftBottom }

// Stored returns the size in the file of a picture that is w × h upright.
func (o Orientation) Stored(w, h int) (int, int) {
	if o.sideways() {
		return h, w
	}
	return w, h
}

// Upright returns a picture turned upright, or the picture itself if it already is.
func (o Orientation) Upright(img *image.RGBA) *image.RGBA {
	if o <= TopLeft || o > LeftBottom {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	outW, outH := o.Stored(w, h)
	out := image.NewRGBA(image.Rect(0, 0, outW, outH))
	for y := range h {
		for x := range w {
			to := out.Pix[out.PixOffset(o.place(x, y, w, h)):]
			copy(to[:4], img.Pix[y*img.Stride+4*x:])
		}
	}
	return out
}

// place returns the position in the picture of the pixel at column x and row y of a file of w × h pixels.
func (o Orientation) place(x, y, w, h int) (int, int) {
	switch o {
	case TopRight:
		return w - 1 - x, y
	case BottomRight:
		return w - 1 - x, h - 1 - y
	case BottomLeft:
		return x, h - 1 - y
	case LeftTop:
		return y, x
	case RightTop:
		return h - 1 - y, x
	case RightBottom:
		return h - 1 - y, w - 1 - x
	case LeftBottom:
		return y, w - 1 - x
	}
	return x, y
}

// exifOrientation finds the orientation in Exif data, which have the form of a TIFF file, with or without the prefix that JPEG requires.
// Data that cannot be read mean upright, because a picture is worth more than its metadata.
func exifOrientation(p []byte) Orientation {
	d, err := readDirectory(bytes.TrimPrefix(p, []byte("Exif\x00\x00")))
	if err != nil {
		return TopLeft
	}
	return d.orientation()
}
