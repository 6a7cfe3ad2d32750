package watch_test

import (
	"image"
	"math"
	"sync"
	"testing"
	"time"

	"genview/models/watch"
)

func TestLatestIsNeverNilAndNewest(t *testing.T) {
	b := watch.NewBus()
	if b.Latest() == nil {
		t.Fatal("Latest of a new bus is nil")
	}
	b.Publish(&watch.Snapshot{Step: 1})
	b.Publish(&watch.Snapshot{Step: 2})
	if got := b.Latest().Step; got != 2 {
		t.Errorf("Latest().Step: got %d, want 2", got)
	}
	<-b.Changed()
	select {
	case <-b.Changed():
		t.Error("Changed gave two values for one look")
	default:
	}
}

func TestNewestDecodeWins(t *testing.T) {
	b := watch.NewBus()
	for i := range 100 {
		if !b.Send(watch.Decode{Z: [][]float32{{float32(i)}}, Reply: func([]*image.RGBA) {}}) {
			t.Fatalf("decode %d refused", i)
		}
	}
	b.Send(watch.Pause{})
	var got []watch.Request
	b.Serve(time.Hour, func(r watch.Request) { got = append(got, r) })
	if len(got) != 2 {
		t.Fatalf("got %d requests, want 2: %v", len(got), got)
	}
	if got[0] != (watch.Pause{}) {
		t.Errorf("first: got %T, want Pause", got[0])
	}
	if d := got[1].(watch.Decode); d.Z[0][0] != 99 {
		t.Errorf("decode: got %v, want the newest, 99", d.Z[0][0])
	}
}

func TestSendIsRefusedWhenFull(t *testing.T) {
	b := watch.NewBus()
	sent := 0
	for sent < 1000 && b.Send(watch.Save{}) {
		sent++
	}
	if sent == 0 || sent == 1000 {
		t.Errorf("took %d requests that nobody served, want a small bound", sent)
	}
	served := 0
	b.Serve(time.Hour, func(watch.Request) { served++ })
	if served != sent {
		t.Errorf("served %d, want all %d", served, sent)
	}
}

func TestServeWithoutBudgetServesOneAndComesBack(t *testing.T) {
	b := watch.NewBus()
	b.Send(watch.Pause{})
	b.Send(watch.Stop{})
	for i, want := range []watch.Request{watch.Pause{}, watch.Stop{}} {
		<-b.Pending() // a lost token would make the test hang here
		n := 0
		b.Serve(0, func(r watch.Request) {
			n++
			if r != want {
				t.Errorf("request %d: got %T, want %T", i, r, want)
			}
		})
		if n != 1 {
			t.Errorf("served %d requests, want 1", n)
		}
	}
}

func TestPausedTrainerWakes(t *testing.T) {
	b := watch.NewBus()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for stopped := false; !stopped; {
			<-b.Pending()
			b.Serve(time.Second, func(r watch.Request) {
				b.Publish(&watch.Snapshot{Step: b.Latest().Step + 1})
				_, stopped = r.(watch.Stop)
			})
		}
	})
	for range 200 {
		for !b.Send(watch.Save{}) {
			<-b.Changed()
		}
	}
	for !b.Send(watch.Stop{}) {
		<-b.Changed()
	}
}

func TestHistoryIsBoundedAndKeepsItsShape(t *testing.T) {
	const steps, points = 100_000, 512
	h := watch.NewHistory(points)
	f := func(step int) float64 { return math.Exp(-float64(step) / 20_000) }
	for step := 1; step <= steps; step++ {
		v := f(step)
		if step == 70_000 {
			v = 5 // a spike must remain visible
		}
		if step == 50_000 {
			v = math.NaN() // and a bad step must not blot out its neighbours
		}
		h.Add(step, watch.Metrics{{Name: "loss", Value: v}})
	}
	s := h.Curves().Groups[0].Series[0]
	if n := len(s.Steps); n > points || n < points/2 {
		t.Errorf("got %d points, want %d to %d", n, points/2, points)
	}
	if last := s.Steps[len(s.Steps)-1]; last != steps {
		t.Errorf("last step: got %d, want %d", last, steps)
	}
	spike := 0.0
	for i, step := range s.Steps {
		if i > 0 && step <= s.Steps[i-1] {
			t.Fatalf("step %d follows %d", step, s.Steps[i-1])
		}
		if d := math.Abs(s.Values[i] - f(step)); !(d < 0.04) {
			t.Errorf("step %d: got %v, want %v", step, s.Values[i], f(step))
		}
		spike = max(spike, s.High[i])
	}
	if spike != 5 {
		t.Errorf("highest bound: got %v, want 5", spike)
	}
}

func TestHistoryOfShortRunsIsExact(t *testing.T) {
	h := watch.NewHistory(8)
	for step := range 8 {
		h.Add(step, watch.Metrics{{Name: "d", Value: float64(step)}, {Name: "g", Value: math.Inf(1)}})
	}
	s := h.Curves().Groups[0].Series
	if len(s) != 2 || s[0].Name != "d" || s[1].Name != "g" {
		t.Fatalf("got %v, want the series d and g", s)
	}
	for i, v := range s[0].Values {
		if v != float64(i) || s[0].Steps[i] != i {
			t.Errorf("point %d: got (%d, %v)", i, s[0].Steps[i], v)
		}
		if !math.IsNaN(s[1].Values[i]) {
			t.Errorf("point %d of g: got %v, want NaN", i, s[1].Values[i])
		}
	}
}

func TestMetricsValue(t *testing.T) {
	m := watch.Metrics{{Name: "loss", Value: 2}}
	if v, ok := m.Value("loss"); !ok || v != 2 {
		t.Errorf("loss: got %v, %v", v, ok)
	}
	if _, ok := m.Value("kl"); ok {
		t.Error("kl: got a value, want none")
	}
}

// TestShowLeavesWhatWasPublished: views replace those with their names, others stay, and a published snapshot does not change.
func TestShowLeavesWhatWasPublished(t *testing.T) {
	var s watch.Snapshot
	curves, first, second := &watch.Curves{Name: "Curves"}, &watch.Pictures{Name: "Samples"}, &watch.Pictures{Name: "Samples"}
	s.Show(curves)
	s.Show(first)
	published := s
	s.Show(second, &watch.Latent{Name: "Latent space"})
	if got := published.Views; len(got) != 2 || got[0] != watch.View(curves) || got[1] != watch.View(first) {
		t.Errorf("what was published is now %v", got)
	}
	if got := s.Views; len(got) != 3 || got[0] != watch.View(curves) || got[1] != watch.View(second) || got[2].Title() != "Latent space" {
		t.Errorf("got %v", got)
	}
	if got := watch.Find[*watch.Pictures](s.Views, "Samples"); got != second {
		t.Errorf("found %p, want the newest", got)
	}
	if got := watch.Find[*watch.Table](s.Views, "Samples"); got != nil {
		t.Errorf("found a table %v among %v", got, s.Views)
	}
}

// TestWhatIsMeasuredAlikeSharesAnAxis: a gradient's norm and a loss do not.
func TestWhatIsMeasuredAlikeSharesAnAxis(t *testing.T) {
	h := watch.NewHistory(8)
	h.Add(1, watch.Metrics{{Name: "loss"}, {Name: "grad_norm"}, {Name: "kl"}, {Name: "held_out_accuracy"}, {Name: "real"}, {Name: "fake"}, {Name: "lr"}})
	h.AddBeside("other", 1, watch.Metrics{{Name: "loss"}, {Name: "d_grad_norm"}})
	got := ""
	for _, g := range h.Curves().Groups {
		got += g.Name + ":"
		for _, s := range g.Series {
			got += " " + s.Name
		}
		got += "\n"
	}
	if want := "loss: loss kl loss · other\nnorm: grad_norm d_grad_norm · other\naccuracy: held_out_accuracy\nlogit: real fake\nlearning rate: lr\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestShades(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	m := watch.Map{Heads: 2, Rows: []string{"a"}, Cols: []string{"b", "c", "d"}, Values: []float32{0, 1, 2, nan, inf, -1}}
	if got := m.Shades(0); got[0] != 0 || got[1] != math.Pow(0.5, 0.7) || got[2] != 1 {
		t.Errorf("got %v", got)
	}
	for i, want := range []float64{0, 1, 0} {
		if got := m.Shades(1)[i]; got != want {
			t.Errorf("value %d: got %v, want %v", i, got, want)
		}
	}
}

func TestSmooth(t *testing.T) {
	got := watch.Smooth([]float64{2, math.NaN(), 4}, 0.5)
	if got[0] != 2 || !math.IsNaN(got[1]) || math.Abs(got[2]-(0.5*1+2)/0.75) > 1e-12 {
		t.Errorf("got %v, want 2, NaN, 10/3", got)
	}
}

// TestClock keeps the times of a long run that was resumed, whose second half is twice as fast, in few points.
func TestClock(t *testing.T) {
	h := watch.NewHistory(100)
	if c := h.Curves().Clock; c.Known() || !math.IsNaN(c.At(3)) {
		t.Errorf("a run without times has %v", c)
	}
	for step := 10; step <= 10000; step += 10 {
		elapsed := time.Duration(step) * time.Second
		if step > 5000 {
			elapsed = time.Duration(step-5000) * time.Second / 2
		}
		h.Add(step, watch.Metrics{{Name: "loss", Value: 1}})
		h.Time(step, elapsed)
	}
	c := h.Curves().Clock
	if len(c.Steps) > 70 || !c.Known() {
		t.Errorf("the clock has %d points", len(c.Steps))
	}
	for step, want := range map[float64]float64{0: 0, 1000: 1000, 5000: 5000, 8000: 6500, 10000: 7500, 10100: 7550} {
		if got := c.At(step); math.Abs(got-want) > 100 || step == 10000 && got != want {
			t.Errorf("step %v is at %v s, want %v", step, got, want)
		}
		if back := c.Step(c.At(step)); math.Abs(back-step) > 1e-6 {
			t.Errorf("step %v is found again as %v", step, back)
		}
	}
}
