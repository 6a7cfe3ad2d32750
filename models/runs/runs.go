// Package runs knows what there is in folders of runs: a line on each run, what two differ in, and the files that one can do without.
//
//	all, err := runs.Find(ctx, "runs")
//	for _, r := range all {
//		fmt.Println(r.Name, r.State, r.Step, "of", r.Steps)
//	}
//
// It reads files only, opens no device, and takes no lock, so that it can be asked about runs while they are trained. Package run opens one
// run, with its model.
package runs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"genview/models/curves"
	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
)

// A State says what becomes of a run.
type State string

// The states of a run.
const (
	Training State = "training" // a process trains it now
	Finished State = "finished" // its newest checkpoint is of its last step
	Stopped  State = "stopped"  // it can be trained further
	Broken   State = "broken"   // its configuration cannot be read; Problem says why
)

// A Run is what is known of a run folder.
type Run struct {
	Dir     string
	Name    string // of the folder
	Family  string // kind of the model, as in config.yaml
	Model   string // such as "MLP VAE"
	Data    string // short name of the data; "": it has none
	State   State
	Step    int // of the newest checkpoint; while it trains, the newest logged step
	Steps   int // in all
	Trained time.Duration
	Metrics watch.Metrics // the newest value of each
	Evals   []*train.Eval // what genview eval measured, the oldest first
	Size    int64         // bytes of all its files
	Changed time.Time     // when something was last logged
	Problem string        // what cannot be read; "": nothing
}

// Losses returns the newest values of what training makes small.
func (r *Run) Losses() watch.Metrics {
	return slices.DeleteFunc(slices.Clone(r.Metrics), func(m watch.Metric) bool {
		return m.Name != "loss" && !strings.HasSuffix(m.Name, "_loss") || heldOut(m)
	})
}

// HeldOut returns the newest values of what was measured on data that the run does not learn from.
func (r *Run) HeldOut() watch.Metrics {
	return slices.DeleteFunc(slices.Clone(r.Metrics), func(m watch.Metric) bool { return !heldOut(m) })
}

// Eval returns the newest evaluation, and the best one if that is another; nil: there is none.
func (r *Run) Eval() (newest, better *train.Eval) {
	if len(r.Evals) == 0 {
		return nil, nil
	}
	newest = r.Evals[len(r.Evals)-1]
	if best := train.BestEval(r.Evals); best != newest {
		better = best
	}
	return newest, better
}

// heldOut tells whether a metric was measured on held-out data.
func heldOut(m watch.Metric) bool { return strings.HasPrefix(m.Name, "held_out_") }

// Find returns the runs in folders, those that were trained last first. A folder is a run, or holds runs. A run that cannot be read is
// [Broken]; a folder that cannot be listed is an error.
func Find(ctx context.Context, folders ...string) (all []*Run, err error) {
	for _, dir := range folders {
		if isRun(dir) {
			all = append(all, Read(dir))
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("runs: %w", err)
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if at := filepath.Join(dir, e.Name()); isRun(at) {
				all = append(all, Read(at))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *Run) int {
		return cmp.Or(b.Changed.Compare(a.Changed), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// isRun tells whether a folder is a run.
func isRun(dir string) bool {
	info, err := os.Stat((&train.Run{Dir: dir}).ConfigPath())
	return err == nil && info.Mode().IsRegular()
}

// Read returns what is known of a run folder. Files that cannot be read are named by Problem.
func Read(dir string) *Run {
	r := &Run{Dir: dir, Name: NameOf(dir), State: Broken}
	for _, path := range []string{(&train.Run{Dir: dir}).MetricsPath(), (&train.Run{Dir: dir}).ConfigPath()} {
		if info, err := os.Stat(path); err == nil {
			r.Changed = info.ModTime()
			break
		}
	}
	r.Size = sizeOf(dir)
	folder, err := train.OpenRun(dir)
	if err != nil {
		r.Problem = err.Error()
		return r
	}
	c, err := run.Parse(folder.Config())
	if err != nil {
		r.Problem = fmt.Sprintf("%s: %v", folder.ConfigPath(), err)
		return r
	}
	r.Family, r.Model, r.Steps = c.Kind, c.Settings.Title(), c.Steps
	if source := c.Settings.Source(); source != nil {
		r.Data = source.Base()
	}
	if err := r.progress(folder); err != nil {
		r.Problem = err.Error()
	}
	return r
}

// progress finds out how far a run is.
func (r *Run) progress(folder *train.Run) (err error) {
	if r.Evals, err = folder.Evals(); err != nil {
		return err
	}
	logged, err := curves.Of(folder)
	if err == nil {
		last := logged.Records[len(logged.Records)-1]
		r.Trained, r.Step = last.Elapsed, last.Step
		r.Metrics = newest(logged.Records)
	} else if !errors.Is(err, curves.ErrNone) {
		return err
	}
	r.State = Stopped
	if folder.InUse() {
		r.State = Training
		return nil
	}
	_, step, err := folder.Newest()
	if err != nil && !errors.Is(err, train.ErrNoCheckpoint) {
		return err
	}
	r.Step = step
	if step >= r.Steps {
		r.State = Finished
	}
	return nil
}

// newest returns the newest value of each metric, in the order in which they first come.
func newest(records []train.Record) (all watch.Metrics) {
	for _, rec := range records {
		for _, m := range rec.Metrics {
			i := slices.IndexFunc(all, func(have watch.Metric) bool { return have.Name == m.Name })
			if i < 0 {
				all = append(all, m)
				continue
			}
			all[i] = m
		}
	}
	return all
}

// NameOf returns the name of a folder, also of "." and "..".
func NameOf(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(dir)
}

// sizeOf returns the bytes of the files below a folder. Files that vanish meanwhile do not count.
func sizeOf(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	return size
}
