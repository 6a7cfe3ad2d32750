package viewer

import (
	"math"

	"genview/models/watch"
)

// An arrow shows where a field rises from a point of the plane: from 0 to 1 in x and y, y down.
type arrow struct{ at, way Point }

const arrowLength = 0.06 // of the plane, of the longest arrow

// arrowsOf returns the gradients of the field at some of the model's points: where a GAN's discriminator would have its generator move them. The
// points have places of their own, so that arrows do not hide each other. The longest arrow has a fixed length; the others are in proportion.
func arrowsOf(v *watch.Scatter) []arrow {
	f := v.Field
	if len(v.Sets) == 0 || f.Side < 2 {
		return nil
	}
	xy := v.Sets[0].XY
	var all []arrow
	taken := map[[2]int]bool{}
	longest := 0.0
	d := 0.5 / float64(f.Side)
	for k := range len(xy) / 2 {
		x, y := (float64(xy[2*k])/v.Reach+1)/2, (1-float64(xy[2*k+1])/v.Reach)/2
		if !(x > d && x < 1-d && y > d && y < 1-d) {
			continue
		}
		place := [2]int{int(x / arrowLength), int(y / arrowLength)}
		if taken[place] {
			continue
		}
		taken[place] = true
		way := Point{valueAt(f, x+d, y) - valueAt(f, x-d, y), valueAt(f, x, y+d) - valueAt(f, x, y-d)}
		all = append(all, arrow{Point{x, y}, way})
		longest = max(longest, math.Hypot(way.X, way.Y))
	}
	for i := range all {
		w := &all[i].way
		w.X, w.Y = w.X/max(longest, 1e-30)*arrowLength, w.Y/max(longest, 1e-30)*arrowLength
	}
	return all
}

// draw draws an arrow in the area of the plane; one that is too short to have a direction is left out.
func (a arrow) draw(c *Canvas, r Rect) {
	from := Point{r.X + a.at.X*r.W, r.Y + a.at.Y*r.H}
	way := Point{a.way.X * r.W, a.way.Y * r.H}
	n := math.Hypot(way.X, way.Y)
	if n < 2 {
		return
	}
	to := Point{from.X + way.X, from.Y + way.Y}
	c.Line([]Point{from, to}, 1.3, curveColors[2])
	const head = 4.0
	along, across := Point{way.X / n * head, way.Y / n * head}, Point{-way.Y / n * head * 0.6, way.X / n * head * 0.6}
	c.Polygon([]Point{
		{to.X + along.X*0.5, to.Y + along.Y*0.5}, {to.X - along.X + across.X, to.Y - along.Y + across.Y}, {to.X - along.X - across.X, to.Y - along.Y - across.Y},
	}, curveColors[2])
}
