package train

import (
	"fmt"
	"path/filepath"

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
