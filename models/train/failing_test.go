package train

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"genview/models/safetensors"
	"genview/vk/files"
)

// failures are what a call of the operating system can fail with; the last one is for writes alone.
var failures = []error{syscall.ENOSPC, syscall.EIO, io.ErrShortWrite}

// eachFailing calls do again and again, while each call of package files fails once in turn: a write in each way, another call with one of the
// errors. do gets the name of the failure, and a function in which calls fail.
func eachFailing(t *testing.T, do func(what string, failing func(work func()))) {
	t.Helper()
	tried := map[files.Call]int{}
	once := func(n int64, failure error) (call files.Call) {
		var count atomic.Int64
		do(failure.Error(), func(work func()) {
			defer files.FailWith(func(c files.Call, path string) error {
				if count.Add(1) != n || failure == io.ErrShortWrite && c != files.Written {
					return nil
				}
				call = c
				return failure
			})()
			work()
		})
		tried[call]++
		return call
	}
	for n := int64(1); ; n++ {
		first := failures[n%2]
		call := once(n, first)
		if call == "" {
			break
		}
		if call == files.Written {
			once(n, failures[(n+1)%2])
			once(n, io.ErrShortWrite)
		}
	}
	for _, c := range []files.Call{files.Create, files.Written, files.Synced, files.Renamed, files.Folder} {
		if tried[c] == 0 {
			t.Errorf("no call to %s failed: %v", c, tried)
		}
	}
}

// sound fails unless a run opens, all its checkpoints are whole, and nothing of it is damaged.
func sound(t *testing.T, what, dir string) *Run {
	t.Helper()
	r, err := OpenRun(dir)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	found, err := r.Check(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	for _, f := range found {
		if f.Problem != "" {
			t.Errorf("%s: %s %s", what, f.File, f.Problem)
		}
	}
	return r
}

// TestTrainingOnAFailingDisk: whatever call fails once while a run goes on, training ends where it was to end, the run opens, its last
// checkpoint is that of the last step, and those that it had before are whole until newer ones are.
func TestTrainingOnAFailingDisk(t *testing.T) {
	usual := lastWait
	lastWait = time.Millisecond
	t.Cleanup(func() { lastWait = usual })
	rt := runtimeOf(t)
	m := newCounter(t, rt)
	whole := filepath.Join(t.TempDir(), "whole")
	r, err := CreateRun(whole, []byte("name: a\n"))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Batch: 1, LogEvery: 2, SampleEvery: 2, SaveEvery: Every{Steps: 2}, Steps: 4}
	if _, err := Loop(t.Context(), r, rt, m, 0, o); err != nil {
		t.Fatal(err)
	}
	r.Close()
	o.Steps, o.MeasureEvery, o.Record = 7, 3, 1<<20
	o.Measurer = measurer{m: m, values: map[int]float64{6: 1}}
	n := 0
	eachFailing(t, func(what string, failing func(work func())) {
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		r, err := OpenRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Lock(); err != nil {
			t.Fatal(err)
		}
		m.steps = 4
		before := stepsOf(t, r)
		failing(func() {
			if step, err := Loop(context.Background(), r, rt, m, 4, o); err != nil || step != 7 {
				t.Errorf("call %d, %s: it ends at step %d, %v", n, what, step, err)
			}
		})
		r.Close()
		n++
		r = sound(t, what, dir)
		after := stepsOf(t, r)
		if len(after) == 0 || after[len(after)-1] != 7 || len(after) < 3 {
			t.Errorf("call %d, %s: the checkpoints were %v and are %v", n, what, before, after)
		}
		all, err := r.Records()
		if steps := recorded(all); err != nil || !slices.Equal(steps, []int{1, 2, 4, 6, 7}) {
			t.Errorf("call %d, %s: steps %v are in the metrics, %v", n, what, steps, err)
		}
	})
}

func recorded(all []Record) (steps []int) {
	for _, r := range all {
		steps = append(steps, r.Step)
	}
	return steps
}

// TestBeginningOnAFailingDisk: whatever call fails once, a run begins, or the folder is as if nothing had been tried.
func TestBeginningOnAFailingDisk(t *testing.T) {
	eachFailing(t, func(what string, failing func(work func())) {
		dir := filepath.Join(t.TempDir(), "run")
		var r *Run
		var err error
		failing(func() { r, err = CreateRun(dir, []byte("name: a\n")) })
		if err == nil {
			r.Close()
			sound(t, what, dir)
			return
		}
		if strings.Contains(err.Error(), "partial") {
			t.Errorf("%s: the error names a temporary file: %v", what, err)
		}
		if err := CheckNew(dir); err != nil {
			t.Errorf("%s: after a failed beginning: %v", what, err)
		}
		if r, err = CreateRun(dir, []byte("name: a\n")); err != nil {
			t.Errorf("%s: it cannot be begun again: %v", what, err)
			return
		}
		r.Close()
	})
}

// TestGoingBackOnAFailingDisk: whatever call fails once while a run goes back to an older checkpoint, that one and the settings stay whole.
func TestGoingBackOnAFailingDisk(t *testing.T) {
	rt := runtimeOf(t)
	whole, m := create(t), newCounter(t, rt)
	for step := 1; step <= 3; step++ {
		if err := errors.Join(whole.Save(rt, m.State(), step), whole.Append(Record{Step: step})); err != nil {
			t.Fatal(err)
		}
	}
	eachFailing(t, func(what string, failing func(work func())) {
		dir := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(dir, os.DirFS(whole.Dir)); err != nil {
			t.Fatal(err)
		}
		r, err := OpenRun(dir)
		if err != nil {
			t.Fatal(err)
		}
		var failed error
		back := func() {
			_, aside := r.SetAside(1)
			_, kept := r.KeepMetrics(1)
			failed = errors.Join(aside, kept, r.TrimMetrics(1), r.WriteConfig([]byte("name: b\n")))
		}
		failing(back)
		r = sound(t, what, dir)
		if _, err := safetensors.Intact(r.Checkpoint(1)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if failed == nil {
			return
		}
		if back(); failed != nil {
			t.Errorf("%s: tried again, it fails: %v", what, failed)
		}
		if got := stepsOf(t, r); !slices.Equal(got, []int{1}) {
			t.Errorf("%s: tried again, the checkpoints are %v", what, got)
		}
	})
}

// TestFullDiskAndTime: checkpoints by time are tried as seldom on a full disk as others, and one that could not be written is not the best.
func TestFullDiskAndTime(t *testing.T) {
	rt := runtimeOf(t)
	r, m := create(t), newCounter(t, rt)
	var tries atomic.Int64
	m.onStep = func(step int) {
		switch step {
		case 20:
			t.Cleanup(files.FailWith(func(c files.Call, path string) error {
				if c == files.Create && filepath.Base(filepath.Dir(path)) == checkpoints {
					tries.Add(1)
				}
				return syscall.ENOSPC
			}))
		case 40:
			files.FailWith(func(files.Call, string) error { return nil })
		}
	}
	held := measurer{m: m, values: map[int]float64{10: 1, 30: 3, 50: 2}}
	o := Options{Steps: 60, SaveEvery: Every{Time: 1}, MeasureEvery: 10, Measurer: held}
	if step, err := runLoop(context.Background(), t, r, m, 0, o); err != nil || step != 60 {
		t.Fatalf("it ends at step %d, %v", step, err)
	}
	if n := tries.Load(); n < 1 || n > 3 {
		t.Errorf("in 20 steps on a full disk %d checkpoints were tried", n)
	}
	if best, mark, err := r.Best(); err != nil || best != 50 {
		t.Errorf("the best is step %d, %+v, %v; want 50, as 30 is not there", best, mark, err)
	}
}

// TestFullDisk: a disk that takes nothing for a while, or for good, does not keep a run from training. That is said once, with what to do,
// and what was saved before stays.
func TestFullDisk(t *testing.T) {
	usual := lastWait
	lastWait = time.Millisecond
	t.Cleanup(func() { lastWait = usual })
	rt := runtimeOf(t)
	for _, failure := range []error{syscall.ENOSPC, syscall.EROFS} {
		for _, forever := range []bool{false, true} {
			r, m := create(t), newCounter(t, rt)
			var said []string
			r.Notice = func(text string) { said = append(said, text) }
			from, to := 7, 15
			m.onStep = func(step int) {
				switch {
				case step == from:
					t.Cleanup(files.FailWith(func(files.Call, string) error { return failure }))
				case step == to && !forever:
					files.FailWith(func(files.Call, string) error { return nil })
				}
			}
			step, err := runLoop(context.Background(), t, r, m, 0, Options{Steps: 20, SaveEvery: Every{Steps: 2}})
			files.FailWith(func(files.Call, string) error { return nil })
			r.Close()
			again := sound(t, failure.Error(), r.Dir)
			last := stepsOf(t, again)
			switch {
			case step != 20:
				t.Errorf("%v, forever: %v: it ends at step %d, %v", failure, forever, step, err)
			case forever && (!errors.Is(err, failure) || !strings.Contains(err.Error(), "another folder") && !strings.Contains(err.Error(), "may write to")):
				t.Errorf("%v for good: got the error %v", failure, err)
			case !forever && (err != nil || last[len(last)-1] != 20):
				t.Errorf("%v for a while: %v, and the checkpoints are %v", failure, err, last)
			case !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, "training goes on, and it is tried again") }):
				t.Errorf("%v: it said %q", failure, said)
			}
			if len(said) > 6 {
				t.Errorf("%v: it said the same again and again: %q", failure, said)
			}
		}
	}
}
