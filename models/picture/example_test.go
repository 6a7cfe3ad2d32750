package picture_test

import (
	"fmt"
	"image"

	"genview/models/picture"
)

// A sheet is images side by side.
func ExampleSheet() {
	images := []*image.RGBA{image.NewRGBA(image.Rect(0, 0, 28, 28)), image.NewRGBA(image.Rect(0, 0, 28, 28))}
	fmt.Println(picture.Sheet(images, 2).Bounds().Size())
	// Output: (124,64)
}
