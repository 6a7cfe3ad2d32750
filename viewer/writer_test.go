package viewer

import (
	"reflect"
	"strings"
	"testing"

	"genview/models/watch"
)

// drag presses the mouse on a slider's track, moves it to a share of its length, and lets it go.
func (d *desk) drag(panel int, r Rect, to float64) {
	d.e.Cursor = d.middle(panel, r)
	d.e.Down = true
	d.tick()
	d.e.Cursor.X = d.places[panel].X + r.X + sliderMargin + to*(r.W-2*sliderMargin)
	d.tick()
	d.e.Down = false
	d.tick()
}

// writes drags top-k, and answers as the trainer would.
func (d *desk) writes(at float64) {
	i, p := panel[*HeatMaps](d)
	r := p.sectionsOf(p.areas(d.size(i)).large, p.shown).text
	d.drag(i, partsOf(r).sliders[topK], at)
	for _, r := range d.take() {
		if r, ok := r.(watch.Generate); ok {
			d.goesOn(r)
		}
	}
}

// goesOn shows a text that was drawn so.
func (d *desk) goesOn(o watch.Generate) {
	s, v := *d.s, *maps(d.s)
	said := *v.Prompt
	said.Drawn, said.Output = o, strings.Repeat(" shall be the king\nAnd all the world", 2)[:min(o.Tokens, 70)]
	v.Prompt = &said
	s.Show(&v)
	d.s = &s
	d.tick()
}

// TestGoingOn: sliders say how a text is drawn once they are let go; the buttons add to it, and draw another one.
func TestGoingOn(t *testing.T) {
	for _, size := range []Point{{1280, 800}, {900, 620}} {
		d := newDesk(t, verse())
		d.e.Size = size
		d.tick()
		i, p := panel[*HeatMaps](d)
		d.tool(int(asText))
		d.take()
		q := partsOf(p.sectionsOf(p.areas(d.size(i)).large, p.shown).text)
		asks := func(what string, want watch.Generate) {
			t.Helper()
			if got := d.take(); !reflect.DeepEqual(got, []watch.Request{want}) {
				t.Errorf("%v: %s asks for %#v, want %#v", size, what, got, want)
			}
			if !p.writer.waits(maps(d.s).Prompt) {
				t.Errorf("%v: %s: the text before is taken for the new one", size, what)
			}
			d.goesOn(want)
			if p.writer.waits(maps(d.s).Prompt) {
				t.Errorf("%v: %s: the new text is not taken", size, what)
			}
		}
		d.click(d.middle(i, q.more))
		want := watch.Generate{Temperature: 0.8, Seed: 1, Tokens: 64}
		asks("going on", want)
		d.click(d.middle(i, q.more))
		want.Tokens = 128
		asks("going on", want)
		d.click(d.middle(i, q.again))
		want.Seed = 2
		asks("another", want)
		d.drag(i, q.sliders[temperature], 0)
		want.Temperature = 0
		asks("no temperature", want)
		d.drag(i, q.sliders[topK], 0.18)
		want.TopK = 10
		asks("the middle of top-k", want)
		d.drag(i, q.sliders[topP], -1)
		want.TopP = 0.01
		asks("top-p beyond its beginning", want)
		d.drag(i, q.sliders[topP], 2)
		want.TopP = 0
		asks("top-p beyond its end", want)
		for range 20 {
			d.click(d.middle(i, q.more))
		}
		if got := d.take(); p.writer.asked.Tokens != watch.MostGenerated || len(got) != (watch.MostGenerated-128)/drawnMore {
			t.Errorf("%v: going on for long asks %d times, up to %d tokens", size, len(got), p.writer.asked.Tokens)
		}
	}
	d := newDesk(t, dates())
	d.e.Size = Point{1280, 800}
	d.tick()
	if i, p := panel[*HeatMaps](d); p.sectionsOf(p.areas(d.size(i)).large, p.shown).tools[asText].W > 0 {
		t.Error("a model that does not go on with a text has a button for that")
	}
}
