package viewer

import (
	"math"
	"strings"

	"genview/models/watch"
)

// latentDrawings are windows with what can be done in a latent space.
var latentDrawings = []drawing{
	{
		name: "latent-walk", size: Point{1280, 800}, scale: 1, show: snapshot,
		do: func(d *desk) {
			_, p := panel[*Latent](d)
			p.mode, p.walk.path, p.walk.ease, p.walk.pace.at = ofWalk, atRandom, 1, 0.7
			p.leave(p.walk.at(3, nil))
		},
	},
	{
		name: "latent-pins", size: Point{1280, 800}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) { s.Past = &watch.Past{Steps: []int{1}, Shown: -1} }),
		do: func(d *desk) {
			_, p := panel[*Latent](d)
			p.visit("1,5-9", latent(d.s))
			p.visit("seed:6+smile", latent(d.s))
			p.seed.text = "seed:6+smile"
			for i := range p.pins {
				p.pins[i].image = picture(28, 7*i)
			}
			k, q := panel[*Pictures](d)
			at := q.cells(d.size(k), q.view(d.s)).at(4)
			d.e.Cursor = d.middle(k, at)
		},
	},
	{name: "latent-directions", size: Point{1280, 800}, scale: 1, show: directed, do: directs},
	{
		name: "latent-directions-small", size: Point{640, 480}, scale: 1, show: directed,
		do: func(d *desk) {
			directs(d)
			for _, q := range d.slots {
				if k := len(q.panels) - 1; k > 0 {
					d.click(Point{q.tab(k).X + 5, q.tab(k).Y + 5})
				}
			}
		},
	},
	{
		name: "latent-map", size: Point{1280, 800}, scale: 1, show: directed,
		do: func(d *desk) {
			i, p := panel[*Latent](d)
			charts := encodedCharts()
			p.mode = ofMap
			p.charts.answer.Store(&charted{atlas: charts})
			p.goTo(watch.Point{Z: charts.Z[33]})
			d.tick()
			q := p.parts(d.size(i), latent(d.s))
			at := p.charts.place(q.square, charts.Place(7))
			d.e.Cursor = d.middle(i, Rect{at.X, at.Y, 0, 0})
		},
	},
	{
		name: "latent-plane", size: Point{1280, 800}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) { s.Show(&watch.Latent{Name: "Latent space", Z: 2}) }),
		do: func(d *desk) {
			_, p := panel[*Latent](d)
			p.shown = 1
			p.locating.path, p.locating.done, p.locating.steps = "/pictures/b.png", 120, 300
			p.lens = p.lens.zoomed(2, Point{0.2, 0.2})
		},
	},
	{
		name: "latent-small", size: Point{640, 480}, scale: 1, show: snapshot,
		do: func(d *desk) {
			_, p := panel[*Latent](d)
			p.mode = ofWalk
		},
	},
}

// encodedCharts is a map of pictures of ten classes.
func encodedCharts() *watch.Atlas {
	a := &watch.Atlas{Names: strings.Split("0123456789", ""), Shares: []float64{0.41, 0.22}, Mean: []float32{0, 0, 0}, Axes: [][]float32{{1, 0, 0}, {0, 1, 0}}}
	for i := range 300 {
		class := i % 10
		turn, far := float64(class)*0.63+math.Sin(float64(i)*12.9)*0.35, 1.3+0.8*math.Cos(float64(i)*78.2)
		a.Z = append(a.Z, []float32{float32(far * math.Cos(turn)), float32(far * math.Sin(turn)), 0})
		a.Classes, a.Images = append(a.Classes, int32(class)), append(a.Images, picture(28, i))
	}
	return a
}

// directed returns the snapshot of letters of a model with layers.
func directed() *watch.Snapshot {
	s := snapshot()
	s.Past = &watch.Past{Steps: []int{1}, Shown: -1}
	l := *latent(s)
	l.Layers, l.Encodes = []string{"fc3", "fc4"}, true
	l.Axes = []watch.Point{{Name: "bold", Z: []float32{0, 1, 0}}}
	s.Show(&l)
	return s
}

// directs finds directions, and moves along one; a difference of two groups is next.
func directs(d *desk) {
	_, p := panel[*Latent](d)
	p.mode = ofDirections
	p.visit("1,5-8", latent(d.s))
	for i := range p.pins {
		p.pins[i].image = picture(28, 7*i)
		p.dirs.groups[p.pins[i].Name] = []int{ofFrom, ofTo, ofTo, ofNone, ofFrom}[i]
	}
	var c watch.Components
	for i, share := range []float64{0.31, 0.2, 0.12, 0.06} {
		c.Points = append(c.Points, watch.Point{Name: "fc3.pc" + string(rune('1'+i)), Z: []float32{1, 0, float32(i)}})
		c.Shares = append(c.Shares, share)
	}
	p.dirs.layer = 1
	p.dirs.answer.Store(&components{&c, nil})
	d.tick()
	p.dirs.slider("fc3.pc2").at, p.dirs.slider("bold").at = 0.8, 0.4
	p.dirs.chosen, p.dirs.name.text = "fc3.pc2", "slant"
	p.dirs.add(latent(d.s))
}
