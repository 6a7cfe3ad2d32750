package data

import (
	"image"
	"image/color"
)

// Images converts pictures [N, C, H, W] of one or three channels, with values in [0, 1], to images.
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

func level(v float32) byte { return byte(min(max(v, 0), 1)*255 + 0.5) }
