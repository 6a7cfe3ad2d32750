package viewer

import "genview/models/watch"

// inLight presses the key of the other theme.
func inLight(d *desk) {
	d.e.Keys.Theme = true
	d.tick()
	d.e.Keys.Theme = false
}

// frameDrawings are those of the start page, and of the window about the panels.
var frameDrawings = []drawing{
	{
		name: "choosing", size: Point{1280, 800}, scale: 1, show: beginning,
		do: func(d *desk) { d.e.Cursor = Point{400, 400} },
	},
	{
		name: "choosing-small", size: Point{640, 480}, scale: 1, show: beginning,
		do: func(d *desk) {
			s := *d.s
			s.Message = "photo.png is neither a folder of pictures nor a text: drop one of these"
			d.s = &s
		},
	},
	{
		name: "choosing-large", size: Point{1706, 960}, scale: 1.5, show: beginning,
		do: func(d *desk) {
			inLight(d)
			s := *d.s
			s.Learns, s.Choices = "/home/me/pictures/flowers", s.Choices[:2]
			d.s = &s
		},
	},
	{
		name: "training-light", size: Point{1280, 800}, scale: 1, show: snapshot, do: inLight,
		past: func(m *machine) { m.tick() },
	},
	{
		name: "dates-light", size: Point{1280, 800}, scale: 1, show: dates,
		do: func(d *desk) {
			inLight(d)
			d.ablates(1, 3)
		},
	},
	{name: "grid-light", size: Point{1280, 800}, scale: 1, show: grid, do: inLight},
	{
		name: "tooltip", size: Point{640, 480}, scale: 1,
		show: lettersWith(func(s *watch.Snapshot) {
			s.Title = "a run with a name that is much too long for a window that is so narrow"
		}),
		do: func(d *desk) { d.e.Cursor = Point{80, 36} },
	},
	{
		name: "panels", size: Point{1280, 800}, scale: 1, show: snapshot,
		do: func(d *desk) {
			i, _ := panel[*Curves](d)
			at := d.places[i]
			d.drags(Point{at.X + 50, at.Y + at.H + gap/2}, Point{at.X + 50, at.Y + at.H + 120})
			d.strikes(Keys{Panels: true})
			d.e.Typed = "3"
			d.tick()
			_, line := choiceBox(d.e.Size, len(d.entries(d.s)), 1)
			d.e.Cursor = Point{line.X + 90, line.Y + 10}
		},
	},
	{
		name: "settings", size: Point{1280, 800}, scale: 1, show: beginning,
		do: func(d *desk) {
			p := opens(d)
			i, _ := panel[*Start](d)
			d.click(d.middle(i, value(p.form.parts(d.size(i)).rows[0])))
			d.e.Typed = "500"
			d.tick()
			s := *d.s
			s.Needs = watch.Needs{Name: "vae", Device: "llvmpipe (LLVM 15.0.6, 512 bits)", Memory: 12 << 20, Steps: 2000, StepSeconds: 0.03, Run: "runs/letters"}
			d.s = &s
		},
	},
	{
		name: "settings-small", size: Point{640, 480}, scale: 1, show: beginning,
		do: func(d *desk) {
			opens(d)
			s := *d.s
			s.Needs = watch.Needs{Name: "vae", Problem: "batch is 0 and must be at least 1"}
			d.s = &s
		},
	},
}
