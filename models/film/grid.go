package film

import (
	"image"
	"image/color"
	"image/draw"
)

// Grid draws images of one size side by side in rows of cols, with pad pixels around and between them, on a ground; nil: it is dark grey.
func Grid(images []*image.RGBA, cols, pad int, ground color.Color) *image.RGBA {
	if ground == nil {
		ground = color.RGBA{24, 24, 24, 255}
	}
	cols = max(1, min(cols, len(images)))
	rows := (len(images) + cols - 1) / cols
	w, h := images[0].Rect.Dx(), images[0].Rect.Dy()
	sheet := image.NewRGBA(image.Rect(0, 0, cols*(w+pad)+pad, rows*(h+pad)+pad))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for i, img := range images {
		at := image.Pt(pad+i%cols*(w+pad), pad+i/cols*(h+pad))
		draw.Draw(sheet, img.Rect.Add(at), img, image.Point{}, draw.Src)
	}
	return sheet
}
