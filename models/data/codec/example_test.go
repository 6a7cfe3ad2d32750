package codec_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log"

	"genview/models/data/codec"
)

// A file says how large a picture is before it is decoded.
func ExampleOpen() {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		log.Fatal(err)
	}
	p, err := codec.Open(file.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.Width, p.Height, p.Orientation == codec.TopLeft)
	// Output: 3 2 true
}
