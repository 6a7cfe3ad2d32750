package train

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// lines describes what was done to a run, without when.
func lines(t *testing.T, r *Run) (all []string) {
	t.Helper()
	events, err := r.Events()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		all = append(all, fmt.Sprint(e.Step, " ", e))
	}
	return all
}

// TestActionsAreLoggedAndSurvive: a paused training makes one step, samples, and takes another learning rate; a run that goes on has that rate,
// and what was done after the step that it goes on from is undone.
func TestActionsAreLoggedAndSurvive(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	bus := watch.NewBus()
	m.onStep = func(step int) {
		switch step {
		case 5:
			bus.Send(watch.Pause{})
		case 8:
			bus.Send(watch.Stop{})
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 1 << 30, Bus: bus})
		ended <- err
	}()
	await := func(what string, ok func(s *watch.Snapshot) bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(bus.Latest()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, bus.Latest())
			}
		}
	}
	await("paused", func(s *watch.Snapshot) bool { return s.State == watch.Paused && s.Step == 5 })
	bus.Send(watch.Step{Only: "third"})
	bus.Send(watch.Step{Only: "second"})
	await("one step", func(s *watch.Snapshot) bool { return s.State == watch.Paused && s.Step == 6 && s.LookStep == 6 })
	bus.Send(watch.Sample{})
	await("a sample", func(s *watch.Snapshot) bool { return strings.HasPrefix(s.Notice, "a sample of step 6") })
	bus.Send(watch.Rate{Factor: 0.5})
	await("a rate", func(s *watch.Snapshot) bool { return s.Rate == 0.5 && s.Notice == "learning rate × 0.5" })
	bus.Send(watch.Rate{Factor: -1})
	await("a bad rate", func(s *watch.Snapshot) bool { return strings.Contains(s.Message, "give a factor from") })
	bus.Send(watch.Save{})
	bus.Send(watch.Ablate{Layer: "h.0.attn", Head: 2})
	bus.Send(watch.Resume{})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if parts := bus.Latest().Parts; len(parts) != 2 || !slices.Equal(m.only, []int{1}) {
		t.Errorf("of the parts %v those at %v were made alone", parts, m.only)
	}
	curves := watch.Find[*watch.Curves](bus.Latest().Views, watch.CurvesName)
	if !slices.Contains(curves.Groups[0].Series[0].Steps, 6) {
		t.Error("the loss of the single step is not logged")
	}
	want := []string{
		"0 training began", "5 paused", "6 one step of the second", "6 sampled", "6 learning rate × 0.5", "6 saved", "6 without head 3 of h.0.attn (zeros)", "6 resumed", "8 stopped",
	}
	if got := lines(t, r); !slices.Equal(got, want) {
		t.Errorf("logged\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := os.Stat(filepath.Join(r.Dir, samples, "step-00000006.txt")); err != nil {
		t.Error(err)
	}
	goOn := func(from int, rate float64) {
		t.Helper()
		m.rate, m.steps, m.onStep = 0, from, nil
		said := told(r)
		h, err := r.History()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := runLoop(context.Background(), t, r, m, from, Options{Steps: from + 1, History: h}); err != nil || m.rate != rate {
			t.Errorf("goes on from step %d with the rate × %v, %v; want %v", from, m.rate, err, rate)
		}
		if got := strings.Join(*said, "\n"); strings.Contains(got, "0.5 times that of the settings") != (rate == 0.5) {
			t.Errorf("from step %d, with the rate × %v, it says %q", from, rate, got)
		}
	}
	goOn(8, 0.5)
	goOn(5, 1)
	if got, want := lines(t, r), []string{"0 training began", "5 paused", "5 training went on"}; !slices.Equal(got, want) {
		t.Errorf("what holds is %v, want %v", got, want)
	}
}

// TestUndoneSettingsAreTold: a run that goes on from before a change of its settings says that it does without the change.
func TestUndoneSettingsAreTold(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	var said []string
	r.Notice = func(text string) { said = append(said, text) }
	history := watch.NewHistory(historyPoints)
	for _, e := range []watch.Event{
		{Step: 0, Kind: watch.Began},
		{Step: 3, Kind: watch.RateSet, Rate: 0.5},
		{Step: 8, Kind: watch.RateSet, Rate: 4},
		{Step: 9, Kind: watch.RateSet, Rate: 2},
		{Step: 9, Kind: watch.Turned, Detail: "model.beta", Value: 4},
		{Step: 9, Kind: watch.Turned, Detail: saveEvery, Value: 7},
	} {
		history.Event(e)
	}
	if _, err := runLoop(context.Background(), t, r, m, 5, Options{Steps: 6, History: history}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"learning rate × 2 was set at step 9; training goes on from step 5, with what was set then",
		"model.beta = 4 was set at step 9; training goes on from step 5, with what was set then",
		"the learning rate is 0.5 times that of the settings: it was changed to that while the run trained",
	}
	if !slices.Equal(said, want) {
		t.Errorf("it said %q, want %q", said, want)
	}
}

// TestDamagedEventsAreSkipped: what cannot be read costs only itself, also what a later version writes.
func TestDamagedEventsAreSkipped(t *testing.T) {
	r := create(t)
	text := `{"step":0,"time":"2026-11-30T20:00:00Z","event":"began","steps":100}
{"step":4,"time":"when","event":"rate","rate":0.5}
{"step":5,"event":"rate","rate":0}
{"step":6,"event":"rate","rate":0.25,"why":{"loss":[3,2]}}
{"step":7,"event":"a later kind"}
null
[1]
{"step":-8,"event":"paused"}
{"step":9,"event":"ra`
	if err := os.WriteFile(filepath.Join(r.Dir, eventsName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := lines(t, r), []string{"0 training began", "6 learning rate × 0.25", "7 a later kind"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}

// TestEventsThatFailAreTriedAgain: a log that cannot be written does not end the run, and has all lines once it can.
func TestEventsThatFailAreTriedAgain(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	said := told(r)
	path := filepath.Join(r.Dir, eventsName)
	if err := os.Mkdir(path, 0o755); err != nil { // which no line can be appended to
		t.Fatal(err)
	}
	m.onStep = func(step int) {
		if step == 3 {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 4}); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, r); !slices.Equal(got, []string{"0 training began"}) || len(*said) != 2 || !strings.Contains((*said)[0], "the log of events cannot be written") {
		t.Errorf("the log has %q, said %q", got, *said)
	}
}

// TestRunsBesideAreInTheHistory: the curves of another run come with its name; one that is gone leaves none.
func TestRunsBesideAreInTheHistory(t *testing.T) {
	r, other := create(t), create(t)
	for run, loss := range map[*Run]float64{r: 3, other: 2} {
		if err := run.Append(Record{Step: 1, Metrics: watch.Metrics{{Name: "loss", Value: loss}}}); err != nil {
			t.Fatal(err)
		}
	}
	r.Beside = []string{other.Dir, filepath.Join(t.TempDir(), "gone")}
	h, err := r.History()
	if err != nil {
		t.Fatal(err)
	}
	groups := h.Curves().Groups
	if s := groups[0].Series; len(groups) != 1 || len(s) != 2 || s[0].Name != "loss" || s[0].Values[0] != 3 || s[1].Name != "loss · run" || s[1].Values[0] != 2 {
		t.Errorf("the curves are %+v", groups)
	}
}

// TestInspect: whoever asks sees the parameters in each look, until they ask for no more of them; the recording has them.
func TestInspect(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	bus := watch.NewBus()
	m.onStep = func(step int) {
		if step == 3 {
			bus.Send(watch.Pause{})
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 1 << 30, Bus: bus, Record: 1 << 20})
		ended <- err
	}()
	shown := func() *watch.Layers { return watch.Find[*watch.Layers](bus.Latest().Views, "Model") }
	await := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain: %s; the newest snapshot is %+v", what, bus.Latest())
			}
		}
	}
	await("paused", func() bool { return bus.Latest().State == watch.Paused })
	if shown() != nil {
		t.Error("the parameters are there though nobody asked")
	}
	bus.Send(watch.Inspect{On: true, Layer: "net", Kernels: true})
	await("the parameters", func() bool {
		v := shown()
		return v != nil && v.Step == 3 && len(v.Layers) == 1 && v.Layers[0].Weight.Mean == 3
	})
	bus.Send(watch.Step{})
	await("those of the next step", func() bool { return shown().Layers[0].Weight.Mean == 4 })
	bus.Send(watch.Step{})
	await("those of another", func() bool { return shown().Layers[0].Weight.Mean == 5 })
	if v := shown(); m.rt.Device().Info().TimestampBits > 0 && (len(v.Kernels) != 1 || v.Kernels[0].Calls != 1) {
		t.Errorf("a step has the kernels %+v", v.Kernels)
	}
	if f := shown().Features; f == nil || f.Layer != "net" || f.Values[0] != 10 {
		t.Errorf("the layer makes %+v", f)
	}
	bus.Send(watch.Inspect{})
	await("no parameters", func() bool { return shown() == nil })
	bus.Send(watch.Inspect{On: true})
	await("them again", func() bool { return shown() != nil })
	bus.Send(watch.Stop{})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	rec, err := r.Recording()
	if err != nil {
		t.Fatal(err)
	}
	moment, err := rec.At(5) // the last one, which is always recorded
	if err != nil {
		t.Fatal(err)
	}
	if v := watch.Find[*watch.Layers](moment.Views, "Model"); v == nil || v.Layers[0].Name != "net.weight" || v.Layers[0].Weight.Counts == nil {
		t.Errorf("step 5 is recorded as %+v", moment.Views)
	}
}
