package watermark

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// kinds of pictures like those of models, of a width and a height.
var kinds = map[string]func(rng *rand.Rand, w, h int) *image.RGBA{
	"black": func(_ *rand.Rand, w, h int) *image.RGBA { return flat(w, h, color.RGBA{A: 255}) },
	"white": func(_ *rand.Rand, w, h int) *image.RGBA { return flat(w, h, color.RGBA{255, 255, 255, 255}) },
	"grey":  func(_ *rand.Rand, w, h int) *image.RGBA { return flat(w, h, color.RGBA{120, 120, 120, 255}) },
	"red":   func(_ *rand.Rand, w, h int) *image.RGBA { return flat(w, h, color.RGBA{255, 0, 0, 255}) },
	"noise": func(rng *rand.Rand, w, h int) *image.RGBA {
		img := flat(w, h, color.RGBA{A: 255})
		for i := range img.Pix {
			if i%4 < 3 {
				img.Pix[i] = uint8(rng.IntN(256))
			}
		}
		return img
	},
	"smooth": func(rng *rand.Rand, w, h int) *image.RGBA {
		return enlarge(field(rng, 6, 6, true), w, h, draw.CatmullRom)
	},
	"photo": func(rng *rand.Rand, w, h int) *image.RGBA { // 1/f
		img := flat(w, h, color.RGBA{128, 128, 128, 255})
		for n := 1; n < max(w, h); n *= 2 {
			layer := enlarge(field(rng, n, n, true), w, h, draw.CatmullRom)
			for i := range img.Pix {
				if i%4 < 3 {
					img.Pix[i] = uint8(min(max(0, int(img.Pix[i])+(int(layer.Pix[i])-128)*3/(2+n/3)), 255))
				}
			}
		}
		return img
	},
	"digit": func(rng *rand.Rand, w, h int) *image.RGBA { return enlarge(digit(rng), w, h, draw.NearestNeighbor) },
	"sheet": func(rng *rand.Rand, w, h int) *image.RGBA {
		img := flat(w, h, color.RGBA{40, 40, 40, 255})
		for y := 4; y+56 <= h; y += 60 {
			for x := 4; x+56 <= w; x += 60 {
				draw.NearestNeighbor.Scale(img, image.Rect(x, y, x+56, y+56), digit(rng), image.Rect(0, 0, 28, 28), draw.Src, nil)
			}
		}
		return img
	},
	"faces": func(rng *rand.Rand, w, h int) *image.RGBA {
		return enlarge(field(rng, 32, 32, true), w, h, draw.NearestNeighbor)
	},
}

func flat(w, h int, c color.RGBA) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func field(rng *rand.Rand, w, h int, colours bool) *image.RGBA {
	img := flat(w, h, color.RGBA{A: 255})
	for i := range img.Pix {
		if i%4 < 3 {
			img.Pix[i] = uint8(rng.IntN(256))
		}
	}
	return img
}

// digit draws strokes of 28×28 pixels, white on black.
func digit(rng *rand.Rand) *image.RGBA {
	img := flat(28, 28, color.RGBA{A: 255})
	x, y := 6+16*rng.Float64(), 5+4*rng.Float64()
	dx, dy := rng.NormFloat64(), 1.0
	for range 60 {
		dx, dy = dx+0.35*rng.NormFloat64(), dy+0.35*rng.NormFloat64()
		n := math.Hypot(dx, dy)
		dx, dy = dx/n, dy/n
		x, y = min(max(4, x+0.7*dx), 23), min(max(4, y+0.7*dy), 23)
		for py := range 28 {
			for px := range 28 {
				v := 255 * min(max(0, 1.8-math.Hypot(float64(px)-x, float64(py)-y)), 1)
				p := img.Pix[img.PixOffset(px, py):][:3]
				for k := range p {
					p[k] = max(p[k], uint8(v))
				}
			}
		}
	}
	return img
}

func enlarge(img *image.RGBA, w, h int, with draw.Interpolator) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	with.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}

func asJPEG(img *image.RGBA) *image.RGBA {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		panic(err)
	}
	got, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	out := image.NewRGBA(got.Bounds())
	draw.Draw(out, out.Rect, got, image.Point{}, draw.Src)
	return out
}

func scaled(with draw.Interpolator, by float64) func(*image.RGBA) *image.RGBA {
	return func(img *image.RGBA) *image.RGBA {
		return enlarge(img, int(by*float64(img.Rect.Dx())+0.5), int(by*float64(img.Rect.Dy())+0.5), with)
	}
}
