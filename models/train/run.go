// Package train runs training: the loop, the run folder, its checkpoints. It knows a model only by what the loop asks of it.
//
// The one idea: a run is a folder, and everything in it is written whole or not at all. A run killed at any moment goes on from its
// newest checkpoint, to the same numbers as one that was not killed.
package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"genview/models/nn"
	"genview/models/safetensors"
	"genview/models/watch"
	"genview/tensor"

	"github.com/goccy/go-yaml"
	"github.com/google/renameio/v2/maybe"
)

// A Run is a run folder.
type Run struct{ Dir string }

const (
	configName  = "config.yaml"
	metricsName = "metrics.jsonl"
)

// CreateRun makes a run folder, which must not be there yet or be empty, and writes its configuration.
func CreateRun(dir string, config any) (*Run, error) {
	if old, err := os.ReadDir(dir); err == nil && len(old) > 0 {
		return nil, fmt.Errorf("train: %s is there already: give another --out, or go on with --resume %s", dir, dir)
	}
	r := &Run{dir}
	if err := r.create(config); err != nil {
		for _, empty := range []string{"checkpoints", "samples", ""} {
			_ = os.Remove(filepath.Join(dir, empty)) // what is not empty stays
		}
		return nil, err
	}
	return r, nil
}

func (r *Run) create(config any) error {
	for _, sub := range []string{"checkpoints", "samples"} {
		if err := os.MkdirAll(filepath.Join(r.Dir, sub), 0o755); err != nil {
			return fmt.Errorf("train: the run cannot be written: %w", err)
		}
	}
	return r.WriteConfig(config)
}

// WriteConfig replaces the configuration.
func (r *Run) WriteConfig(config any) error {
	p, err := yaml.Marshal(config)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := maybe.WriteFile(filepath.Join(r.Dir, configName), p, 0o644); err != nil {
		return fmt.Errorf("train: the run cannot be written: %w", err)
	}
	return nil
}

// OpenRun opens a run folder and reads its configuration into config, a pointer; a field that config does not have is an error.
func OpenRun(dir string, config any) (*Run, error) {
	path := filepath.Join(dir, configName)
	p, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %s is no run, it has no %s: give a folder that genview train made", dir, configName)
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(p), yaml.Strict()).Decode(config); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return nil, fmt.Errorf("train: %s: %s", path, first)
	}
	return &Run{dir}, nil
}

func (r *Run) checkpoint(step int) string {
	return filepath.Join(r.Dir, "checkpoints", fmt.Sprintf("step-%08d.safetensors", step))
}

// ErrNoCheckpoint says that a run was ended before it was first saved.
var ErrNoCheckpoint = errors.New("no checkpoint yet")

// Newest returns the newest checkpoint and its step; without one the error is [ErrNoCheckpoint].
func (r *Run) Newest() (string, int, error) {
	steps, err := r.steps()
	if err != nil {
		return "", 0, err
	}
	if len(steps) == 0 {
		return "", 0, fmt.Errorf("train: %s has %w: train it first with --resume %s", r.Dir, ErrNoCheckpoint, r.Dir)
	}
	step := slices.Max(steps)
	return r.checkpoint(step), step, nil
}

func (r *Run) steps() ([]int, error) {
	entries, err := os.ReadDir(filepath.Join(r.Dir, "checkpoints"))
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var steps []int
	for _, e := range entries {
		name, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".safetensors"), "step-")
		if n, err := strconv.Atoi(name); ok && err == nil && strings.HasSuffix(e.Name(), ".safetensors") {
			steps = append(steps, n)
		}
	}
	return steps, nil
}

const keep = 3 // checkpoints of a run

// Save writes the state as the checkpoint of a step, then drops all but the newest few.
func (r *Run) Save(rt *tensor.Runtime, state []nn.Named, step int) error {
	f := &safetensors.File{Meta: map[string]string{"format": "pt", "step": strconv.Itoa(step)}}
	for _, n := range state {
		var values any = make([]float32, n.Tensor.Len())
		if n.Tensor.DType() == tensor.I32 {
			values = make([]int32, n.Tensor.Len())
		}
		if err := rt.Read(n.Tensor, values); err != nil {
			return err
		}
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: n.Name, Shape: n.Tensor.Shape(), Values: values})
	}
	if err := safetensors.Write(r.checkpoint(step), f); err != nil {
		return fmt.Errorf("train: the checkpoint of step %d was not saved: %w", step, err)
	}
	steps, err := r.steps()
	if err != nil {
		return err
	}
	slices.Sort(steps)
	for _, old := range steps[:max(0, len(steps)-keep)] {
		if err := os.Remove(r.checkpoint(old)); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// Load puts the newest checkpoint into the state's variables and returns its step. Nothing is changed unless all of it fits.
func (r *Run) Load(rt *tensor.Runtime, state []nn.Named) (int, error) {
	path, step, err := r.Newest()
	if err != nil {
		return 0, err
	}
	f, err := safetensors.Read(path)
	if err != nil {
		return 0, err
	}
	values := make([]any, len(state))
	for i, n := range state {
		t, ok := f.Find(n.Name)
		if !ok || !slices.Equal(t.Shape, n.Tensor.Shape()) {
			return 0, fmt.Errorf("train: %s is of another model, it has no %s of the shape %v: put back the config.yaml that it was trained with", path, n.Name, n.Tensor.Shape())
		}
		values[i] = t.Values
	}
	for i, n := range state {
		if err := rt.Write(n.Tensor, values[i]); err != nil {
			return 0, err
		}
	}
	return step, nil
}

// TrimMetrics drops the records after a step, and a torn last line, so that a resumed run goes on from there.
func (r *Run) TrimMetrics(step int) error {
	path := filepath.Join(r.Dir, metricsName)
	p, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(p) {
		var rec struct{ Step int }
		if json.Unmarshal(line, &rec) == nil && bytes.HasSuffix(line, []byte("\n")) && rec.Step <= step {
			kept.Write(line)
		}
	}
	if err := maybe.WriteFile(path, kept.Bytes(), 0o644); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

const historyPoints = 512 // of each curve, for who watches

// History returns the metrics of the run so far; lines that are damaged are passed over.
func (r *Run) History() (*watch.History, error) {
	h := watch.NewHistory(historyPoints)
	p, err := os.ReadFile(filepath.Join(r.Dir, metricsName))
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	for line := range bytes.Lines(p) {
		if step, m, err := parseRecord(line); err == nil {
			h.Add(step, m)
		}
	}
	return h, nil
}

// parseRecord reads what a Record's MarshalJSON wrote, in its order.
func parseRecord(line []byte) (step int, m watch.Metrics, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err = d.Token(); err != nil {
		return 0, nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return 0, nil, err
		}
		var v *float64
		if err := d.Decode(&v); err != nil {
			return 0, nil, err
		}
		switch {
		case v == nil:
		case name == "step":
			step = int(*v)
		case name != "examples_per_s" && name != "elapsed_s":
			m = append(m, watch.Metric{Name: fmt.Sprint(name), Value: *v})
		}
	}
	return step, m, nil
}

// Append adds a record to the metrics as one JSON line.
func (r *Run) Append(record any) error {
	p, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(r.Dir, metricsName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	_, err = f.Write(append(p, '\n'))
	return errors.Join(err, f.Close())
}
