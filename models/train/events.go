package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"genview/models/audit"
	"genview/models/safetensors"
	"genview/models/watch"
)

const eventsName = "events.jsonl"

// Events returns what was done to the run and still holds: without what was done after a step that training went on from later. It skips
// lines that it cannot read.
func (r *Run) Events() (all watch.Events, err error) {
	p, err := os.ReadFile(filepath.Join(r.Dir, eventsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: %w", err)
	}
	for line := range bytes.Lines(p) {
		var e watch.Event
		if json.Unmarshal(line, &e) == nil && e.Kind != "" && e.Step >= 0 && (e.Kind != watch.RateSet || e.Rate > 0) {
			all = all.Add(e)
		}
	}
	return all, nil
}

// event notes what was done to the run, for the run's folder and an onlooker.
func (l *loop) event(e watch.Event) {
	e.Time = time.Now().UTC().Truncate(time.Millisecond)
	l.History.Event(e)
	l.snap.Show(l.History.Curves())
	l.writing.events = append(l.writing.events, e)
	if e.Kind != watch.Saved { // the checkpoint has an entry with its checksum
		l.audit(entryOf(e, l.run.About))
	}
	if l.writing.marks.wait == 0 {
		l.writeEvents()
	}
}

// entryOf returns the entry of the audit log about an event. That of a beginning has what is known about the training.
func entryOf(e watch.Event, about map[string]string) audit.Entry {
	entry := audit.Entry{What: string(e.Kind), Step: e.Step, Detail: map[string]string{}}
	switch e.Kind {
	case watch.Began:
		maps.Copy(entry.Detail, about)
		entry.Detail["device"], entry.Detail["steps"] = e.Device, strconv.Itoa(e.Steps)
	case watch.RateSet, watch.Turned, watch.HeadCut:
		entry.Detail["set"] = e.String()
	case watch.Stepped, watch.Stopped:
		if e.Detail != "" {
			entry.Detail["of"] = e.Detail
		}
	}
	return entry
}

// audit adds an entry to the run's audit log. A log that cannot be written is told once, and training goes on.
func (l *loop) audit(e audit.Entry) {
	if l.run.About == nil {
		return
	}
	err := audit.Append(l.run.Dir, e)
	if err != nil && !l.unaudited {
		l.run.notice("the audit log cannot be written: %v", err)
	}
	l.unaudited = err != nil
}

// auditSaved adds the checkpoint of a step to the log.
func (l *loop) auditSaved(step int) {
	if l.run.About == nil {
		return
	}
	path := l.run.Checkpoint(step)
	sum, err := safetensors.Checksum(path)
	if err != nil {
		l.run.notice("the audit log cannot have the checksum of a checkpoint: %v", err)
	}
	l.audit(audit.Entry{What: audit.Checkpoint, Step: step, File: checkpoints + "/" + filepath.Base(path), Checksum: sum})
}

// writeEvents adds the waiting events to the run's folder.
func (l *loop) writeEvents() {
	w := &l.writing
	for len(w.events) > 0 {
		if err := l.run.appendLine(eventsName, w.events[0]); err != nil {
			w.marks.failed(l, fmt.Sprintf("the log of events cannot be written: %v", err))
			return
		}
		w.events = w.events[1:]
	}
	w.marks.worked(l, "the log of events is written again, none is missing")
}

// begin notes that training begins, and sets the learning rate to what it was changed to.
func (l *loop) begin() error {
	before := l.History.Events()
	l.event(watch.Event{Step: l.from, Kind: watch.Began, Steps: l.Steps, Epoch: l.Epoch, Device: l.Snapshot.Device})
	l.tellUndone(before)
	if m, ok := l.model.(parted); ok {
		l.snap.Parts = m.Parts()
	}
	if err := l.turnAgain(); err != nil {
		return err
	}
	l.snap.Dials = l.dials()
	factor := l.History.Events().Rate()
	if factor != 1 {
		l.run.notice("the learning rate is %.3g times that of the settings: it was changed to that while the run trained", factor)
	}
	return l.setRate(factor)
}

// tellUndone says which settings were changed after the step that training goes on from: they are again as they were at that step.
func (l *loop) tellUndone(before watch.Events) {
	newest := map[string]watch.Event{} // by kind and key
	for _, e := range before {
		own := e.Kind == watch.Turned && (e.Detail == sampleEvery || e.Detail == saveEvery) // which are not kept with a step
		if (e.Kind == watch.RateSet || e.Kind == watch.Turned && !own) && e.Step > l.from {
			newest[string(e.Kind)+e.Detail] = e
		}
	}
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		e := newest[key]
		l.run.notice("%s was set at step %d; training goes on from step %d, with what was set then", e, e.Step, l.from)
	}
}

// setRate makes the learning rate a factor times that of the settings.
func (l *loop) setRate(factor float64) error {
	err := l.model.SetRate(factor)
	if err == nil {
		l.snap.Rate = factor
	}
	return err
}
