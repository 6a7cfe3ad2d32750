package viewer

import (
	"slices"
	"strconv"
	"strings"

	"genview/models/watch"
)

const (
	choiceHeight = 32
	choiceWidth  = 340
)

// entries are the lines of the list of panels: the titles of all panels that have something to show, and two more.
func (st *State) entries(s *watch.Snapshot) (all []string) {
	for _, p := range st.panels {
		if p.Title() != "" && p.Shape(s) != Hidden {
			all = append(all, p.Title())
		}
	}
	return append(all, "Light theme", "Sizes as usual")
}

// choiceBox returns the area of the list, and that of one of its n lines.
func choiceBox(size Point, n, i int) (box, line Rect) {
	h := titleHeight + float64(n)*choiceHeight + 2*padding
	box = Rect{max(0, (size.X-choiceWidth)/2), max(0, (size.Y-h)/2), min(choiceWidth, size.X), min(h, size.Y)}
	return box, Rect{box.X + padding, box.Y + titleHeight + padding/2 + float64(i)*choiceHeight, box.W - 2*padding, choiceHeight}
}

// choose opens and closes the list of panels, and does what is chosen in it. It tells whether it used a press or changed the window, and
// whether to draw again.
func (st *State) choose(e *Events, s *watch.Snapshot, pressed bool) (acted, redraw bool) {
	if s.State == watch.Choosing || st.help {
		st.choosing = false
		return false, false
	}
	if e.Keys.Panels || e.Menu {
		st.choosing = !st.choosing
		e.Keys = Keys{}
		return true, true
	}
	if !st.choosing {
		return false, false
	}
	all, was, chosen := st.entries(s), st.over, -1
	st.over = -1
	for i := range all {
		if _, line := choiceBox(e.Size, len(all), i); line.Contains(e.Cursor) {
			st.over = i
			if pressed {
				chosen = i
			}
		}
		if i < 9 && strings.Contains(e.Typed, strconv.Itoa(i+1)) {
			chosen = i
		}
	}
	box, _ := choiceBox(e.Size, len(all), 0)
	if e.Keys.Escape || pressed && !box.Contains(e.Cursor) {
		st.choosing, e.Keys = false, Keys{}
	}
	e.Typed, e.Letters, e.Keys = "", "", Keys{}
	switch n := len(all); {
	case chosen < 0:
	case chosen == n-2:
		st.now.Theme = 1 - st.now.Theme
	case chosen == n-1:
		st.now.Side, st.now.Heights = nil, nil
	default:
		st.toggle(all[chosen])
	}
	return pressed || chosen >= 0, st.over != was || !st.choosing
}

// toggle hides a panel, or shows it again.
func (st *State) toggle(title string) {
	left := slices.DeleteFunc(slices.Clone(st.now.Hidden), func(t string) bool { return t == title })
	if len(left) == len(st.now.Hidden) {
		left = append(left, title)
	}
	st.now.Hidden = left
}

// drawChoices draws the list of panels above everything.
func (st *State) drawChoices(c *Canvas) {
	all := st.entries(st.snapshot)
	box, _ := choiceBox(c.Size(), len(all), 0)
	c.cover()
	c.Fill(box, panelColor)
	c.Frame(box, 1, accentColor)
	c.Text("Panels", Point{box.X + 2*padding, box.Y + titleHeight/2 + 4}, Text{Size: 14, Bold: true, Color: textColor})
	c.Text("F2, or the right mouse button", Point{box.X + box.W - 2*padding, box.Y + titleHeight/2 + 4}, Text{Size: 12, Color: dimColor, Align: Right})
	for i, name := range all {
		_, r := choiceBox(c.Size(), len(all), i)
		if i == st.over {
			c.Fill(r, hoverColor)
		}
		y, t := r.Y+r.H/2, Text{Size: 14, Color: textColor}
		on := !slices.Contains(st.now.Hidden, name)
		switch i {
		case len(all) - 2:
			on = st.now.Theme == Light
			c.Fill(Rect{r.X, r.Y, r.W, 1}, lineColor)
		case len(all) - 1:
			on = len(st.now.Side)+len(st.now.Heights) == 0
		}
		if on {
			mark(c, Point{r.X + 22, y}, true)
		}
		c.Text(c.Shorten(name, t, r.W-80), Point{r.X + 42, y}, t)
		if i < 9 {
			c.Text(strconv.Itoa(i+1), Point{r.X + r.W - padding, y}, Text{Size: 12, Color: dimColor, Align: Right})
		}
	}
}
