package viewer

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// TestCards: rows of the start page have as many cards as each other, but for the last, which lies in the middle.
func TestCards(t *testing.T) {
	for n, want := range map[int][]int{1: {1}, 3: {3}, 4: {4}, 5: {3, 2}, 6: {3, 3}, 7: {4, 3}, 9: {3, 3, 3}} {
		rows := map[float64][]Rect{}
		var order []float64
		for i := range n {
			r := new(Start).card(Point{1280, 800}, i, n)
			if rows[r.Y] == nil {
				order = append(order, r.Y)
			}
			rows[r.Y] = append(rows[r.Y], r)
		}
		var got []int
		for _, y := range order {
			row := rows[y]
			got = append(got, len(row))
			if first, last := row[0], row[len(row)-1]; first.X+last.X+last.W != 1280 {
				t.Errorf("%d cards: a row reaches from %v to %v", n, first.X, last.X+last.W)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d cards lie in rows of %d, want %d", n, got, want)
		}
	}
}

var kinds = map[string]func() *watch.Snapshot{"letters": snapshot, "dates": dates, "verse": verse, "scripts": scripts, "grid": grid, "classes": classes, "choosing": beginning, "showing": showing}

func TestPanelsLieInTheWindowAndApart(t *testing.T) {
	for name, kind := range kinds {
		for _, size := range []Point{{1280, 800}, {1920, 1080}, {640, 480}, {700, 1400}, {2560, 1080}} {
			d := newDesk(t, kind())
			d.e.Size = size
			d.tick()
			shown := 0
			for _, q := range d.slots {
				shown += len(q.panels)
			}
			if want := map[string]int{"letters": 4, "dates": 4, "verse": 4, "scripts": 4, "grid": 3, "classes": 7, "choosing": 1, "showing": 1}[name]; shown != want {
				t.Errorf("%s in %v: %d panels are shown or can be chosen, want %d", name, size, shown, want)
			}
			for i, a := range d.places {
				if a.W == 0 {
					continue
				}
				if a.W < 100 || a.H < 80 || a.X < 0 || a.Y < 0 || a.X+a.W > size.X+0.01 || a.Y+a.H > size.Y+0.01 {
					t.Errorf("%s in %v: %T lies at %v", name, size, d.panels[i], a)
				}
				for k, b := range d.places[:i] {
					if b.W > 0 && a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
						t.Errorf("%s in %v: %T at %v covers %T at %v", name, size, d.panels[i], a, d.panels[k], b)
					}
				}
			}
		}
		d := newDesk(t, kind())
		d.tick()
		for range 50 {
			if d.tick() {
				t.Fatalf("%s: redraw, and nothing happened", name)
			}
		}
	}
}

// middle returns where the middle of an area of panel i lies in the window.
func (d *desk) middle(i int, r Rect) Point {
	return Point{d.places[i].X + r.X + r.W/2, d.places[i].Y + r.Y + r.H/2}
}

func (d *desk) size(i int) Point { return Point{d.places[i].W, d.places[i].H} }

func (d *desk) attends(want ...string) {
	d.t.Helper()
	var got []string
	for _, r := range d.take() {
		if a, ok := r.(watch.Attend); ok {
			got = append(got, a.Text)
		} else {
			d.t.Errorf("asked for %#v", r)
		}
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		d.t.Errorf("asked to attend to %q, want %q", got, want)
	}
}

// TestAnswersStandBesideTheirText: from the first character written, or a click on an example, until the answer came, the answer of the
// former text is not shown.
func TestAnswersStandBesideTheirText(t *testing.T) {
	d := newDesk(t, dates())
	i, p := panel[*HeatMaps](d)
	k, e := panel[*Texts](d)
	stale := func(when string, want bool) {
		t.Helper()
		if got := p.stale(maps(d.s)); got != want {
			t.Errorf("%s: stale %v, want %v", when, got, want)
		}
	}
	answer := func(text string) {
		s := *d.s
		s.Show(attention(text, "2001-05-03"))
		d.s = &s
		d.tick()
	}
	stale("at first", false)
	d.click(d.middle(i, p.areas(d.size(i)).field))
	stale("after a click into the field", false)
	d.e.Typed = "3 May 2001"
	d.tick()
	stale("written", true)
	for range 30 {
		d.tick()
	}
	d.attends("3 May 2001")
	stale("asked for", true)
	answer("3 May 2001")
	stale("answered", false)
	d.click(d.middle(k, e.row(d.size(k), 1)))
	example := e.view(d.s).Examples[1].Input
	d.attends(example)
	stale("an example was asked for", true)
	if got := p.text(maps(d.s)); got != example {
		t.Errorf("the field shows %q, want the example", got)
	}
	answer(example)
	stale("the example was answered", false)
}

// TestWritingAsksOnce: a text is asked for once nobody has typed for a moment, or at once with Enter; typing goes only to the field.
func TestWritingAsksOnce(t *testing.T) {
	d := newDesk(t, dates())
	i, p := panel[*HeatMaps](d)
	d.click(d.middle(i, p.areas(d.size(i)).field))
	if !p.writing() || p.field.text != "Monday, 4 July 2016" {
		t.Fatalf("after a click the field holds %q, on %v", p.field.text, p.field.on)
	}
	d.e.Typed = "3 May sx" // replaces it; a space and an s are keys of the status bar
	d.tick()
	d.e.Keys = Keys{Erase: true}
	d.tick()
	d.e.Keys = Keys{}
	d.attends()
	for range 30 {
		d.tick()
	}
	d.attends("3 May s")
	d.e.Typed = " 2001"
	d.tick()
	d.e.Keys = Keys{Enter: true}
	d.tick()
	d.e.Keys = Keys{}
	for range 30 {
		d.tick()
	}
	d.attends("3 May s 2001")
	if p.writing() {
		t.Error("Enter does not end the writing")
	}
	d.e.Typed = " "
	d.tick()
	if got := d.take(); len(got) != 1 || got[0] != (watch.Pause{}) {
		t.Errorf("a space after the writing: %v, want a pause", got)
	}
	for range 2 { // the second click keeps the text
		d.click(d.middle(i, p.areas(d.size(i)).field))
		d.e.Now = d.e.Now.Add(time.Second)
	}
	d.e.Typed = "!"
	d.tick()
	if got := "3 May s 2001!"; p.field.text != got {
		t.Errorf("after a second click the field holds %q, want %q", p.field.text, got)
	}
	d.click(d.middle(0, Rect{0, 0, 40, 40}))
	if p.writing() {
		t.Error("a click elsewhere does not end the writing")
	}
}

func TestChosenHeadIsKept(t *testing.T) {
	d := newDesk(t, dates())
	at, p := panel[*HeatMaps](d)
	if p.chosen != (head{"decoder.layers.1.multihead_attn", 0}) {
		t.Errorf("at first %v is large", p.chosen)
	}
	d.click(d.middle(at, small(p.areas(d.size(at)).grid, maps(d.s), 1, 2)))
	want := head{"encoder.layers.1.self_attn", 2}
	if p.chosen != want {
		t.Errorf("clicked on %v, got %v", want, p.chosen)
	}
	d.s = dates()
	d.s.Show(attention("1 May 1999", "1999-05-01"))
	if !d.tick() || p.chosen != want {
		t.Errorf("after a new snapshot %v is large, want %v", p.chosen, want)
	}
	d.s = verse()
	d.tick()
	if p.chosen != (head{"h.3.attn", 0}) {
		t.Errorf("of another model %v is large", p.chosen)
	}
}

func TestHoverFindsTheShare(t *testing.T) {
	d := newDesk(t, dates())
	at, p := panel[*HeatMaps](d)
	m, _ := p.chosenMap()
	l := largeOf(p.sectionsOf(p.areas(d.size(at)).large, p.shown).table, p.shown, m, p.zoom)
	d.e.Cursor = Point{d.places[at].X + l.cells.X + l.cells.W*(4.5/float64(len(m.Cols))), d.places[at].Y + l.cells.Y + l.cells.H*(2.5/float64(len(m.Rows)))}
	if !d.tick() || !p.over || p.hover != (spot{2, 4}) {
		t.Errorf("over %v, %v; want row 2, column 4", p.hover, p.over)
	}
	d.e.Cursor = Point{5, 5}
	if !d.tick() || p.over {
		t.Error("still over a share")
	}
}

func TestExampleIsAttendedTo(t *testing.T) {
	d := newDesk(t, dates())
	i, p := panel[*Texts](d)
	d.click(d.middle(i, p.row(d.size(i), 3)))
	d.attends("3.5.1998")
	d.s = verse()
	d.tick()
	i, p = panel[*Texts](d)
	d.click(d.middle(i, p.row(d.size(i), 0)))
	d.attends()
}

func TestStartBeginsOnce(t *testing.T) {
	d := newDesk(t, choosing())
	_, p := panel[*Start](d)
	d.click(d.middle(0, p.card(d.size(0), 1, 4)))
	d.click(d.middle(0, p.card(d.size(0), 2, 4)))
	if got := d.take(); len(got) != 1 || got[0] != (watch.Choose{Name: "dcgan"}) {
		t.Errorf("asked for %v, want dcgan once", got)
	}
	q := &Start{}
	d = newDesk(t, choosing())
	d.e.Typed = "4"
	d.tick()
	if got := d.take(); len(got) != 1 || got[0] != (watch.Choose{Name: "translate"}) {
		t.Errorf("the key 4 asks for %v", got)
	}
	for _, size := range []Point{{620, 460}, {1260, 780}, {680, 1380}, {1900, 1060}} {
		for i := range 4 {
			r := q.card(size, i, 4)
			if r.X < 0 || r.Y < 0 || r.X+r.W > size.X || r.Y+r.H > size.Y {
				t.Errorf("in %v card %d lies at %v", size, i, r)
			}
		}
	}
}

func TestFieldIsReadBetweenItsValues(t *testing.T) {
	p := &watch.Field{Side: 2, Values: []float32{0, 1, 2, 3}}
	for at, want := range map[Point]float64{{0.25, 0.25}: 0, {0.75, 0.25}: 1, {0.5, 0.5}: 1.5, {0, 1}: 2, {1, 1}: 3} {
		if got := valueAt(p, at.X, at.Y); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %v: got %v, want %v", at, got, want)
		}
	}
	d := newDesk(t, grid())
	_, q := panel[*Scatter](d)
	before := q.image
	d.e.Typed = "r"
	if !d.tick() || q.image == before {
		t.Error("hiding the real points draws nothing anew")
	}
	d.e.Now = d.e.Now.Add(time.Second)
	if d.tick() {
		t.Error("redraw, and nothing happened")
	}
}

func TestLayerNames(t *testing.T) {
	for tap, want := range map[string]string{
		"encoder.layers.0.self_attn": "encoder 1", "decoder.layers.1.self_attn": "decoder 2", "decoder.layers.1.multihead_attn": "cross 2", "h.3.attn": "layer 4", "odd": "odd",
	} {
		if got := layerName(tap); got != want {
			t.Errorf("%s is called %q, want %q", tap, got, want)
		}
	}
}
