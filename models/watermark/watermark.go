package watermark

import (
	"crypto/sha256"
	"encoding/binary"
	"image"
	"math"
	"strconv"
	"sync"
)

// Smallest is the width and the height in pixels from which pictures hold a mark.
const Smallest = 128

// steps are the distances of the points of lattices in small and in large pictures, in grey levels. What compression and rounding change in a
// coefficient is less in large ones, in which a mark is easier to see.
var steps = [...]float64{0.36, 0.22}

// large is the width and the height from which a picture is large.
const large = 256

// moved is the part of the way to a point that a sum is moved. The rest of the way would cost twice as much as it makes clearer (Chen and
// Wornell 2001 call this distortion compensation). So the mark's mean square is coded·(moved·step)²/12, and more where black and white cut
// it off.
const moved = 0.75

// ID returns the identifier that a text names: a number up to 4294967295 is one itself; of another text it is the beginning of its SHA-256.
func ID(text string) uint32 {
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return uint32(n)
	}
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint32(sum[:])
}

// An Embedder writes an identifier into pictures. Several goroutines may use it.
type Embedder struct {
	target [coded]float64 // where the points of the coded bits' lattices are, in steps

	mu   sync.Mutex
	axes map[int]*axis // by pixels
}

// NewEmbedder returns an embedder of an identifier.
func NewEmbedder(id uint32) *Embedder {
	e := &Embedder{axes: map[int]*axis{}}
	for i, c := range encode(id) {
		e.target[i] = known().dither[i] + float64(1-c)/4 // where cos(2π(y/step − dither)) is the coded bit
	}
	return e
}

// axis returns the axis of a number of pixels, which pictures of one size share.
func (e *Embedder) axis(pixels int) *axis {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.axes[pixels] == nil {
		e.axes[pixels] = newAxis(pixels)
	}
	return e.axes[pixels]
}

// Holds tells whether pictures of a size hold a mark.
func Holds(size image.Point) bool { return min(size.X, size.Y) >= Smallest }

// Embed returns an opaque picture with the mark, or the picture itself if it is too small to hold one. It does not change img. Equal pictures
// give equal ones.
func (e *Embedder) Embed(img *image.RGBA) *image.RGBA {
	size := img.Rect.Size()
	if !Holds(size) {
		return img
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	ax, ay, p := e.axis(size.X), e.axis(size.Y), known()
	y := p.project(spectrumOf(levels(img, ax, ay), ax, ay))
	step := steps[0]
	if min(size.X, size.Y) >= large {
		step = steps[1]
	}
	var target [coded]float32
	for i, v := range y {
		point := (math.Round(float64(v)/step-e.target[i]) + e.target[i]) * step
		target[i] = v + moved*float32(point-float64(v))
	}
	var added spectrum
	toward := func(y [coded]float32, gain float32) {
		for _, c := range p.parts {
			added[c.v][c.u] += gain * (target[c.bit] - y[c.bit]) * c.weight / (ax.kept[c.u] * ay.kept[c.v])
		}
	}
	toward(y, 1)
	if few := size.X * size.Y / 10; apply(out, img, drawn(&added, ax, ay), ax, ay) < few {
		return out
	}
	reached := p.project(spectrumOf(levels(out, ax, ay), ax, ay)) // not all: black and white cut some off
	var all, done float32
	for i, t := range target {
		all += (t - y[i]) * (t - y[i])
		done += (t - y[i]) * (reached[i] - y[i])
	}
	toward(reached, min(max(1, all/max(done, 1e-9)), 3))
	apply(out, img, drawn(&added, ax, ay), ax, ay)
	return out
}

// apply writes img to out with what is added to its grey levels, and returns the number of pixels of which black or white cuts some off.
func apply(out, img *image.RGBA, added plane, ax, ay *axis) (clipped int) {
	rows, line, pixels := make([]float32, ay.pixels), make([]float32, ax.groups), make([]float32, ax.pixels)
	at := make([]float32, ay.groups)
	for g := range at {
		at[g] = float32(g)
	}
	ay.interpolate(rows, at)
	for y, at := range rows {
		g := min(int(at), ay.groups-2)
		top, bottom, part := added[g], added[g+1], at-float32(g)
		for x := range line {
			line[x] = top[x] + part*(bottom[x]-top[x])
		}
		ax.interpolate(pixels, line)
		from, to := img.Pix[y*img.Stride:][:4*ax.pixels], out.Pix[y*out.Stride:][:4*ax.pixels]
		for _, d := range pixels {
			d := int(d+256.5) - 256 // rounded
			f, t := from[:4:4], to[:4:4]
			r, g, b := int(f[0])+d, int(f[1])+d, int(f[2])+d
			if uint(r|g|b) > 255 {
				clipped++
				r, g, b = min(max(0, r), 255), min(max(0, g), 255), min(max(0, b), 255)
			}
			t[0], t[1], t[2], t[3] = uint8(r), uint8(g), uint8(b), 255
			from, to = from[4:], to[4:]
		}
	}
	return clipped
}
