package viewer

import (
	"image"
	"image/color"
	"math"

	"genview/models/watch"
)

// palette is the colours of values from −1 to 1 in steps, because a long text has millions of values.
type palette [2*shades + 1]color.RGBA

const shades = 512

func newPalette(theme Theme, of func(v float64) Color) *palette {
	var p palette
	for i := range p {
		p[i] = of(float64(i-shades) / shades)[theme]
	}
	return &p
}

// at returns the colour of a value as a share of the greatest absolute one.
func (p *palette) at(v float64) color.RGBA {
	if !(v >= -1) { // or not a number
		return p[0]
	}
	return p[shades+int(math.Round(min(v, 1)*shades))]
}

// draw draws a table, a pixel for each value.
func (p *palette) draw(m watch.Map, locked bool) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, len(m.Cols), len(m.Rows)))
	most := scaleOf(m, locked)
	for i, v := range m.Head(0) {
		img.SetRGBA(i%len(m.Cols), i/len(m.Cols), p.at(max(0, float64(v)/most)))
	}
	return img
}

// share returns a colour for a weight as a share of the greatest: small ones are raised to be visible.
func share(v float64) Color { return heat(math.Pow(max(0, v), 0.7)) }
