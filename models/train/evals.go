package train

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"genview/models/watch"
	"genview/vk/files"
)

const evalsName = "evals.jsonl"

// An Eval is an evaluation of a run's model: its weights, its measures, the data, and the device.
type Eval struct {
	Time     time.Time          `json:"time"`
	Step     int                `json:"step"`               // of the weights
	Weights  string             `json:"weights"`            // their file in the run's folder, with slashes
	Checksum string             `json:"checksum,omitempty"` // of that file, as [safetensors.Checksum] returns it
	Measures map[string]float64 `json:"measures"`           // those that were finite
	Metric   string             `json:"metric"`             // the measure that tells best how good the model is
	Higher   bool               `json:"higher"`             // a higher value of it is better
	Data     string             `json:"data,omitempty"`     // their name, and their identity if it is known; "": the model has none
	Split    string             `json:"split"`              // the part of them that was measured, as test
	Examples int                `json:"examples"`           // how many were
	Samples  int                `json:"samples,omitempty"`  // importance samples for an example; 0: none were drawn
	Device   string             `json:"device"`
	Program  string             `json:"program,omitempty"` // its name and version
}

// Mark returns how good the weights are by the metric. ok is false if its value was not finite.
func (e *Eval) Mark() (m Mark, ok bool) {
	v, ok := e.Measures[e.Metric]
	return Mark{Metric: e.Metric, Value: v, Higher: e.Higher}, ok
}

// Metrics returns the measures: first the one that tells best how good the model is, the others by their names.
func (e *Eval) Metrics() (all watch.Metrics) {
	names := slices.SortedFunc(maps.Keys(e.Measures), func(a, b string) int {
		switch e.Metric {
		case a:
			return -1
		case b:
			return 1
		}
		return cmp.Compare(a, b)
	})
	for _, name := range names {
		all = append(all, watch.Metric{Name: name, Value: e.Measures[name]})
	}
	return all
}

// AddEval adds an evaluation to the run's folder, and syncs it. It takes no lock: evaluations are kept while another process trains, too.
func (r *Run) AddEval(e *Eval) error {
	if err := r.appendLine(evalsName, e); err != nil {
		return err
	}
	if err := files.Sync(filepath.Join(r.Dir, evalsName)); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// Evals returns the evaluations of the run, the oldest first. It skips lines that it cannot read.
func (r *Run) Evals() (all []*Eval, err error) {
	p, err := os.ReadFile(filepath.Join(r.Dir, evalsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	for line := range bytes.Lines(p) {
		if e, err := parseEval(line); err == nil {
			all = append(all, e)
		}
	}
	return all, nil
}

// parseEval reads a line of the evaluations.
func parseEval(line []byte) (*Eval, error) {
	e := &Eval{}
	if json.Unmarshal(line, e) != nil || e.Time.IsZero() || e.Step < 0 || e.Metric == "" {
		return nil, errors.New("is no evaluation")
	}
	return e, nil
}

// BestEval returns the evaluation that says best how good the model became, by the metric and on the data of the newest one; nil if there is
// none. Of equal ones it is the newest.
func BestEval(all []*Eval) (best *Eval) {
	if len(all) == 0 {
		return nil
	}
	var top Mark
	newest := all[len(all)-1]
	for _, e := range slices.Backward(all) {
		m, ok := e.Mark()
		if ok && m.Metric == newest.Metric && e.Data == newest.Data && (best == nil || m.Over(top)) {
			best, top = e, m
		}
	}
	return best
}
