package viewer

import (
	"fmt"
	"strings"
	"time"

	"genview/models/watch"
)

// A form lets the user change a choice's settings before it begins, and says what it will need.
type form struct {
	name        string // of the choice; "": no form is open
	rows        []field
	values      []string
	asked       watch.Weigh // the newest one
	train, back button
	failed      bool // the training could not begin, and the snapshot says why
}

const (
	formWidth  = 760
	formRow    = 36
	keyWidth   = 130
	valueWidth = 150
)

// open opens the form of a choice.
func (q *form) open(c watch.Choice) {
	*q = form{name: c.Name, rows: make([]field, len(c.Settings)), train: button{named: "Enter"}, back: button{named: "Esc"}}
	for _, s := range c.Settings {
		q.values = append(q.values, s.Value)
	}
}

// choice returns the choice of the form; false: there is none.
func (q *form) choice(s *watch.Snapshot) (watch.Choice, bool) {
	for _, c := range s.Choices {
		if q.name != "" && c.Name == q.name && len(c.Settings) == len(q.rows) {
			return c, true
		}
	}
	return watch.Choice{}, false
}

// formParts are the areas of a form.
type formParts struct {
	box, about, needs, train, back Rect
	rows                           []Rect
}

func (q *form) parts(size Point) formParts {
	w := min(formWidth, size.X-2*padding)
	h := 190 + formRow*float64(len(q.rows))
	box := Rect{(size.X - w) / 2, max(0, (size.Y-h)/2), w, min(h, size.Y)}
	in := box.Inset(2 * padding)
	p := formParts{box: box, about: Rect{in.X, in.Y + 26, in.W, 42}}
	for i := range q.rows {
		p.rows = append(p.rows, Rect{in.X, p.about.Y + p.about.H + 10 + formRow*float64(i), in.W, formRow - 6})
	}
	foot := box.Y + box.H - padding - 32
	p.back = Rect{in.X + in.W - 110, foot, 110, 32}
	p.train = Rect{p.back.X - 138, foot, 130, 32}
	p.needs = Rect{in.X, foot, p.train.X - in.X - padding, 32}
	return p
}

// value returns the area of a row's field.
func value(row Rect) Rect { return Rect{row.X + keyWidth, row.Y, valueWidth, row.H} }

// current returns a value as the user has written it so far.
func (q *form) current(i int) string {
	if !q.rows[i].changed.IsZero() {
		return strings.TrimSpace(q.rows[i].text)
	}
	return q.values[i]
}

// set returns the settings that the user changed, a line each.
func set(c watch.Choice, value func(i int) string) string {
	var lines []string
	for i, s := range c.Settings {
		if v := value(i); v != s.Value {
			lines = append(lines, s.Key+"="+v)
		}
	}
	return strings.Join(lines, "\n")
}

// update handles the fields and the buttons. begun: the training begins.
func (q *form) update(in Input, s *watch.Snapshot, c watch.Choice) (ask []watch.Request, begun, redraw bool) {
	at := q.parts(in.Size)
	wrote := false // Enter and Escape are for the field
	for i := range q.rows {
		f := &q.rows[i]
		wrote = wrote || f.on
		take, changed := f.update(in, value(at.rows[i]), q.current(i))
		redraw = redraw || changed
		if take {
			q.values[i], q.failed = strings.TrimSpace(f.text), false
		}
	}
	if w := (watch.Weigh{Name: c.Name, Set: set(c, func(i int) string { return q.values[i] })}); w != q.asked {
		q.asked = w
		ask = append(ask, w)
	}
	trained, a := q.train.update(in, at.train)
	left, b := q.back.update(in, at.back)
	switch {
	case trained || in.Keys.Enter && !wrote:
		return append(ask, watch.Choose{Name: c.Name, Set: set(c, q.current)}), true, true
	case left || in.Keys.Escape && !wrote:
		q.name = ""
		return ask, false, true
	}
	return ask, false, redraw || a || b
}

// needs says what the training will need, or why it cannot begin.
func (q *form) needs(s *watch.Snapshot) (text string, problem bool) {
	n := s.Needs
	switch {
	case q.failed:
		return s.Message, true
	case (watch.Weigh{Name: n.Name, Set: n.Set}) != q.asked:
		return "finding out what it needs…", false
	case n.Problem != "":
		return n.Problem, true
	}
	text = formatBytes(n.Memory) + " of " + n.Device
	if n.StepSeconds > 0 {
		took := time.Duration(n.StepSeconds * float64(n.Steps) * float64(time.Second))
		text = fmt.Sprintf("%s  ·  about %s at the pace of %s", text, formatTime(took), n.Run)
	}
	return text, false
}

// formatBytes formats a size with three digits.
func formatBytes(n int64) string {
	size, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; size >= 1000 && i < len(units)-1; i++ {
		size /= 1024
	}
	if size < 100 && i > 0 {
		return fmt.Sprintf("%.1f %s", size, units[i])
	}
	return fmt.Sprintf("%.0f %s", size, units[i])
}

// draw draws the form above the page.
func (q *form) draw(c *Canvas, s *watch.Snapshot, choice watch.Choice, begun bool) {
	at := q.parts(c.Size())
	c.cover()
	c.Fill(at.box, panelColor)
	c.Frame(at.box, 1, accentColor)
	c.Text(choice.Title, Point{at.about.X, at.about.Y - 14}, Text{Size: 17, Bold: true, Color: textColor})
	c.paragraph(choice.About, at.about, Text{Size: 14, Color: dimColor})
	for i, set := range choice.Settings {
		r := at.rows[i]
		middle, key, t := r.Y+r.H/2, Text{Size: 14, Color: textColor}, Text{Size: 13, Color: dimColor}
		_, name, ok := strings.Cut(set.Key, ".")
		if !ok {
			name = set.Key
		}
		c.Text(c.Shorten(name, key, keyWidth-10), Point{r.X, middle}, key)
		q.rows[i].draw(c, value(r), q.current(i))
		x := keyWidth + valueWidth + padding
		c.Text(c.cut(set.Meaning, t, r.W-float64(x)), Point{r.X + float64(x), middle}, t)
	}
	text, problem := q.needs(s)
	t := Text{Size: 13, Color: dimColor}
	if problem {
		t.Color = alertColor
	}
	lines := c.wrap(text, t, at.needs.W)
	if len(lines) > 2 {
		lines = []string{lines[0], c.cut(strings.Join(lines[1:], ""), t, at.needs.W)}
	}
	for i, line := range lines {
		c.Text(strings.TrimSpace(line), Point{at.needs.X, at.needs.Y + at.needs.H/2 + 17*(float64(i)-0.5*float64(len(lines)-1))}, t)
	}
	say := "Train"
	if begun {
		say = "Starting…"
	}
	q.train.draw(c, at.train, say)
	q.back.draw(c, at.back, "Back")
}

// cut returns the beginning of s that is at most so wide, with an ellipsis for the rest.
func (c *Canvas) cut(s string, t Text, width float64) string {
	if c.Width(s, t) <= width {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && c.Width(string(r)+"…", t) > width {
		r = r[:len(r)-1]
	}
	return c.shorten(strings.TrimRight(string(r), " ,;(")+"…", s)
}
