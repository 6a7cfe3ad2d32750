package viewer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// TestMap: a map is asked for when it is shown, again while the model is trained, and of a step of the past with its weights. A click on a
// picture goes to its point.
func TestMap(t *testing.T) {
	d := newDesk(t, directed())
	i, p := panel[*Latent](d)
	d.press(func(q parts) Rect { return q.tabs[ofMap] })
	ask, ok := asked[watch.Survey](d)
	if !ok || ask.Step >= 0 {
		t.Fatalf("asked for %+v, %v", ask, ok)
	}
	ask.Reply(nil, errors.New("no weights are recorded yet"))
	if d.tick(); p.problem != "no weights are recorded yet" {
		t.Errorf("of an error is said %q", p.problem)
	}
	count := func(seconds int, trains bool) (n int) {
		for range seconds * 60 {
			if trains {
				s := *d.s
				s.Step++
				d.s = &s
			}
			d.tick()
			if ask, ok := asked[watch.Survey](d); ok {
				n++
				ask.Reply(encodedCharts(), nil)
			}
		}
		return n
	}
	if n := count(10, true); n < 3 || n > 4 {
		t.Errorf("in ten seconds of training it was asked for %d times", n)
	}
	count(4, false)
	if n := count(10, false); n != 0 {
		t.Errorf("of a model that stays as it is it was asked for %d times", n)
	}
	atlas := p.charts.atlas
	at := p.charts.place(p.parts(d.size(i), latent(d.s)).square, atlas.Place(7))
	d.click(d.middle(i, Rect{at.X, at.Y, 0, 0}))
	if p.charts.over < 0 || !near(p.away, atlas.Z[p.charts.over]) || p.where != "held-out 7, 7" {
		t.Errorf("a click on picture 7 leads to %q", p.where)
	}
	s := *d.s
	s.Past = &watch.Past{Steps: []int{1, 5}, Shown: 5, Weights: 5}
	d.s = &s
	d.tick()
	if ask, ok := asked[watch.Survey](d); !ok || ask.Step != 5 {
		t.Errorf("of a past step is asked for %+v, %v", ask, ok)
	}
	if n := len(newLatent("").parts(Point{500, 700}, latent(snapshot())).tabs); n != int(ofMap) {
		t.Errorf("a model without an encoder has %d tabs", n)
	}
}

// TestMapByTSNE: a key asks for a map by t-SNE, less often while the model is trained; on it the ring is only at a picture's own place, and
// the key leads back.
func TestMapByTSNE(t *testing.T) {
	d := newDesk(t, directed())
	i, p := panel[*Latent](d)
	d.press(func(q parts) Rect { return q.tabs[ofMap] })
	answer := func() (asks []watch.Survey) {
		for range 30 * 60 {
			s := *d.s
			s.Step++
			d.s = &s
			d.tick()
			ask, ok := asked[watch.Survey](d)
			if !ok {
				continue
			}
			asks = append(asks, ask)
			a := encodedCharts()
			if ask.TSNE {
				for i := range a.Z {
					a.Places = append(a.Places, [2]float64{float64(i), float64(-i)})
				}
			}
			ask.Reply(a, nil)
		}
		return asks
	}
	if asks := answer(); len(asks) < 9 || asks[0].TSNE {
		t.Fatalf("at first it asks %d times, for %+v", len(asks), asks)
	}
	d.e.Typed = "y"
	d.tick()
	if got := p.charts.line(); !strings.Contains(got, "arranged anew") {
		t.Errorf("while t-SNE is awaited it says %q", got)
	}
	if ask, ok := asked[watch.Survey](d); !ok || !ask.TSNE {
		t.Fatalf("after the key it asks for %+v, %v", ask, ok)
	}
	p.charts.asking, p.charts.sent = false, time.Time{} // as if it were not
	if asks := answer(); len(asks) != 2 || !asks[0].TSNE {
		t.Errorf("in half a minute it asks %d times, for %+v", len(asks), asks)
	}
	square := p.parts(d.size(i), latent(d.s)).square
	if got := p.charts.line(); !strings.HasSuffix(got, "t-SNE") {
		t.Errorf("it says %q", got)
	}
	if _, ok := p.charts.here(square, make([]float32, len(p.charts.atlas.Z[0]))); ok {
		t.Error("a point that is no picture's has a place")
	}
	if at, ok := p.charts.here(square, p.charts.atlas.Z[7]); !ok || at != p.charts.place(square, [2]float64{7, -7}) {
		t.Errorf("picture 7 is at %v, %v", at, ok)
	}
	d.press(func(q parts) Rect { _, change := changeArea(q); return change })
	if asks := answer(); len(asks) < 9 || asks[0].TSNE {
		t.Errorf("after a click it asks %d times, for %+v", len(asks), asks)
	}
}

// TestLatentFieldHasAllTyping: letters in the field of seeds are no shortcuts, and C copies a point's numbers.
func TestLatentFieldHasAllTyping(t *testing.T) {
	d := newDesk(t, snapshot())
	_, p := panel[*Latent](d)
	d.press(func(q parts) Rect { text, _ := fieldRow(q.rows[2]); return text })
	for _, typed := range []string{"w", "n", "c"} {
		d.e.Typed = typed
		d.tick()
	}
	if p.walk.on || p.shown != 0 || p.seed.text != "wnc" {
		t.Errorf("typed %q, and the walk is on: %v", p.seed.text, p.walk.on)
	}
	d.press(func(q parts) Rect { return q.tabs[ofWalk] })
	if p.writing() {
		t.Error("a field that is not shown is edited")
	}
	p.goTo(watch.Point{Name: "a", Z: []float32{0.5, -1, 0}})
	p.mode = ofPlane
	d.e.Now = d.e.Now.Add(time.Second)
	d.e.Typed = "c"
	d.tick()
	if got := d.e.Clipboard.Read(); got != "[0.5, -1, 0]" {
		t.Errorf("copied %q", got)
	}
}
