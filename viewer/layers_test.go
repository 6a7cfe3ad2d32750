package viewer

import (
	"slices"
	"strings"
	"testing"

	"genview/models/watch"
)

// TestLayersScroll: the wheel moves the rows as far as there are some, and the row under the cursor is chosen.
func TestLayersScroll(t *testing.T) {
	d := newDesk(t, layered())
	i, p := panel[*Layers](d)
	rows := p.columns(p.areas(d.size(i), d.s).rows, false).name
	seen := int(rows.H / layerHeight)
	d.e.Cursor = Point{d.places[i].X + rows.X + 3, d.places[i].Y + rows.Y + layerHeight*1.5}
	d.tick()
	if p.scroll != 0 || p.over != 2 {
		t.Errorf("the cursor is over row %d from row %v on", p.over, p.scroll)
	}
	d.e.Wheel = -100
	d.tick()
	if want := float64(10 - seen); p.scroll != want || p.over != int(want)+2 {
		t.Errorf("scrolled to row %v, the cursor is over row %d; want %v", p.scroll, p.over, want)
	}
	d.e.Wheel = 100
	d.tick()
	if p.scroll != 0 {
		t.Errorf("scrolled back to row %v", p.scroll)
	}
	for _, width := range []float64{120, 300, 480, 600, 1200} {
		q := p.columns(Rect{padding, 0, width - 2*padding, 300}, true)
		last := 0.0
		for _, r := range []Rect{q.name, q.shape, q.count, q.weight, q.gradient, q.made} {
			if r.W > 0 && r.X < last || r.X+r.W > width-padding+0.01 && r.W > 0 {
				t.Errorf("in a panel %v wide the columns are %+v", width, q)
			}
			last = r.X + r.W
		}
	}
}

// TestInsideTheModel: the key asks for the parameters, and for no more of them once they are shown.
func TestInsideTheModel(t *testing.T) {
	for _, c := range []struct {
		s  *watch.Snapshot
		on bool
	}{{snapshot(), true}, {layered(), false}} {
		c.s.Rate = 1
		d := newDesk(t, c.s)
		d.e.Typed = "i"
		d.tick()
		if got := d.take(); !slices.Contains(got, watch.Request(watch.Inspect{On: c.on})) {
			t.Errorf("asked for %v, want On: %v", got, c.on)
		}
	}
}

// TestLayerIsChosen: a click on a row asks for what its layer makes, and a click on the button for what kernels take; what another panel asked
// for anew does not undo that.
func TestLayerIsChosen(t *testing.T) {
	d := newDesk(t, featured())
	d.take()
	i, p := panel[*Layers](d)
	asks := func(what string, want ...watch.Request) {
		t.Helper()
		if got := d.take(); !slices.Equal(got, want) {
			t.Errorf("%s: asked for %+v, want %+v", what, got, want)
		}
	}
	d.row(1)
	asks("a row", watch.Inspect{On: true, Layer: "encoder.fc1"})
	if p.chosen != "encoder.fc1.bias" || len(p.maps.planes) == 0 {
		t.Errorf("%q is chosen, with %d planes", p.chosen, len(p.maps.planes))
	}
	if _, q := p.maps.sheet(p.areas(d.size(i), d.s).pane, 32, 14, 14); true {
		r := q.at(2)
		d.e.Cursor = Point{d.places[i].X + r.X + r.W*3.5/14, d.places[i].Y + r.Y + r.H*5.5/14}
		d.tick()
	}
	if about := p.about(p.view(d.s)); p.maps.over != 3 || p.maps.pixel != (Point{3, 5}) || !strings.HasPrefix(about, "channel 3  ·  3, 5") {
		t.Errorf("over plane %d at %v: %s", p.maps.over, p.maps.pixel, about)
	}
	d.e.Typed = "i"
	d.tick()
	asks("the key", watch.Inspect{})
	d.e.Typed = "i" // the snapshot still has the view
	d.tick()
	d.take()
	d.times()
	asks("kernels", watch.Inspect{On: true, Layer: "encoder.fc1", Kernels: true})
	d.times()
	asks("no kernels", watch.Inspect{On: true, Layer: "encoder.fc1"})
	d.click(d.middle(i, closing(p.areas(d.size(i), d.s).pane)))
	asks("closed", watch.Inspect{On: true})
	if p.areas(d.size(i), d.s).pane.W > 0 {
		t.Error("the pane is open")
	}
}

// TestSpreads: histograms are kept by step, in whatever order they come, and thinned.
func TestSpreads(t *testing.T) {
	var s spreading
	for _, step := range []int{5, 1, 3, 3} {
		s.add(step, watch.Histogram{Most: float64(step), Counts: []int{0, 4, 1}})
	}
	if !slices.Equal(s.steps, []int{1, 3, 5}) || !slices.Equal(s.most, []float64{1, 3, 5}) || !slices.Equal(s.bins[0], []uint8{0, 255, 128}) {
		t.Errorf("%+v", s)
	}
	img := s.picture(newPalette(Dark, heat))
	if at := func(x, y int) Color { return Color{img.RGBAAt(x, y)} }; at(0, 0)[0] != heat(0)[Dark] || at(0, spreadRows/2)[0] != heat(1)[Dark] {
		t.Errorf("at first the picture has %v and %v", at(0, 0), at(0, spreadRows/2))
	}
	for step := range 3 * mostSpreads {
		s.add(step, watch.Histogram{Most: 1, Counts: []int{1}})
	}
	if n := len(s.steps); n > mostSpreads || n < mostSpreads/4 || !slices.IsSorted(s.steps) {
		t.Errorf("%d steps are kept", n)
	}
}

// TestHistoriesAreOfOneRun: once another run was chosen on the start page, nothing of the one before is shown.
func TestHistoriesAreOfOneRun(t *testing.T) {
	d := newDesk(t, featured())
	d.learns()
	_, was := panel[*Layers](d)
	steps := was.spreads.of[spreadOf{"encoder.fc1.weight", spreadWeights}].steps
	d.s = choosing()
	d.tick()
	d.s = featured()
	d.tick()
	_, p := panel[*Layers](d)
	if got := p.spreads.of[spreadOf{"encoder.fc1.weight", spreadWeights}].steps; len(steps) < 12 || len(got) != 1 || p.chosen != "" || len(d.raised) > 0 {
		t.Errorf("of the steps %v of the run before, %v are left; %q is chosen", steps, got, p.chosen)
	}
}

// TestInsideOfThePast: histograms and feature maps of older weights than those of the step that is shown have the step of these weights. A layer
// whose weights are not recorded says so.
func TestInsideOfThePast(t *testing.T) {
	s := featured()
	v := watch.Find[*watch.Layers](s.Views, "Model")
	v.Step, v.Features.Step = s.LookStep-10, s.LookStep-10
	d := newDesk(t, s)
	d.row(0)
	_, p := panel[*Layers](d)
	if got := p.spreads.of[spreadOf{"encoder.fc1.weight", spreadWeights}].steps; !slices.Equal(got, []int{v.Step}) {
		t.Errorf("the weights of step %d are kept as those of %v", v.Step, got)
	}
	if got := p.about(v); strings.Contains(got, "weights") {
		t.Errorf("the weights of the rows are told again: %s", got)
	}
	v.Step = s.LookStep
	if got, want := p.about(v), "weights of step "+formatCount(v.Features.Step); !strings.Contains(got, want) {
		t.Errorf("%q does not say %q", got, want)
	}
	next, other := *s, *v
	other.Features = &watch.Features{Layer: "encoder.fc1", Problem: "the recording has no weights of it"}
	next.Show(&other)
	d.s = &next
	d.tick()
	if got := p.about(&other); got != other.Features.Problem || p.maps.planes != nil {
		t.Errorf("there are %d planes, and it says %q", len(p.maps.planes), got)
	}
}

// TestDials: buttons halve and double the settings of a run in training, and they stay whole numbers.
func TestDials(t *testing.T) {
	d := newDesk(t, dialed())
	d.take()
	i, p := panel[*Layers](d)
	at := p.areas(d.size(i), d.s)
	d.click(d.middle(i, at.settings))
	if !p.turned {
		t.Fatal("the settings are not shown")
	}
	d.click(d.middle(i, dialRow(at.rows, 0).higher))
	d.click(d.middle(i, dialRow(at.rows, 1).lower))
	if got, want := d.take(), []watch.Request{watch.Turn{Key: "model.beta", Value: 2}, watch.Turn{Key: "sample-every", Value: 62}}; !slices.Equal(got, want) {
		t.Errorf("asked for %+v, want %+v", got, want)
	}
	d.click(d.middle(i, at.settings))
	if d.row(0); p.turned || p.chosen == "" {
		t.Errorf("%t, %q is chosen", p.turned, p.chosen)
	}
}
