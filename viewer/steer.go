package viewer

import (
	"fmt"
	"slices"

	"genview/models/watch"
)

// The widths from which the bar has room for more buttons. Their keys work in every window.
const (
	roomForRate = 860
	roomForOnce = 1000
	roomForHome = 1180
	roomForPart = 1240
)

// row places areas of the bar from right to left.
type row struct{ left float64 }

func (r *row) next(width, gap float64) Rect {
	r.left -= gap + width
	return Rect{r.left, padding, width, 30}
}

// tuning is the areas of the buttons at the left of Pause and Save. Those without room have no width.
type tuning struct {
	once, lower, rate, higher, home Rect
	parts                           []Rect // of a step, while it is paused
}

func (p *Status) tuning(size Point, s *watch.Snapshot) (t tuning) {
	pause, _ := p.buttons(size)
	r := row{pause.X}
	if s.Rate == 0 {
		return t
	}
	if size.X >= roomForOnce {
		t.once = r.next(112, 8)
	}
	if size.X >= roomForPart && s.State == watch.Paused {
		for range s.Parts {
			t.parts = append([]Rect{r.next(132, 8)}, t.parts...)
		}
	}
	if size.X >= roomForRate {
		t.higher, t.rate, t.lower = r.next(36, 8), r.next(96, 0), r.next(36, 0)
	}
	if homeward(s) && size.X >= roomForHome {
		t.home = r.next(124, 8)
	}
	return t
}

// homeward tells whether the way back to the start page is shown: not while a training runs, which a slip would end.
func homeward(s *watch.Snapshot) bool {
	return s.Home && s.State != watch.Training && s.State != watch.Compiling
}

// tune handles the buttons of a training in which it goes on.
func (p *Status) tune(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if s.Rate == 0 {
		return nil, false
	}
	t, paused := p.tuning(in.Size, s), s.State == watch.Paused
	p.once.key, p.lower.key, p.higher.key = 'g', ',', '.'
	if paused {
		p.once.key = 'o'
	}
	clicked, a := p.once.update(in, t.once)
	switch {
	case clicked && paused:
		ask = append(ask, watch.Step{})
	case clicked:
		ask = append(ask, watch.Sample{})
	}
	wants, e := p.tuneParts(in, s, t.parts)
	ask = append(ask, wants...)
	clicked, b := p.lower.update(in, t.lower)
	if clicked {
		ask = append(ask, watch.Rate{Factor: s.Rate / 2})
	}
	clicked, c := p.higher.update(in, t.higher)
	if clicked {
		ask = append(ask, watch.Rate{Factor: s.Rate * 2})
	}
	homes, d := p.leave(in, s, t.home)
	return append(ask, homes...), a || b || c || d || e
}

// inspect handles the key that shows what the model is made of, or no longer.
func (p *Status) inspect(in Input, s *watch.Snapshot) (ask []watch.Request) {
	if s.State == watch.Compiling || s.State == "" || !in.typed('i') {
		return nil
	}
	shown := slices.ContainsFunc(s.Views, func(v watch.View) bool { _, is := v.(*watch.Layers); return is })
	return []watch.Request{watch.Inspect{On: !shown}}
}

// tuneParts handles the buttons of the parts of a step, which a paused training makes alone.
func (p *Status) tuneParts(in Input, s *watch.Snapshot, areas []Rect) (ask []watch.Request, redraw bool) {
	if s.State != watch.Paused {
		return nil, false
	}
	if len(p.parts) != len(s.Parts) {
		p.parts = make([]button, len(s.Parts))
	}
	for i, part := range s.Parts {
		var area Rect
		if i < len(areas) {
			area = areas[i]
		}
		p.parts[i].key = rune('1' + i)
		clicked, changed := p.parts[i].update(in, area)
		if clicked {
			ask = append(ask, watch.Step{Only: part})
		}
		redraw = redraw || changed
	}
	return ask, redraw
}

// leave handles the button back to the start page.
func (p *Status) leave(in Input, s *watch.Snapshot, area Rect) (ask []watch.Request, redraw bool) {
	if !homeward(s) {
		return nil, false
	}
	p.home.key = 'h'
	clicked, redraw := p.home.update(in, area)
	if clicked {
		ask = append(ask, watch.Home{})
	}
	return ask, redraw
}

// drawTuning draws the buttons of a training in which it goes on, and returns how much room they take.
func (p *Status) drawTuning(c *Canvas, s *watch.Snapshot) float64 {
	t := p.tuning(c.Size(), s)
	pause, _ := p.buttons(c.Size())
	leftmost := pause.X
	if t.once.W > 0 {
		label := "Sample"
		if s.State == watch.Paused {
			label = "One step"
		}
		p.once.draw(c, t.once, label)
		leftmost = t.once.X
	}
	for i, area := range t.parts {
		if i < len(p.parts) {
			p.parts[i].draw(c, area, s.Parts[i])
		}
		leftmost = min(leftmost, area.X)
	}
	if t.rate.W > 0 {
		p.lower.draw(c, t.lower, "−")
		p.higher.draw(c, t.higher, "+")
		c.Fill(t.rate, backColor)
		center := Point{t.rate.X + t.rate.W/2, t.rate.Y + t.rate.H/2}
		c.Text(fmt.Sprintf("rate × %.3g", s.Rate), center, Text{Size: 13, Color: textColor, Align: Center})
		leftmost = t.lower.X
	}
	if t.home.W > 0 {
		p.home.draw(c, t.home, "Start page")
		leftmost = t.home.X
	}
	return pause.X - leftmost
}

// resting is the areas of the buttons of a run that is not in training. Those that it does not have have no width.
type resting struct{ lower, train, higher, home Rect }

func (p *Status) resting(size Point, s *watch.Snapshot) (t resting) {
	r := row{size.X - padding}
	if homeward(s) {
		t.home = r.next(124, 0)
	}
	if trainable(s) {
		gap := 0.0
		if t.home.W > 0 {
			gap = 8
		}
		t.higher, t.train, t.lower = r.next(36, gap), r.next(180, 0), r.next(36, 0)
	}
	return t
}

// trainable tells whether the run can be trained further from the window.
func trainable(s *watch.Snapshot) bool { return s.Trainable && s.State == watch.Done }

// steps returns how many steps a run is trained further: a number that the user chose, or the rest of it, or as many again.
func (p *Status) steps(s *watch.Snapshot) int {
	switch {
	case p.further > 0:
		return p.further
	case s.Step < s.Steps:
		return s.Steps - s.Step
	}
	return max(s.Step, 1)
}

// rested handles the buttons of a run that is not in training.
func (p *Status) rested(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	t := p.resting(in.Size, s)
	ask, redraw = p.leave(in, s, t.home)
	if !trainable(s) {
		p.further = 0
		return ask, redraw
	}
	p.train.key, p.lower.key, p.higher.key = 'b', ',', '.'
	clicked, a := p.train.update(in, t.train)
	if clicked {
		ask = append(ask, watch.Train{Steps: s.Step + p.steps(s)})
	}
	was := p.further
	clicked, b := p.lower.update(in, t.lower)
	if clicked {
		p.further = max(p.steps(s)/2, 1)
	}
	clicked, c := p.higher.update(in, t.higher)
	if clicked {
		p.further = min(p.steps(s)*2, mostFurther)
	}
	return ask, redraw || a || b || c || p.further != was
}

const mostFurther = 1_000_000_000 // steps

// drawRested draws the buttons of a run that is not in training, and returns how much room they take.
func (p *Status) drawRested(c *Canvas, s *watch.Snapshot) float64 {
	t := p.resting(c.Size(), s)
	end := c.Size().X - padding
	leftmost := end
	if t.home.W > 0 {
		p.home.draw(c, t.home, "Start page")
		leftmost = t.home.X
	}
	if t.train.W > 0 {
		p.lower.draw(c, t.lower, "−")
		p.higher.draw(c, t.higher, "+")
		p.train.draw(c, t.train, "Train "+formatCount(p.steps(s))+" more")
		leftmost = t.lower.X
	}
	if leftmost == end {
		return 0
	}
	return end - leftmost + 16
}
