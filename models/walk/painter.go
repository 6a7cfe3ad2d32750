package walk

import (
	"image"
	"slices"
)

// rgb is an opaque colour.
type rgb [3]uint8

// apart is the square of the distance of two colours.
func apart(a, b rgb) int {
	x, y, z := int(a[0])-int(b[0]), int(a[1])-int(b[1]), int(a[2])-int(b[2])
	return x*x + y*y + z*z
}

// A part is what a frame of a GIF changes of the picture.
type part struct {
	rect        image.Rectangle
	palette     []rgb
	pixels      []byte // of rect, numbers of the palette
	transparent int    // the number of pixels that stay as they are; -1 where there are none
}

// A painter says how a GIF shows a film, 256 colours a frame.
//
// A picture of so few colours is shown as it is. Of one with more, only the pixels that have moved away from the colour that they
// were last set for are set again, in colours made for them alone, and the others stay: there a frame is transparent, and decoders
// lay it over the one before, which is not disposed of. So a picture has more than 256 colours in the end, and what rests does not
// flicker, as it would if each frame were quantized anew. One palette for all frames has an error twice as large, the 256 colours
// that k-means finds for each picture one a tenth larger, and dithering errs and flickers more: a frame's noise differs from that of
// the next.
type painter struct {
	size  image.Point
	shown []rgb // as the GIF shows the picture
	meant []rgb // what each pixel should have been when it was last set
	begun bool
}

const (
	moved = 6 * 6   // a pixel that moves by a larger distance is set again,
	wrong = 12 * 12 // and one that is shown wronger, where that helps
)

func newPainter(size image.Point) *painter {
	n := size.X * size.Y
	return &painter{size: size, shown: make([]rgb, n), meant: make([]rgb, n)}
}

// paint returns what has to be changed for the next picture.
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

// exact shows all of a picture that has 256 colours or fewer.
func (p *painter) exact(colours []rgb) (part, bool) {
	number := map[rgb]byte{}
	grey := true
	for _, c := range colours {
		grey = grey && c[0] == c[1] && c[1] == c[2]
		if _, ok := number[c]; !ok {
			if len(number) == 256 {
				return part{}, false
			}
			number[c] = 0
		}
	}
	var palette []rgb
	for c := range number {
		palette = append(palette, c)
	}
	if grey { // the same palette for every frame
		palette = nil
		for i := range 256 {
			palette = append(palette, rgb{uint8(i), uint8(i), uint8(i)})
		}
	}
	slices.SortFunc(palette, compare)
	for i, c := range palette {
		number[c] = byte(i)
	}
	f := part{rect: image.Rectangle{Max: p.size}, palette: palette, transparent: -1, pixels: make([]byte, len(colours))}
	for i, c := range colours {
		f.pixels[i] = number[c]
	}
	copy(p.shown, colours)
	copy(p.meant, colours)
	return f, true
}

func compare(a, b rgb) int { return slices.Compare(a[:], b[:]) }

// change sets the pixels that have moved or are wrong, as far as that makes them better.
func (p *painter) change(colours []rgb) part {
	var at []int
	var want []rgb
	for i, c := range colours {
		if !p.begun || apart(c, p.meant[i]) > moved || apart(c, p.shown[i]) > wrong {
			at, want = append(at, i), append(want, c)
		}
	}
	if !p.begun {
		palette, number := quantize(want, 256)
		return p.set(at, want, palette, number)
	}
	const most = 255 // one number says that a pixel stays
	palette, number := quantize(want, most)
	sum := 0
	for k := range want {
		sum += apart(want[k], palette[number[k]])
	}
	// Pixels that are shown better already than the new colours would on average can wait, which leaves more colours for the rest.
	n := 0
	for k, i := range at {
		if apart(want[k], p.shown[i])*len(want) > sum {
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
		if 10*apart(palette[number[k]], want[k]) <= 7*apart(p.shown[i], want[k]) {
			at[n], want[n], number[n] = i, want[k], number[k]
			n++
		}
	}
	return p.set(at[:n], want[:n], palette, number[:n])
}

// set sets pixels to colours of a palette, and returns the smallest part that does so.
func (p *painter) set(at []int, want, palette []rgb, number []byte) part {
	var rect image.Rectangle
	for k, i := range at {
		p.shown[i], p.meant[i] = palette[number[k]], want[k]
		x, y := i%p.size.X, i/p.size.X
		rect = rect.Union(image.Rect(x, y, x+1, y+1))
	}
	if rect.Empty() { // a frame has one pixel at least
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
