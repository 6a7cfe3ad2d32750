package viewer

import (
	"strings"
	"sync"
	"testing"
	"time"

	"genview/models/lettering"
	"genview/models/watch"
)

// desk is a State with a trainer that takes everything, driven as a hand would.
type desk struct {
	*State
	t    testing.TB
	e    Events
	s    *watch.Snapshot
	sent []watch.Request
	busy bool
}

// ownFonts are the program's fonts alone.
var ownFonts = sync.OnceValue(func() *lettering.Fonts {
	f, err := lettering.New(lettering.Options{})
	if err != nil {
		panic(err)
	}
	return f
})

// board is a clipboard.
type board struct{ text string }

func (b *board) Read() string      { return b.text }
func (b *board) Write(text string) { b.text = text }

// atFirst are the events of a first tick.
func atFirst() Events {
	return Events{Size: Point{1280, 800}, Now: time.Unix(0, 0), Clipboard: &board{}, Fonts: ownFonts()}
}

func newDesk(t testing.TB, s *watch.Snapshot) *desk {
	d := &desk{State: NewState(nil), t: t, s: s, e: atFirst()}
	d.tick()
	return d
}

// panel returns the first panel of that kind, and which one it is.
func panel[P Panel](d *desk) (int, P) {
	for i, p := range d.panels {
		if p, ok := p.(P); ok {
			return i, p
		}
	}
	d.t.Fatalf("there is no panel of that kind among %v", d.panels)
	panic("unreachable")
}

// tick lets a sixtieth of a second pass.
func (d *desk) tick() bool {
	d.e.Now = d.e.Now.Add(time.Second / 60)
	redraw := d.Update(d.e, d.s, func(r watch.Request) bool {
		if !d.busy {
			d.sent = append(d.sent, r)
		}
		return !d.busy
	})
	d.e.Typed, d.e.Letters = "", ""
	return redraw
}

func (d *desk) click(p Point) {
	d.e.Cursor = p
	d.e.Down = true
	d.tick()
	d.e.Down = false
	d.tick()
}

// take returns the requests since the last call.
func (d *desk) take() []watch.Request {
	out := d.sent
	d.sent = nil
	return out
}

func TestNothingChangesNothingIsDrawn(t *testing.T) {
	d := newDesk(t, snapshot())
	d.tick()
	for i := range 100 {
		if d.tick() {
			t.Fatalf("tick %d: redraw, and nothing happened", i)
		}
	}
	d.e.Cursor = Point{5, 5} // the margin
	if d.tick() {
		t.Error("redraw for a cursor that is over nothing")
	}
	next := *d.s
	d.s = &next
	if !d.tick() {
		t.Error("no redraw for a new snapshot")
	}
	d.e.Size = Point{900, 700}
	if !d.tick() {
		t.Error("no redraw for a new size")
	}
}

func TestPanelsWithNothingToShowAreHidden(t *testing.T) {
	d := newDesk(t, &watch.Snapshot{})
	for i, p := range d.panels {
		_, status := p.(*Status)
		if shown := d.places[i].W > 0; shown != status {
			t.Errorf("%T: shown %v before the first step, want %v", p, shown, status)
		}
	}
}

func TestPauseResumeSave(t *testing.T) {
	d := newDesk(t, bare())
	i, p := panel[*Status](d)
	pause, save := p.buttons(d.size(i))
	in := func(r Rect) Point { return d.middle(i, r) }
	for _, c := range []struct {
		name string
		do   func()
		want watch.Request
	}{
		{"click on Pause", func() { d.click(in(pause)) }, watch.Pause{}},
		{"click on Save", func() { d.click(in(save)) }, watch.Save{}},
		{"space", func() { d.e.Typed = " "; d.tick() }, watch.Pause{}},
		{"space while paused", func() {
			s := *d.s
			s.State = watch.Paused
			d.s = &s
			d.e.Typed = " "
			d.tick()
		}, watch.Resume{}},
	} {
		c.do()
		if got := d.take(); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: sent %v, want %T", c.name, got, c.want)
		}
	}
	d.e.Cursor, d.e.Down = in(pause), true
	d.tick()
	d.e.Cursor = Point{600, 600}
	d.tick()
	d.e.Down = false
	d.tick()
	if got := d.take(); len(got) != 0 {
		t.Errorf("a button let go elsewhere: sent %v", got)
	}
	s := *d.s
	s.State = watch.Done
	d.s = &s
	d.e.Typed = " s"
	d.tick()
	if got := d.take(); len(got) != 0 {
		t.Errorf("a run that is done: sent %v", got)
	}
}

// TestLabelsFollowTheirState: a label says what the next click does, in the drawing that follows the click.
func TestLabelsFollowTheirState(t *testing.T) {
	for _, c := range []struct {
		key   string
		s     *watch.Snapshot
		label func(d *desk) string
		want  [2]string
	}{
		{"l", snapshot(), func(d *desk) string { _, p := panel[*Curves](d); return p.label() }, [2]string{"log", "linear"}},
		{"w", snapshot(), func(d *desk) string { _, p := panel[*Latent](d); return p.label() }, [2]string{"Walk", "Stop"}},
		{"r", grid(), func(d *desk) string { _, p := panel[*Scatter](d); return showOrHide(p.without.others) }, [2]string{"Hide", "Show"}},
		{"D", grid(), func(d *desk) string { _, p := panel[*Scatter](d); return showOrHide(p.without.field) }, [2]string{"Hide", "Show"}},
	} {
		d := newDesk(t, c.s)
		d.tick()
		for i := range 4 {
			if got := c.label(d); got != c.want[i%2] {
				t.Errorf("after %d presses of %s: the label is %q, want %q", i, c.key, got, c.want[i%2])
			}
			d.e.Typed = c.key
			if !d.tick() {
				t.Errorf("no redraw after %s", c.key)
			}
		}
	}
}

// TestShortcuts: a key works with Caps Lock, and by its place where it types a letter of another script.
func TestShortcuts(t *testing.T) {
	for _, c := range []struct {
		typed, letters string
		want           bool
	}{
		{"s", "s", true}, {"S", "s", true}, {"ы", "s", true}, {"س", "s", true}, {"ы", "d", false}, {"x", "s", false}, {"1", "s", false}, {"", "s", false},
	} {
		d := newDesk(t, bare())
		d.e.Typed, d.e.Letters = c.typed, c.letters
		d.tick()
		if got := len(d.take()) == 1; got != c.want {
			t.Errorf("%q typed by the key of %q: saved %v, want %v", c.typed, c.letters, got, c.want)
		}
	}
}

// TestNoticesFade: a notice is no alert, is shown for a while, and gives way to an error.
func TestNoticesFade(t *testing.T) {
	d := newDesk(t, bare())
	_, p := panel[*Status](d)
	s := *d.s
	s.Notice = "saved at step 1240"
	d.s = &s
	d.tick()
	if !p.fresh {
		t.Fatal("a new notice is not shown")
	}
	for i := 0; p.fresh; i++ {
		if redraw := d.tick(); redraw != !p.fresh || i > 600 {
			t.Fatalf("tick %d: redraw %v, and the notice is shown %v", i, redraw, p.fresh)
		}
	}
}

// TestStopped: a run at rest that has steps left is not done.
func TestStopped(t *testing.T) {
	for state, want := range map[watch.State]string{watch.Done: "Stopped  ·  step 1,240 of 5,000", watch.Paused: "Paused  ·  step 1,240 of 5,000"} {
		s := snapshot()
		s.State = state
		if got := progress(s); got != want {
			t.Errorf("%s: got %q, want %q", state, got, want)
		}
	}
	s := snapshot()
	s.State, s.Step = watch.Done, s.Steps
	if got, want := progress(s), "Done  ·  step 5,000 of 5,000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRefusedRequestsAreSentLater(t *testing.T) {
	d := newDesk(t, bare())
	d.busy = true
	for range 100 {
		d.e.Typed = "s"
		d.tick()
	}
	d.busy = false
	d.tick()
	if got := len(d.take()); got == 0 || got > mostWaiting {
		t.Errorf("sent %d requests after the trainer was busy, want 1 to %d", got, mostWaiting)
	}
	d.tick()
	if got := d.take(); len(got) != 0 {
		t.Errorf("sent again: %v", got)
	}
}

func TestProgressIsSaid(t *testing.T) {
	s := snapshot()
	if got, want := progress(s)+" | "+speed(s), "Training  ·  step 1,240 of 5,000 | 11,234 examples/s  ·  0:14 elapsed  ·  0:41 left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := progress(&watch.Snapshot{}); !strings.HasPrefix(got, "Compiling") {
		t.Errorf("before the first step: %q", got)
	}
}

func TestPaceFollowsTheCost(t *testing.T) {
	var p pacer
	now := time.Unix(0, 0)
	for range 20 { // a drawing whose presentations take 40 ms each
		p.draw(now)
		for range presentations {
			now = now.Add(40 * time.Millisecond)
			p.tick(now)
		}
		now = now.Add(time.Second)
	}
	if idle := p.interval(false); idle < time.Second || idle > slowest {
		t.Errorf("dear drawings every %v, want a fifteenth of the time, or %v", idle, slowest)
	}
	if active := p.interval(true); active > slowestActive {
		t.Errorf("under a hand every %v, want at most %v", active, slowestActive)
	}
	p = pacer{}
	for range 10 { // one so dear that the next begins before it was presented
		p.draw(now)
		now = now.Add(150 * time.Millisecond)
		p.tick(now)
		p.tick(now)
	}
	if idle := p.interval(false); idle != slowest {
		t.Errorf("drawings that are not presented in time come every %v, want %v", idle, slowest)
	}
}

func TestCheckDisplay(t *testing.T) {
	none := func(string) string { return "" }
	if err := displayError("linux", none); err == nil || !strings.Contains(err.Error(), "genview train") {
		t.Errorf("no display: got %v, want what to do", err)
	}
	if err := displayError("linux", func(k string) string { return map[string]string{"DISPLAY": ":0"}[k] }); err != nil {
		t.Errorf("DISPLAY=:0: got %v", err)
	}
	if err := displayError("darwin", none); err != nil {
		t.Errorf("macOS: got %v", err)
	}
}

// TestPanelsThatShareAnAreaAreChosen: a click on a name shows its panel, also after the next snapshot, and the others stay to be chosen.
func TestPanelsThatShareAnAreaAreChosen(t *testing.T) {
	d := newDesk(t, classes())
	seen := func() string {
		for _, q := range d.slots {
			if len(q.panels) > 1 {
				return d.panels[d.front(q)].Title()
			}
		}
		t.Fatal("no panels share an area")
		return ""
	}
	name := func(want string) Point {
		for _, q := range d.slots {
			for k, i := range q.panels {
				if d.panels[i].Title() == want {
					return Point{q.tab(k).X + 4, q.tab(k).Y + 4}
				}
			}
		}
		t.Fatalf("%s is nowhere", want)
		return Point{}
	}
	first := seen()
	for _, want := range []string{"Layers", "Features", first} {
		d.click(name(want))
		if got := seen(); got != want {
			t.Errorf("clicked on %s, %s is seen", want, got)
		}
		d.s = classes()
		if d.tick(); seen() != want {
			t.Errorf("after a new snapshot %s is seen, want %s", seen(), want)
		}
	}
}

// TestGroupsOfCurvesLieApart: each group that fits has its own plot within the panel; the first always has one.
func TestGroupsOfCurvesLieApart(t *testing.T) {
	v := &watch.Curves{Name: "Curves", Groups: []watch.Group{{Name: "loss"}, {Name: "norm"}, {Name: "accuracy"}}}
	p := newCurves(v.Name)
	for h, want := range map[float64]int{100: 1, 150: 1, 250: 2, 320: 3, 800: 3} {
		plots := p.plots(Point{500, h}, v)
		if len(plots) != want {
			t.Errorf("%v high: %d plots, want %d", h, len(plots), want)
		}
		for i, r := range plots {
			if r.Y < titleHeight || r.Y+r.H > h-padding+0.01 || i > 0 && r.Y < plots[i-1].Y+plots[i-1].H+groupHeight {
				t.Errorf("%v high: plot %d lies at %v after %v", h, i, r, plots[:i])
			}
		}
	}
}
