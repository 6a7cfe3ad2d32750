// Package film writes sequences of pictures to files: animations, videos, sheets, single pictures.
//
//	err := film.Write("walk.gif", film.Film{Pictures: pictures, Frames: 120, FPS: 25, Scale: 4})
//
// The one idea: pictures are made while they are written, so that a film of any length needs the memory of a few. A goroutine makes the next
// ones while others are encoded, on all cores where a format's pictures do not depend on each other.
//
// Videos are made by the program ffmpeg, which is there on many machines: encoders of H.264 and VP9 as Go libraries need cgo or are none.
package film

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"iter"
	"os"

	"genview/vk/files"
)

// A Film is a sequence of pictures of one size. They are made one by one and not kept. Only Pictures, Frames and FPS must be set.
type Film struct {
	Pictures iter.Seq2[*image.RGBA, error] // unchanged once yielded, because it is read later; an error ends the film, and Write returns it
	Frames   int                           // number of pictures
	FPS      int                           // pictures per second

	Scale int // each pixel is shown as Scale×Scale pixels; 0: 1
	Size  int // width in pixels that pictures are scaled to smoothly, by cubic interpolation; 0: as Scale says

	Numbers  []int              // the picture's numbers, for Captions and the names in a folder; nil: from 0 on
	Captions func(n int) string // the text under the picture of a number; nil: there is none. Called by several goroutines.
	Columns  int                // pictures in a row of a sheet; 0: as many as 960 pixels hold

	Cells  image.Point          // columns and rows of pictures that [Grid] has drawn, for Labels
	Pad    int                  // of such pictures
	Labels func(n int) []string // the texts under the cells of the picture of a number, row by row; nil: there are none. As Captions.

	Background color.Color // what shows through transparent pictures; nil: black
	About      []Note      // written into the file; see [ReadAbout]
	Source     Source      // how the pictures came to be, written into the file; "": it does not say
	Watermark  string      // its identifier (package watermark) is put into the pictures, unless they are small or [Data]; "": none is
	Quick      bool        // pictures in PNG are compressed little, because someone waits for them; small ones not at all
	Buffers    *Buffers    // shared with other films; nil: the film has its own

	Say func(line string) // receives what a user may want to know of the film; nil: nobody does. As Captions.
}

// Still returns the film of one picture, which came to be in a way.
func Still(img *image.RGBA, how Source) Film {
	return Film{Frames: 1, FPS: 1, Source: how, Pictures: func(yield func(*image.RGBA, error) bool) { yield(img, nil) }}
}

// number returns the number of the i-th picture.
func (f Film) number(i int) int {
	if f.Numbers == nil {
		return i
	}
	return f.Numbers[i]
}

// Write writes a film, in the format that the path's end names:
//
//	.gif .apng .webp   an animation; a WebP is lossless
//	.mp4 .webm         a video of H.264 or VP9, by the program ffmpeg
//	.png               a sheet of all pictures
//	/                  a folder of PNG files, which have the pictures' numbers as names: 00000.png
//
// A file is written whole or not at all, as by [files.Write], and each picture of a folder too; the folder is made if it is missing. At
// most 34 pictures are in memory at a time, and fewer if they are large; for a sheet also one row. Equal films give equal bytes, except
// that another version of ffmpeg may encode otherwise.
func Write(path string, f Film) error {
	return unlocked(func() error { return write(path, f) })
}

// unlocked calls f in a goroutine of its own. The pictures are a coroutine, which several goroutines go on with; if one that is locked to a
// thread had begun it, as that of windows, Go would end the process. It panics if f does, or a goroutine that makes the film.
func unlocked(f func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- guarded(f) }()
	err := <-ended
	var c *crash
	if errors.As(err, &c) {
		panic(c)
	}
	return err
}

func write(path string, f Film) error {
	e, err := formatOf(path)
	if err != nil {
		return err
	}
	r, stop, err := f.begun(e)
	if err != nil {
		return err
	}
	defer stop()
	switch {
	case e.folder != nil:
		return e.folder(path, r)
	case e.file != nil:
		return files.Replace(path, func(file *os.File) error { return e.file(file, r) })
	case f.Frames > 1:
		return files.Write(path, func(w io.Writer) error { return e.stream(w, r) })
	}
	var b bytes.Buffer // a single picture is small; buffered, it leaves no file if the process ends meanwhile
	if err := e.stream(&b, r); err != nil {
		return err
	}
	return files.WriteBytes(path, b.Bytes())
}

// WriteTo writes a film to w. format is "rgba" for the pictures' pixels alone, 4 bytes each, from left to right and from top to bottom; or
// one of the endings that [Write] knows, as ".gif". Formats whose beginning is known at the end go through a temporary file.
func WriteTo(w io.Writer, format string, f Film) error {
	return unlocked(func() error { return writeTo(w, format, f) })
}

func writeTo(w io.Writer, format string, f Film) (err error) {
	e, err := formatOf(format)
	switch {
	case format == Raw:
		e = rawFormat
	case err != nil:
		return err
	case e.folder != nil:
		return errors.New("film: a folder of pictures cannot be written to standard output")
	}
	r, stop, err := f.begun(e)
	if err != nil {
		return err
	}
	defer stop()
	if e.file == nil {
		return e.stream(w, r)
	}
	tmp, err := os.CreateTemp("", "genview-film-*"+e.ending)
	if err != nil {
		return fmt.Errorf("film: no temporary file: %w", err)
	}
	defer func() { err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name())) }()
	if err := e.file(tmp, r); err != nil {
		return err
	}
	if _, err := tmp.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(w, tmp)
	return err
}

// begun checks a film, draws its first picture, and returns its reel. The first picture may take a while, so it is there before a file is
// created. The caller calls stop.
func (f Film) begun(e format) (r *reel, stop func(), err error) {
	if err := f.check(e); err != nil {
		return nil, nil, err
	}
	next, stop := iter.Pull2(f.checked())
	first, err, _ := next()
	if err == nil {
		f.Pictures = func(yield func(*image.RGBA, error) bool) {
			for img, err, ok := first, error(nil), true; ok; img, err, ok = next() {
				if !yield(img, err) {
					return
				}
			}
		}
		r, err = newReel(f, first.Rect.Size(), e)
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return r, stop, nil
}

// check returns an error if a film cannot be written in a format.
func (f Film) check(e format) error {
	switch {
	case f.Frames < 1 || f.FPS < 1 || f.Scale < 0 || f.Size < 0 || f.Columns < 0:
		return fmt.Errorf("film: %d pictures at %d a second, × %d, %d pixels wide, in %d columns, make no film: give 1 or more of each", f.Frames, f.FPS, f.Scale, f.Size, f.Columns)
	case f.Scale > 1 && f.Size > 0:
		return errors.New("film: pictures are either magnified by a whole factor or scaled to a size: give one of both")
	case f.Labels != nil && (f.Cells.X < 1 || f.Cells.Y < 1 || f.Pad < 0):
		return fmt.Errorf("film: labels of the cells of a grid of %d × %d: say how many columns and rows it has", f.Cells.X, f.Cells.Y)
	case f.Numbers != nil && len(f.Numbers) != f.Frames:
		return fmt.Errorf("film: %d numbers for %d pictures", len(f.Numbers), f.Frames)
	case f.FPS > e.fastest:
		return fmt.Errorf("film: %d pictures a second are too many for %s: give %d or fewer", f.FPS, e.ending, e.fastest)
	}
	return checkNotes(f.About)
}

// checked yields the pictures, and an error if one does not match the film's description.
func (f Film) checked() iter.Seq2[*image.RGBA, error] {
	return func(yield func(*image.RGBA, error) bool) {
		n, size := 0, image.Point{}
		for img, err := range f.Pictures {
			switch {
			case err != nil:
			case n == f.Frames:
				err = fmt.Errorf("film: a film of %d pictures has more", f.Frames)
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

var errTooLarge = errors.New("film: the picture is too large for the format: take fewer or smaller pictures")
