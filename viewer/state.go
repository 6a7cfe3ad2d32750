package viewer

import (
	"time"

	"genview/models/watch"
)

// Events is what happened in the window since the last tick.
type Events struct {
	Size    Point // of the window
	Cursor  Point
	Down    bool   // the left mouse button is held
	Typed   string // characters
	Letters string // of the keys that went down, as a US keyboard has them
	Keys    Keys
	Now     time.Time
}

// Keys are keys that type no character and were pressed since the last tick, or are held and repeat.
type Keys struct{ Erase, Enter, Escape bool }

// State is all that the window knows: its panels, where they lie, what the mouse holds and what was not asked yet. It is
// plain data for one goroutine, and needs no window.
type State struct {
	panels   []Panel
	places   []Rect
	events   Events // of the last tick
	snapshot *watch.Snapshot
	held     int             // the panel over which the button went down, -1 for none
	waiting  []watch.Request // what the trainer was too busy to take
	attend   string          // the newest text that was asked for
}

const mostWaiting = 16 // requests: who clicks on is not heard more often for it

// NewState returns a State of these panels.
func NewState(panels ...Panel) *State {
	return &State{panels: panels, places: make([]Rect, len(panels)), snapshot: &watch.Snapshot{}, held: -1}
}

// Update takes events and the newest snapshot, sends what panels ask for, and reports whether the window looks different now.
func (st *State) Update(e Events, s *watch.Snapshot, send func(watch.Request) bool) (redraw bool) {
	redraw = s != st.snapshot || e.Size != st.events.Size
	if redraw {
		shapes := make([]Shape, len(st.panels))
		for i, p := range st.panels {
			shapes[i] = p.Shape(s)
		}
		st.places = arrange(e.Size.X, e.Size.Y, shapes)
	}
	pressed, released := e.Down && !st.events.Down, !e.Down && st.events.Down
	if pressed {
		st.held = st.at(e.Cursor)
	}
	ask := st.waiting
	writer := st.writer()
	for i, p := range st.panels {
		place := st.places[i]
		typed, letters, keys := e.Typed, e.Letters, e.Keys
		if writer >= 0 && writer != i {
			typed, letters, keys = "", "", Keys{}
		}
		wants, changed := p.Update(Input{
			Size:     Point{place.W, place.H},
			Cursor:   Point{e.Cursor.X - place.X, e.Cursor.Y - place.Y},
			Over:     place.Contains(e.Cursor) && (st.held < 0 || st.held == i),
			Pressed:  pressed && st.held == i,
			Held:     e.Down && st.held == i,
			Released: released && st.held == i,
			Outside:  pressed && st.held != i,
			Moved:    e.Cursor != st.events.Cursor,
			Typed:    typed,
			Letters:  letters,
			Keys:     keys,
			Attend:   st.attend,
			Now:      e.Now,
		}, s)
		ask = append(ask, wants...)
		for _, r := range wants {
			if a, ok := r.(watch.Attend); ok {
				st.attend = a.Text
			}
		}
		redraw = redraw || changed
	}
	if !e.Down {
		st.held = -1
	}
	for len(ask) > 0 && send(ask[0]) {
		ask = ask[1:]
	}
	st.waiting = ask[:min(len(ask), mostWaiting)]
	st.snapshot, st.events = s, e
	return redraw
}

// writer returns the panel in whose field somebody writes, -1 for none: what is typed is for it alone.
func (st *State) writer() int {
	for i, p := range st.panels {
		if w, ok := p.(interface{ writing() bool }); ok && w.writing() {
			return i
		}
	}
	return -1
}

// at returns the panel at p, -1 for none.
func (st *State) at(p Point) int {
	for i, r := range st.places {
		if r.Contains(p) {
			return i
		}
	}
	return -1
}

// Draw draws the whole window.
func (st *State) Draw(c *Canvas) {
	c.Fill(Rect{0, 0, st.events.Size.X, st.events.Size.Y}, backColor)
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
}
