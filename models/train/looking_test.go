package train

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"genview/vk"

	"genview/models/record"
	"genview/models/watch"
)

// TestTheFirstLookCostsTheNextNothing: an onlooker sees the untrained model, which compiles the programs of looks, and the model after its
// first step at once.
func TestTheFirstLookCostsTheNextNothing(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	var looks []int
	m.onLook = func() error {
		if len(looks) == 0 {
			time.Sleep(400 * time.Millisecond) // as compiling does; sixteen times that are more than the test lasts
		}
		looks = append(looks, m.steps)
		return nil
	}
	m.onStep = func(int) { time.Sleep(time.Millisecond) }
	began := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	bus := watch.NewBus()
	m.loss = func(int) float64 {
		if time.Since(began) > 1200*time.Millisecond {
			cancel()
		}
		return 1
	}
	if _, err := Loop(ctx, r, m.rt, m, 0, Options{Steps: 1 << 30, LogEvery: 10, Bus: bus}); err != nil {
		t.Fatal(err)
	}
	if len(looks) < 3 || looks[0] != 0 || looks[1] != 1 || looks[2] < 20 {
		t.Errorf("looked at the steps %v, want 0, 1, and one every quarter of a second", looks)
	}
}

// TestPausesAreLookedAt: a paused training shows the step at which it rests.
func TestPausesAreLookedAt(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	bus := watch.NewBus()
	paused := make(chan int, 1)
	m.onStep = func(step int) {
		if step == 5 {
			bus.Send(watch.Pause{})
			go func() {
				deadline := time.Now().Add(10 * time.Second)
				for s := bus.Latest(); s.State != watch.Paused || s.LookStep != s.Step; s = bus.Latest() {
					if time.Now().After(deadline) {
						break
					}
					time.Sleep(time.Millisecond)
				}
				paused <- bus.Latest().LookStep
				bus.Send(watch.Resume{})
			}()
		}
	}
	if _, err := Loop(context.Background(), r, m.rt, m, 0, Options{Steps: 8, LogEvery: 10, Bus: bus}); err != nil {
		t.Fatal(err)
	}
	if step := <-paused; step != 5 {
		t.Errorf("paused after step 5, what is shown is of step %d", step)
	}
}

// TestLooksTakeTheirShare: looks take a sixteenth of the time at most on a CPU and a quarter on a GPU, and come every quarter of a second
// where they are quick.
func TestLooksTakeTheirShare(t *testing.T) {
	for _, c := range []struct {
		on         vk.Class
		took, want time.Duration
	}{
		{vk.CPU, time.Millisecond, fresh - time.Millisecond},
		{vk.CPU, time.Second, 15 * time.Second},
		{vk.GPU, time.Millisecond, fresh - time.Millisecond},
		{vk.GPU, 62 * time.Millisecond, fresh - 62*time.Millisecond},
		{vk.GPU, time.Second, 3 * time.Second},
	} {
		if got := pause(c.on, c.took); got != c.want {
			t.Errorf("%v: after a look of %v nothing for %v, want %v", c.on, c.took, got, c.want)
		}
	}
}

// TestUnwatchedRunsAreLookedAt: looks at a run that nobody watches take their share of its time, spread from its beginning to its end; if
// one look takes more than that, there is only the first.
func TestUnwatchedRunsAreLookedAt(t *testing.T) {
	const each, steps = 10 * time.Millisecond, 2000
	for took, want := range map[time.Duration][2]int{time.Millisecond: {35, 50}, 20 * time.Millisecond: {10, 15}, time.Second: {1, 1}} {
		var u unwatched
		var at []int
		now := time.Unix(0, 0)
		for step := 1; step <= steps; step++ {
			now = now.Add(each)
			if u.due(step, steps, now) {
				at = append(at, step)
				now = now.Add(took)
				u.looked(step, took)
			}
		}
		if n := len(at); n < want[0] || n > want[1] || at[0] > 2 || u.spent > steps*each/unwatchedShare || n > 1 && at[n-1] < steps/2 {
			t.Errorf("looks of %v: at the steps %v, %v in all, want %v of them", took, at, u.spent, want)
		}
	}
}

// TestRunsAreRecorded: the recording has the last looks, and survives a resume; a key checkpoint has the weights of its
// step. With a budget of 0 there is none.
func TestRunsAreRecorded(t *testing.T) {
	r, m := create(t), newCounter(t, runtimeOf(t))
	o := Options{Steps: 6, SampleEvery: 3}
	if _, err := runLoop(context.Background(), t, r, m, 0, o); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Recording(); !errors.Is(err, record.ErrNone) {
		t.Errorf("there is a recording that nobody asked for: %v", err)
	}
	o.Record, m.text = 1<<20, "first"
	r = create(t)
	m.steps = 0
	if err := m.rt.Write(m.weight, []float32{0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	if _, err := runLoop(context.Background(), t, r, m, 0, o); err != nil {
		t.Fatal(err)
	}
	m.text, o.Steps = "second", 9
	if _, err := runLoop(context.Background(), t, r, m, 6, o); err != nil {
		t.Fatal(err)
	}
	rec, err := r.Recording()
	if err != nil {
		t.Fatal(err)
	}
	if got := rec.Steps(); !slices.Contains(got, 6) || !slices.Contains(got, 9) {
		t.Errorf("there are moments of %v, want 6 and 9 at least", got)
	}
	for step, want := range map[int]string{6: "first", 9: "second"} {
		at, err := rec.At(step)
		if err != nil {
			t.Fatal(err)
		}
		if got := watch.Find[*watch.Texts](at.Views, "Sample"); at.Step != step || got == nil || got.Examples[0].Output != want {
			t.Errorf("at %d: %+v, want %q", step, at, want)
		}
		if key, err := LoadKey(m.rt, m.State(), rec, step); err != nil || key != step || m.value(t) != float32(step) {
			t.Errorf("the key checkpoint of %d is of %d and has %v, %v", step, key, m.value(t), err)
		}
	}
}
