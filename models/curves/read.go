package curves

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"genview/models/run"
	"genview/models/train"
	"genview/models/watch"
)

// A Run holds what a run has logged.
type Run struct {
	Name    string         // of its folder
	Records []train.Record // Elapsed is the time trained since step 0, over all the times that the run was resumed
	Epoch   int            // number of steps in which the data are seen once; 0: not known
}

// ErrNone says that a run has logged nothing.
var ErrNone = errors.New("has no metrics")

// Read reads the metrics of a run folder. It returns [ErrNone] if there are none.
func Read(dir string) (*Run, error) {
	_, folder, err := run.Read(dir, run.Place{})
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return Of(folder)
}

// Of reads the metrics of an open run folder. It returns [ErrNone] if there are none.
func Of(folder *train.Run) (*Run, error) {
	all, err := folder.Records()
	if err != nil {
		return nil, err
	}
	dir := folder.Dir
	if len(all) == 0 {
		return nil, fmt.Errorf("%s %w yet: it is trained further with genview train --resume %s", dir, ErrNone, dir)
	}
	var before, last time.Duration // before: until the run was resumed
	for i := range all {
		now := all[i].Elapsed
		if now < last {
			before += last
		}
		last = now
		all[i].Elapsed = before + now
	}
	name, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	events, err := folder.Events()
	if err != nil {
		return nil, err
	}
	return &Run{Name: filepath.Base(name), Records: all, Epoch: events.Epoch()}, nil
}

// metrics lists the names of the runs' metrics, in the order in which they first come.
func metrics(runs []*Run) (names []string) {
	for _, r := range runs {
		for _, rec := range r.Records {
			for _, m := range rec.Metrics {
				if !slices.Contains(names, m.Name) {
					names = append(names, m.Name)
				}
			}
		}
	}
	return names
}

// Has tells whether the run has logged a metric.
func (r *Run) Has(metric string) bool { return slices.Contains(metrics([]*Run{r}), metric) }

// within returns the records of the steps from one to another; to 0: to the end.
func (r *Run) within(from, to int) []train.Record {
	first := sort.Search(len(r.Records), func(i int) bool { return r.Records[i].Step >= from })
	end := len(r.Records)
	if to > 0 {
		end = sort.Search(len(r.Records), func(i int) bool { return r.Records[i].Step > to })
	}
	return r.Records[first:max(first, end)]
}

// mostPoints is the most points of a drawn curve: more than a picture has columns.
const mostPoints = 2000

// drawn returns the curves of some records, as the window has them.
func drawn(records []train.Record, only []string) *watch.Curves {
	h := watch.NewHistory(mostPoints)
	for _, rec := range records {
		kept := slices.DeleteFunc(slices.Clone(rec.Metrics), func(m watch.Metric) bool { return len(only) > 0 && !slices.Contains(only, m.Name) })
		h.Add(rec.Step, kept)
		h.Time(rec.Step, rec.Elapsed)
	}
	return h.Curves()
}
