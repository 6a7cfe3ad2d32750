package tensorboard

import (
	"fmt"
	"sync/atomic"
	"time"

	"genview/models/watch"
)

// A Log writes the events of a training as it goes on, in a goroutine of its own: its methods do not wait for the disk. Files that cannot be
// written are told once, and tried again with each event. The methods are for one goroutine.
type Log struct {
	jobs    chan job
	done    chan struct{}
	skipped atomic.Int64
}

// A job is one call of a File's method.
type job func(f *File) error

// mostJobs is the most calls that wait. More are skipped: then the disk is far slower than training.
const mostJobs = 256

// Options say what of a training a Log knows from the beginning.
type Options struct {
	From     int               // the step after which it begins
	Settings []watch.Setting   // hyper-parameters
	CacheDir string            // for the index of the system's fonts; "": they are not used
	Say      func(text string) // is called in the goroutine that writes
}

// Start makes an event file in a run's folder, and writes to it until [Log.End]. A file that cannot be made is told, and then nothing is
// written.
func Start(dir string, o Options) *Log {
	l := &Log{jobs: make(chan job, mostJobs), done: make(chan struct{})}
	go l.run(dir, o, time.Now())
	return l
}

func (l *Log) run(dir string, o Options, at time.Time) {
	defer close(l.done)
	failing := false
	note := func(err error) {
		switch {
		case err != nil && !failing:
			failing = true
			o.Say(fmt.Sprintf("the events for TensorBoard cannot be written: %v; training goes on without them", err))
		case err == nil && failing:
			failing = false
			o.Say("the events for TensorBoard are written again")
		}
	}
	f, err := Create(dir, o.CacheDir, o.From, at)
	if f == nil {
		note(err)
		for range l.jobs { // nobody waits for them
		}
		return
	}
	note(err)
	note(f.Settings(o.Settings, at))
	for j := range l.jobs {
		note(j(f))
	}
	err = f.End(time.Now())
	if n := l.skipped.Load(); err == nil && n > 0 {
		err = fmt.Errorf("the disk was too slow for %d of them", n)
	}
	if err != nil && !failing {
		note(err)
	}
}

// Metrics adds the numbers of a step.
func (l *Log) Metrics(step int, at time.Time, m watch.Metrics) {
	l.add(func(f *File) error { return f.Metrics(step, at, m) })
}

// Views adds what a model shows at a step. The views must not be changed afterwards.
func (l *Log) Views(step int, at time.Time, views []watch.View) {
	l.add(func(f *File) error { return f.Views(step, at, views) })
}

func (l *Log) add(j job) {
	select {
	case l.jobs <- j:
	default:
		l.skipped.Add(1)
	}
}

// End waits until everything is written, and closes the file.
func (l *Log) End() {
	close(l.jobs)
	<-l.done
}
