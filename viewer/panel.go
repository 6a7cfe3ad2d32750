package viewer

import (
	"strings"
	"time"
	"unicode"

	"genview/models/lettering"
	"genview/models/watch"
)

// A Panel shows one view of a run, or a part of the window.
type Panel interface {
	// Title returns the title above the panel; "" for none.
	Title() string
	// Shape says which area suits the panel's present content.
	Shape(s *watch.Snapshot) Shape
	// Update handles the input since the last tick. It returns requests for the trainer, and whether the panel has to be drawn again (a new
	// snapshot or size does that by itself).
	Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool)
	// Draw draws the panel and changes nothing.
	Draw(c *Canvas, s *watch.Snapshot)
}

// Input is the input since the last tick, as seen by one panel.
type Input struct {
	Size     Point   // of the panel
	Cursor   Point   // relative to the panel's upper left corner
	Over     bool    // the cursor is over this panel, and no other panel holds it
	Pressed  bool    // the left button was just pressed over this panel
	Held     bool    // the left button was pressed over this panel, and still is
	Released bool    // the left button was just released
	Moved    bool    // the cursor moved since the last tick
	Wheel    float64 // how far the wheel was turned up over this panel, in notches
	Outside  bool    // the left button was just pressed elsewhere
	Typed    string
	Letters  string // of the keys that were just pressed, as Events has them
	Keys     Keys
	Theme    Theme
	Attend   string        // the newest text that a panel sent an Attend for; "" for none
	Inspect  watch.Inspect // the newest that a panel sent; zero: none, or for no more of it
	Now      time.Time
	Fonts    *lettering.Fonts

	Dropped   []string // paths
	Composing string
	Clipboard Clipboard
}

// panelOf returns a new panel for views of that kind and name.
func panelOf(v watch.View) Panel {
	name := v.Title()
	switch v.(type) {
	case *watch.Curves:
		return newCurves(name)
	case *watch.Pictures:
		return &Pictures{name: name, over: -1}
	case *watch.Texts:
		return &Texts{name: name}
	case *watch.HeatMaps:
		return &HeatMaps{name: name}
	case *watch.Scatter:
		return &Scatter{name: name}
	case *watch.Table:
		return &Table{name: name}
	case *watch.Layers:
		return &Layers{name: name}
	case *watch.Latent:
		return newLatent(name)
	}
	panic("unreachable: the kinds of views are those above")
}

// content returns the area of a panel below its title.
func content(size Point, title bool) Rect {
	r := Rect{0, 0, size.X, size.Y}
	if !title {
		return r.Inset(padding)
	}
	_, r = r.Top(titleHeight)
	return Rect{padding, r.Y, max(0, r.W-2*padding), max(0, r.H-padding)}
}

// A button is pressed with the mouse or with its key. Its label is passed when it is drawn, so that it is always up to date.
type button struct {
	key   rune   // a lower-case letter, a digit or a space; 0 for none
	named string // the name of a key without a character, which its panel handles; "" for none
	hover bool
	down  bool
}

// update tells whether the button was pressed, and whether it has to be drawn again. Its key works wherever the cursor is.
func (b *button) update(in Input, area Rect) (clicked, redraw bool) {
	was := *b
	over := area.Contains(in.Cursor)
	if in.Pressed && over {
		b.down = true
	}
	clicked = b.down && in.Released && over
	b.down = b.down && in.Held
	b.hover = over && (in.Over || in.Held)
	return clicked || in.typed(b.key), *b != was
}

// typed tells whether a shortcut's key was pressed, with or without Caps Lock. On keyboards of other scripts it is the key that has that
// letter on a US keyboard.
func (in Input) typed(key rune) bool {
	for _, r := range in.Typed {
		switch {
		case unicode.ToLower(r) == key:
			return true
		case unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) && strings.ContainsRune(in.Letters, key):
			return true
		}
	}
	return false
}

func (b *button) draw(c *Canvas, area Rect, label string) {
	fill, ink := buttonColor, textColor
	if b.hover {
		fill = hoverColor
	}
	if b.down {
		fill, ink = accentColor, backColor
	}
	c.Fill(area, fill)
	key := strings.ToUpper(string(b.key))
	switch {
	case b.named != "":
		key = b.named
	case b.key == ' ':
		key = "space"
	}
	center := Point{area.X + area.W/2, area.Y + area.H/2}
	w := c.Width(label, Text{Size: 13})
	k := c.Width(key, Text{Size: 11})
	if b.key == 0 && b.named == "" || w+8+k > area.W-4 { // a narrow button has no room for its key
		t := Text{Size: 13, Color: ink, Align: Center}
		c.Text(c.Shorten(label, t, area.W-4), center, t)
		return
	}
	at := Point{area.X + (area.W-w-8-k)/2, center.Y}
	c.Text(label, at, Text{Size: 13, Color: ink})
	if !b.down {
		ink = dimColor
	}
	c.Text(key, Point{at.X + w + 8, center.Y}, Text{Size: 11, Color: ink})
}
