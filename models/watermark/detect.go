package watermark

import (
	"cmp"
	"image"
	"image/draw"
	"math"
	"slices"
)

// A Found is a mark in a picture.
type Found struct {
	ID    uint32
	Agree float64 // how well the picture agrees with the mark, 0 to 1
}

// chance is the most that a picture without a mark is taken for one with a mark.
const chance = 1e-9

// least is the agreement from which on a mark is believed: the agreement a for which 2³² identifiers, through all looks, exceed the chance
// together, where each alone has exp(−coded·a²).
var least = math.Sqrt(math.Log(math.Exp2(32)*float64(looks)/chance) / coded)

const (
	crop  = 4                                                                           // pixels at each edge that are looked for beyond the picture
	looks = len(steps) * len(blurs) * (crop + 1) * (crop + 1) * (crop + 1) * (crop + 1) // ways in which a picture is looked at
	tried = 16                                                                          // so many of them are decoded beside those without cuts
)

// blurs are the softenings that the detector undoes: the gain at f periods per pixel is exp(−blur·f²). A triangle that is one pixel of the
// picture wide to each side, as a bilinear reduction has, gives π²/3.
var blurs = [...]float64{0, 1.6, 3.3, 5, 8, 13}

// A look is what a picture seems to have for the coded bits, −1 to 1 each, if it is looked at in one way.
type look struct {
	soft  [coded]float32
	clear float64 // large if the bits are near the points of lattices
}

// Detect looks for a mark. It takes a hundredth of a second if there is one and no edge is cut off, and otherwise less than a second.
//
// The points of a bit's lattices begin at a random place, which no picture depends on. So each bit of a picture without a mark is the cosine
// of a random phase, and its agreement with an identifier the mean of such cosines. Because E exp(λ·cosine) ≤ exp(λ²/4), it exceeds a with a
// chance of at most exp(−coded·a²) (as Hoeffding 1963 bounds sums), whatever the picture shows.
func Detect(img image.Image) (found Found, ok bool) {
	size := img.Bounds().Size()
	if min(size.X, size.Y) < Smallest/2 || max(size.X, size.Y) > 1<<15 {
		return Found{}, false
	}
	shown := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(shown, shown.Rect, img, img.Bounds().Min, draw.Src)
	d := newDetector(shown)
	if found, ok = best(d.looks(across(d.seen, d.ax.basis), d.ay.basis)); ok {
		return found, true
	}
	return best(d.search())
}

// best returns the mark of the looks with which they agree best.
func best(all []look) (found Found, ok bool) {
	for i := range all {
		if id, agree, whole := decode(&all[i].soft); whole && agree > found.Agree {
			found = Found{id, agree}
		}
	}
	return found, found.Agree > least
}

// A detector looks at a picture.
type detector struct {
	ax, ay *axis
	seen   plane
	gains  [len(blurs)][]float32 // by which the coefficients of the pattern's parts are multiplied
}

func newDetector(img *image.RGBA) *detector {
	d := &detector{ax: newAxis(img.Rect.Dx()), ay: newAxis(img.Rect.Dy())}
	d.seen = levels(img, d.ax, d.ay)
	for i, b := range blurs {
		for _, c := range known().parts {
			fx, fy := float64(c.u)/float64(2*d.ax.pixels), float64(c.v)/float64(2*d.ay.pixels)
			d.gains[i] = append(d.gains[i], float32(math.Exp(b*(fx*fx+fy*fy))))
		}
	}
	return d
}

// looks returns a look for each blur and step. half is what is across a frame, see [across]; frame is that of the rows.
func (d *detector) looks(half plane, frame [][]float32) []look {
	s, p := down(half, frame), known()
	var all []look
	for _, gains := range d.gains {
		var sums [coded]float32
		for k, c := range p.parts {
			sums[c.bit] += c.weight * s[c.v][c.u] * gains[k]
		}
		for _, step := range steps {
			var l look
			for k, v := range sums {
				v := math.Cos(2 * math.Pi * (float64(v)/step - p.dither[k]))
				l.soft[k] = float32(v)
				l.clear += v * v
			}
			all = append(all, l)
		}
	}
	return all
}

// search returns the clearest looks at the picture as a part of larger ones.
func (d *detector) search() []look {
	var all []look
	var frames [][][]float32
	for before := range crop + 1 {
		for after := range crop + 1 {
			frames = append(frames, d.ay.frame(before, after))
		}
	}
	for before := range crop + 1 {
		for after := range crop + 1 {
			half := across(d.seen, d.ax.frame(before, after))
			for _, frame := range frames {
				all = append(all, d.looks(half, frame)...)
			}
			slices.SortFunc(all, func(a, b look) int { return cmp.Compare(b.clear, a.clear) })
			all = all[:tried]
		}
	}
	return all
}
