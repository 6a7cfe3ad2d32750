package train

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"genview/models/nn"
	"genview/models/record"
	"genview/models/safetensors"
	"genview/models/watch"
	"genview/tensor"
)

const recordName = "record"

// Recording opens the recording of a run. Where there is none, the error is [record.ErrNone].
func (r *Run) Recording() (*record.Recording, error) {
	return record.Open(filepath.Join(r.Dir, recordName))
}

// SetRecordingAside moves what the recording has of steps after one into a folder beside it, whose name is returned; "" where there is
// nothing.
func (r *Run) SetRecordingAside(after int) (string, error) {
	return record.SetAside(filepath.Join(r.Dir, recordName), after)
}

// LoadKey puts the weights of the key checkpoint of a recording that is the newest up to a step into a model's variables, which are those
// that its Drawn returns, and returns the checkpoint's step; before the first one it takes that. Nothing is changed unless all of it fits.
func LoadKey(rt *tensor.Runtime, drawn []nn.Named, r *record.Recording, step int) (int, error) {
	path, at, err := r.Key(step)
	if err != nil {
		return 0, err
	}
	return at, load(rt, drawn, path)
}

// startRecording goes on with the run's recording. Where that fails there is none, and training goes on.
func (l *loop) startRecording() {
	if l.Record <= 0 {
		return
	}
	w, err := record.NewWriter(filepath.Join(l.run.Dir, recordName), l.Record, l.from)
	if err != nil {
		l.warn(fmt.Sprintf("the run is not recorded: %v", err))
		return
	}
	l.recorder = w
}

// record adds what the model made to the recording, when it is time to.
func (l *loop) record(step int, views []watch.View) {
	if l.recorder != nil && views != nil {
		l.recorded(l.recorder.Add(step, views, l.drawn()))
	}
}

// recordLast adds what the model made at the end.
func (l *loop) recordLast(step int, views []watch.View) {
	if l.recorder != nil {
		l.recorded(l.recorder.Last(step, views, l.drawn()))
	}
}

// endRecording waits until all of the recording is written.
func (l *loop) endRecording() {
	if l.recorder != nil {
		l.recorded(l.recorder.Close())
	}
}

// unwatched says when to look at a run that nobody watches, for its recording.
type unwatched struct {
	began time.Time     // when the first step had ended
	first int           // that step
	last  int           // step of the newest look
	least time.Duration // the shortest time that a look has taken; 0 before the first
	spent time.Duration // time of all looks but the first, which also compiles programs that the run's last look needs anyway
	all   time.Duration // time of all looks
}

const (
	spread         = 1.15 // the least ratio of the step of a look to the step of the look before
	unwatchedShare = 70   // looks that nobody watches take at most 1/70 of the time
)

// looked takes notice of a look.
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

// due reports whether to look at this step of a run of so many. Steps of looks are spaced evenly in their logarithms, as the recording
// keeps them. They are as dense as the share of the whole run's time that looks may take allows.
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

// lookUnwatched looks for the recording alone, when it is time to.
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

// drawn reads what the model draws with; nil where it does not say.
func (l *loop) drawn() record.Weights {
	d, ok := l.model.(Drawer)
	if !ok {
		return nil
	}
	return func() ([]safetensors.Tensor, error) { return l.read(d.Drawn()) }
}

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
