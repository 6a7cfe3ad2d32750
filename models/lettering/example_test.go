package lettering_test

import (
	"fmt"
	"image"
	"image/color"
	"log"

	"genview/models/lettering"
)

// A line is measured, then drawn.
func ExampleFonts_Line() {
	fonts, err := lettering.New(lettering.Options{})
	if err != nil {
		log.Fatal(err)
	}
	line := fonts.Line("genview", lettering.Style{Size: 13})
	img := image.NewRGBA(image.Rect(0, 0, int(line.Width())+1, 20))
	line.Draw(img, 0, 14, color.Black)
	fmt.Println(line.Width() > 40)
	// Output: true
}
