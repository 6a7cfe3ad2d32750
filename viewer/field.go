package viewer

import (
	"math"
	"time"

	"genview/models/lettering"
)

// A field is a line of text that the user edits. The first click into it selects everything, so that typing replaces the text; the next
// ones place the caret, select a word and select everything; a drag selects. Enter, Escape or a click elsewhere ends editing.
type field struct {
	edit
	on        bool
	history   history
	composing string    // what an input method has at the caret, and has not put into the text yet
	changed   time.Time // time of the last edit; zero once the edit was reported
	scroll    float64   // how far the text is moved to the left
	at        Rect      // of the caret, in the panel

	grip    int // where a drag began
	clicks  int // at one place, in quick succession
	clicked time.Time
	pressed Point
}

const (
	pause       = 300 * time.Millisecond // how long after the last edit the text is used
	doubleClick = 400 * time.Millisecond
	slop        = 4  // how far the mouse moves in a click
	fieldMargin = 10 // between the edge and the text
	caretWidth  = 2
)

var fieldText = Text{Size: 15, Mono: true, Color: textColor}

// update processes input. It starts from the shown text. It returns whether to use the text now, and whether the field has to be drawn
// again.
func (f *field) update(in Input, area Rect, shown string) (take, redraw bool) {
	was := *f
	switch inside := in.Pressed && area.Contains(in.Cursor); {
	case inside:
		f.press(in, area, shown)
	case f.on && (in.Keys.Escape || in.Outside || in.Pressed):
		f.on = false
	case f.on:
		if in.Held && in.Moved && far(in.Cursor, f.pressed) {
			f.mark, f.caret = f.grip, f.under(in, area)
		}
		f.keys(in)
		if in.Keys.Enter {
			f.on, take = false, true
		}
	}
	f.composing = ""
	if f.on {
		f.composing = in.Composing
	}
	if f.edit != was.edit || f.on != was.on || f.composing != was.composing {
		f.reveal(in, area)
		redraw = true
	}
	if was.on && f.text != was.text {
		f.changed = in.Now
	}
	if !f.changed.IsZero() && (take || in.Now.Sub(f.changed) >= pause) {
		take, f.changed = true, time.Time{}
	}
	return take, redraw
}

// press handles a click into the field.
func (f *field) press(in Input, area Rect, shown string) {
	again := f.on && in.Now.Sub(f.clicked) < doubleClick && !far(in.Cursor, f.pressed)
	f.clicked, f.pressed = in.Now, in.Cursor
	if !f.on {
		f.on, f.clicks = true, 1
		if f.text != shown {
			f.history = history{}
		}
		f.edit, f.scroll = allOf(shown), 0
		f.grip = f.under(in, area)
		return
	}
	at := f.under(in, area)
	f.clicks++
	if !again {
		f.clicks = 1
	}
	switch f.clicks {
	case 1:
		f.edit = f.to(at, in.Keys.Shift)
	case 2:
		f.edit = f.wordAt(at)
	default:
		f.edit, f.clicks = allOf(f.text), 0
	}
	f.grip, f.history.typing = f.mark, false
}

// keys handles keys and typed characters.
func (f *field) keys(in Input) {
	k, none := in.Keys, f.caret == f.mark
	from, to := f.selection()
	switch {
	case k.All:
		f.edit = allOf(f.text)
	case k.Home:
		f.edit = f.to(0, k.Shift)
	case k.End:
		f.edit = f.to(len([]rune(f.text)), k.Shift)
	case k.Left && !k.Shift && !none:
		f.edit = f.to(from, false)
	case k.Right && !k.Shift && !none:
		f.edit = f.to(to, false)
	case k.Left:
		f.edit = f.to(f.before(k.Word), k.Shift)
	case k.Right:
		f.edit = f.to(f.next(k.Word), k.Shift)
	case k.Undo:
		f.edit = f.history.undo(f.edit)
	case k.Redo:
		f.edit = f.history.redo(f.edit)
	case k.Copy && !none:
		in.Clipboard.Write(f.selected())
	case k.Cut && !none:
		in.Clipboard.Write(f.selected())
		f.change(f.with(""), false)
	case k.Paste:
		if s := plain(in.Clipboard.Read()); s != "" {
			f.change(f.with(s), false)
		}
	case k.Erase && none:
		f.change(f.to(f.before(k.Word), true).with(""), false)
	case k.Delete && none:
		f.change(f.to(f.next(k.Word), true).with(""), false)
	case k.Erase || k.Delete:
		f.change(f.with(""), false)
	}
	if k != (Keys{}) {
		f.history.typing = false
	}
	if s := plain(in.Typed); s != "" {
		f.change(f.with(s), f.caret == f.mark && s != " ") // a step of undo takes a word back
	}
}

// change makes a change that can be undone.
func (f *field) change(to edit, typing bool) {
	if to.text != f.text {
		f.history.note(f.edit, typing)
		f.edit = to
	}
}

func far(a, b Point) bool { return math.Hypot(a.X-b.X, a.Y-b.Y) > slop }

// seen returns the text as it is drawn, with what an input method has, and where the caret is in it.
func (f *field) seen() (text string, caret int) {
	r := []rune(f.text)
	return string(r[:f.caret]) + f.composing + string(r[f.caret:]), f.caret + len([]rune(f.composing))
}

// under returns the place between characters that is nearest to the cursor.
func (f *field) under(in Input, area Rect) int {
	line := in.Fonts.Line(f.text, lettering.Style{Size: fieldText.Size, Mono: true})
	return f.near(line.Index(in.Cursor.X - area.X - fieldMargin + f.scroll))
}

// reveal scrolls so that the caret can be seen, and the field is filled if the text is long enough.
func (f *field) reveal(in Input, area Rect) {
	if !f.on {
		f.scroll = 0
		return
	}
	text, caret := f.seen()
	line := in.Fonts.Line(text, lettering.Style{Size: fieldText.Size, Mono: true})
	const about = 24 // what is seen beside the caret
	w, x := area.W-2*fieldMargin-caretWidth, line.Caret(caret)
	f.scroll = min(max(f.scroll, x+about-w), x-about)
	f.scroll = max(0, min(f.scroll, line.Width()-w))
	f.at = Rect{area.X + fieldMargin + x - f.scroll, area.Y + area.H/2 - 9, caretWidth, 18}
}

// draw draws the field, with the caret and the selection while the user edits it. A text that is too long shows its end, or the part
// about the caret.
func (f *field) draw(c *Canvas, area Rect, shown string) {
	c.Fill(area, fieldColor)
	if !f.on {
		c.Frame(area, 1, lineColor)
		c.Text(c.tail(shown, fieldText, area.W-2*fieldMargin), Point{area.X + fieldMargin, area.Y + area.H/2}, fieldText)
		return
	}
	c.Frame(area, 1, accentColor)
	text, caret := f.seen()
	line := c.brush.fonts.Line(text, c.style(fieldText))
	inner := Rect{area.X + fieldMargin, area.Y + 1, area.W - 2*fieldMargin, area.H - 2}
	in, middle := c.Sub(inner), inner.H/2
	place := func(i int) float64 { return line.Caret(i)/c.scale - f.scroll }
	if f.composing == "" {
		from, to := f.selection()
		for _, s := range line.Spans(from, to) {
			in.Fill(Rect{s[0]/c.scale - f.scroll, middle - 11, (s[1] - s[0]) / c.scale, 22}, faded(accentColor, 0.35))
		}
	} else {
		for _, s := range line.Spans(f.caret, caret) {
			in.Fill(Rect{s[0]/c.scale - f.scroll, middle + 10, (s[1] - s[0]) / c.scale, 1}, accentColor)
		}
	}
	in.Text(text, Point{-f.scroll, middle}, fieldText)
	in.Fill(Rect{place(caret), middle - 9, caretWidth, 18}, accentColor)
	const more = 14 // width of an ellipsis
	if f.scroll > 0 {
		in.Fill(Rect{0, 0, more, inner.H}, fieldColor)
		in.Text("…", Point{0, middle}, Text{Size: 15, Mono: true, Color: dimColor})
	}
	if line.Width()/c.scale-f.scroll > inner.W+1 {
		in.Fill(Rect{inner.W - more, 0, more, inner.H}, fieldColor)
		in.Text("…", Point{inner.W, middle}, Text{Size: 15, Mono: true, Color: dimColor, Align: Right})
	}
}

// tail returns the end of s that is at most so wide, with an ellipsis for what is missing.
func (c *Canvas) tail(s string, t Text, width float64) string {
	if c.Width(s, t) <= width {
		return s
	}
	stops := edit{text: s}.stops()
	r := []rune(s)
	for _, from := range stops {
		if rest := "…" + string(r[from:]); c.Width(rest, t) <= width {
			return c.shorten(rest, s)
		}
	}
	return "…"
}
