package film

import (
	"image"
	"image/color"
	"image/draw"
)

// Grid draws images of one size side by side in rows of cols, with pad pixels around and between them.
func Grid(images []*image.RGBA, cols, pad int) *image.RGBA {
	cols = max(1, min(cols, len(images)))
	rows := (len(images) + cols - 1) / cols
	w, h := images[0].Rect.Dx(), images[0].Rect.Dy()
	sheet := image.NewRGBA(image.Rect(0, 0, cols*(w+pad)+pad, rows*(h+pad)+pad))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.RGBA{24, 24, 24, 255}), image.Point{}, draw.Src)
	for i, img := range images {
		at := image.Pt(pad+i%cols*(w+pad), pad+i/cols*(h+pad))
		draw.Draw(sheet, img.Rect.Add(at), img, image.Point{}, draw.Src)
	}
	return sheet
}
