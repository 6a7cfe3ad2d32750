package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"genview/models/watch"
)

// told collects a run's notices.
func told(r *Run) *[]string {
	var all []string
	r.Notice = func(text string) { all = append(all, text) }
	return &all
}

// logged returns the steps in a run's metrics.
func logged(t *testing.T, r *Run) []int {
	t.Helper()
	p, err := os.ReadFile(filepath.Join(r.Dir, metricsName))
	if err != nil {
		t.Fatal(err)
	}
	var steps []int
	for line := range bytes.Lines(p) {
		rec, err := parseRecord(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		steps = append(steps, rec.Step)
	}
	return steps
}

// TestZeroOptions: every 0 steps means never, and what was trained is saved all the same.
func TestZeroOptions(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	if step, err := Loop(context.Background(), r, m.rt, m, 0, Options{Steps: 3}); err != nil || step != 3 {
		t.Fatalf("ended at step %d, %v; want 3", step, err)
	}
	if got, err := r.Load(m.rt, m.State()); err != nil || got != 3 {
		t.Errorf("saved step %d, %v; want 3", got, err)
	}
	r = create(t)
	if step, err := Loop(context.Background(), r, m.rt, m, 0, Options{}); err != nil || step != 0 {
		t.Errorf("no steps: ended at step %d, %v", step, err)
	}
	if _, _, err := r.Newest(); !errors.Is(err, ErrNoCheckpoint) {
		t.Errorf("nothing was trained, and yet a checkpoint saved: %v", err)
	}
}

// TestSamplesAndMetricsThatFailAreTriedAgain: neither ends the run, and both are there once they can be written.
func TestSamplesAndMetricsThatFailAreTriedAgain(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	said := told(r)
	metrics := filepath.Join(r.Dir, metricsName)
	if err := os.Mkdir(metrics, 0o755); err != nil { // which no line can be appended to
		t.Fatal(err)
	}
	block := filepath.Join(r.Dir, samples, "step-00000004.txt")
	if err := os.Mkdir(block, 0o755); err != nil { // which no sample can replace
		t.Fatal(err)
	}
	m.onStep = func(step int) {
		if step == 13 {
			if err := errors.Join(os.Remove(block), os.Remove(metrics)); err != nil {
				t.Error(err)
			}
		}
	}
	if step, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 20, SampleEvery: 4}); err != nil || step != 20 {
		t.Fatalf("ended at step %d, %v; want 20", step, err)
	}
	if got, want := logged(t, r), []int{1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20}; !slices.Equal(got, want) {
		t.Errorf("the metrics are of the steps %v, want %v", got, want)
	}
	kept, err := filepath.Glob(filepath.Join(r.Dir, samples, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range kept {
		kept[i] = filepath.Base(path)
	}
	if want := []string{"step-00000004.txt", "step-00000008.txt", "step-00000012.txt", "step-00000016.txt", "step-00000020.txt"}; !slices.Equal(kept, want) {
		t.Errorf("kept the samples %v, want %v", kept, want)
	}
	for _, want := range []string{"the sample of step 4 cannot be written: ", "the metrics cannot be written"} {
		n := 0
		for _, s := range *said {
			if strings.Contains(s, want) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%q was said %d times in %q", want, n, *said)
		}
	}
}

// TestCheckpointsComeFirst: the checkpoint of a step is there before its sample is made.
func TestCheckpointsComeFirst(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	saved := -1
	m.onLook = func() error {
		if _, newest, err := r.Newest(); err != nil || newest != m.steps {
			t.Errorf("when step %d is sampled the newest checkpoint is of %d, %v", m.steps, newest, err)
		}
		return errors.New("no memory for pictures")
	}
	if _, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 20, SampleEvery: 10, OnSave: func(step int) { saved = step }}); err != nil {
		t.Fatal(err)
	}
	if saved != 20 {
		t.Errorf("the last checkpoint that was told of is %d", saved)
	}
}

// TestCheckpointThatFailsIsTriedAgain: periodic checkpoints are retried while training continues, the last one for some seconds.
func TestCheckpointThatFailsIsTriedAgain(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	said := told(r)
	folder := filepath.Join(r.Dir, checkpoints)
	block := func() {
		if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o644)); err != nil {
			t.Error(err)
		}
	}
	free := func() {
		if err := os.Remove(folder); err != nil {
			t.Error(err)
		}
	}
	block()
	var saved []int
	m.onStep = func(step int) {
		switch step {
		case 13:
			free()
			time.Sleep(1100 * time.Millisecond) // the second after which it is tried again
		case 19:
			block()
			time.AfterFunc(1500*time.Millisecond, free)
		}
	}
	step, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 19, OnSave: func(step int) { saved = append(saved, step) }})
	if err != nil || step != 19 || !slices.Equal(saved, []int{13, 19}) {
		t.Errorf("ended at step %d with %v, saved %v; want 13 and 19; said %q", step, err, saved, *said)
	}
}

// TestErrorsSaveFirst: an error saves the run and is returned unchanged.
func TestErrorsSaveFirst(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	broken := errors.New("a picture is gone")
	m.stepError = func(step int) error {
		if step == 8 {
			return broken
		}
		return nil
	}
	if step, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 100}); step != 7 || !errors.Is(err, broken) || err.Error() != broken.Error() {
		t.Errorf("ended at step %d with %v; want 7 and what Step said", step, err)
	}
	if step, err := r.Load(m.rt, m.State()); err != nil || step != 7 || m.value(t) != 7 {
		t.Errorf("saved step %d with %v, %v; want 7", step, m.value(t), err)
	}
}

// TestNoPathSavesWhatIsNotFinite: weights become NaN between two logs with finite losses. They are never saved, and the messages are true.
func TestNoPathSavesWhatIsNotFinite(t *testing.T) {
	for name, c := range map[string]struct {
		bad, steps  int
		before      int // steps of a run before, which was saved
		want        string
		cancel, ask bool
	}{
		"end":            {bad: 7, steps: 7, want: "step 7 is not saved; there is no checkpoint"},
		"end, resumed":   {bad: 7, steps: 7, before: 4, want: "step 7 is not saved; the newest checkpoint is of step 4"},
		"periodic":       {bad: 9, steps: 100, want: "step 10 is not saved; there is no checkpoint"},
		"later periodic": {bad: 13, steps: 100, want: "step 20 is not saved; the newest checkpoint is of step 10"},
		"Ctrl-C":         {bad: 13, steps: 100, cancel: true, want: "step 13 is not saved; the newest checkpoint is of step 10"},
		"asked for":      {bad: 13, steps: 100, ask: true, want: "step 13 is not saved; the newest checkpoint is of step 10"},
	} {
		t.Run(name, func(t *testing.T) {
			r, m := create(t), newCounter(t, runtimeOf(t))
			if c.before > 0 {
				if _, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: c.before}); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			bus := watch.NewBus()
			m.onStep = func(step int) {
				if step != c.bad {
					return
				}
				if err := m.rt.Write(m.weight, []float32{1, float32(math.NaN()), 1}); err != nil {
					t.Error(err)
				}
				if c.cancel {
					cancel()
				}
				if c.ask {
					bus.Send(watch.Save{})
				}
			}
			_, err := runLoop(ctx, t, r, m, c.before, Options{Steps: c.steps, Bus: bus})
			if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "weight") {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if steps, _ := r.steps(); slices.Contains(steps, c.bad) {
				t.Errorf("saved the steps %v", steps)
			}
		})
	}
}

// TestLossThatIsNoNumberSaysWhatIsLeft: the message names no checkpoint if there is none.
func TestLossThatIsNoNumberSaysWhatIsLeft(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	m.loss = func(int) float64 { return math.Inf(1) }
	_, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 100})
	if want := "loss became +Inf at step 1; there is no checkpoint"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestDeletedRunIsNoticed: a run folder, its configuration or its checkpoints that somebody deletes is put back within seconds,
// also where no checkpoint is due, and said.
func TestDeletedRunIsNoticed(t *testing.T) {
	for _, gone := range []string{"", configName, checkpoints} {
		t.Run(gone, func(t *testing.T) {
			r, m := create(t), newCounter(t, runtimeOf(t))
			if _, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 10}); err != nil {
				t.Fatal(err)
			}
			said := told(r)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			back := func() bool {
				_, _, err := r.Newest()
				return err == nil && !missing(filepath.Join(r.Dir, configName)) && !missing(filepath.Join(r.Dir, metricsName))
			}
			deadline := time.Now().Add(20 * time.Second)
			m.onStep = func(step int) {
				if step == 12 {
					if err := os.RemoveAll(filepath.Join(r.Dir, gone)); err != nil {
						t.Error(err)
					}
				}
				if step > 12 && back() || time.Now().After(deadline) {
					cancel()
				}
				if step > 12 {
					time.Sleep(time.Millisecond)
				}
			}
			step, err := Loop(ctx, r, m.rt, m, 10, Options{Steps: 1 << 30, LogEvery: 2})
			if err != nil {
				t.Fatal(err)
			}
			if again, err := OpenRun(r.Dir); err != nil || string(again.Config()) != "name: a\n" {
				t.Errorf("opened as %+v, %v", again, err)
			}
			if got, err := r.Load(m.rt, m.State()); err != nil || got != step || time.Now().After(deadline) {
				t.Errorf("the newest checkpoint is %d, %v; want %d", got, err, step)
			}
			if !strings.Contains(fmt.Sprint(*said), "deleted") {
				t.Errorf("said %q", *said)
			}
		})
	}
}

// TestRatesLeaveTheFirstStepOut: the first step makes kernels ready. Neither a new run nor a resumed one takes it for the others' time.
func TestRatesLeaveTheFirstStepOut(t *testing.T) {
	for _, from := range []int{0, 4} {
		r, m := create(t), newCounter(t, runtimeOf(t))
		if from > 0 {
			if _, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: from}); err != nil {
				t.Fatal(err)
			}
		}
		m.onStep = func(step int) {
			if step == from+1 {
				time.Sleep(400 * time.Millisecond)
			}
		}
		var heard []int
		var seconds []float64
		bus := watch.NewBus()
		o := Options{Steps: from + 4, Bus: bus, OnStep: func(step int, _ time.Duration) { heard = append(heard, step) }}
		o.OnLog = func(Record) { seconds = append(seconds, bus.Latest().StepSeconds) }
		if _, err := runLoop(context.Background(), t, r, m, from, o); err != nil {
			t.Fatal(err)
		}
		if want := []int{from + 1, from + 2, from + 3, from + 4}; !slices.Equal(heard, want) {
			t.Errorf("heard of the steps %v, want %v", heard, want)
		}
		if s := bus.Latest().StepSeconds; !(s > 0 && s < 0.1) {
			t.Errorf("from step %d: a step takes %v s, the logs before say %v", from, s, seconds)
		}
	}
}
