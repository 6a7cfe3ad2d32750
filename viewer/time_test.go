package viewer

import (
	"image"
	"reflect"
	"testing"
	"time"

	"genview/models/watch"
)

// machine is a desk with a run's past, which answers as package replay does when it is told to.
type machine struct {
	*desk
	past  *watch.Bus
	steps []int
}

func newMachine(t *testing.T, s *watch.Snapshot, steps ...int) *machine {
	past := watch.NewBus()
	m := &machine{desk: &desk{State: NewState(past), t: t, s: s, e: atFirst()}, past: past, steps: steps}
	m.show(-1)
	m.tick()
	return m
}

// show publishes what was recorded of a step; below 0: nothing was sought.
func (m *machine) show(step int) {
	s := &watch.Snapshot{Past: &watch.Past{Steps: m.steps, Shown: step, Weights: -1}}
	if step >= 0 {
		s.Step, s.LookStep, s.Past.Weights = step, step, step-step%10
		v := &watch.Pictures{Name: "Samples"}
		for i := range 12 {
			v.Images = append(v.Images, picture(28, step+i))
		}
		s.Views = append(s.Views, v)
		if l := latent(m.s); l != nil {
			s.Views = append(s.Views, l)
		}
	}
	m.past.Publish(s)
}

// take returns the requests for the past since the last call.
func (m *machine) take() (all []watch.Request) {
	m.past.Serve(time.Second, func(r watch.Request) { all = append(all, r) })
	return all
}

// answer shows what was sought last, and returns it; below 0: nothing was.
func (m *machine) answer() int {
	step := -1
	for _, r := range m.take() {
		switch r := r.(type) {
		case watch.Seek:
			step = r.Step
			m.show(step)
		case watch.Decode:
			r.Reply(make([]*image.RGBA, len(r.Z)))
		}
	}
	return step
}

// press presses a key for one tick.
func (m *machine) press(k Keys) {
	m.e.Keys = k
	m.tick()
	m.e.Keys = Keys{}
}

// samples returns the picture that the samples panel shows.
func (m *machine) samples() *image.RGBA {
	return watch.Find[*watch.Pictures](m.snapshot.Views, "Samples").Images[0]
}

// TestSlider: dragging shows the past in all panels but curves and status, and the right end is live. Meanwhile nothing is asked of the
// trainer for which the past answers.
func TestSlider(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5, 12, 40, 100, 300, 700, 1000)
	i, p := panel[*Time](m.desk)
	track := p.parts(m.size(i)).track
	at := func(x float64) Point { return Point{m.places[i].X + track.X + x*track.W, m.places[i].Y + trackHeight} }
	live := m.samples()
	for _, c := range []struct {
		x    float64
		want int
	}{{0, 0}, {0.07, 5}, {0.3, 100}, {0.35, 100}, {0.98, 1000}} {
		m.e.Cursor, m.e.Down = at(c.x), true
		m.tick()
		if m.answer(); p.at != c.want {
			t.Errorf("at %v of the track the step is %d, want %d", c.x, p.at, c.want)
		}
		m.tick()
		if s := m.snapshot; !replayed(s) || s.LookStep != c.want || m.samples() == live {
			t.Errorf("at %v of the track is shown %+v of step %d", c.x, s.Past, s.LookStep)
		}
		if curves(m.snapshot) != curves(m.s) || m.snapshot.Step != m.s.Step {
			t.Error("curves or status are not those of now")
		}
	}
	m.e.Down = false
	m.sent = nil
	for range 120 {
		m.tick()
		m.answer()
	}
	if len(m.sent) > 0 {
		t.Errorf("the trainer is asked for %v", m.sent)
	}
	m.click(at(1))
	if p.at >= 0 || m.samples() != live || replayed(m.snapshot) {
		t.Error("the right end is not live")
	}
	for range 120 {
		m.tick()
	}
	if len(m.sent) == 0 {
		t.Error("live, the trainer is not asked for the latent plane of now")
	}
}

// TestSliderKeepsItsPlace: while training goes on, what is shown stays, and it is not asked for again.
func TestSliderKeepsItsPlace(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5, 12, 40)
	_, p := panel[*Time](m.desk)
	m.press(Keys{Left: true})
	m.answer()
	m.press(Keys{Left: true})
	m.answer()
	m.tick()
	shown := m.samples()
	before := place01(m.steps, p.at)
	for i := range 200 {
		s := *m.s
		s.Step, s.LookStep = s.Step+10, s.Step+10
		m.s = &s
		m.steps = append(m.steps[:len(m.steps):len(m.steps)], 41+i)
		past := *m.past.Latest()
		now := *past.Past
		now.Steps = m.steps
		past.Past = &now
		m.past.Publish(&past)
		m.tick()
		for _, r := range m.take() {
			if _, seeks := r.(watch.Seek); seeks {
				t.Fatalf("it is asked for %v", r)
			}
		}
	}
	if p.at != 12 || m.samples() != shown || m.snapshot.Step != m.s.Step {
		t.Errorf("the slider is at step %d", p.at)
	}
	if x := place01(m.steps, p.at); x >= before {
		t.Errorf("the thumb is at %v, and was at %v", x, before)
	}
}

// TestPastAtRest: a step of the past is drawn once.
func TestPastAtRest(t *testing.T) {
	m := newMachine(t, bare(), 0, 5, 12)
	m.press(Keys{Left: true})
	if m.show(12); !m.tick() {
		t.Error("no redraw for a step that has come")
	}
	for i := range 100 {
		if m.tick() || m.awaits() {
			t.Fatalf("tick %d: redraw, and nothing happened", i)
		}
	}
	m.e.Cursor = Point{600, 780} // on the track
	if !m.tick() || m.tick() {
		t.Error("the step under the cursor is not drawn once")
	}
}

// TestTimeKeys: arrows step, Home shows the beginning, End what is now, also in film mode.
func TestTimeKeys(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5, 12)
	_, p := panel[*Time](m.desk)
	for _, film := range []string{"", "f"} {
		m.e.Typed = film
		m.tick()
		for i, c := range []struct {
			k    Keys
			want int
		}{
			{Keys{Left: true}, 12},
			{Keys{Left: true}, 5},
			{Keys{Left: true}, 0},
			{Keys{Left: true}, 0},
			{Keys{Right: true}, 5},
			{Keys{End: true}, -1},
			{Keys{Right: true}, -1},
			{Keys{Home: true}, 0},
			{Keys{Right: true}, 5},
			{Keys{Right: true}, 12},
			{Keys{Right: true}, -1},
		} {
			if m.press(c.k); p.at != c.want {
				t.Errorf("key %d, %+v: the step is %d, want %d", i, c.k, p.at, c.want)
			}
		}
	}
}

// TestPlay: playing shows each step, waits until it is there, and ends live.
func TestPlay(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5, 12)
	_, p := panel[*Time](m.desk)
	m.e.Typed = "p"
	m.tick()
	for range 60 {
		m.tick() // and nobody answers
	}
	if p.at != 0 || !p.playing {
		t.Fatalf("without an answer it goes on to step %d", p.at)
	}
	var seen []int
	for range 60 {
		if step := m.answer(); step >= 0 {
			seen = append(seen, step)
		}
		m.tick()
	}
	if want := []int{0, 5, 12}; !reflect.DeepEqual(seen, want) || p.at >= 0 || p.playing {
		t.Errorf("it has shown %v and is at %d, want %v, then live", seen, p.at, want)
	}
}

// TestFilmRange: a film of the range between the handles is asked for, of the chosen view in the chosen format.
func TestFilmRange(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5, 12, 40, 100)
	i, p := panel[*Time](m.desk)
	m.e.Typed = "f"
	m.tick()
	track := p.parts(m.size(i)).track
	at := func(x float64) Point { return Point{m.places[i].X + track.X + x*track.W, m.places[i].Y + trackHeight} }
	drag := func(from, to float64) {
		m.e.Cursor, m.e.Down = at(from), true
		m.tick()
		m.e.Cursor = at(to)
		m.tick()
		m.e.Down = false
		m.tick()
	}
	drag(0.01, 0.2)
	drag(0.97, 0.6)
	m.e.Typed = "m"
	m.tick()
	m.take()
	m.press(Keys{Enter: true})
	if got, want := m.take(), []watch.Request{watch.Film{View: "Samples", From: 5, To: 40, Format: ".apng"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	if p.cutting {
		t.Error("the range can still be changed")
	}
	m.press(Keys{Home: true})
	for _, key := range []string{"f", "]"} {
		m.e.Typed = key
		m.tick()
	}
	if p.from != 0 || p.to != 0 {
		t.Errorf("after ] at step 0 the range is %d to %d", p.from, p.to)
	}
	m.press(Keys{Escape: true})
	if p.cutting {
		t.Error("Escape does not end it")
	}
}

// TestPastRequests: the latent plane is asked for with the weights of the step, a late answer of now is no picture of then, and a typed text
// goes to both.
func TestPastRequests(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5, 17)
	_, p := panel[*Latent](m.desk)
	late := m.sent[0].(watch.Decode)
	m.press(Keys{Left: true})
	m.show(17)
	m.tick()
	m.tick()
	var got watch.Decode
	for _, r := range m.take() {
		if d, ok := r.(watch.Decode); ok {
			got = d
		}
	}
	if got.Step != 10 || len(got.Z) != 1+mosaic*mosaic {
		t.Fatalf("asked for %d pictures of step %d, want a mosaic of step 10", len(got.Z), got.Step)
	}
	then, now := make([]*image.RGBA, len(got.Z)), make([]*image.RGBA, len(late.Z))
	for i := range then {
		then[i], now[i] = picture(28, 1), picture(28, 2)
	}
	if !m.awaits() {
		t.Error("nobody waits for pictures of then")
	}
	got.Reply(then)
	m.tick()
	late.Reply(now)
	m.tick()
	if p.newest.image != then[0] || p.mosaic[0] != then[1] || p.mosaicOf.stale(p.scene(m.snapshot)) {
		t.Error("a picture of now is shown as one of then")
	}
	if m.awaits() {
		t.Error("everything is there, and is still waited for")
	}

	m = newMachine(t, dates(), 0, 5, 17)
	m.sent = nil
	i, h := panel[*HeatMaps](m.desk)
	m.click(m.middle(i, h.areas(m.size(i)).field))
	m.e.Typed = "3"
	m.tick()
	m.press(Keys{Enter: true})
	want := []watch.Request{watch.Attend{Text: "3"}}
	if past := m.take(); !reflect.DeepEqual(past, want) || !reflect.DeepEqual(m.sent, want) {
		t.Errorf("the trainer is asked for %v, the past for %v, want %v", m.sent, past, want)
	}
}

// TestNoticesOfThePast: where a film is saved is said like what a trainer says.
func TestNoticesOfThePast(t *testing.T) {
	m := newMachine(t, snapshot(), 0, 5)
	_, p := panel[*Status](m.desk)
	s := *m.past.Latest()
	s.Notice = "saved run/films/samples.gif"
	m.past.Publish(&s)
	m.tick()
	if p.notice != s.Notice || !p.fresh {
		t.Errorf("the status says %q", p.notice)
	}
	live := *m.s
	live.Notice = "saved at step 1,300"
	m.s = &live
	if m.tick(); p.notice != live.Notice {
		t.Errorf("the status says %q", p.notice)
	}
}
