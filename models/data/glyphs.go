package data

import (
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
	"golang.org/x/image/font/gofont/gosmallcapsitalic"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

const (
	glyphChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	glyphTrain = 20000
	glyphTest  = 2000
	masterSize = 96 // pixels of the masks that pictures are sampled from
)

// glyphs is letters and digits in every Go font, with each picture slightly shifted, turned and scaled. Picture i depends on the seed and i
// alone.
type glyphs struct {
	masters []*image.Alpha // [face][char]
	size    int
	seed    uint64
	made    *stored
	drawn   []sync.Once // which pictures of made are drawn
	brushes chan *brush // that are free
}

// A brush is what drawing a picture needs, kept for the next one, so that a step of training makes no objects for its batch.
type brush struct {
	source      *rand.PCG
	rng         *rand.Rand
	column, row []turned // a sample's place is the sum of its column's and its row's
}

func newGlyphs(masters []*image.Alpha, size, n int, seed uint64) *glyphs {
	made := &stored{c: 1, h: size, w: size, pixels: make([]byte, n*size*size), classes: make([]int32, n)}
	return &glyphs{masters: masters, size: size, seed: seed, made: made, drawn: make([]sync.Once, n), brushes: make(chan *brush, runtime.GOMAXPROCS(0))}
}

func openGlyphs(_ context.Context, o Options) (*Dataset, error) {
	if o.Size < 8 || o.Size > 128 {
		return nil, fmt.Errorf("data: glyphs are 8 to 128 pixels wide, not %d", o.Size)
	}
	masters, err := glyphMasters()
	if err != nil {
		return nil, err
	}
	d := &Dataset{
		Name:     "glyphs",
		Identity: fmt.Sprintf("%d glyphs of seed %d", glyphTrain+glyphTest, o.Seed),

		Train: newGlyphs(masters, o.Size, glyphTrain, o.Seed),
		Test:  newGlyphs(masters, o.Size, glyphTest, ^o.Seed),
	}
	for _, r := range glyphChars {
		d.Classes = append(d.Classes, string(r))
	}
	return d, nil
}

// glyphMasters draws every character of every font large and centred.
func glyphMasters() ([]*image.Alpha, error) {
	faces := [][]byte{
		goregular.TTF, gobold.TTF, goitalic.TTF, gobolditalic.TTF, gomedium.TTF, gomediumitalic.TTF,
		gomono.TTF, gomonobold.TTF, gomonoitalic.TTF, gomonobolditalic.TTF, gosmallcaps.TTF, gosmallcapsitalic.TTF,
	}
	var masters []*image.Alpha
	for _, ttf := range faces {
		parsed, err := opentype.Parse(ttf)
		if err != nil {
			return nil, err
		}
		face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: masterSize * 0.82, DPI: 72})
		if err != nil {
			return nil, err
		}
		for _, r := range glyphChars {
			mask := image.NewAlpha(image.Rect(0, 0, masterSize, masterSize))
			bounds, _, _ := face.GlyphBounds(r)
			middle := fixed.P(masterSize/2, masterSize/2)
			dot := fixed.Point26_6{X: middle.X - (bounds.Min.X+bounds.Max.X)/2, Y: middle.Y - (bounds.Min.Y+bounds.Max.Y)/2}
			(&font.Drawer{Dst: mask, Src: image.Opaque, Face: face, Dot: dot}).DrawString(string(r))
			masters = append(masters, mask)
		}
		if err := face.Close(); err != nil {
			return nil, err
		}
	}
	return masters, nil
}

func (g *glyphs) Len() int             { return g.made.Len() }
func (g *glyphs) Shape() (c, h, w int) { return g.made.Shape() }

func (g *glyphs) Read(i int, _ *rand.Rand, dst []float32) (int32, error) {
	g.drawn[i].Do(func() { g.draw(i) })
	return g.made.Read(i, nil, dst)
}

// draw draws picture i. Each is drawn when it is first read, so that a run begins without waiting for pictures that it needs much later.
func (g *glyphs) draw(i int) {
	b := g.brush()
	b.source.Seed(g.seed, uint64(i))
	class := b.rng.IntN(len(glyphChars))
	face := b.rng.IntN(len(g.masters) / len(glyphChars))
	px := g.size * g.size
	g.made.classes[i] = int32(class)
	g.resample(g.masters[face*len(glyphChars)+class], b, g.made.pixels[i*px:(i+1)*px])
	select {
	case g.brushes <- b:
	default: // there are enough
	}
}

// brush returns a brush that is free, or a new one.
func (g *glyphs) brush() *brush {
	select {
	case b := <-g.brushes:
		return b
	default:
	}
	source, n := rand.NewPCG(0, 0), g.size*samples
	return &brush{source, rand.New(source), make([]turned, n), make([]turned, n)}
}

// samples is how many samples a pixel has along each axis.
const samples = 3

// resample draws a mask into dst, shifted by up to a pixel of 28, turned by up to 8°, scaled by up to 8 %.
func (g *glyphs) resample(m *image.Alpha, b *brush, dst []byte) {
	upTo := func(r float64) float64 { return (2*b.rng.Float64() - 1) * r }
	turn, scale := upTo(8*math.Pi/180), math.Exp(upTo(0.08))
	dx, dy := upTo(1.0/28), upTo(1.0/28)
	step := float64(masterSize) / float64(g.size) / scale
	sin, cos := math.Sincos(turn)
	const sub = samples
	column, row := b.column, b.row
	for k := range column {
		at := float64(k/sub) + (float64(k%sub)+0.5)/sub
		u, v := at-float64(g.size)*(0.5+dx), at-float64(g.size)*(0.5+dy)
		column[k], row[k] = turned{u * cos, -(u * sin)}, turned{v * sin, v * cos}
	}
	for y := range g.size {
		for x := range g.size {
			sum := 0
			for _, r := range row[y*sub : (y+1)*sub] {
				for _, c := range column[x*sub : (x+1)*sub] {
					px, py := (c.x+r.x)*step+masterSize/2, (r.y+c.y)*step+masterSize/2
					if px >= 0 && px < masterSize && py >= 0 && py < masterSize {
						sum += int(m.Pix[int(py)*m.Stride+int(px)])
					}
				}
			}
			dst[y*g.size+x] = byte(sum / (sub * sub))
		}
	}
}

// turned is a point of a row or of a column after the turn.
type turned struct{ x, y float64 }
