package train

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"genview/models/encrypt"
	"genview/models/nn"
	"genview/models/record"
	"genview/models/safetensors"
	"genview/models/watch"
	"genview/tensor"
)

const recordName = "record"

// Recording opens the recording of a run. Where there is none, the error is [record.ErrNone].
func (r *Run) Recording() (*record.Recording, error) {
	if err := encrypt.Unlock(r.Dir); err != nil {
		return nil, err
	}
	return record.Open(filepath.Join(r.Dir, recordName))
}

// SetRecordingAside moves the part of the recording after a step into a folder beside it and returns that folder; "" if there was nothing
// to move.
func (r *Run) SetRecordingAside(after int) (string, error) {
	return record.SetAside(filepath.Join(r.Dir, recordName), after)
}

// LoadKey loads a recording's newest key checkpoint up to a step, or its first one if all are later, into a model's variables (those that
// Drawn returns). It returns the step of that checkpoint. It changes nothing unless the whole checkpoint fits.
func LoadKey(rt *tensor.Runtime, drawn []nn.Named, r *record.Recording, step int) (int, error) {
	path, at, err := r.Key(step)
	if err != nil {
		return 0, err
	}
	return at, load(rt, drawn, path)
}

// startRecording opens the run's recording. If that fails, training continues without one.
func (l *loop) startRecording() {
	if l.Record <= 0 {
		return
	}
	w, err := record.NewWriter(filepath.Join(l.run.Dir, recordName), l.Record, l.from, l.run.secret.Recipients())
	if err != nil {
		l.warn(fmt.Sprintf("the run is not recorded: %v", err))
		return
	}
	l.recorder = w
}

// record adds views to the recording if they are due.
func (l *loop) record(step int, views []watch.View) {
	if l.recorder != nil && views != nil {
		l.recorded(l.recorder.Add(step, views, l.drawn()))
	}
}

// recordLast adds the last views.
func (l *loop) recordLast(step int, views []watch.View) {
	if l.recorder != nil {
		l.recorded(l.recorder.Last(step, views, l.drawn()))
	}
}

// endRecording waits until the recording is written.
func (l *loop) endRecording() {
	if l.recorder != nil {
		l.recorded(l.recorder.Close())
	}
}

// unwatched schedules looks for the recording of a run that nobody watches.
type unwatched struct {
	began time.Time     // when the first step ended
	first int           // that step
	last  int           // step of the newest look
	least time.Duration // duration of the shortest look; 0 before the first
	spent time.Duration // duration of all looks but the first, which compiles programs that the last look needs anyway
	all   time.Duration // duration of all looks
}

const (
	spread         = 1.15 // smallest ratio between the steps of two consecutive looks
	unwatchedShare = 70   // looks that nobody watches take at most 1/70 of the time
)

// looked notes that a look took place.
func (u *unwatched) looked(step int, took time.Duration) {
	if u.least == 0 {
		u.least = took
	} else {
		u.least = min(u.least, took)
		u.spent += took
	}
	u.all += took
	u.last = step
}

// due tells whether to look at this step of a run of so many steps. Looks are spaced evenly in the logarithm of their steps, as the
// recording keeps them, and as dense as the share of time for looks allows.
func (u *unwatched) due(step, steps int, now time.Time) bool {
	if u.began.IsZero() {
		u.began, u.first = now, step
	}
	if step == u.first {
		return false
	}
	if u.least == 0 {
		return true
	}
	steps = max(steps, step)
	trained := now.Sub(u.began) - u.all
	may := trained / time.Duration(step-u.first) * time.Duration(steps-u.first) / unwatchedShare
	if u.spent+u.least > may {
		return false
	}
	ratio := math.Pow(float64(steps), float64(u.least)/float64(may))
	return float64(step) >= max(spread, ratio)*float64(u.last)
}

// lookUnwatched looks for the recording if a look is due.
func (l *loop) lookUnwatched(ctx context.Context, step int) {
	if l.recorder.Due() && l.unwatched.due(step, l.Steps, time.Now()) {
		l.record(step, l.look(ctx, step))
	}
}

func (l *loop) recorded(err error) {
	if err != nil {
		l.writing.looksKept.failed(l, fmt.Sprintf("a look cannot be recorded: %v", err))
		return
	}
	l.writing.looksKept.worked(l, "looks are recorded again")
}

// drawn reads the variables that Look needs; nil if the model does not name them.
func (l *loop) drawn() record.Weights {
	d, ok := l.model.(Drawer)
	if !ok {
		return nil
	}
	return func() ([]safetensors.Tensor, error) { return l.read(d.Drawn()) }
}

// read copies variables from the device.
func (l *loop) read(all []nn.Named) ([]safetensors.Tensor, error) {
	var out []safetensors.Tensor
	for _, n := range all {
		values, err := read(l.rt, n)
		if err != nil {
			return nil, err
		}
		out = append(out, safetensors.Tensor{Name: n.Name, Shape: n.Tensor.Shape(), Values: values})
	}
	return out, nil
}
