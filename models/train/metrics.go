package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"genview/models/watch"
	"genview/vk/files"
)

// TrimMetrics drops the records after a step, and an incomplete last line, so that a resumed run appends after that step.
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
	if err := files.WriteBytes(path, kept.Bytes()); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

const historyPoints = 512 // most points of a curve in the window

// History returns the metrics of the run so far, with those of the runs beside it, and what was done to it. It skips damaged lines.
func (r *Run) History() (*watch.History, error) {
	all, err := r.Records()
	if err != nil {
		return nil, err
	}
	h := watch.NewHistory(historyPoints)
	for _, rec := range all {
		h.Add(rec.Step, rec.Metrics)
		h.Time(rec.Step, rec.Elapsed)
	}
	for _, dir := range r.Beside {
		others, err := (&Run{Dir: dir}).Records()
		if err != nil {
			return nil, err
		}
		for _, rec := range others {
			h.AddBeside(filepath.Base(dir), rec.Step, rec.Metrics)
		}
	}
	events, err := r.Events()
	for _, e := range events {
		h.Event(e)
	}
	return h, err
}

// Records returns the logged steps of the run so far. It skips damaged lines. A run that was resumed begins Elapsed anew.
func (r *Run) Records() (all []Record, err error) {
	p, err := os.ReadFile(filepath.Join(r.Dir, metricsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	for line := range bytes.Lines(p) {
		if rec, err := parseRecord(line); err == nil {
			all = append(all, rec)
		}
	}
	return all, nil
}

// parseRecord reads a line that Record.MarshalJSON wrote, with its metrics in their order. It leaves out values that are no numbers,
// such as those that were not finite.
func parseRecord(line []byte) (rec Record, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if _, err = d.Token(); err != nil {
		return rec, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return rec, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return rec, err
		}
		if text, ok := value.(string); ok && name == "time" {
			if rec.Time, err = time.Parse(time.RFC3339Nano, text); err != nil {
				return rec, err
			}
		}
		v, ok := value.(float64)
		switch {
		case !ok:
		case name == "step":
			rec.Step = int(v)
		case name == "epoch":
			rec.Epoch = v
		case name == "examples_per_s":
			rec.ExamplesPerS = v
		case name == "elapsed_s":
			rec.Elapsed = time.Duration(v * float64(time.Second))
		default:
			rec.Metrics = append(rec.Metrics, watch.Metric{Name: fmt.Sprint(name), Value: v})
		}
	}
	return rec, nil
}

// KeepMetrics copies the metrics if they have records after a step, which a run that continues from that step drops. It returns the copy's
// path, or "" if no copy was needed.
func (r *Run) KeepMetrics(step int) (string, error) {
	p, err := os.ReadFile(filepath.Join(r.Dir, metricsName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("train: %w", err)
	}
	later := false
	for line := range bytes.Lines(p) {
		rec, err := parseRecord(line)
		later = later || err == nil && rec.Step > step
	}
	if !later {
		return "", nil
	}
	for n := 1; ; n++ {
		path := filepath.Join(r.Dir, fmt.Sprintf("metrics.%d.jsonl", n))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, files.WriteBytes(path, p)
		}
	}
}

// Append adds a record to the metrics as one JSON line, whole or not at all.
func (r *Run) Append(record any) error { return r.appendLine(metricsName, record) }

// appendLine adds a JSON line to a file of the run, whole or not at all.
func (r *Run) appendLine(name string, record any) error {
	p, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := files.AppendLine(filepath.Join(r.Dir, name), p); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// syncMetrics makes the metrics so far survive a power loss.
func (r *Run) syncMetrics() error {
	if err := files.Sync(r.MetricsPath()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
