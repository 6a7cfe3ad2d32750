package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"genview/models/picture"
	"genview/models/watch"
	"genview/tensor"
	"genview/vk/files"
)

// writing holds what a run could not write and will try again.
type writing struct {
	saves, notes, marks, keeps, looks, looksKept, measures retry

	records []Record     // not in the metrics yet
	events  watch.Events // not in the log of events yet
	dropped int          // number of records dropped because too many waited
	last    bool         // nothing will be tried again
	samples []sampled    // not in the folder yet
	checked time.Time    // when the run's folder was last checked
}

// sampled holds the views of a step.
type sampled struct {
	step  int
	views []watch.View
}

const (
	mostRecords = 10_000 // records that may wait to be written
	mostSamples = 8
	lastTries   = 6           // for the last checkpoint of a run
	lookAfter   = time.Second // time between checks of the run's folder
)

// lastWait is the time between attempts to write the last checkpoint of a run; tests shorten it.
var lastWait = time.Second

// A retry schedules new attempts at something that failed: after a second, then after twice as long each time, up to half a minute.
type retry struct {
	wait time.Duration // 0: it has not failed
	at   time.Time
	said string
}

// failed notes a failure, and reports it unless the same was reported before.
func (r *retry) failed(l *loop, text string) {
	r.wait = min(max(2*r.wait, time.Second), 30*time.Second)
	r.at = time.Now().Add(r.wait)
	switch {
	case l.writing.last:
		l.warn(text)
	case r.said == "":
		l.warn(text + "; training goes on, and it is tried again")
	}
	r.said = text
}

// worked notes a success, and reports it after failures.
func (r *retry) worked(l *loop, text string) {
	if r.wait > 0 {
		l.run.notice("%s", text)
		l.snap.Message = ""
	}
	*r = retry{}
}

func (r *retry) due() bool { return r.wait > 0 && !time.Now().Before(r.at) }

// warn reports a problem that does not end the run.
func (l *loop) warn(text string) {
	l.snap.Message = text
	l.run.notice("%s", text)
}

// save writes a checkpoint. It returns an error for a state that is not finite and for a lost device; a checkpoint that cannot be written
// is tried again later. passing: it is kept only while no better one is there.
func (l *loop) save(step int, passing bool) error {
	err := l.saveOnce(step, passing)
	if err != nil && !errors.Is(err, ErrNotFinite) && !errors.Is(err, tensor.ErrDeviceLost) {
		l.writing.saves.failed(l, err.Error())
		return nil
	}
	return err
}

// saveOnce writes a checkpoint.
func (l *loop) saveOnce(step int, passing bool) error {
	err := l.run.save(l.rt, l.model.State(), step, l.mark(step), passing)
	if errors.Is(err, ErrNotFinite) {
		return l.diverged(fmt.Sprintf("%v; step %d is not saved", err, step))
	}
	if err != nil {
		return err
	}
	l.auditSaved(step)
	l.saved, l.passing = step, passing
	if !passing {
		l.savedAt = time.Now()
	}
	l.writing.saves.worked(l, fmt.Sprintf("saved after all, at step %d", step))
	if l.OnSave != nil {
		l.OnSave(step)
	}
	return nil
}

// saveLast writes the last checkpoint of a run. If the disk is full, it waits some seconds for room, because the state is lost afterwards.
func (l *loop) saveLast(step int) error {
	for try := 1; ; try++ {
		err := l.saveOnce(step, false)
		var system syscall.Errno // other errors, such as those of the device, do not go away
		if err == nil || !errors.As(err, &system) || errors.Is(err, ErrLocked) || try == lastTries {
			return err
		}
		if try == 1 {
			l.warn(err.Error() + "; it is tried again")
		}
		time.Sleep(lastWait)
	}
}

// lost tells, from time to time, whether somebody deleted the run's folder, its configuration or its newest checkpoint. A save restores
// them.
func (l *loop) lost() bool {
	w := &l.writing
	if w.saves.wait > 0 || time.Since(w.checked) < lookAfter {
		return false
	}
	w.checked = time.Now()
	if missing(filepath.Join(l.run.Dir, configName)) {
		return true
	}
	if l.saved >= 0 && missing(l.run.Checkpoint(l.saved)) {
		l.warn(fmt.Sprintf("the newest checkpoint, of step %d, was deleted: another one is saved", l.saved))
		return true
	}
	return false
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// write adds a record to the metrics, now or later.
func (l *loop) write(r Record) {
	w := &l.writing
	w.records = append(w.records, r)
	if n := len(w.records) - mostRecords; n > 0 {
		w.records, w.dropped = w.records[n:], w.dropped+n
	}
	if w.notes.wait == 0 {
		l.writeRecords()
	}
}

// writeRecords adds the waiting records to the metrics.
func (l *loop) writeRecords() {
	w := &l.writing
	for len(w.records) > 0 {
		if err := l.run.Append(w.records[0]); err != nil {
			w.notes.failed(l, fmt.Sprintf("the metrics cannot be written: %v", err))
			return
		}
		w.records = w.records[1:]
	}
	text := "the metrics are written again, none is missing"
	if w.dropped > 0 {
		text = fmt.Sprintf("the metrics are written again, but for %d lines", w.dropped)
	}
	w.notes.worked(l, text)
	w.dropped = 0
}

// keep writes the newest views into the run's folder, now or later.
func (l *loop) keep(step int, views []watch.View) {
	w := &l.writing
	w.samples = append(w.samples, sampled{step, views})
	w.samples = w.samples[max(0, len(w.samples)-mostSamples):]
	if w.keeps.wait == 0 {
		l.keepSamples()
	}
}

// keepSamples writes the waiting views into the run's folder.
func (l *loop) keepSamples() {
	w := &l.writing
	for len(w.samples) > 0 {
		s := &w.samples[0]
		err := files.Mkdir(filepath.Join(l.run.Dir, samples))
		if err == nil || errors.Is(err, fs.ErrExist) {
			err = picture.Write(filepath.Join(l.run.Dir, samples, fmt.Sprintf("step-%08d", s.step)), s.views, l.CacheDir, l.run.secret.Recipients())
		}
		if err != nil {
			w.keeps.failed(l, fmt.Sprintf("the sample of step %d cannot be written: %v", s.step, err))
			return
		}
		w.samples = w.samples[1:]
	}
	w.keeps.worked(l, "samples are written again")
}

// writeAgain retries what failed, if it is due.
func (l *loop) writeAgain() {
	if l.writing.notes.due() {
		l.writeRecords()
	}
	if l.writing.marks.due() {
		l.writeEvents()
	}
	if l.writing.keeps.due() {
		l.keepSamples()
	}
}

// flush retries what failed one last time.
func (l *loop) flush() {
	l.writing.last = true
	if len(l.writing.records) > 0 {
		l.writeRecords()
	}
	if len(l.writing.events) > 0 {
		l.writeEvents()
	}
	if len(l.writing.samples) > 0 {
		l.keepSamples()
	}
}
