package viewer

import (
	"math"
	"sort"
	"time"

	pictured "genview/models/picture" // the tests have a function picture
	"genview/models/watch"
)

// Time is the slider under everything: the whole training so far, live at its right end. Steps lie at their square roots, because a model
// changes more at the beginning. The slider also chooses the range of a film.
type Time struct {
	at      int // the step that is shown; below 0: the newest
	asked   int // the step of the newest Seek; below 0: none
	playing bool
	played  time.Time // when the newest step was shown while playing
	over    float64   // position of the cursor on the track from 0 to 1; below 0: it is elsewhere
	held    grip

	cutting  bool // a film's range is being chosen
	from, to int  // steps
	view     int  // of the views that can be filmed
	format   int  // of filmFormats

	play, cut, live            button
	which, kind, write, cancel button
}

// grip is what the mouse holds of the slider.
type grip int

const (
	nothing grip = iota
	thumb
	rangeFrom
	rangeTo
)

// filmFormats are the endings of films, with their names.
var filmFormats = [][2]string{{".gif", "GIF"}, {".apng", "APNG"}, {".mp4", "MP4"}, {"/", "PNG files"}}

const (
	mostPlayed = 160  // steps that are shown of a whole training when it is played
	newestAt   = 0.98 // position of the newest recorded step
	playPause  = time.Second / 8
)

func newTime() *Time {
	return &Time{
		at: -1, asked: -1, over: -1,
		play: button{key: 'p'}, cut: button{key: 'f'}, live: button{named: "End"},
		which: button{key: 'v'}, kind: button{key: 'm'}, write: button{named: "Enter"}, cancel: button{named: "Esc"},
	}
}

// Title is empty: the bar says what it shows.
func (p *Time) Title() string { return "" }

// Shape is Foot once there is a step to look at again.
func (p *Time) Shape(s *watch.Snapshot) Shape {
	if s.Past == nil || len(s.Past.Steps) == 0 || s.Choices != nil {
		return Hidden
	}
	return Foot
}

// wanted returns which of the recorded steps is to be shown; below 0: the newest views.
func (p *Time) wanted(steps []int) int {
	if p.at < 0 {
		return -1
	}
	return upTo(steps, p.at)
}

// timeParts are the areas of the bar.
type timeParts struct {
	play, cut, live            Rect
	which, kind, write, cancel Rect
	says                       Rect // text
	track                      Rect
}

// parts puts the buttons at both ends of the track; those of a film take the place of the others.
func (p *Time) parts(size Point) timeParts {
	const height, between = 30, 8
	r := Rect{padding, (size.Y - height) / 2, max(0, size.X-2*padding), height}
	right := func(w float64) (b Rect) {
		r.W = max(0, r.W-w)
		b = Rect{r.X + r.W, r.Y, w, height}
		r.W = max(0, r.W-between)
		return b
	}
	var q timeParts
	if p.cutting {
		q.cancel, q.write = right(86), right(90)
		q.kind = right(82)
		q.which = right(min(124, 0.18*size.X))
	} else {
		q.play, r = r.Left(72)
		r.X, r.W = r.X+between, max(0, r.W-between)
		q.live, q.cut = right(76), right(72)
	}
	const margin = 10 // half of a thumb
	q.track = Rect{r.X + margin, 0, max(1, r.W-2*margin), size.Y}
	q.says = Rect{r.X, 4, r.W, 22}
	return q
}

// trackHeight is the height of the track's middle in the bar.
const trackHeight = 35

// place01 returns the position of a step on the track, from 0 to 1. Below 0 it is live.
func place01(steps []int, step int) float64 {
	if step < 0 || len(steps) == 0 {
		return 1
	}
	first, last := steps[0], steps[len(steps)-1]
	if step <= first || last == first {
		return 0
	}
	return newestAt * math.Sqrt(float64(min(step, last)-first)/float64(last-first))
}

// stepAt returns the recorded step that is nearest to a position of the track; below 0: live.
func stepAt(steps []int, x float64) int {
	if x > (1+newestAt)/2 {
		return -1
	}
	i := min(sort.Search(len(steps), func(i int) bool { return place01(steps, steps[i]) >= x }), len(steps)-1)
	if i > 0 && x-place01(steps, steps[i-1]) < place01(steps, steps[i])-x {
		i--
	}
	return steps[i]
}

// Update moves through time, by the mouse, by keys, or by itself.
func (p *Time) Update(in Input, s *watch.Snapshot) (ask []watch.Request, redraw bool) {
	if p.Shape(s) == Hidden {
		return nil, false
	}
	was := *p
	steps := s.Past.Steps
	if p.cutting {
		ask = p.updateFilm(in, s)
	} else {
		p.updateButtons(in, steps)
	}
	p.drag(in, steps)
	p.keys(in, steps)
	p.advance(in.Now, s)
	if want := p.wanted(steps); want != p.asked {
		if p.asked = want; want >= 0 {
			ask = append(ask, watch.Seek{Step: want})
		}
	} else if want >= 0 && s.Past.Shown >= 0 && s.Past.Shown != want && !p.playing && in.Now.Sub(p.played) > time.Second {
		p.played = in.Now
		ask = append(ask, watch.Seek{Step: want}) // an answer that was lost, or a moment that was thinned out
	}
	was.played = p.played
	return ask, was != *p
}

// updateButtons handles the buttons beside the slider.
func (p *Time) updateButtons(in Input, steps []int) {
	q := p.parts(in.Size)
	if clicked, _ := p.play.update(in, q.play); clicked {
		if p.playing = !p.playing; p.playing && p.at < 0 {
			p.at = steps[0]
		}
		p.played = in.Now
	}
	if clicked, _ := p.live.update(in, q.live); clicked || in.Keys.End {
		p.at, p.playing = -1, false
	}
	if clicked, _ := p.cut.update(in, q.cut); clicked {
		p.cutting, p.playing = true, false
		p.from, p.to = steps[0], steps[len(steps)-1]
	}
}

// updateFilm handles the buttons of a film's range.
func (p *Time) updateFilm(in Input, s *watch.Snapshot) (ask []watch.Request) {
	q := p.parts(in.Size)
	all := filmable(s)
	if clicked, _ := p.which.update(in, q.which); clicked && len(all) > 0 {
		p.view = (p.view + 1) % len(all)
	}
	if clicked, _ := p.kind.update(in, q.kind); clicked {
		p.format = (p.format + 1) % len(filmFormats)
	}
	clicked, _ := p.write.update(in, q.write)
	if (clicked || in.Keys.Enter) && len(all) > 0 {
		ask = append(ask, watch.Film{View: all[p.view%len(all)], From: p.from, To: p.to, Format: filmFormats[p.format][0]})
	}
	cancelled, _ := p.cancel.update(in, q.cancel)
	if cancelled || len(ask) > 0 || in.Keys.Escape || in.typed('f') {
		p.cutting = false
	}
	switch here := p.wanted(s.Past.Steps); {
	case here < 0:
	case in.typed('['):
		p.from, p.to = here, max(here, p.to)
	case in.typed(']'):
		p.from, p.to = min(here, p.from), here
	}
	return ask
}

// filmable returns the titles of the views that films can show.
func filmable(s *watch.Snapshot) (titles []string) {
	for _, v := range s.Views {
		if pictured.Drawn(v) {
			titles = append(titles, v.Title())
		}
	}
	return titles
}

// drag moves what the mouse holds.
func (p *Time) drag(in Input, steps []int) {
	track := p.parts(in.Size).track
	x := (in.Cursor.X - track.X) / track.W
	inside := track.Inset(-8).Contains(in.Cursor)
	if in.Pressed && inside {
		p.held = thumb
		from, to := place01(steps, p.from), place01(steps, p.to)
		if p.cutting {
			p.held = rangeFrom
			if math.Abs(x-to) < math.Abs(x-from) || x > to {
				p.held = rangeTo
			}
		}
	}
	if !in.Held {
		p.held = nothing
	}
	if p.over = -1; in.Over && inside || p.held != nothing {
		p.over = min(max(x, 0), 1)
	}
	last := steps[len(steps)-1]
	step := stepAt(steps, min(max(x, 0), 1))
	recorded := step
	if step < 0 {
		recorded = last
	}
	switch p.held {
	case thumb:
		p.at, p.playing = step, false
	case rangeFrom:
		p.from = min(recorded, p.to)
		p.at = p.from // one sees where the film begins
	case rangeTo:
		p.to = max(recorded, p.from)
		p.at = p.to
	}
}

// keys steps through time.
func (p *Time) keys(in Input, steps []int) {
	i := len(steps) // live
	if p.at >= 0 {
		i = indexUpTo(steps, p.at)
	}
	switch {
	case in.Keys.Left:
		p.at, p.playing = steps[max(i-1, 0)], false
	case in.Keys.Right && i+1 < len(steps):
		p.at, p.playing = steps[i+1], false
	case in.Keys.Right, in.Keys.End:
		p.at, p.playing = -1, false
	case in.Keys.Home:
		p.at, p.playing = steps[0], false
	}
}

// advance shows the next step if it is time for it while playing, and the newest at the end. It waits for each step to be shown.
func (p *Time) advance(now time.Time, s *watch.Snapshot) {
	steps := s.Past.Steps
	if !p.playing || now.Sub(p.played) < playPause || s.Past.Shown != p.wanted(steps) && p.asked >= 0 {
		return
	}
	p.played = now
	next := place01(steps, p.at) + 1.0/mostPlayed
	for i := indexUpTo(steps, p.at) + 1; i < len(steps); i++ {
		if i == len(steps)-1 || place01(steps, steps[i+1]) > next {
			p.at = steps[i]
			return
		}
	}
	p.at, p.playing = -1, false
}
