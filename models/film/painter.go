package film

import (
	"image"
	"slices"
)

// rgb is an opaque colour.
type rgb [3]uint8

// squaredDistance returns the squared distance of two colours.
func squaredDistance(a, b rgb) int {
	x, y, z := int(a[0])-int(b[0]), int(a[1])-int(b[1]), int(a[2])-int(b[2])
	return x*x + y*y + z*z
}

// A part is the change of the picture in one frame of a GIF.
type part struct {
	rect        image.Rectangle
	palette     []rgb
	pixels      []byte // of rect, as indices of the palette
	transparent int    // index of pixels that stay unchanged; -1: there are none
}

// A painter converts a film to GIF frames of 256 colours each.
//
// It shows a picture with at most 256 colours exactly. For other pictures, each frame sets only the pixels that have moved away from the
// colour that they were last set for, with a palette made for these pixels. All other pixels are transparent, and show the frame before. So
// a picture can have more than 256 colours, and parts that do not move do not flicker, as they would if each frame were quantized
// separately. One palette for all frames has twice the error; 256 k-means colours for each picture have a tenth more; dithering has more
// error and flickers, because the noise differs between frames.
type painter struct {
	size  image.Point
	shown []rgb // the picture as the GIF shows it
	meant []rgb // the colour of each pixel when it was last set
	greys []rgb // all of them
	begun bool
}

const (
	moved = 6 * 6   // a pixel whose colour has moved by more is set again,
	wrong = 12 * 12 // and one that is shown with a larger error, if that helps
)

func newPainter(size image.Point) *painter {
	n := size.X * size.Y
	p := &painter{size: size, shown: make([]rgb, n), meant: make([]rgb, n)}
	for i := range 256 {
		p.greys = append(p.greys, rgb{uint8(i), uint8(i), uint8(i)})
	}
	return p
}

// paint returns the changes for the next picture.
func (p *painter) paint(img *image.RGBA) part {
	colours := make([]rgb, 0, len(p.shown))
	for y := range p.size.Y {
		row := img.Pix[y*img.Stride:][:4*p.size.X]
		for x := 0; x < len(row); x += 4 {
			colours = append(colours, rgb(row[x:x+3]))
		}
	}
	f, ok := p.exact(colours)
	if !ok {
		f = p.change(colours)
	}
	p.begun = true
	return f
}

// exact shows all of a picture with at most 256 colours.
func (p *painter) exact(colours []rgb) (part, bool) {
	f := part{rect: image.Rectangle{Max: p.size}, transparent: -1, pixels: make([]byte, len(colours))}
	if !slices.ContainsFunc(colours, func(c rgb) bool { return c[0] != c[1] || c[1] != c[2] }) {
		f.palette = p.greys // for every frame
		for i, c := range colours {
			f.pixels[i] = c[0]
		}
	} else {
		number := map[rgb]byte{}
		for i, c := range colours {
			if i > 0 && c == colours[i-1] {
				continue
			}
			if _, ok := number[c]; ok {
				continue
			}
			if len(number) == 256 {
				return part{}, false
			}
			number[c] = 0
			f.palette = append(f.palette, c)
		}
		slices.SortFunc(f.palette, compare)
		for i, c := range f.palette {
			number[c] = byte(i)
		}
		for i, c := range colours {
			if i > 0 && c == colours[i-1] {
				f.pixels[i] = f.pixels[i-1]
				continue
			}
			f.pixels[i] = number[c]
		}
	}
	copy(p.shown, colours)
	copy(p.meant, colours)
	return f, true
}

func compare(a, b rgb) int { return slices.Compare(a[:], b[:]) }

// change sets pixels that have moved or are wrong, if that improves them.
func (p *painter) change(colours []rgb) part {
	var at []int
	var want []rgb
	for i, c := range colours {
		if !p.begun || squaredDistance(c, p.meant[i]) > moved || squaredDistance(c, p.shown[i]) > wrong {
			at, want = append(at, i), append(want, c)
		}
	}
	if !p.begun {
		palette, number := quantize(want, 256)
		return p.set(at, want, palette, number)
	}
	const most = 255 // one index means that a pixel stays
	palette, number := quantize(want, most)
	sum := 0
	for k := range want {
		sum += squaredDistance(want[k], palette[number[k]])
	}
	// Pixels that are shown better than the new colours would show them on average can wait, which leaves more colours for the others.
	n := 0
	for k, i := range at {
		if squaredDistance(want[k], p.shown[i])*len(want) > sum {
			at[n], want[n] = i, want[k]
			n++
		}
	}
	if n < len(at) {
		at, want = at[:n], want[:n]
		palette, number = quantize(want, most)
	}
	n = 0
	for k, i := range at {
		if 10*squaredDistance(palette[number[k]], want[k]) <= 7*squaredDistance(p.shown[i], want[k]) {
			at[n], want[n], number[n] = i, want[k], number[k]
			n++
		}
	}
	return p.set(at[:n], want[:n], palette, number[:n])
}

// set sets pixels to colours of a palette, and returns the smallest part that contains them.
func (p *painter) set(at []int, want, palette []rgb, number []byte) part {
	var rect image.Rectangle
	for k, i := range at {
		p.shown[i], p.meant[i] = palette[number[k]], want[k]
		x, y := i%p.size.X, i/p.size.X
		rect = rect.Union(image.Rect(x, y, x+1, y+1))
	}
	if rect.Empty() { // a frame has at least one pixel
		rect = image.Rect(0, 0, 1, 1)
	}
	f := part{rect: rect, palette: palette, transparent: -1, pixels: make([]byte, rect.Dx()*rect.Dy())}
	if len(at) < len(f.pixels) {
		f.transparent = len(palette)
		f.palette = append(palette, rgb{})
		for i := range f.pixels {
			f.pixels[i] = byte(f.transparent)
		}
	}
	for k, i := range at {
		f.pixels[(i/p.size.X-rect.Min.Y)*rect.Dx()+i%p.size.X-rect.Min.X] = number[k]
	}
	return f
}
