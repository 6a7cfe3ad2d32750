package viewer

import (
	"fmt"
	"strings"
	"time"

	"genview/models/watch"
)

// Status shows what runs, how far it is and how fast, and has buttons to control it.
type Status struct {
	pause, save button
	once        button // one step of a paused training, or a sample of one that runs
	lower       button // learning rate, or number of further steps
	higher      button
	train       button    // further, a run that is not in training
	parts       []button  // of a step
	home        button    // back to the start page
	further     int       // number of further steps that the user chose; 0: the usual one
	notice      string    // the newest one
	fades       time.Time // when to hide it
	fresh       bool      // it is visible
}

const noticed = 6 * time.Second // how long a notice is visible

// Title is empty, because the bar shows the run's title.
func (p *Status) Title() string { return "" }

// Shape is Bar if there is a run.
func (p *Status) Shape(s *watch.Snapshot) Shape {
	if s.Choices != nil || s.State == watch.Showing {
		return Hidden
	}
	return Bar
}

func (p *Status) buttons(size Point) (pause, save Rect) {
	pause = Rect{size.X - padding - 232, padding, 128, 30}
	return pause, Rect{pause.X + pause.W + 8, padding, 96, 30}
}

// steerable tells whether there is a trainer that can pause and save.
func steerable(s *watch.Snapshot) bool { return s.State == watch.Training || s.State == watch.Paused }

// Update handles the buttons.
func (p *Status) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if s.Notice != p.notice {
		p.notice, p.fades, p.fresh = s.Notice, in.Now.Add(noticed), s.Notice != ""
	} else if p.fresh && !in.Now.Before(p.fades) {
		p.fresh, redraw = false, true
	}
	ask = p.inspect(in, s)
	if !steerable(s) {
		wants, changed := p.rested(in, s)
		return append(ask, wants...), redraw || changed
	}
	pause, save := p.buttons(in.Size)
	p.pause.key, p.save.key = ' ', 's'
	clicked, a := p.pause.update(in, pause)
	if clicked && s.State == watch.Paused {
		ask = append(ask, watch.Resume{})
	} else if clicked {
		ask = append(ask, watch.Pause{})
	}
	clicked, b := p.save.update(in, save)
	if clicked {
		ask = append(ask, watch.Save{})
	}
	wants, c := p.tune(in, s)
	return append(ask, wants...), redraw || a || b || c
}

// label returns the label of the first button.
func (p *Status) label(s *watch.Snapshot) string {
	if s.State == watch.Paused {
		return "Resume"
	}
	return "Pause"
}

// Draw draws the bar.
func (p *Status) Draw(c *Canvas, s *watch.Snapshot) {
	r := content(c.Size(), false)
	title := Text{Size: 19, Bold: true, Color: textColor}
	name := s.Title
	if name == "" {
		name = "genview"
	}
	room := r.W
	if steerable(s) {
		pause, save := p.buttons(c.Size())
		p.pause.draw(c, pause, p.label(s))
		p.save.draw(c, save, "Save")
		room -= 248 + p.drawTuning(c, s)
	} else {
		room -= p.drawRested(c, s)
	}
	name = c.Shorten(name, title, 0.4*room)
	c.Text(name, Point{r.X, r.Y + 12}, title)
	about, ink := strings.Join(filled(s.Model, s.Data, s.Device), "  ·  "), dimColor
	switch {
	case s.Message != "":
		about, ink = s.Message, alertColor
	case p.fresh:
		about, ink = s.Notice, accentColor
	}
	w := c.Width(name, title) + 16
	note := Text{Size: 13, Color: ink}
	lines := c.wrap(about, note, room-w)
	if len(lines) == 1 {
		c.Text(c.Shorten(about, note, room-w), Point{r.X + w, r.Y + 14}, note)
	} else {
		c.Text(c.Shorten(lines[0], note, room-w), Point{r.X + w, r.Y + 4}, note)
		c.Text(c.Shorten(strings.Join(lines[1:], ""), note, room-w), Point{r.X + w, r.Y + 22}, note)
	}

	bar := Rect{r.X, r.Y + 40, r.W, 5}
	c.Fill(bar, lineColor)
	if s.Steps > 0 {
		done := bar
		done.W *= min(1, float64(s.Step)/float64(s.Steps))
		ink := accentColor
		if s.State == watch.Paused || stopped(s) {
			ink = curveColors[1]
		}
		c.Fill(done, ink)
	}
	c.Text(progress(s), Point{r.X, r.Y + 61}, Text{Size: 13, Color: textColor})
	c.Text(speed(s), Point{r.X + r.W, r.Y + 61}, Text{Size: 13, Color: textColor, Align: Right})
}

// progress returns a text on the progress of a run.
func progress(s *watch.Snapshot) string {
	switch {
	case s.State == watch.Compiling || s.State == "":
		return "Compiling for the device…"
	case s.Steps == 0:
		return fmt.Sprintf("%s at step %s", stateName(s), formatCount(s.Step))
	}
	return fmt.Sprintf("%s  ·  step %s of %s", stateName(s), formatCount(s.Step), formatCount(s.Steps))
}

// stopped tells whether a run has ended before its last step.
func stopped(s *watch.Snapshot) bool { return s.State == watch.Done && s.Step < s.Steps }

func stateName(s *watch.Snapshot) string {
	if stopped(s) {
		return "Stopped"
	}
	return strings.ToUpper(string(s.State[:1])) + string(s.State[1:])
}

// speed returns a text on the speed of a run and the remaining time.
func speed(s *watch.Snapshot) string {
	var parts []string
	if s.ExamplesPerSecond > 0 && s.State == watch.Training {
		parts = append(parts, formatCount(int(s.ExamplesPerSecond+0.5))+" examples/s")
	}
	if s.Elapsed > 0 {
		parts = append(parts, formatTime(s.Elapsed)+" elapsed")
	}
	if s.State == watch.Training && s.Step > 0 && s.Steps > s.Step && s.Elapsed > 2*time.Second && s.StepSeconds > 0 {
		parts = append(parts, formatTime(time.Duration(float64(s.Steps-s.Step)*s.StepSeconds*float64(time.Second)))+" left")
	}
	return strings.Join(parts, "  ·  ")
}

// filled returns the texts that are not empty.
func filled(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
