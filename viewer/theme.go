package viewer

import "image/color"

// The window's colours are dark, so that pictures are the brightest part.
var (
	backColor   = color.RGBA{0x0f, 0x11, 0x15, 0xff}
	panelColor  = color.RGBA{0x18, 0x1b, 0x21, 0xff}
	lineColor   = color.RGBA{0x2b, 0x30, 0x39, 0xff}
	buttonColor = color.RGBA{0x26, 0x2b, 0x34, 0xff}
	hoverColor  = color.RGBA{0x34, 0x3b, 0x47, 0xff}
	textColor   = color.RGBA{0xe6, 0xe9, 0xee, 0xff}
	dimColor    = color.RGBA{0x8b, 0x94, 0xa3, 0xff}
	accentColor = color.RGBA{0x5b, 0xc8, 0xaf, 0xff}
	alertColor  = color.RGBA{0xff, 0x8a, 0x65, 0xff}
)

// curveColors are distinct also for people who do not distinguish red from green (after Okabe & Ito 2008, brightened for a dark
// background).
var curveColors = []color.RGBA{
	{0x5b, 0xc8, 0xaf, 0xff}, {0xf2, 0xb1, 0x34, 0xff}, {0x6c, 0xa8, 0xf0, 0xff}, {0xe8, 0x7d, 0xb5, 0xff}, {0xd9, 0x6b, 0x2b, 0xff}, {0xe8, 0xe0, 0x6a, 0xff},
}

func curveColor(i int) color.RGBA { return curveColors[i%len(curveColors)] }

// faded returns c with opacity a, from 0 to 1.
func faded(c color.RGBA, a float64) color.RGBA {
	f := func(v uint8) uint8 { return uint8(float64(v)*a + 0.5) } // premultiplied, as image/color requires
	return color.RGBA{f(c.R), f(c.G), f(c.B), f(c.A)}
}
