package picture

import (
	"image"
	"image/color"
	"math"

	"genview/models/film"
	"genview/models/watch"
)

// The colours of what a layer makes: of nothing, and of the greatest values.
var (
	dark     = color.RGBA{0x12, 0x15, 0x1b, 0xff}
	positive = color.RGBA{0xd8, 0xff, 0xf4, 0xff}
	negative = color.RGBA{0xff, 0x8a, 0x65, 0xff}
)

const leastFeatures = 512 // pixels of the longer side, if it can be enlarged to that

// Features draws all values that a layer makes: a picture for each channel in a grid, or one of a row for each token. The values of all have
// one scale, on which 0 is dark, and negative ones have a colour of their own.
func Features(f *watch.Features) *image.RGBA {
	n, h, w, values := f.Planes()
	most := max(f.Most(), 1e-12)
	planes := make([]*image.RGBA, n)
	for k := range planes {
		planes[k] = image.NewRGBA(image.Rect(0, 0, w, h))
		for i, v := range values[k*h*w : (k+1)*h*w] {
			share := float64(v) / most
			c := dark
			switch { // neither is true of what is not a number
			case share > 0:
				c = between(dark, positive, math.Pow(min(share, 1), 0.7))
			case share < 0:
				c = between(dark, negative, math.Pow(min(-share, 1), 0.7))
			}
			planes[k].SetRGBA(i%w, i/w, c)
		}
	}
	cols := max(1, int(math.Ceil(math.Sqrt(float64(n*h)/float64(w)))))
	img := film.Grid(planes, min(cols, n), sheetPad, nil)
	return magnify(img, max(1, leastFeatures/max(img.Rect.Dx(), img.Rect.Dy())))
}
