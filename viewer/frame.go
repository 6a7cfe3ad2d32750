package viewer

import (
	mapped "maps" // the tests have a function maps
	"math"
	"slices"

	"genview/models/watch"
)

// frame handles input that is for the window and for no panel. It tells whether a press is still for a panel, and whether to draw again.
func (st *State) frame(e *Events, s *watch.Snapshot, pressed bool) (still, redraw bool) {
	if was := st.help; st.guide(e, pressed) != was {
		redraw, pressed = true, pressed && !was
	}
	if e.Keys.Theme {
		st.now.Theme, redraw = 1-st.now.Theme, true
	}
	acted, changed := st.choose(e, s, pressed)
	pressed = pressed && !acted
	resized, moved := st.resize(*e, pressed)
	raised := pressed && !resized && st.raise(e.Cursor)
	if acted || resized || raised {
		st.arrange(e.Size, s)
	}
	return pressed && !resized, redraw || changed || acted || resized || moved || raised
}

// A border is the gap between two slots, or between the columns.
type border struct {
	gap          Rect
	upper, lower int // the slots
	side         bool
	moving       bool
}

// line returns what is drawn of a border.
func (b border) line() Rect {
	const width = 2
	if b.side {
		return Rect{b.gap.X + (b.gap.W-width)/2, b.gap.Y, width, b.gap.H}
	}
	return Rect{b.gap.X, b.gap.Y + (b.gap.H-width)/2, b.gap.W, width}
}

// borders returns the borders that can be moved.
func (st *State) borders() (all []border) {
	var column [3]Rect
	for i, q := range st.slots {
		if q.column == 0 {
			continue
		}
		if i > 0 && st.slots[i-1].column == q.column {
			above := st.slots[i-1].area
			all = append(all, border{gap: Rect{q.area.X, above.Y + above.H, q.area.W, q.area.Y - above.Y - above.H}, upper: i - 1, lower: i})
		}
		c := &column[q.column]
		if c.W == 0 {
			*c = q.area
		}
		c.H = q.area.Y + q.area.H - c.Y
	}
	if left, right := column[1], column[2]; left.W > 0 && right.W > 0 {
		all = append(all, border{gap: Rect{left.X + left.W, left.Y, right.X - left.X - left.W, left.H}, side: true})
	}
	return all
}

// resize moves the border that the user drags. It tells whether areas changed or the press was for a border, and whether to draw again.
func (st *State) resize(e Events, pressed bool) (resized, redraw bool) {
	was := st.border
	if !was.moving || !e.Down {
		st.border = border{}
		for _, b := range st.borders() {
			if b.gap.Contains(e.Cursor) && st.held == nil && !st.help && !st.choosing && (!e.Down || pressed) {
				b.moving = pressed
				st.border = b
			}
		}
		return st.border.moving, st.border != was
	}
	if e.Cursor == st.events.Cursor {
		return false, false
	}
	if was.side {
		st.moveSide(e.Cursor.X)
	} else {
		st.moveBelow(was, e.Cursor.Y)
	}
	st.arrange(e.Size, st.snapshot)
	for _, b := range st.borders() {
		if b.side == was.side && b.upper == was.upper {
			b.moving = true
			st.border = b
		}
	}
	return true, true
}

// moveSide gives the tall panels what is to the right of x.
func (st *State) moveSide(x float64) {
	all := Rect{0, 0, st.events.Size.X, 0}.Inset(gap)
	st.now.Side = mapped.Clone(st.now.Side)
	if st.now.Side == nil {
		st.now.Side = map[string]float64{}
	}
	st.now.Side[st.sideName()] = min(max((all.X+all.W-x-gap/2)/all.W, 0.1), 0.9)
}

// sideName says what is at the side: windows with large panels are divided otherwise.
func (st *State) sideName() string {
	for _, p := range st.panels {
		if !st.hidden(p) && p.Shape(st.snapshot) == Large {
			return "large"
		}
	}
	return "tall"
}

// moveBelow moves the border between two slots to y, as far as both keep their least heights.
func (st *State) moveBelow(b border, y float64) {
	low := func(slot int) float64 { return least[st.panels[st.slots[slot].panels[0]].Shape(st.snapshot)] }
	upper, lower := st.slots[b.upper].area, st.slots[b.lower].area
	both := upper.H + lower.H
	h := min(max(y-gap/2-upper.Y, min(low(b.upper), upper.H)), both-min(low(b.lower), lower.H))
	heights, sum := map[int]float64{}, 0.0
	for i, q := range st.slots {
		if q.column == st.slots[b.upper].column {
			heights[i] = q.area.H
			sum += q.area.H
		}
	}
	heights[b.upper], heights[b.lower] = h, both-h
	st.now.Heights = mapped.Clone(st.now.Heights)
	if st.now.Heights == nil {
		st.now.Heights = map[string]float64{}
	}
	for i, h := range heights {
		st.now.Heights[st.panels[st.slots[i].panels[0]].Title()] = math.Round(1000*h/sum*float64(len(heights))) / 1000
	}
}

// division returns how the user divides the window for panels of those shapes.
func (st *State) division(shapes []Shape) division {
	d := division{weights: map[int]float64{}}
	d.side = st.now.Side["tall"]
	if slices.Contains(shapes, Large) {
		d.side = st.now.Side["large"]
	}
	for i, p := range st.panels {
		d.weights[i] = st.now.Heights[p.Title()]
	}
	return d
}

// hidden tells whether the user has hidden a panel.
func (st *State) hidden(p Panel) bool {
	return p.Title() != "" && slices.Contains(st.now.Hidden, p.Title())
}

// drawEmpty says how to get panels back if there are only bars.
func (st *State) drawEmpty(c *Canvas) {
	for _, q := range st.slots {
		if q.column > 0 || len(st.slots) == 1 {
			return
		}
	}
	if len(st.now.Hidden) > 0 {
		c.Text("all panels are hidden: F2 shows the list of them", Point{c.Size().X / 2, c.Size().Y / 2}, Text{Size: 15, Color: dimColor, Align: Center})
	}
}
