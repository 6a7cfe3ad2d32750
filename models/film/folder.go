package film

import (
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"genview/vk/files"
)

// PictureName returns the path of the picture of a number in a folder of pictures.
func PictureName(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("%05d.png", n)) }

// writeFolder writes each picture as a file. If the film ends with an error, those that are there stay.
func writeFolder(dir string, r *reel) error {
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return fmt.Errorf("%s cannot be made: %w", dir, err)
	}
	whole := 0
	for _, err := range encoded(r, func(i int, img *image.RGBA) (none struct{}, err error) {
		return none, files.Write(PictureName(dir, r.number(i)), func(w io.Writer) error { return r.onePNG(w, img) })
	}) {
		if err != nil {
			return fmt.Errorf("%w (%s has %d of %d pictures)", err, dir, whole, r.Frames)
		}
		whole++
	}
	return nil
}

// Missing returns those of numbers whose pictures a folder lacks or has not whole, for a film that is to be resumed: the [Film] of these
// numbers completes it. path is as for [Write], and ends with a slash; a folder that is not there lacks all. It compares no pictures.
func Missing(path string, numbers []int) ([]int, error) {
	if e, err := formatOf(path); err != nil {
		return nil, err
	} else if e.folder == nil {
		return nil, fmt.Errorf("film: %s is one file, which is written whole: only a folder of pictures, as frames/, can be resumed", path)
	}
	var missing []int
	for _, n := range numbers {
		whole, err := wholePNG(PictureName(path, n))
		if err != nil {
			return nil, err
		}
		if !whole {
			missing = append(missing, n)
		}
	}
	return missing, nil
}

// wholePNG tells whether a file is there and is a PNG from its beginning to its end, as its checksums say.
func wholePNG(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err == nil && !info.Mode().IsRegular(): // a pipe would not end
		return false, fmt.Errorf("film: %s is no picture, but a folder, a pipe or a device: take it away, or choose another folder", path)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("film: %w", err)
	}
	ended := false
	err = eachChunk(p, func(kind string, _ []byte) { ended = kind == "IEND" })
	return err == nil && ended, nil
}
