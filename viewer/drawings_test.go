package viewer

import (
	"math"
	"slices"
	"testing"

	"genview/models/watch"
)

// A drawing is a window to draw in a test: a model's snapshot, and a user's input.
type drawing struct {
	name  string
	size  Point
	scale float64
	show  func() *watch.Snapshot
	do    func(d *desk)    // nil for nothing
	past  func(m *machine) // what the user does in a run that has a past; nil: it has none
}

// open returns the window as it is before it is drawn.
func (w drawing) open(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, w.show())
	var m *machine
	if w.past != nil {
		m = newMachine(t, w.show(), 0, 1, 2, 4, 7, 13, 20, 35, 60, 90, 140, 203, 297, 400, 560, 700, 830, 960, 1100, 1240)
		d = m.desk
	}
	d.e.Size = w.size
	d.tick()
	if latent(d.s) != nil {
		answered(d)
	}
	if w.do != nil {
		w.do(d)
	}
	d.tick()
	if w.past != nil {
		w.past(m)
	}
	return d
}

// inThePast shows a step, with pictures of its weights.
func inThePast(m *machine, step int) {
	m.time.at = step
	m.tick()
	m.show(step)
	m.tick()
	m.tick()
	_, p := panel[*Latent](m.desk)
	p.newest.scene, p.mosaicOf = p.scene(m.snapshot), p.scene(m.snapshot)
}

// answered gives the latent panel the pictures that the trainer would answer with.
func answered(d *desk) {
	_, p := panel[*Latent](d)
	p.newest.image = picture(28, 5)
	for i := range mosaic * mosaic {
		p.mosaic = append(p.mosaic, picture(28, i))
	}
	p.mosaicOf = p.scene(d.s)
	p.newest.scene = p.mosaicOf
}

// lettersWith returns the snapshot of letters after a change.
func lettersWith(change func(s *watch.Snapshot)) func() *watch.Snapshot {
	return func() *watch.Snapshot {
		s := snapshot()
		change(s)
		return s
	}
}

// largeMapOf returns where the cells of the large map lie in the window.
func largeMapOf(d *desk) Rect {
	i, p := panel[*HeatMaps](d)
	m, _ := p.chosenMap()
	at := largeOf(p.sectionsOf(p.areas(d.size(i)).large, p.shown).table, p.shown, m, p.zoom).cells
	return Rect{d.places[i].X + at.X, d.places[i].Y + at.Y, at.W, at.H}
}

// ablates chooses a head and has it put out zeros; the answer comes after a few steps of training.
func (d *desk) ablates(layer, index int) {
	i, p := panel[*HeatMaps](d)
	d.click(d.middle(i, small(p.areas(d.size(i)).grid, p.shown, layer, index)))
	d.click(d.middle(i, p.sectionsOf(p.areas(d.size(i)).large, p.shown).tools[toolZero]))
	for step := range 12 {
		s, v := *d.s, *p.shown
		v.Maps = slices.Clone(v.Maps)
		for l := range v.Maps {
			v.Maps[l].Scores = slices.Clone(v.Maps[l].Scores)
			for k := range v.Maps[l].Scores {
				of := &v.Maps[l].Scores[k]
				of.Values = slices.Clone(of.Values)
				for h := range of.Values {
					of.Values[h] *= 1 + 0.05*math.Sin(float64(step*(k+1)))
				}
			}
		}
		v.Cut = &watch.Cut{Ablate: p.cut, Loss: 1.864, Lost: 2.013, Unit: "nats per character", Next: []watch.Likely{{Token: " ", P: 0.62}, {Token: ",", P: 0.2}, {Token: "\n", P: 0.11}}}
		if v.Prompt.Output == "2016-07-04" {
			v.Cut.Next, v.Cut.Output = nil, "2016-07-14"
		}
		s.LookStep += step
		s.Show(&v)
		d.s = &s
		d.tick()
	}
}

var drawings = slices.Concat([]drawing{
	{name: "training", size: Point{1120, 720}, scale: 1, show: snapshot},
	{
		name: "paused", size: Point{900, 600}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) { s.State = watch.Paused }),
		do: func(d *desk) {
			d.e.Typed = "l"
			d.tick()
			d.e.Cursor = Point{200, 230} // over the curves
		},
	},
	{
		name: "narrow", size: Point{640, 900}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) {
			s.Title = "a run with a name that is much too long for a window that is so narrow"
			s.Show(&watch.Latent{Name: "Latent space", Z: 2})
		}),
	},
	{
		name: "fine", size: Point{640, 480}, scale: 2,
		show: lettersWith(func(s *watch.Snapshot) {
			s.State, s.Message = watch.Done, "loss became NaN at step 1240; the last good checkpoint is kept: try a smaller learning rate"
		}),
	},
	{
		name: "compiling", size: Point{640, 480}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) { *s = watch.Snapshot{Title: s.Title, State: watch.Compiling} }),
	},
	{
		name: "dates", size: Point{1280, 800}, scale: 1, show: dates,
		do: func(d *desk) { d.e.Cursor = Point{1000, 640} }, // over a share
	},
	{
		name: "zoomed", size: Point{900, 600}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) {
			v := *curves(s)
			v.Clock = watch.Clock{Steps: []float64{0, 1240}, Seconds: []float64{0, 620}}
			s.Past = &watch.Past{Steps: []int{1, 800, 1240}, Shown: -1, Weights: -1}
			s.Show(&v)
		}),
		do: func(d *desk) {
			i, p := panel[*Curves](d)
			at, plot, v := d.places[i], p.plots(d.size(i), curves(d.s))[0], curves(d.s)
			name := p.legendBoxes(d.size(i), v)[1]
			d.click(Point{at.X + name.X + 5, at.Y + name.Y + 5})
			d.e.Typed = "t"
			d.tick()
			d.e.Cursor, d.e.Wheel = Point{at.X + plot.X + plot.W/3, at.Y + plot.Y + plot.H/2}, 4
			d.tick()
			d.e.Wheel = 0
		},
	},
	{
		name: "help", size: Point{1120, 720}, scale: 1, show: snapshot,
		do: func(d *desk) {
			d.e.Typed = "?"
			d.tick()
		},
	},
	{
		name: "events", size: Point{900, 600}, scale: 1, show: markedRun,
		do: func(d *desk) {
			i, p := panel[*Curves](d)
			r := p.plots(d.size(i), curves(d.s))[0]
			d.e.Typed = "t"
			d.tick()
			d.e.Cursor = Point{d.places[i].X + r.X + r.W/4, d.places[i].Y + r.Y + r.H/2}
		},
	},
	{
		name: "steered", size: Point{1280, 800}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) {
			s.State, s.Rate, s.Home, s.Parts = watch.Paused, 0.25, true, []string{"discriminator", "generator"}
		}),
	},
	{
		name: "rested", size: Point{640, 480}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) { s.State, s.Trainable, s.Home = watch.Done, true, true }),
	},
	{name: "dates-small", size: Point{640, 480}, scale: 1, show: dates},
	{
		name: "dates-high", size: Point{700, 1300}, scale: 1,
		show: func() *watch.Snapshot {
			s := dates()
			s.Show(&watch.HeatMaps{Name: "Attention", Prompt: &watch.Prompt{Text: "3 May ☃", Problem: "the model never saw the character '☃': it knows  ',-./0123456789ABCDEF"}})
			return s
		},
	},
	{
		name: "verse", size: Point{1280, 800}, scale: 1, show: verse,
		do: func(d *desk) {
			i, p := panel[*HeatMaps](d)
			d.click(d.middle(i, p.areas(d.size(i)).field))
		},
	},
	{
		name: "scripts", size: Point{1280, 800}, scale: 1, show: scripts,
		do: func(d *desk) {
			at := largeMapOf(d)
			d.e.Cursor = Point{at.X + at.W*0.3, at.Y + 3}
		},
	},
	{name: "scripts-fine", size: Point{700, 700}, scale: 2, show: scripts},
	{
		name: "heads", size: Point{1280, 800}, scale: 1, show: verse,
		do: func(d *desk) { d.ablates(2, 1) },
	},
	{
		name: "heads-lines", size: Point{1280, 800}, scale: 1, show: dates,
		do: func(d *desk) {
			d.ablates(1, 3)
			i, p := panel[*HeatMaps](d)
			q := p.sectionsOf(p.areas(d.size(i)).large, p.shown)
			d.click(d.middle(i, q.tools[asLines]))
			d.e.Cursor = Point{d.places[i].X + q.table.X + 20, d.places[i].Y + q.table.Y + 66}
		},
	},
	{
		name: "heads-small", size: Point{900, 620}, scale: 1, show: verse,
		do: func(d *desk) {
			i, p := panel[*HeatMaps](d)
			d.click(d.middle(i, small(p.areas(d.size(i)).grid, p.shown, 3, 4+2))) // the rollout
			d.click(d.middle(i, p.sectionsOf(p.areas(d.size(i)).large, p.shown).tools[toolLock]))
		},
	},
	{
		name: "heads-zoomed", size: Point{1280, 800}, scale: 1, show: verse,
		do: func(d *desk) {
			at := largeMapOf(d)
			d.e.Cursor, d.e.Wheel = Point{at.X + 0.3*at.W, at.Y + 0.5*at.H}, 4
			d.tick()
			d.e.Wheel = 0
		},
	},
	{
		name: "heads-stages", size: Point{1280, 800}, scale: 1, show: verse,
		do: func(d *desk) {
			d.tool(int(asStages))
			d.dissected()
			i, p := panel[*HeatMaps](d)
			r := p.inside.places(p.sectionsOf(p.areas(d.size(i)).large, p.shown).table)[0]
			d.e.Cursor = Point{d.places[i].X + r.X + 0.3*r.W, d.places[i].Y + r.Y + 0.6*r.H}
		},
	},
	{
		name: "heads-stages-small", size: Point{900, 620}, scale: 1, show: verse,
		do: func(d *desk) {
			d.tool(int(asStages))
			d.dissected()
		},
	},
	{
		name: "heads-text", size: Point{1280, 800}, scale: 1, show: verse,
		do: func(d *desk) {
			d.tool(int(asText))
			d.writes(0.4)
		},
	},
	{name: "heads-text-small", size: Point{900, 620}, scale: 1, show: verse, do: func(d *desk) { d.tool(int(asText)) }},
	{
		name: "grid", size: Point{1280, 800}, scale: 1, show: grid,
		do: func(d *desk) {
			d.e.Typed = "u"
			d.tick()
		},
	},
	{name: "grid-small", size: Point{640, 480}, scale: 1, show: grid},
	{
		name: "classes", size: Point{1280, 800}, scale: 1, show: classes,
		do: func(d *desk) {
			at := largeMapOf(d)
			d.e.Cursor = Point{at.X + at.W*0.35, at.Y + at.H*0.35}
		},
	},
	{
		name: "classes-small", size: Point{640, 480}, scale: 1, show: classes,
		do: func(d *desk) {
			for _, q := range d.slots {
				if len(q.panels) > 1 {
					d.click(Point{q.tab(1).X + 5, q.tab(1).Y + 5})
				}
			}
		},
	},
	{
		name: "past", size: Point{1280, 800}, scale: 1, show: snapshot,
		past: func(m *machine) {
			inThePast(m, 297)
			i, p := panel[*Time](m.desk)
			track := p.parts(m.size(i)).track
			m.e.Cursor = Point{m.places[i].X + track.X + 0.8*track.W, m.places[i].Y + trackHeight}
			m.tick()
		},
	},
	{
		name: "past-small", size: Point{640, 480}, scale: 1, show: snapshot,
		past: func(m *machine) {
			inThePast(m, 203) // whose latent plane is still that of another step
			_, p := panel[*Latent](m.desk)
			p.mosaicOf.step, p.newest.scene.step = 90, 90
			for _, q := range m.slots {
				if k := len(q.panels) - 1; k > 0 {
					m.click(Point{q.tab(k).X + 5, q.tab(k).Y + 5})
				}
			}
		},
	},
	{
		name: "film-small", size: Point{640, 480}, scale: 1, show: dates,
		past: func(m *machine) {
			m.e.Typed = "f"
			m.tick()
			m.time.from = 20
		},
	},
	{name: "showing", size: Point{640, 480}, scale: 1, show: showing},
}, frameDrawings, latentDrawings, layerDrawings)
