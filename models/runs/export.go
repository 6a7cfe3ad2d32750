package runs

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"genview/models/curves"
	"genview/models/record"
	"genview/models/run"
	"genview/models/tensorboard"
	"genview/models/train"
	"genview/models/watch"
)

// WriteJSON writes the metrics of runs as JSON lines, as their metrics.jsonl has them, but with the run's name, and with the time trained since
// step 0.
func WriteJSON(w io.Writer, all ...*curves.Run) error {
	out := bufio.NewWriter(w)
	for _, r := range all {
		name, err := json.Marshal(r.Name)
		if err != nil {
			return err
		}
		for _, rec := range r.Records {
			p, err := json.Marshal(rec)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, `{"run":%s,%s`+"\n", name, p[1:]) // Flush has the error
		}
	}
	return out.Flush()
}

// ErrExported says that a folder has event files already.
var ErrExported = errors.New("has event files already")

// ExportOptions say how an event file is written.
type ExportOptions struct {
	CacheDir string               // for the index of the system's fonts, which attention maps need; "": they are not used
	Count    func(done, of int)   // receives the number of moments that are written; may be nil
	Lost     func(problem string) // receives what of the recording cannot be read; may be nil
}

// ToTensorBoard writes what a run has logged, and what its recording has, as an event file in a folder. It returns the file's path. What cannot
// be read of the recording is left out. If ToTensorBoard fails, it leaves no file.
func ToTensorBoard(ctx context.Context, dir, to string, o ExportOptions) (path string, err error) {
	c, folder, err := run.Read(dir, run.Place{})
	if err != nil {
		return "", err
	}
	defer folder.Close()
	logged, err := curves.Of(folder)
	if err != nil {
		return "", err
	}
	if old, err := filepath.Glob(filepath.Join(to, "*tfevents*")); err == nil && len(old) > 0 {
		return "", fmt.Errorf("%s %w: give another folder", to, ErrExported)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return "", err
	}
	times := timesOf(logged.Records, Read(dir).Changed)
	f, err := tensorboard.Create(to, o.CacheDir, 0, times(0))
	if f == nil {
		return "", err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // it is closed already if its end failed
			err = errors.Join(err, os.Remove(f.Path()))
		}
	}()
	if err != nil {
		return "", err
	}
	if err := f.Settings(c.Hyperparameters(), times(0)); err != nil {
		return "", err
	}
	for _, rec := range logged.Records {
		all := append(slices.Clip(rec.Metrics), watch.Metric{Name: "examples_per_s", Value: rec.ExamplesPerS})
		if err := f.Metrics(rec.Step, times(rec.Step), all); err != nil {
			return "", err
		}
	}
	if err := recorded(ctx, folder, f, times, o); err != nil {
		return "", err
	}
	return f.Path(), f.End(times(logged.Records[len(logged.Records)-1].Step))
}

// recorded adds the moments of a run's recording, if it has one.
func recorded(ctx context.Context, folder *train.Run, f *tensorboard.File, times func(step int) time.Time, o ExportOptions) error {
	r, err := folder.Recording()
	if errors.Is(err, record.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	steps := r.Steps()
	for i, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o.Count != nil {
			o.Count(i, len(steps))
		}
		m, err := r.At(step)
		if err != nil {
			m = &record.Moment{Step: step, Lost: []string{err.Error()}}
		}
		for _, problem := range m.Lost {
			if o.Lost != nil {
				o.Lost(problem)
			}
		}
		if err := f.Views(m.Step, times(m.Step), m.Views); err != nil {
			return err
		}
	}
	return nil
}

// timesOf returns a function that says when a step was made: as its record says, or that before it; for records without times, by when the
// run was last logged and how long it had trained.
func timesOf(all []train.Record, changed time.Time) func(step int) time.Time {
	last := all[len(all)-1].Elapsed
	return func(step int) time.Time {
		i, _ := slices.BinarySearchFunc(all, step, func(r train.Record, step int) int { return cmp.Compare(r.Step, step) })
		i = min(i, len(all)-1)
		if r := all[i]; !r.Time.IsZero() {
			if r.Step > step && i > 0 && !all[i-1].Time.IsZero() {
				return all[i-1].Time
			}
			return r.Time
		}
		return changed.Add(all[i].Elapsed - last)
	}
}
