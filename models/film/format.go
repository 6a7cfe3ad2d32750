package film

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A format is a way to write films. One of stream, file and folder is set.
type format struct {
	ending    string
	stream    func(w io.Writer, r *reel) error   // writes from the beginning to the end
	file      func(file *os.File, r *reel) error // goes back in the file, or has another program write it
	folder    func(path string, r *reel) error   // writes many files
	fastest   int                                // pictures a second at most
	magnifies bool                               // magnifies pixels itself; else pictures come magnified
	ready     func() error                       // an error: something that it needs is not there; nil: it needs nothing
}

// folder is what names of folders of pictures end with.
const folder = "/"

// Raw is the name of the format for pixels alone; see [WriteTo].
const Raw = "rgba"

var rawFormat = format{ending: Raw, stream: writeRaw, fastest: math.MaxInt}

// fastVideo is the most pictures a second that players show.
const fastVideo = 1000

var formats = []format{
	{ending: ".gif", stream: writeGIF, fastest: math.MaxInt, magnifies: true}, // see Slowed
	{ending: ".apng", stream: writeAPNG, fastest: math.MaxUint16},
	{ending: ".webp", file: writeWebP, fastest: 1000},
	{ending: ".mp4", file: writeVideo(h264), fastest: fastVideo, ready: ffmpegReady},
	{ending: ".webm", file: writeVideo(vp9), fastest: fastVideo, ready: ffmpegReady},
	{ending: ".png", stream: writeSheet, fastest: math.MaxInt},
	{ending: folder, folder: writeFolder, fastest: math.MaxInt},
}

// CheckName returns an error if [Write] does not know a file's ending, or if a program that it needs for it is not there.
func CheckName(path string) error {
	_, err := formatOf(path)
	return err
}

func formatOf(path string) (format, error) {
	ending := strings.ToLower(filepath.Ext(path))
	if path != "" && os.IsPathSeparator(path[len(path)-1]) {
		ending = folder
	}
	i := slices.IndexFunc(formats, func(e format) bool { return e.ending == ending })
	switch {
	case i < 0:
		return format{}, fmt.Errorf("film: %s: the ending must be %s", path, endings())
	case formats[i].ready != nil:
		if err := formats[i].ready(); err != nil {
			return format{}, fmt.Errorf("film: %s: %w", path, err)
		}
	}
	return formats[i], nil
}

// endings lists the endings of all formats.
func endings() string {
	var all []string
	for _, e := range formats {
		if e.folder == nil {
			all = append(all, e.ending)
		}
	}
	return strings.Join(all, ", ") + ", or / for a folder of pictures"
}

// writeRaw writes the pictures' pixels.
func writeRaw(w io.Writer, r *reel) error {
	for img, err := range r.pictures() {
		if err != nil {
			return err
		}
		if _, err := w.Write(img.Pix); err != nil {
			return err
		}
	}
	return nil
}
