package viewer

import (
	"fmt"
	"math"

	"genview/models/ticks"
	"genview/models/walk"
	"genview/models/watch"
)

// reach is the distance from the centre to the edge of a plane that axes span, in standard deviations of what they stand for.
const reach = 3

// A plane is a part of a latent space in which a dot can be dragged. Without axes and corners it is a latent space of two dimensions itself.
type plane struct {
	axes    []watch.Point // through the mean: to the right, and upwards if there are two
	corners []watch.Point // the plane lies between: upper left, upper right, lower left, lower right
	shares  bool          // of two dimensions: equal distances are equal shares of N(0, 1), as Kingma & Welling (2013) draw the manifold
}

// planes returns the planes of a latent space: those along its axes, then those between its points.
func planes(l *watch.Latent) (all []plane) {
	if l.Z == 2 {
		return []plane{{}, {shares: true}}
	}
	for i := 0; i < len(l.Axes); i += 2 {
		axes := l.Axes[i:min(i+2, len(l.Axes))]
		if i > 0 && len(axes) == 1 {
			axes = []watch.Point{axes[0], l.Axes[0]}
		}
		all = append(all, plane{axes: axes})
	}
	for i := 0; i+4 <= len(l.Points); i += 4 {
		all = append(all, plane{corners: l.Points[i : i+4]})
	}
	return all
}

// at returns the latent vector at a position of the plane, with coordinates from 0 to 1 and y down. Further out the plane goes on.
func (p plane) at(q Point) []float32 {
	if p.corners != nil {
		return walk.Bilinear([4][]float32{p.corners[0].Z, p.corners[1].Z, p.corners[2].Z, p.corners[3].Z}, q.X, q.Y)
	}
	along := p.along(q)
	if p.axes == nil {
		return []float32{float32(along[0]), float32(along[1])}
	}
	z := make([]float32, len(p.axes[0].Z))
	for i, a := range p.axes {
		for k := range z {
			z[k] += float32(along[i]) * a.Z[k]
		}
	}
	return z
}

// along returns how far a position lies from the centre along the axes, to the right and upwards.
func (p plane) along(q Point) [2]float64 {
	if p.shares {
		return [2]float64{quantile(q.X), quantile(1 - q.Y)}
	}
	return [2]float64{(2*q.X - 1) * reach, (1 - 2*q.Y) * reach}
}

// quantile is the inverse of the cumulative distribution function of N(0, 1), at no less than the share of one picture in 5,000.
func quantile(share float64) float64 {
	const least = 1. / 5000
	return math.Sqrt2 * math.Erfinv(2*min(max(share, least), 1-least)-1)
}

// numbered tells whether positions of the plane have coordinates.
func (p plane) numbered() bool { return p.corners == nil }

// about says what a plane shows through a lens.
func (p plane) about(v lens) string {
	what := "the plane of z"
	switch {
	case p.corners != nil:
		what = "between four seeds"
	case p.shares:
		what = "equal shares of z"
	case len(p.axes) == 1:
		what = p.axes[0].Name
	case len(p.axes) == 2:
		what = p.axes[0].Name + " and " + p.axes[1].Name
	}
	switch spacing := v.span / mosaic; {
	case p.numbered() && !p.shares:
		return what + fmt.Sprintf(", %.3g σ apart", 2*reach*spacing)
	case v.span == 1:
		return what
	}
	return what + fmt.Sprintf(", spacing × %.2g", v.span)
}

// A lens is the part of a plane that is shown in the square.
type lens struct {
	centre Point // in the plane
	span   float64
}

// whole is the lens through which the plane is seen as it is.
var whole = lens{Point{0.5, 0.5}, 1}

// The least and the largest spans, and the factor of the span for a notch of the wheel.
const (
	leastSpan, mostSpan = 1. / 64, 4
	notch               = 0.85
)

// in returns where a position in the square lies in the plane.
func (v lens) in(q Point) Point {
	return Point{v.centre.X + (q.X-0.5)*v.span, v.centre.Y + (q.Y-0.5)*v.span}
}

// out is the inverse of in.
func (v lens) out(q Point) Point {
	return Point{(q.X-v.centre.X)/v.span + 0.5, (q.Y-v.centre.Y)/v.span + 0.5}
}

// zoomed returns the lens after notches of the wheel over a position in the square, which stays where it is. Near to the whole it is whole.
func (v lens) zoomed(notches float64, q Point) lens {
	w := lens{span: min(max(v.span*math.Pow(notch, notches), leastSpan), mostSpan)}
	fixed := v.in(q)
	w.centre = Point{fixed.X - (q.X-0.5)*w.span, fixed.Y - (q.Y-0.5)*w.span}
	if math.Abs(math.Log(w.span)) < 0.05 {
		return whole
	}
	return w
}

// cell returns the position in the square of the centre of picture i of the mosaic.
func cell(i int) Point {
	return Point{(float64(i%mosaic) + 0.5) / mosaic, (float64(i/mosaic) + 0.5) / mosaic}
}

// coordinate writes a coordinate beside the plane.
func coordinate(v, span float64) string {
	digits := 1
	if span < 0.5 {
		digits = 2
	}
	return ticks.Minus(fmt.Sprintf("%.*f", digits, v))
}

// norm returns the length of z.
func norm(z []float32) float64 {
	var s float64
	for _, v := range z {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}
