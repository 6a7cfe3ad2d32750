package watermark_test

import (
	"fmt"
	"image"

	"genview/models/watermark"

	"golang.org/x/image/draw"
)

// A copy at three quarters of the size still has the mark.
func Example() {
	img := image.NewRGBA(image.Rect(0, 0, 256, 192))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	marked := watermark.NewEmbedder(watermark.ID("letters")).Embed(img)

	small := image.NewRGBA(image.Rect(0, 0, 192, 144))
	draw.BiLinear.Scale(small, small.Rect, marked, marked.Rect, draw.Src, nil)
	found, ok := watermark.Detect(small)
	fmt.Println(ok, found.ID == watermark.ID("letters"))
	_, ok = watermark.Detect(img)
	fmt.Println(ok)
	// Output:
	// true true
	// false
}
