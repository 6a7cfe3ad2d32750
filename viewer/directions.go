package viewer

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"genview/models/directions"
	"genview/models/ticks"
	"genview/models/watch"
)

// dirs are the directions of a latent space with a slider each, which move the point and the plane along them.
type dirs struct {
	found   []watch.Point      // in this window
	shares  map[string]float64 // of the variance, by name
	sliders map[string]*slider // by name
	sum     []float32          // what the sliders add to points; nil: nothing
	chosen  string             // the name of the direction that was moved last
	first   int                // of those that are shown
	layer   int                // which source is asked for more
	asking  bool
	groups  map[string]int // by the name of a pin: one of the groups, between which the difference lies
	answer  atomic.Pointer[components]
	name    field

	of, find, apart, reset, keep button
}

// components is the answer to what was asked for.
type components struct {
	*watch.Components
	err error
}

// The groups of pins.
const (
	ofNone = iota
	ofFrom
	ofTo
	groupCount
)

func newDirs() dirs {
	return dirs{shares: map[string]float64{}, sliders: map[string]*slider{}, groups: map[string]int{}, find: button{key: 'x'}}
}

// all returns the directions: those that were found, then those of the run.
func (d *dirs) all(l *watch.Latent) []watch.Point {
	all := slices.Clone(d.found)
	for _, a := range l.Axes {
		if !slices.ContainsFunc(all, func(b watch.Point) bool { return b.Name == a.Name }) {
			all = append(all, a)
		}
	}
	return all
}

// slider returns the slider of a direction.
func (d *dirs) slider(name string) *slider {
	if d.sliders[name] == nil {
		d.sliders[name] = &slider{at: 0.5, mark: 0.5}
	}
	return d.sliders[name]
}

// amount is how far a slider moves along its direction, in standard deviations.
func (s *slider) amount() float64 { return 2 * reach * (s.at - 0.5) }

// add computes anew what the sliders add to points.
func (d *dirs) add(l *watch.Latent) {
	d.sum = nil
	for _, a := range d.all(l) {
		by := float32(d.slider(a.Name).amount())
		if by == 0 || len(a.Z) != l.Z {
			continue
		}
		if d.sum == nil {
			d.sum = make([]float32, l.Z)
		}
		for i := range d.sum {
			d.sum[i] += by * a.Z[i]
		}
	}
}

// put adds a direction to those that were found, in place of one of that name.
func (d *dirs) put(a watch.Point) {
	d.found = slices.DeleteFunc(d.found, func(b watch.Point) bool { return b.Name == a.Name })
	d.found = append(d.found, a)
}

// sources returns the names of what directions are found of: the latent vectors of pictures, and layers.
func sources(l *watch.Latent) (names []string) {
	if l.Encodes {
		names = append(names, "z")
	}
	return append(names, l.Layers...)
}

// ask asks for the directions of the chosen source.
func (d *dirs) ask(s *watch.Snapshot, l *watch.Latent) watch.Vary {
	all := sources(l)
	layer := all[d.layer%len(all)]
	if l.Encodes && d.layer%len(all) == 0 {
		layer = ""
	}
	d.asking = true
	step := -1
	if replayed(s) {
		step = s.Past.Weights
	}
	return watch.Vary{Layer: layer, Step: step, Reply: func(c *watch.Components, err error) { d.answer.Store(&components{c, err}) }}
}

// take takes an answer, and returns what went wrong; "": nothing.
func (d *dirs) take(l *watch.Latent) (problem string, redraw bool) {
	a := d.answer.Swap(nil)
	if a == nil {
		return "", false
	}
	d.asking = false
	if a.err != nil {
		return a.err.Error(), true
	}
	d.found = slices.DeleteFunc(d.found, func(b watch.Point) bool { _, pca := d.shares[b.Name]; return pca && d.slider(b.Name).at == 0.5 })
	d.found = append(slices.DeleteFunc(slices.Clone(a.Points), func(b watch.Point) bool {
		return slices.ContainsFunc(d.found, func(c watch.Point) bool { return c.Name == b.Name })
	}), d.found...)
	for i, p := range a.Points {
		d.shares[p.Name] = a.Shares[i]
	}
	d.first = 0
	d.add(l)
	return "", true
}

// regroup moves a pin to the next group.
func (d *dirs) regroup(name string) { d.groups[name] = (d.groups[name] + 1) % groupCount }

// difference returns the direction between the two groups of pins; ready tells whether both have some.
func (d *dirs) difference(pins []pin) (z []float32, ready bool) {
	var groups [groupCount][][]float32
	for _, p := range pins {
		g := d.groups[p.Name]
		groups[g] = append(groups[g], p.Z)
	}
	z, err := directions.Difference(groups[ofFrom], groups[ofTo])
	return z, err == nil
}

// groupSizes counts the points of both groups.
func (p *Latent) groupSizes() string {
	var n [groupCount]int
	for _, q := range p.pins {
		n[p.dirs.groups[q.Name]]++
	}
	return fmt.Sprintf("from %d to %d", n[ofFrom], n[ofTo])
}

// dirRow is the height of a direction's slider.
const dirRow = 25

// list returns the areas of the picture and of the sliders of n directions, or of fewer if there is no room.
func (d *dirs) list(zone Rect, n int) (picture Rect, rows []Rect) {
	shown := min(n, 8)
	if zone.W >= 260 {
		side := min(zone.W, max(0.4*zone.H, zone.H-dirRow*float64(max(shown, 1))-8))
		picture = Rect{zone.X + (zone.W-side)/2, zone.Y, side, side}
		_, zone = zone.Top(side + 8)
	}
	for range min(shown, int(zone.H/dirRow)) {
		var row Rect
		row, zone = zone.Top(dirRow)
		rows = append(rows, row)
	}
	return picture, rows
}

// useDirections handles the sliders and the controls of directions.
func (p *Latent) useDirections(in Input, s *watch.Snapshot, q parts, click func(*button, Rect, func())) (ask []watch.Request, redraw bool) {
	d, l := &p.dirs, p.view(s)
	all := d.all(l)
	_, rows := d.list(q.square, len(all))
	if most := len(all) - len(rows); in.Over && in.Wheel != 0 && q.square.Contains(in.Cursor) {
		d.first = min(max(0, d.first-int(in.Wheel)), max(0, most))
		redraw = true
	}
	d.first = min(d.first, max(0, len(all)-len(rows)))
	for i, r := range rows {
		a := all[d.first+i]
		moved, _, changed := d.slider(a.Name).update(in, r)
		redraw = redraw || changed
		if in.Pressed && r.Contains(in.Cursor) && d.chosen != a.Name {
			d.chosen, d.name.text, redraw = a.Name, a.Name, true
		}
		if moved {
			d.add(l)
			p.changes++
		}
	}
	top, middle := split(q.rows[0], 2), split(q.rows[1], 2)
	if n := len(sources(l)); n > 0 && exportable(s) {
		click(&d.of, top[0], func() { d.layer = (d.layer + 1) % n })
		click(&d.find, top[1], func() {
			if !d.asking {
				ask = append(ask, d.ask(s, l))
			}
		})
	}
	click(&d.apart, middle[0], func() {
		if z, ready := d.difference(p.pins); ready {
			d.put(watch.Point{Name: "difference", Z: z})
			d.chosen, d.name.text = "difference", "difference"
		} else {
			p.problem = "give points to both groups: click them"
		}
	})
	click(&d.reset, middle[1], func() {
		for _, k := range d.sliders {
			k.at = k.mark
		}
		d.add(l)
		p.changes++
	})
	text, keep := fieldRow(q.rows[2])
	_, changed := d.name.update(in, text, d.name.text)
	i := slices.IndexFunc(all, func(a watch.Point) bool { return a.Name == d.chosen })
	if i >= 0 && exportable(s) {
		click(&d.keep, keep, func() {
			kept := watch.Point{Name: strings.TrimSpace(d.name.text), Z: all[i].Z}
			if err := directions.CheckName(kept.Name); err != nil {
				p.problem = strings.TrimPrefix(err.Error(), "directions: ")
				return
			}
			at := d.slider(d.chosen).at
			d.slider(d.chosen).at = 0.5
			d.slider(kept.Name).at = at
			d.put(kept)
			p.problem = ""
			d.chosen = kept.Name
			d.add(l)
			ask = append(ask, watch.KeepDirection{Point: kept})
		})
	}
	return ask, redraw || changed
}

// drawDirections draws the sliders and the controls of directions.
func (p *Latent) drawDirections(c *Canvas, s *watch.Snapshot, q parts) {
	d, l := &p.dirs, p.view(s)
	all := d.all(l)
	picture, rows := d.list(q.square, len(all))
	if picture.W > 0 {
		p.drawPicture(c, picture, s)
	}
	if len(all) == 0 {
		p.drawNone(c, q, picture)
	}
	for i, r := range rows {
		a := all[d.first+i]
		name := a.Name
		if share, ok := d.shares[a.Name]; ok {
			name += fmt.Sprintf("  %.0f %%", 100*share)
		}
		if a.Name == d.chosen {
			c.Fill(Rect{r.X - 8, r.Y + 5, 2, r.H - 10}, accentColor)
		}
		k := d.slider(a.Name)
		k.draw(c, r, name, ticks.Minus(fmt.Sprintf("%+.2f", k.amount())))
	}
	top, middle := split(q.rows[0], 2), split(q.rows[1], 2)
	if all := sources(l); len(all) > 0 && exportable(s) {
		d.of.draw(c, top[0], "of "+all[d.layer%len(all)])
		label := "Find"
		if d.asking {
			label = "finding …"
		}
		d.find.draw(c, top[1], label)
	}
	d.apart.draw(c, middle[0], "Difference")
	d.reset.draw(c, middle[1], "Reset")
	text, keep := fieldRow(q.rows[2])
	d.name.draw(c, text, d.name.text)
	placeholder(c, &d.name, text, "its name")
	if d.chosen != "" && exportable(s) {
		d.keep.draw(c, keep, "Keep")
	}
}

// drawNone says how directions are found.
func (p *Latent) drawNone(c *Canvas, q parts, picture Rect) {
	t := Text{Size: 13, Color: dimColor}
	y := picture.Y + picture.H + 14
	if picture.W == 0 {
		y = q.square.Y + 8
	}
	for _, line := range c.wrap("Find looks along what a layer varies most. Difference lies between two groups of points: add some, and click them.", t, q.square.W) {
		if y < q.square.Y+q.square.H {
			c.Text(line, Point{q.square.X, y}, t)
		}
		y += 19
	}
}

// placeholder says what belongs into an empty field.
func placeholder(c *Canvas, f *field, area Rect, says string) {
	if t := (Text{Size: 13, Color: dimColor}); f.text == "" && !f.on {
		c.Text(c.Shorten(says, t, area.W-20), Point{area.X + 10, area.Y + area.H/2}, t)
	}
}
