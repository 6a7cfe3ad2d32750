package viewer

import (
	"fmt"
	"time"

	"genview/models/lettering"
	"genview/models/watch"
)

// Events is the input since the last tick.
type Events struct {
	Size    Point // of the window
	Cursor  Point
	Down    bool    // the left mouse button is held
	Menu    bool    // the right one was pressed just now
	Wheel   float64 // how far the wheel was turned up, in notches
	Typed   string  // the typed characters
	Letters string  // of the keys that were pressed or repeat: without Shift, and Latin ones on each keyboard
	Keys    Keys
	Now     time.Time

	Dropped []string // paths of files and folders that were dropped on the window

	Composing string // what an input method has, and may put at the caret
	Clipboard Clipboard
	Fonts     *lettering.Fonts // with which texts are measured
}

// A Clipboard holds the text that programs exchange.
type Clipboard interface {
	Read() string // "" if there is no text
	Write(text string)
}

// Keys are the keys without a character that were pressed since the last tick, or are held and repeat.
type Keys struct {
	Erase, Delete, Enter, Escape, Left, Right, Home, End bool

	All, Copy, Cut, Paste, Undo, Redo bool // of a text

	Shift bool // is held: moves extend the selection
	Word  bool // Ctrl is held, or what stands for it: moves and deletions are by words

	Theme  bool // changes the colours
	Panels bool // shows the list of panels, or ends it
}

// State is the whole state of the window: its panels, their areas, what the mouse holds, and unsent requests. It is plain data for one
// goroutine, and needs no window.
type State struct {
	fixed    []Panel
	made     map[string]Panel // by kind and title of their views
	panels   []Panel          // the fixed ones, and those of the snapshot's views
	slots    []slot
	places   []Rect          // the areas of panels; an empty one for a panel that is not visible
	raised   map[Panel]int   // when a panel that shares its area was chosen last, as a count of choices
	events   Events          // of the last tick
	snapshot *watch.Snapshot // that the panels show
	past     *watch.Bus      // of the run's past; nil: none
	time     *Time
	joint    joint
	held     Panel           // the panel in which the button was pressed; nil: none
	waiting  []watch.Request // requests that the trainer was too busy to take
	attend   string          // the newest text that an Attend asked for
	inspect  watch.Inspect   // the newest that was asked for
	help     bool            // the list of keys is shown
	choosing bool            // the list of panels is
	over     int             // the entry of that list under the cursor; below 0: none
	border   border          // that is under the cursor, or that the user moves
	now      Preferences
}

const mostWaiting = 16 // further requests are dropped

// Titles returns the titles of all views, in the order of their panels, including those that share an area.
func (st *State) Titles() []string {
	var all []string
	for _, p := range st.panels {
		if p.Title() != "" && p.Shape(st.snapshot) != Hidden {
			all = append(all, p.Title())
		}
	}
	return all
}

// NewState returns a State with the start page, the status bar, the slider of time, and panels for all views of its snapshots. past is the
// bus of the run's past, as package replay serves it; nil: there is none.
func NewState(past *watch.Bus) *State {
	t := newTime()
	return &State{
		fixed: []Panel{&Start{}, &Status{}, t}, made: map[string]Panel{}, raised: map[Panel]int{},
		snapshot: &watch.Snapshot{}, past: past, time: t,
	}
}

// Update processes events and the newest snapshot of the run, sends the panels' requests, and tells whether the window has to be drawn
// again.
func (st *State) Update(e Events, live *watch.Snapshot, send func(watch.Request) bool) (redraw bool) {
	s := st.join(live)
	redraw = s != st.snapshot || e.Size != st.events.Size
	if redraw {
		st.follow(s)
		st.arrange(e.Size, s)
	}
	pressed, released := e.Down && !st.events.Down, !e.Down && st.events.Down
	pressed, changed := st.frame(&e, s, pressed)
	redraw = redraw || changed
	if pressed {
		st.held = st.at(e.Cursor)
	}
	ask := st.waiting
	writer := st.writer()
	for i, p := range st.panels {
		if st.hidden(p) {
			continue
		}
		place := st.places[i]
		typed, letters, keys := e.Typed, e.Letters, e.Keys
		if writer != nil && writer != p {
			typed, letters, keys = "", "", Keys{}
		}
		over, wheel := place.Contains(e.Cursor) && (st.held == nil || st.held == p), 0.0
		if over {
			wheel = e.Wheel
		}
		wants, changed := p.Update(Input{
			Size:     Point{place.W, place.H},
			Cursor:   Point{e.Cursor.X - place.X, e.Cursor.Y - place.Y},
			Over:     over,
			Pressed:  pressed && st.held == p,
			Held:     e.Down && st.held == p,
			Released: released && st.held == p,
			Outside:  pressed && st.held != p,
			Moved:    e.Cursor != st.events.Cursor,
			Typed:    typed,
			Letters:  letters,
			Keys:     keys,
			Wheel:    wheel,
			Theme:    st.now.Theme,
			Fonts:    e.Fonts,

			Dropped:   e.Dropped,
			Composing: e.Composing,
			Clipboard: e.Clipboard,
			Attend:    st.attend,
			Inspect:   st.inspect,
			Now:       e.Now,
		}, s)
		ask = append(ask, wants...)
		for _, r := range wants {
			switch r := r.(type) {
			case watch.Attend:
				st.attend = r.Text
			case watch.Inspect:
				st.inspect = r
			}
		}
		redraw = st.visit(p, s) || redraw || changed
	}
	if !e.Down {
		st.held = nil
	}
	st.snapshot, st.events = s, e
	for len(ask) > 0 && st.send(ask[0], send) {
		ask = ask[1:]
	}
	st.waiting = ask[:min(len(ask), mostWaiting)]
	return redraw
}

// follow makes a panel for each new view. Existing panels keep their state while one run is shown. The start page ends that.
func (st *State) follow(s *watch.Snapshot) {
	if s.State == watch.Choosing {
		clear(st.made)
		clear(st.raised)
		st.attend, st.inspect = "", watch.Inspect{}
	}
	st.panels = append(make([]Panel, 0, len(st.fixed)+len(s.Views)), st.fixed...)
	for _, v := range s.Views {
		id := fmt.Sprintf("%T %s", v, v.Title())
		if st.made[id] == nil {
			st.made[id] = panelOf(v)
		}
		st.panels = append(st.panels, st.made[id])
	}
}

// arrange computes the areas of the panels.
func (st *State) arrange(size Point, s *watch.Snapshot) {
	shapes := make([]Shape, len(st.panels))
	for i, p := range st.panels {
		if !st.hidden(p) {
			shapes[i] = p.Shape(s)
		}
	}
	st.slots = arrange(size.X, size.Y, shapes, st.division(shapes))
	st.places = make([]Rect, len(st.panels))
	for _, q := range st.slots {
		st.places[st.front(q)] = q.inside()
	}
}

// front returns the visible panel of a slot: the one that was chosen last, or the first.
func (st *State) front(q slot) int {
	front := q.panels[0]
	for _, i := range q.panels {
		if st.raised[st.panels[i]] > st.raised[st.panels[front]] {
			front = i
		}
	}
	return front
}

// raise makes the panel visible whose tab is at p, and tells whether there is one.
func (st *State) raise(p Point) bool {
	for _, q := range st.slots {
		for k, i := range q.panels {
			if len(q.panels) > 1 && q.tab(k).Contains(p) {
				most := 0
				for _, n := range st.raised {
					most = max(most, n)
				}
				st.raised[st.panels[i]] = most + 1
				return true
			}
		}
	}
	return false
}

// A typist is a panel with a field.
type typist interface {
	writing() bool // the user edits the field
	caret() Rect   // where
}

// writer returns the panel whose field the user edits, which receives all typing; nil: none.
func (st *State) writer() Panel {
	for i, p := range st.panels {
		if w, ok := p.(typist); ok && w.writing() && st.places[i].W > 0 {
			return p
		}
	}
	return nil
}

// caret returns where a text is written in the window.
func (st *State) caret() (Rect, bool) {
	for i, p := range st.panels {
		if w, ok := p.(typist); ok && w.writing() && st.places[i].W > 0 {
			r := w.caret()
			return Rect{st.places[i].X + r.X, st.places[i].Y + r.Y, r.W, r.H}, true
		}
	}
	return Rect{}, false
}

// at returns the panel at p; nil: none.
func (st *State) at(p Point) Panel {
	for i, r := range st.places {
		if r.Contains(p) {
			return st.panels[i]
		}
	}
	return nil
}

// Draw draws the whole window.
func (st *State) Draw(c *Canvas) {
	c.theme = st.now.Theme
	c.Fill(Rect{0, 0, st.events.Size.X, st.events.Size.Y}, backColor)
	for _, q := range st.slots {
		if len(q.panels) > 1 {
			st.tabs(c, q)
		}
	}
	for i, p := range st.panels {
		place := st.places[i]
		if place.W <= 0 || place.H <= 0 {
			continue
		}
		c := c.Sub(place)
		c.Fill(Rect{0, 0, place.W, place.H}, panelColor)
		if t := p.Title(); t != "" {
			c.Text(t, Point{padding, titleHeight / 2}, Text{Size: 14, Bold: true, Color: textColor})
		}
		p.Draw(c, st.snapshot)
	}
	st.drawEmpty(c)
	switch {
	case st.help:
		st.drawHelp(c)
	case st.choosing:
		st.drawChoices(c)
	case st.border != (border{}):
		c.Fill(st.border.line(), accentColor)
	}
	if !st.events.Down {
		c.tip(st.events.Cursor)
	}
}

// tabs draws the titles of panels that share an area.
func (st *State) tabs(c *Canvas, q slot) {
	front := st.front(q)
	for k, i := range q.panels {
		r, t := q.tab(k), Text{Size: 13, Color: dimColor, Align: Center}
		fill := backColor
		if i == front {
			fill, t.Color, t.Bold = panelColor, textColor, true
			r.H += 2 // the chosen tab joins its panel
		}
		c.Fill(r, fill)
		c.Text(c.Shorten(st.panels[i].Title(), t, r.W-12), Point{r.X + r.W/2, r.Y + r.H/2}, t)
	}
}
