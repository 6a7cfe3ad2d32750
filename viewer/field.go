package viewer

import "time"

// A field is a line of text that the user edits. The first click into it selects everything, so that typing replaces the text; a second
// click keeps it. Enter, Escape or a click elsewhere ends editing.
type field struct {
	text    string
	on      bool
	all     bool      // the text is selected
	changed time.Time // time of the last edit; zero once the edit was reported
}

// pause is how long after the last edit the text is used.
const pause = 300 * time.Millisecond

// update processes input. It starts from the shown text. It returns whether to use the text now, and whether the field has to be drawn
// again.
func (f *field) update(in Input, area Rect, shown string) (take, redraw bool) {
	was := *f
	inside := in.Pressed && area.Contains(in.Cursor)
	switch {
	case inside:
		if !f.on {
			f.text = shown
		}
		f.on, f.all = true, !f.on
	case f.on && (in.Keys.Escape || in.Outside || in.Pressed && !inside):
		f.on = false
	case f.on:
		if f.all && (in.Keys.Erase || in.Typed != "") {
			f.text, f.all, in.Keys.Erase, f.changed = "", false, false, in.Now
		}
		if r := []rune(f.text); in.Keys.Erase && len(r) > 0 {
			f.text, f.changed = string(r[:len(r)-1]), in.Now
		}
		if in.Typed != "" {
			f.text, f.changed = f.text+in.Typed, in.Now
		}
		if in.Keys.Enter {
			f.on, take = false, true
		}
	}
	if !f.changed.IsZero() && (take || in.Now.Sub(f.changed) >= pause) {
		take, f.changed = true, time.Time{}
	}
	return take, was.text != f.text || was.on != f.on || was.all != f.all
}

// draw draws the field, with a caret at its end while the user edits it. A text that is too long shows its end.
func (f *field) draw(c *Canvas, area Rect, shown string) {
	t := Text{Size: 15, Mono: true, Color: textColor}
	line := lineColor
	if f.on {
		shown, line = f.text, accentColor
	}
	c.Fill(area, backColor)
	c.Frame(area, 1, line)
	inner := area.Inset(10)
	for r := []rune(shown); c.Width(shown, t) > inner.W-8 && len(r) > 0; {
		r = r[1:]
		shown = "…" + string(r)
	}
	middle := area.Y + area.H/2
	if f.on && f.all {
		c.Fill(Rect{inner.X - 2, middle - 10, c.Width(shown, t) + 3, 20}, faded(accentColor, 0.35))
	}
	c.Text(shown, Point{inner.X, middle}, t)
	if f.on {
		c.Fill(Rect{inner.X + c.Width(shown, t) + 2, middle - 9, 2, 18}, accentColor)
	}
}
