package viewer

import (
	"image"
	"image/color"
	"math"

	"github.com/hajimehoshi/ebiten/v2"
)

// A mesh is triangles of one colour whose edges fade out over a pixel. Ebitengine's own antialiasing draws each shape into a picture of its
// own first, which takes milliseconds on a software renderer.
type mesh struct {
	vertices []ebiten.Vertex
	indices  []uint32
	color    [4]float32 // multiplied by its opacity
}

// soft is half the width of the edge that fades out, in pixels.
const soft = 0.5

func newMesh(c color.Color) *mesh {
	r, g, b, a := c.RGBA()
	of := func(v uint32) float32 { return float32(v) / 0xffff }
	return &mesh{color: [4]float32{of(r), of(g), of(b), of(a)}}
}

// vertex adds a vertex with a share of the colour, and returns its index.
func (m *mesh) vertex(p Point, cover float64) uint32 {
	k := float32(cover)
	m.vertices = append(m.vertices, ebiten.Vertex{
		DstX: float32(p.X), DstY: float32(p.Y), SrcX: 1.5, SrcY: 1.5,
		ColorR: m.color[0] * k, ColorG: m.color[1] * k, ColorB: m.color[2] * k, ColorA: m.color[3] * k,
	})
	return uint32(len(m.vertices) - 1)
}

// strip joins two rows of vertices, the second of which comes after the first, by a row of quadrilaterals between neighbours.
func (m *mesh) strip(a, b []uint32) {
	for i := 1; i < len(a); i++ {
		m.indices = append(m.indices, a[i-1], a[i], b[i-1], a[i], b[i], b[i-1])
	}
}

// draw draws the mesh.
func (c *Canvas) draw(m *mesh) {
	if len(m.indices) == 0 {
		return
	}
	c.dst.DrawTriangles32(m.vertices, m.indices, c.brush.white, &ebiten.DrawTrianglesOptions{ColorScaleMode: ebiten.ColorScaleModePremultipliedAlpha})
}

// whitePixel returns a white picture whose middle a mesh takes its colours from.
func whitePixel() *ebiten.Image {
	img := ebiten.NewImage(3, 3)
	img.Fill(color.White)
	return img.SubImage(image.Rect(1, 1, 2, 2)).(*ebiten.Image)
}

// around returns the number of corners of a polygon that looks like a circle.
func around(radius float64) int { return min(8+int(3*math.Sqrt(radius)*2), 96) }

// disc adds a circle, or the ring between two radii if the inner one is above 0.
func (m *mesh) disc(center Point, inner, outer float64) {
	n := around(outer)
	at := func(i int, radius, cover float64) uint32 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		return m.vertex(Point{center.X + radius*cos, center.Y + radius*sin}, cover)
	}
	type circle struct{ radius, cover float64 }
	circles := []circle{{0, 1}, {max(0, outer-soft), 1}, {outer + soft, 0}}
	if inner > 0 {
		circles = []circle{{max(0, inner-soft), 0}, {inner + soft, 1}, {max(inner+soft, outer-soft), 1}, {outer + soft, 0}}
	}
	var last, row []uint32
	for i := range n + 1 {
		row = row[:0]
		for _, q := range circles {
			row = append(row, at(i, q.radius, q.cover))
		}
		if i > 0 {
			m.strip(last, row)
		}
		last, row = row, last
	}
}

// sharpest is the cosine of half the angle by which a line turns at most without being cut: its outer corner would be far away.
const sharpest = 0.6

// line adds a line of that width through points, in pixels. Its ends and corners are round, if the colour is opaque: where parts of a line
// lie over each other a transparent one would be darker.
func (m *mesh) line(points []Point, width float64) {
	points = apart(points)
	if len(points) < 2 {
		return
	}
	half, cover := width/2, 1.0
	if width < 1 {
		half, cover = 0.5, width
	}
	round := m.color[3] == 1 && half > 0.75
	if round {
		m.disc(points[0], 0, half)
		m.disc(points[len(points)-1], 0, half)
	}
	// across adds the vertices of a cut through the line.
	across := func(p, normal Point, factor float64) []uint32 {
		row := make([]uint32, 0, 4)
		for _, q := range [4][2]float64{{-half - soft, 0}, {min(0, soft-half), cover}, {max(0, half-soft), cover}, {half + soft, 0}} {
			row = append(row, m.vertex(Point{p.X + normal.X*q[0]*factor, p.Y + normal.Y*q[0]*factor}, q[1]))
		}
		return row
	}
	before := normal(points[0], points[1])
	last := across(points[0], before, 1)
	for i := 1; i < len(points); i++ {
		p := points[i]
		if i == len(points)-1 {
			m.strip(last, across(p, before, 1))
			break
		}
		after := normal(p, points[i+1])
		middle := Point{before.X + after.X, before.Y + after.Y}
		length := math.Hypot(middle.X, middle.Y)
		if length/2 < sharpest {
			m.strip(last, across(p, before, 1))
			if round {
				m.disc(p, 0, half)
			}
			last, before = across(p, after, 1), after
			continue
		}
		row := across(p, Point{middle.X / length, middle.Y / length}, 2/length)
		m.strip(last, row)
		last, before = row, after
	}
}

// apart leaves out points that lie on the one before.
func apart(points []Point) []Point {
	out := make([]Point, 0, len(points))
	for _, p := range points {
		if n := len(out); n == 0 || math.Hypot(p.X-out[n-1].X, p.Y-out[n-1].Y) > 1e-3 {
			out = append(out, p)
		}
	}
	return out
}

// normal returns the direction to the side of a line from a to b.
func normal(a, b Point) Point {
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	return Point{(a.Y - b.Y) / length, (b.X - a.X) / length}
}

// band adds what lies between two lines with the same positions from left to right, the first of which is above.
func (m *mesh) band(upper, lower []Point) {
	var last []uint32
	for i := range upper {
		a, b := upper[i], lower[i]
		row := []uint32{
			m.vertex(Point{a.X, a.Y - soft}, 0), m.vertex(Point{a.X, min(a.Y+soft, (a.Y+b.Y)/2)}, min(1, b.Y-a.Y)),
			m.vertex(Point{b.X, max(b.Y-soft, (a.Y+b.Y)/2)}, min(1, b.Y-a.Y)), m.vertex(Point{b.X, b.Y + soft}, 0),
		}
		if i > 0 {
			m.strip(last, row)
		}
		last = row
	}
}

// corners adds a convex polygon.
func (m *mesh) corners(points []Point) {
	points = apart(points)
	n := len(points)
	if n < 3 {
		return
	}
	area := 0.0
	for i, p := range points {
		q := points[(i+1)%n]
		area += p.X*q.Y - q.X*p.Y
	}
	out := soft
	if area > 0 { // the normals point inwards
		out = -soft
	}
	inner, outer := make([]uint32, n), make([]uint32, n)
	for i, p := range points {
		a, b := normal(points[(i+n-1)%n], p), normal(p, points[(i+1)%n])
		middle := Point{a.X + b.X, a.Y + b.Y}
		length := max(0.25, (middle.X*middle.X+middle.Y*middle.Y)/2)
		by := Point{out * middle.X / length, out * middle.Y / length}
		inner[i], outer[i] = m.vertex(Point{p.X - by.X, p.Y - by.Y}, 1), m.vertex(Point{p.X + by.X, p.Y + by.Y}, 0)
	}
	for i := 2; i < n; i++ {
		m.indices = append(m.indices, inner[0], inner[i-1], inner[i])
	}
	m.strip(append(inner, inner[0]), append(outer, outer[0]))
}
