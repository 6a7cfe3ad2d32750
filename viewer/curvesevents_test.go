package viewer

import (
	"math"
	"reflect"
	"testing"

	"genview/models/watch"
)

// markedRun returns a run in which something was done, and an epoch has 100 steps.
func markedRun() *watch.Snapshot {
	s := snapshot()
	v := *curves(s)
	v.Epoch = 100
	v.Events = watch.Events{
		{Step: 0, Kind: watch.Began},
		{Step: 310, Kind: watch.Held},
		{Step: 310, Kind: watch.RateSet, Rate: 0.5},
		{Step: 310, Kind: watch.Resumed},
		{Step: 620, Kind: watch.Began},
		{Step: 930, Kind: watch.Saved},
	}
	s.Show(&v)
	return s
}

// TestEventsAreMarked: events at one place have one mark, those outside of the zoom have none, and the beginning is none.
func TestEventsAreMarked(t *testing.T) {
	d := newDesk(t, markedRun())
	_, p := panel[*Curves](d)
	v := curves(d.s)
	want := []marked{{0.25, []string{"paused", "learning rate × 0.5", "resumed"}}, {0.5, []string{"training went on"}}, {0.75, []string{"saved"}}}
	if got := p.marks(v, p.steps(v), 600); !reflect.DeepEqual(got, want) {
		t.Errorf("the marks are %v, want %v", got, want)
	}
	if got := p.marks(v, axis{low: 600, high: 700}, 600); len(got) != 1 || got[0].texts[0] != "training went on" {
		t.Errorf("from step 600 to 700 the marks are %v", got)
	}
	p.hover = 0.2501
	if m := want[0]; !p.atMark(m, 600) || p.atMark(m, 60000) {
		t.Error("the mark's reach is not in pixels")
	}
}

// TestEpochs: the axis shows epochs if they are known, after the steps and, if that is known, the time.
func TestEpochs(t *testing.T) {
	d := newDesk(t, markedRun())
	_, p := panel[*Curves](d)
	v := *curves(d.s)
	press := func(want unit) {
		t.Helper()
		d.e.Typed = "t"
		if d.tick(); p.unit != want {
			t.Errorf("the axis is in %v, want %v", p.unit, want)
		}
	}
	press(inEpochs)
	if p.end(&v) != 12.4 || p.stepAt(&v, 3.1) != 310 || math.Abs(p.least(&v)-0.1) > 1e-9 {
		t.Errorf("the axis ends at %v epochs, and has step %v at 3.1", p.end(&v), p.stepAt(&v, 3.1))
	}
	press(inSteps)
	v.Clock = watch.Clock{Steps: []float64{0, 1240}, Seconds: []float64{0, 620}}
	s := *d.s
	s.Show(&v)
	d.s = &s
	press(inTime)
	press(inEpochs)
	if r := p.files(&v); !r.Epochs || r.Time {
		t.Errorf("files are drawn as %+v", r)
	}
	press(inSteps)
	if r := p.files(&v); r.Epochs || r.Time {
		t.Errorf("files are drawn as %+v", r)
	}
}
