package film_test

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"

	"genview/models/film"
)

// A film's pictures are made one by one while the file is written.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "film")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "brighter.gif")
	err = film.Write(path, film.Film{Frames: 50, FPS: 25, Scale: 4, Pictures: func(yield func(*image.RGBA, error) bool) {
		for i := range 50 {
			img := image.NewRGBA(image.Rect(0, 0, 16, 16))
			for p := range 16 * 16 {
				img.SetRGBA(p%16, p/16, color.RGBA{uint8(5 * i), uint8(16 * (p % 16)), 0, 255})
			}
			if !yield(img, nil) {
				return
			}
		}
	}})
	fmt.Println(filepath.Base(path), err)
	// Output:
	// brighter.gif <nil>
}
