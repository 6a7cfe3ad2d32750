package viewer

import (
	"math"

	"genview/models/walk"
	"genview/models/watch"
)

// reach is the distance from the centre to the edge of a two-dimensional latent space's plane, in standard deviations of the prior.
const reach = 3

// planeAt returns the latent vector at a position of the plane, with coordinates from 0 to 1 and y down. A two-dimensional latent space is
// its own plane; otherwise the vector is interpolated between four points: upper left, upper right, lower left, lower right.
func planeAt(l *watch.Latent, corners [4]watch.Point, p Point) []float32 {
	if l.Z == 2 {
		return []float32{float32((2*p.X - 1) * reach), float32((1 - 2*p.Y) * reach)}
	}
	return walk.Bilinear([4][]float32{corners[0].Z, corners[1].Z, corners[2].Z, corners[3].Z}, p.X, p.Y)
}

// norm returns the length of z.
func norm(z []float32) float64 {
	var s float64
	for _, v := range z {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}
