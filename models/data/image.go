package data

import (
	"image"
	"image/color"
)

// Grid draws n pictures [N, C, H, W], values in [0, 1], side by side in rows of cols, with a gap of pad pixels.
func Grid(pictures []float32, c, h, w, cols, pad int) *image.RGBA {
	n := len(pictures) / (c * h * w)
	cols = max(1, min(cols, n))
	rows := (n + cols - 1) / cols
	img := image.NewRGBA(image.Rect(0, 0, cols*(w+pad)+pad, rows*(h+pad)+pad))
	for i := range img.Pix {
		img.Pix[i] = 24
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	for i := range n {
		x0, y0 := pad+i%cols*(w+pad), pad+i/cols*(h+pad)
		p := pictures[i*c*h*w : (i+1)*c*h*w]
		for y := range h {
			for x := range w {
				at := y*w + x
				r := level(p[at])
				px := color.RGBA{r, r, r, 255}
				if c == 3 {
					px.G, px.B = level(p[h*w+at]), level(p[2*h*w+at])
				}
				img.SetRGBA(x0+x, y0+y, px)
			}
		}
	}
	return img
}

func level(v float32) byte { return byte(min(max(v, 0), 1)*255 + 0.5) }
