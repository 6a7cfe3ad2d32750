package viewer

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"genview/models/watch"
)

// dissected answers as the trainer would.
func (d *desk) dissected() {
	for _, r := range d.take() {
		if r, ok := r.(watch.Dissect); ok {
			d.looksInto(r)
		}
	}
}

// looksInto shows the stages of a head; none if it is zero.
func (d *desk) looksInto(head watch.Dissect) {
	s, v := *d.s, *maps(d.s)
	v.Stages = nil
	for _, m := range v.Maps {
		if m.Name == head.Layer {
			v.Stages = stagesOf(m, head)
		}
	}
	s.Show(&v)
	d.s = &s
	d.tick()
}

// stagesOf makes stages that lead to the weights of a map.
func stagesOf(m watch.Map, head watch.Dissect) *watch.Stages {
	s := &watch.Stages{Dissect: head, Rows: m.Rows, Cols: m.Cols, Width: 12, Weights: m.Head(head.Head)}
	for i, w := range s.Weights {
		s.Masked = append(s.Masked, w < 1e-9)
		score := math.Log(float64(w) + 1e-3)
		if w < 1e-9 {
			score = 2 * math.Sin(float64(i))
		}
		s.Scores = append(s.Scores, float32(score+3))
	}
	for i := range len(m.Rows) * s.Width {
		s.Values = append(s.Values, float32(math.Sin(float64(i/s.Width)/3)*math.Cos(float64(i%s.Width))))
	}
	return s
}

// TestStages: the stages are those of the chosen head, and are asked for as long as they are shown. Until they are there, no others are shown
// as these.
func TestStages(t *testing.T) {
	d := newDesk(t, verse())
	d.e.Size = Point{1280, 800}
	d.tick()
	i, p := panel[*HeatMaps](d)
	asks := func(what string, want ...watch.Request) {
		t.Helper()
		if got := d.take(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s asks for %#v, want %#v", what, got, want)
		}
	}
	ready := func(when string, want bool) {
		t.Helper()
		if got := p.inside.ready(); got != want {
			t.Errorf("%s: the stages are there: %v, want %v", when, got, want)
		}
	}
	choose := func(layer, index int) {
		d.click(d.middle(i, small(p.areas(d.size(i)).grid, p.shown, layer, index)))
	}
	choose(1, 2)
	asks("choosing a head")
	d.tool(int(asStages))
	asks("stages", watch.Dissect{Layer: "h.1.attn", Head: 2})
	ready("at first", false)
	d.looksInto(watch.Dissect{Layer: "h.1.attn", Head: 2})
	ready("when they came", true)
	choose(2, 0)
	asks("another head", watch.Dissect{Layer: "h.2.attn"})
	ready("with those of the head before", false)
	d.looksInto(watch.Dissect{Layer: "h.2.attn"})
	ready("with its own", true)

	at := p.inside.places(p.sectionsOf(p.areas(d.size(i)).large, p.shown).table)
	point := func(stage int, x, y float64) {
		d.e.Cursor = Point{d.places[i].X + at[stage].X + x*at[stage].W, d.places[i].Y + at[stage].Y + y*at[stage].H}
		d.tick()
	}
	for _, c := range []struct {
		stage int
		x, y  float64
		want  string
	}{
		{0, 0.001, 0.001, "Q·K/√D of “W” and “W”: 3.001"},
		{1, 0.999, 0.001, "“W” must not look at “n”"},
		{2, 0.001, 0.001, "softmax of “W” and “W”: 1"},
		{3, 0.999, 0.001, "weighted values of “W”, number 12: 0"},
	} {
		if point(c.stage, c.x, c.y); p.inside.sentence() != c.want {
			t.Errorf("at (%v, %v) of stage %d: %q, want %q", c.x, c.y, c.stage, p.inside.sentence(), c.want)
		}
	}
	choose(2, 4)
	asks("a reduction", watch.Dissect{})
	choose(2, 0)
	asks("a head again", watch.Dissect{Layer: "h.2.attn"})
	d.tool(int(asTable))
	asks("the map", watch.Dissect{})
}

// TestLongText: of a text whose maps are pooled the chosen head is asked for in whole, and shown as soon as it is there; it is given up for
// another head, and for a text that is short again.
func TestLongText(t *testing.T) {
	d := newDesk(t, verse())
	full := d.pools(3)
	i, p := panel[*HeatMaps](d)
	last := watch.Dissect{Layer: "h.3.attn"}
	if got := d.take(); !reflect.DeepEqual(got, []watch.Request{last}) {
		t.Fatalf("a long text asks for %#v", got)
	}
	if m, _ := p.chosenMap(); m.Pool != 3 {
		t.Errorf("at first the map is %+v", m)
	}
	long := longer(full, last.Layer, 3*len(full.Rows))
	d.answersInWhole(long, watch.Dissect{Layer: "h.2.attn"}) // of another head
	if m, _ := p.chosenMap(); m.Pool != 3 {
		t.Errorf("with another head's whole the map is %+v", m)
	}
	d.answersInWhole(long, last)
	m, _ := p.chosenMap()
	if len(m.Rows) != 3*len(full.Rows) || m.Values[len(m.Cols)] != 0.5 || p.whole.picture.Rect.Dx() != len(m.Cols) {
		t.Errorf("the whole has %d rows", len(m.Rows))
	}
	if q := p.whole.picture.RGBAAt(0, 1); q == p.whole.picture.RGBAAt(1, 1) {
		t.Error("its picture shows nothing")
	}
	d.click(d.middle(i, small(p.areas(d.size(i)).grid, p.shown, 1, 2)))
	if m, _ := p.chosenMap(); m.Pool != 3 || m.Name != "h.1.attn" {
		t.Errorf("another head's map is %s with %d rows", m.Name, len(m.Rows))
	}
	if got := d.take(); !reflect.DeepEqual(got, []watch.Request{watch.Dissect{Layer: "h.1.attn", Head: 2}}) {
		t.Errorf("another head asks for %#v", got)
	}
	if _, ok := p.tables[head{"h.1.attn", 4}]; ok {
		t.Error("there is an average of pooled maps")
	}
	if _, ok := p.tables[head{"h.1.attn", 5}]; !ok {
		t.Error("there is no maximum of pooled maps")
	}
	d.s = verse()
	d.tick()
	if got := d.take(); !reflect.DeepEqual(got, []watch.Request{watch.Dissect{}}) || p.whole.stages != nil {
		t.Errorf("a short text asks for %#v", got)
	}
}

// pools says that the maps of the window are those of a text that is so many times as long, and returns one of them.
func (d *desk) pools(times int) watch.Map {
	d.e.Size = Point{1280, 800}
	s, v := *d.s, *maps(d.s)
	full := v.Maps[0]
	v.Maps = slices.Clone(v.Maps)
	for i := range v.Maps {
		v.Maps[i].Pool = times
	}
	s.Show(&v)
	d.s = &s
	d.tick()
	return full
}

// longer returns the map of one head of a text of so many tokens, which are those of a short text, each several times.
func longer(short watch.Map, layer string, tokens int) watch.Map {
	long := short
	long.Name, long.Rows, long.Heads = layer, nil, 1
	for k := range tokens {
		long.Rows = append(long.Rows, short.Rows[k*len(short.Rows)/tokens])
	}
	long.Cols = long.Rows
	long.Values = make([]float32, tokens*tokens)
	long.Values[tokens] = 0.5
	return long
}

// answersInWhole gives the window a head of a long text.
func (d *desk) answersInWhole(long watch.Map, head watch.Dissect) {
	s, v := *d.s, *maps(d.s)
	v.Stages = stagesOf(long, watch.Dissect{Layer: long.Name})
	v.Stages.Dissect = head
	s.Show(&v)
	d.s = &s
	d.tick()
}

// BenchmarkLongText measures a frame while one moves through a head of 2,048 tokens with the mouse, and one while one zooms.
func BenchmarkLongText(b *testing.B) {
	const tokens = 2048
	d := newDesk(b, verse())
	full := d.pools(tokens / 64)
	head := watch.Dissect{Layer: "h.3.attn"}
	d.answersInWhole(longer(full, head.Layer, tokens), head)
	at := largeMapOf(d)
	_, p := panel[*HeatMaps](d)
	if m, _ := p.chosenMap(); len(m.Rows) != tokens {
		b.Fatalf("the map has %d rows", len(m.Rows))
	}
	middle := Point{at.X + at.W/2, at.Y + at.H/2}
	b.Run("zoom", func(b *testing.B) {
		d.e.Cursor = middle
		i := 0
		benchmarkDraw(b, d.State, func() {
			d.e.Wheel = float64(1 - i/16%2*2) // in and out again
			i++
			d.tick()
		})
	})
	b.Run("drag", func(b *testing.B) {
		d.e.Cursor, d.e.Wheel = middle, 12
		d.tick()
		d.e.Wheel, d.e.Down = 0, true
		d.tick()
		i := 0
		benchmarkDraw(b, d.State, func() {
			d.e.Cursor = Point{middle.X + float64(i%50), middle.Y + float64(i%50)}
			i++
			d.tick()
		})
	})
}
