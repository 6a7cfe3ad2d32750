package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// measurer is a measurer of a counter whose values the test says.
type measurer struct {
	m      *counter
	values map[int]float64
	err    error
}

func (m measurer) Best() (metric string, higher bool) { return "held_out_quality", true }

func (m measurer) Measure(context.Context) (watch.Metrics, error) {
	return watch.Metrics{{Name: "held_out_quality", Value: m.values[m.m.steps]}}, m.err
}

func stepsOf(t *testing.T, r *Run) []int {
	t.Helper()
	steps, err := r.steps()
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// TestBestIsKept: the best checkpoint stays beside the newest ones; those that were the best once do not.
func TestBestIsKept(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	if _, _, err := r.Best(); !errors.Is(err, ErrNotMeasured) {
		t.Errorf("a run without checkpoints: %v", err)
	}
	r.Keep = 2
	held := measurer{m: m, values: map[int]float64{3: 1, 6: 2, 9: 3, 12: 3, 15: math.NaN(), 18: 1}}
	o := Options{Steps: 45, MeasureEvery: 3, Measurer: held, Epoch: 10}
	if step, err := runLoop(context.Background(), t, r, m, 0, o); err != nil || step != 45 {
		t.Fatalf("got step %d, %v", step, err)
	}
	if got := stepsOf(t, r); !slices.Equal(got, []int{9, 40, 45}) {
		t.Errorf("kept %v, want 9, which is the best, and the newest two", got)
	}
	if step, mark, err := r.Best(); err != nil || step != 9 || mark != (Mark{"held_out_quality", 3, true}) {
		t.Errorf("the best is step %d, %+v, %v", step, mark, err)
	}
	all, err := r.Records()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(r Record) bool { return r.Step == 9 })
	if v, ok := all[i].Metrics.Value("held_out_quality"); !ok || v != 3 || all[i].Epoch != 0.9 {
		t.Errorf("step 9 is logged as %+v", all[i])
	}
	r.Keep = 1
	if err := r.Save(rt, m.State(), 46); err != nil {
		t.Fatal(err)
	}
	if got := stepsOf(t, r); !slices.Equal(got, []int{9, 46}) {
		t.Errorf("kept %v, want 9 and 46", got)
	}
}

// TestStoppedAtTheBest: the last checkpoint stays as one of the newest, also if it was saved because it was the best.
func TestStoppedAtTheBest(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	ctx, stop := context.WithCancel(context.Background())
	o := Options{Steps: 100, MeasureEvery: 3, Measurer: measurer{m: m, values: map[int]float64{3: 1, 6: 2, 9: 3}}}
	o.OnSave = func(step int) {
		if step == 3 {
			stop()
		}
	}
	if step, err := runLoop(ctx, t, r, m, 0, o); err != nil || step != 3 {
		t.Fatalf("it ends at step %d, %v", step, err)
	}
	o.Steps, o.OnSave = 9, nil
	if step, err := runLoop(context.Background(), t, r, m, 3, o); err != nil || step != 9 {
		t.Fatalf("it ends at step %d, %v", step, err)
	}
	if got := stepsOf(t, r); !slices.Contains(got, 3) {
		t.Errorf("kept %v, and 3 was where training ended", got)
	}
}

// TestPatience: a run ends after some measurements without a better one, also if it was resumed between them.
func TestPatience(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	var said []string
	r.Notice = func(text string) { said = append(said, text) }
	held := measurer{m: m, values: map[int]float64{2: 1, 4: 5, 6: 4, 8: 5, 10: 2}}
	o := Options{Steps: 7, MeasureEvery: 2, Measurer: held, Patience: 3}
	if step, err := runLoop(context.Background(), t, r, m, 0, o); err != nil || step != 7 {
		t.Fatalf("got step %d, %v", step, err)
	}
	o.Steps = 100
	if step, err := runLoop(context.Background(), t, r, m, 7, o); err != nil || step != 10 {
		t.Fatalf("it ends at step %d, %v; want 10", step, err)
	}
	if want := "training ends at step 10: held out quality has not become better than 5, that of step 4, in 3 measurements"; !slices.Contains(said, want) {
		t.Errorf("it said %q, want %q", said, want)
	}
	if got := stepsOf(t, r); !slices.Equal(got, []int{4, 7, 10}) {
		t.Errorf("kept %v", got)
	}
	events, err := r.Events()
	if last := events[len(events)-1]; err != nil || last.Kind != watch.Stopped || !strings.Contains(last.Detail, "better than 5") {
		t.Errorf("the last event is %+v, %v", last, err)
	}
}

// TestMeasuringFails: training goes on, and it is said once.
func TestMeasuringFails(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	var said []string
	r.Notice = func(text string) { said = append(said, text) }
	o := Options{Steps: 9, MeasureEvery: 2, Patience: 1, Measurer: measurer{m: m, err: errors.New("the data are gone")}}
	if step, err := runLoop(context.Background(), t, r, m, 0, o); err != nil || step != 9 || len(said) != 1 || !strings.Contains(said[0], "the data are gone") {
		t.Errorf("got step %d, %v, and it said %q", step, err, said)
	}
}

// TestEvery: a run saves when the time has passed; a text that is neither steps nor a time is refused.
func TestEvery(t *testing.T) {
	for text, want := range map[string]Every{"500": {Steps: 500}, "0": {}, "5m": {Time: 5 * time.Minute}, "1h30m": {Time: 90 * time.Minute}} {
		if got, err := ParseEvery(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
	for _, wrong := range []string{"", "-1", "5", "1.5", "10ms", "-5m", "m"} {
		if got, err := ParseEvery(wrong); (err == nil) != (wrong == "5") {
			t.Errorf("%q is %+v, %v", wrong, got, err)
		}
	}
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	m.onStep = func(step int) { time.Sleep(3 * time.Millisecond) }
	const every = 60 * time.Millisecond
	var saved []time.Time
	o := Options{Steps: 50, Batch: 1, SaveEvery: Every{Time: every}, OnSave: func(step int) { saved = append(saved, time.Now()) }}
	if _, err := Loop(context.Background(), r, rt, m, 0, o); err != nil || len(saved) < 2 {
		t.Errorf("saved at %v, %v", saved, err)
	}
	for i := 1; i < len(saved)-1; i++ { // the last one is made at the end
		if apart := saved[i].Sub(saved[i-1]); apart < every/2 { // OnSave may come late
			t.Errorf("two checkpoints are %v apart", apart)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(r.Dir, checkpoints)); err != nil || len(entries) > 3 {
		t.Errorf("%d files are kept, %v", len(entries), err)
	}
}
