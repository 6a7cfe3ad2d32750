package viewer

import (
	"math"

	"genview/models/walk"
	"genview/models/watch"
)

// reach is the distance from the centre to the edge of a plane that axes span, in standard deviations of what they stand for.
const reach = 3

// A plane is a part of a latent space in which a dot can be dragged. Without axes and corners it is a latent space of two dimensions itself.
type plane struct {
	axes    []watch.Point // through the mean: to the right, and upwards if there are two
	corners []watch.Point // the plane lies between: upper left, upper right, lower left, lower right
}

// planes returns the planes of a latent space: those along its axes, then those between its points.
func planes(l *watch.Latent) (all []plane) {
	if l.Z == 2 {
		return []plane{{}}
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

// at returns the latent vector at a position of the plane, with coordinates from 0 to 1 and y down.
func (p plane) at(q Point) []float32 {
	if p.corners != nil {
		return walk.Bilinear([4][]float32{p.corners[0].Z, p.corners[1].Z, p.corners[2].Z, p.corners[3].Z}, q.X, q.Y)
	}
	along := offsets(q)
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

// offsets returns how far a position lies from the centre, to the right and upwards.
func offsets(q Point) [2]float64 { return [2]float64{(2*q.X - 1) * reach, (1 - 2*q.Y) * reach} }

// norm returns the length of z.
func norm(z []float32) float64 {
	var s float64
	for _, v := range z {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}
