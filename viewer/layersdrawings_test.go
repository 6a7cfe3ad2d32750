package viewer

import (
	"slices"

	"genview/models/watch"
)

// row clicks a row of the parameters.
func (d *desk) row(n int) {
	i, p := panel[*Layers](d)
	d.raiseTab(i)
	r := p.columns(p.areas(d.size(i), d.s).rows, false).name
	d.click(Point{d.places[i].X + r.X + 5, d.places[i].Y + r.Y + layerHeight*(float64(n)+0.5)})
}

// learns shows how the parameters changed in some steps.
func (d *desk) learns() {
	d.row(0)
	for step := range 12 {
		s, v := *d.s, *watch.Find[*watch.Layers](d.s.Views, "Model")
		v.Layers, v.Activations = slices.Clone(v.Layers), slices.Clone(v.Activations)
		for i := range v.Layers {
			v.Layers[i].Weight.Most *= 1.05
			v.Layers[i].Gradient.Most *= 0.9
			v.Activations[i/2].Values.Most *= 1 + 0.1*float64(step%3)
		}
		s.LookStep += 100
		v.Step = s.LookStep
		made := *v.Features
		made.Step, v.Features = v.Step, &made
		s.Step += 100
		s.Show(&v)
		d.s = &s
		d.tick()
	}
}

// beside adds samples, and pictures that a GAN learns from.
func beside(s *watch.Snapshot) {
	v := &watch.Pictures{Name: "Samples"}
	for i := range 64 {
		v.Images = append(v.Images, picture(16, 3*i))
	}
	for i := range 32 {
		v.Real = append(v.Real, picture(16, i%4))
	}
	s.Show(v)
}

// layerDrawings are windows with what a model is made of.
var layerDrawings = []drawing{
	{
		name: "layers", size: Point{1280, 800}, scale: 1, show: layered,
		do: func(d *desk) {
			i, p := panel[*Layers](d)
			d.raiseTab(i)
			r := p.columns(p.areas(d.size(i), d.s).rows, false).name
			d.e.Cursor = Point{d.places[i].X + r.X + 5, d.places[i].Y + r.Y + layerHeight + 5}
		},
	},
	{name: "easel", size: Point{1280, 800}, scale: 1, show: beginning, do: func(d *desk) { d.scrawl(d.draws(), circle(0.6)...) }},
	{name: "easel-small", size: Point{640, 480}, scale: 1, show: beginning, do: func(d *desk) { d.draws(); inLight(d) }},
	{name: "beside", size: Point{1280, 800}, scale: 1, show: lettersWith(beside)},
	{name: "features", size: Point{1280, 800}, scale: 1, show: featured, do: (*desk).learns},
	{name: "features-light", size: Point{1280, 800}, scale: 1, show: featured, do: func(d *desk) {
		inLight(d)
		d.learns()
	}},
	{name: "histories", size: Point{1280, 800}, scale: 1, show: featured, do: func(d *desk) {
		d.learns()
		i, p := panel[*Layers](d)
		d.click(d.middle(i, turning(p.areas(d.size(i), d.s).pane)))
	}},
	{name: "settings-live", size: Point{1280, 800}, scale: 1, show: dialed, do: func(d *desk) {
		i, p := panel[*Layers](d)
		d.raiseTab(i)
		d.click(d.middle(i, p.areas(d.size(i), d.s).settings))
	}},
	{name: "kernels", size: Point{1280, 800}, scale: 1, show: timed, do: (*desk).times},
}

// times shows the kernels.
func (d *desk) times() {
	i, p := panel[*Layers](d)
	d.raiseTab(i)
	d.click(d.middle(i, p.areas(d.size(i), d.s).kernels))
}
