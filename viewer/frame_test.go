package viewer

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shown returns the titles of the panels that can be seen.
func (d *desk) shown() (all []string) {
	for i, p := range d.panels {
		if d.places[i].W > 0 && p.Title() != "" {
			all = append(all, p.Title())
		}
	}
	return all
}

func (d *desk) strikes(k Keys) {
	d.e.Keys = k
	d.tick()
	d.e.Keys = Keys{}
}

func (d *desk) drags(from, to Point) {
	d.e.Cursor, d.e.Down = from, true
	d.tick()
	d.e.Cursor = to
	d.tick()
	d.e.Down = false
	d.tick()
}

// TestPanelsAreChosen: the list hides panels and shows them again, by keys and by clicks; a hidden panel does nothing, and keys that are for
// the list reach no panel.
func TestPanelsAreChosen(t *testing.T) {
	d := newDesk(t, snapshot())
	d.tick()
	if got := d.shown(); !slices.Equal(got, []string{"Curves", "Samples", "Latent space"}) {
		t.Fatalf("at first %v", got)
	}
	d.strikes(Keys{Panels: true})
	d.e.Typed = "3s"
	if d.tick(); !slices.Equal(d.shown(), []string{"Curves", "Samples"}) || len(d.take()) != 1 {
		t.Errorf("after 3: %v", d.shown())
	}
	_, line := choiceBox(d.e.Size, len(d.entries(d.s)), 1)
	d.click(Point{line.X + 50, line.Y + 5})
	if got := d.shown(); !slices.Equal(got, []string{"Curves"}) {
		t.Errorf("after a click: %v", got)
	}
	d.strikes(Keys{Escape: true})
	d.take()
	d.e.Typed = "w" // walk, of the latent space
	d.tick()
	if d.tick(); d.choosing || len(d.take()) > 0 {
		t.Errorf("a hidden panel acts, or the list is still there: %v", d.choosing)
	}
	d.e.Menu = true
	d.tick()
	d.e.Menu, d.e.Typed = false, "1"
	if d.tick(); len(d.shown()) > 0 {
		t.Errorf("after all: %v", d.shown())
	}
	for _, key := range []string{"2", "3", "1"} {
		d.e.Typed = key
		d.tick()
	}
	d.e.Typed = "4"
	if d.tick(); d.now.Theme != Light || len(d.shown()) != 3 {
		t.Errorf("shown again: %v, theme %d", d.shown(), d.now.Theme)
	}
	d.click(Point{3, 3})
	if d.choosing {
		t.Error("a click elsewhere does not end the list")
	}
}

// TestBordersAreDragged: a panel grows by as much as its border is dragged, as far as its neighbours have room, and stays so after the next
// snapshot; panels stay in the window and apart, whatever is dragged.
func TestBordersAreDragged(t *testing.T) {
	d := newDesk(t, snapshot())
	d.tick()
	i, _ := panel[*Curves](d)
	k, _ := panel[*Latent](d)
	curves, latent := d.places[i], d.places[k]
	below := Point{curves.X + 50, curves.Y + curves.H + gap/2}
	d.e.Cursor = below
	if !d.tick() || d.border == (border{}) {
		t.Error("a border under the cursor is not shown")
	}
	d.drags(below, Point{below.X, below.Y + 80})
	if got := d.places[i].H - curves.H; math.Abs(got-80) > 1 {
		t.Errorf("dragged by 80, the curves are higher by %v", got)
	}
	beside := Point{latent.X - gap/2, latent.Y + 100}
	d.drags(beside, Point{beside.X - 120, beside.Y})
	if got := d.places[k].W - latent.W; math.Abs(got-120) > 1 {
		t.Errorf("dragged by 120, the latent space is wider by %v", got)
	}
	was := slices.Clone(d.places)
	d.s = snapshot()
	if d.tick(); !slices.Equal(d.places, was) {
		t.Errorf("after a new snapshot panels lie at %v, before at %v", d.places, was)
	}
	d.drags(Point{d.places[i].X + 50, d.places[i].Y + d.places[i].H + gap/2}, Point{})
	if got := d.places[i].H; got < least[Wide] {
		t.Errorf("the curves are %v high", got)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for name, kind := range kinds {
		d := newDesk(t, kind())
		for range 60 {
			d.e.Size = Point{640 + 1400*r.Float64(), 480 + 900*r.Float64()}
			d.tick()
			all := d.borders()
			if len(all) == 0 {
				continue
			}
			b := all[r.IntN(len(all))].gap
			d.drags(Point{b.X + b.W/2, b.Y + b.H/2}, Point{d.e.Size.X * r.Float64(), d.e.Size.Y * r.Float64()})
			for x, a := range d.places {
				if a.W > 0 && (a.W < 140 || a.H < 50 || a.X < 0 || a.Y < 0 || a.X+a.W > d.e.Size.X+0.01 || a.Y+a.H > d.e.Size.Y+0.01) {
					t.Fatalf("%s in %v: panel %d lies at %v", name, d.e.Size, x, a)
				}
				for _, b := range d.places[:x] {
					if b.W > 0 && a.W > 0 && a.X < b.X+b.W-0.01 && b.X < a.X+a.W-0.01 && a.Y < b.Y+b.H-0.01 && b.Y < a.Y+a.H-0.01 {
						t.Fatalf("%s in %v: %v covers %v", name, d.e.Size, a, b)
					}
				}
			}
			if err := d.now.check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPreferences: preferences are read as they were written; a missing file is no error, and a damaged one is one line and the usual window.
func TestPreferences(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "window.json")
	if p, err := ReadPreferences(path); err != nil || !p.same(Preferences{}) {
		t.Errorf("without a file: %v, %v", p, err)
	}
	want := Preferences{Theme: Light, Scale: 1.21, Hidden: []string{"Samples"}, Side: map[string]float64{"tall": 0.4}, Heights: map[string]float64{"Curves": 1.5}}
	m := &memory{path: path}
	now := time.Unix(0, 0)
	m.tick(want, now)
	if m.tick(want, now.Add(calm/2)); !m.kept.same(Preferences{}) {
		t.Error("written while it may still change")
	}
	m.tick(want, now.Add(calm))
	m.writing.Wait()
	if p, err := ReadPreferences(path); err != nil || !p.same(want) {
		t.Errorf("got %v, %v", p, err)
	}
	want.Theme = Dark
	m.tick(want, now.Add(2*calm))
	m.close()
	if p, err := ReadPreferences(path); err != nil || !p.same(want) {
		t.Errorf("when closed: got %v, %v", p, err)
	}
	for _, text := range []string{
		"", "{", "[]", `{"theme":7}`, `{"scale":-1}`, `{"scale":1e9}`, `{"side":{"tall":2}}`, `{"heights":{"Curves":0}}`, `{"hidden":"all"}`,
		`{"scale":NaN}`, strings.Repeat(" ", mostPreferences+1), "\x00\xff",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err := ReadPreferences(path); err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), path) || !p.same(Preferences{}) {
			t.Errorf("%.20q: got %v, and the error %v", text, p, err)
		}
	}
	said := ""
	m = &memory{path: filepath.Join(path, "below a file"), notice: func(s string) { said = s }}
	m.tick(want, now)
	if m.close(); !strings.Contains(said, "cannot be written") {
		t.Errorf("said %q", said)
	}
}

// TestHeightsAreShared: heights are in the ratio of the weights, none is below its least, and together they are the whole.
func TestHeightsAreShared(t *testing.T) {
	if got := shares(100, []float64{1, 3}, []float64{10, 10}); got[0] != 25 || got[1] != 75 {
		t.Errorf("got %v", got)
	}
	if got := shares(100, []float64{1, 9}, []float64{30, 10}); got[0] != 30 || got[1] != 70 {
		t.Errorf("got %v", got)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		n := 1 + r.IntN(6)
		w, low, sum := make([]float64, n), make([]float64, n), 0.0
		for i := range n {
			w[i], low[i] = math.Exp(6*r.Float64()-3), 100/float64(n)*r.Float64()
		}
		for i, h := range shares(100, w, low) {
			sum += h
			if h < low[i]-1e-6 {
				t.Fatalf("%v of 100 by %v with at least %v", h, w, low)
			}
		}
		if math.Abs(sum-100) > 1e-6 {
			t.Fatalf("%v and not 100 by %v with at least %v", sum, w, low)
		}
	}
}

// TestFieldsTakeTyping: characters and keys that are typed into a field of any panel reach no other panel.
func TestFieldsTakeTyping(t *testing.T) {
	fields := 0
	for name, kind := range kinds {
		d := newDesk(t, kind())
		d.tick()
		for i, p := range d.panels {
			var f *field
			switch p := p.(type) {
			case *HeatMaps:
				f = &p.field
			case *Latent:
				f = &p.seed
			default:
				continue
			}
			if d.places[i].W == 0 {
				continue
			}
			f.on = true
			if d.writer() != p {
				t.Errorf("%s: %T has a field that is being edited, and does not take what is typed", name, p)
			}
			if _, ok := d.caret(); !ok {
				t.Errorf("%s: %T has no caret", name, p)
			}
			f.on = false
			fields++
		}
	}
	if fields < 3 {
		t.Errorf("only %d fields were looked at", fields)
	}
}
