package data

import (
	"image"
	"image/color"
	"image/draw"
)

// Images draws pictures [N, C, H, W] of one or three channels, values in [0, 1], one image each.
func Images(pictures []float32, c, h, w int) []*image.RGBA {
	out := make([]*image.RGBA, len(pictures)/(c*h*w))
	for i := range out {
		img, p := image.NewRGBA(image.Rect(0, 0, w, h)), pictures[i*c*h*w:(i+1)*c*h*w]
		for at := range h * w {
			r := level(p[at])
			px := color.RGBA{r, r, r, 255}
			if c == 3 {
				px.G, px.B = level(p[h*w+at]), level(p[2*h*w+at])
			}
			img.SetRGBA(at%w, at/w, px)
		}
		out[i] = img
	}
	return out
}

// Grid lays images of one size side by side in rows of cols, with pad pixels around and between.
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

func level(v float32) byte { return byte(min(max(v, 0), 1)*255 + 0.5) }
