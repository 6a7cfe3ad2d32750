// Package film writes sequences of pictures to files: animations, sheets, single pictures.
//
//	err := film.Write("walk.gif", film.Film{Pictures: pictures, Frames: 120, FPS: 25, Scale: 4})
//
// The one idea: pictures are made while they are written, so that a film of any length needs the memory of a few.
package film

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"genview/vk/files"
)

// A Film is a sequence of opaque pictures of one size. They are made one by one and not kept.
type Film struct {
	Pictures iter.Seq2[*image.RGBA, error] // an error ends the film; Write returns it
	Frames   int                           // number of pictures
	FPS      int                           // pictures per second
	Scale    int                           // each pixel is shown as Scale×Scale pixels
}

// Still returns the film of one picture.
func Still(img *image.RGBA) Film {
	return Film{Frames: 1, FPS: 1, Scale: 1, Pictures: func(yield func(*image.RGBA, error) bool) { yield(img, nil) }}
}

// An encoder writes a film in one format.
type encoder struct {
	ending string
	write  func(io.Writer, Film) error
}

var encoders = []encoder{{".gif", writeGIF}, {".apng", writeAPNG}, {".png", writeSheet}}

// CheckName returns an error if [Write] does not know a file's ending.
func CheckName(path string) error {
	_, err := encoderOf(path)
	return err
}

func encoderOf(path string) (encoder, error) {
	ending := strings.ToLower(filepath.Ext(path))
	i := slices.IndexFunc(encoders, func(e encoder) bool { return e.ending == ending })
	if i < 0 {
		return encoder{}, fmt.Errorf("film: %s: the ending must be .gif, .apng or .png", path)
	}
	return encoders[i], nil
}

// Write writes a film in the format of the file's ending: .gif and .apng are animations, .png is a sheet of all pictures. The file is
// written whole or not at all, as by [files.Write]. For a GIF or an APNG two pictures are in memory at a time, for a sheet one row.
func Write(path string, f Film) error {
	if f.Frames < 1 || f.FPS < 1 || f.Scale < 1 {
		return fmt.Errorf("film: %d frames at %d a second, %d times as large, make no film: give 1 or more of each", f.Frames, f.FPS, f.Scale)
	}
	e, err := encoderOf(path)
	if err != nil {
		return err
	}
	next, stop := iter.Pull2(f.checked())
	defer stop()
	first, err, _ := next() // before the file is created, because the first picture may take a while
	if err != nil {
		return err
	}
	f.Pictures = func(yield func(*image.RGBA, error) bool) {
		for img, err, ok := first, error(nil), true; ok; img, err, ok = next() {
			if !yield(img, err) {
				return
			}
		}
	}
	if f.Frames > 1 {
		return files.Write(path, func(w io.Writer) error { return e.write(w, f) })
	}
	var b bytes.Buffer // a single picture is small; buffered, it leaves no file if the process ends meanwhile
	if err := e.write(&b, f); err != nil {
		return err
	}
	return files.WriteBytes(path, b.Bytes())
}

// checked yields the pictures, and an error if one does not match the film's description.
func (f Film) checked() iter.Seq2[*image.RGBA, error] {
	return func(yield func(*image.RGBA, error) bool) {
		n, size := 0, image.Point{}
		for img, err := range f.Pictures {
			switch {
			case err != nil:
			case n == 0:
				size = img.Rect.Size()
			case img.Rect.Size() != size:
				err = fmt.Errorf("film: picture %d is %v large, the first one %v", n, img.Rect.Size(), size)
			}
			n++
			if !yield(img, err) || err != nil {
				return
			}
		}
		if n != f.Frames {
			yield(nil, fmt.Errorf("film: a film of %d pictures has %d", f.Frames, n))
		}
	}
}

// magnify enlarges a picture by a whole factor.
func magnify(img *image.RGBA, by int) *image.RGBA {
	if by == 1 {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, img.Rect.Dx()*by, img.Rect.Dy()*by))
	for y := range img.Rect.Dy() {
		row := out.Pix[y*by*out.Stride:][:out.Stride]
		for x := range img.Rect.Dx() {
			px := img.Pix[y*img.Stride+4*x:][:4]
			for k := range by {
				copy(row[4*(x*by+k):], px)
			}
		}
		for k := 1; k < by; k++ {
			copy(out.Pix[(y*by+k)*out.Stride:], row)
		}
	}
	return out
}

var errTooLarge = errors.New("film: the picture is too large for the format: take fewer or smaller pictures")
