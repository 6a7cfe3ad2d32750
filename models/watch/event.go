package watch

import (
	"fmt"
	"slices"
	"time"
)

// An Event is something that was done to a run.
type Event struct {
	Step int       `json:"step"` // the newest one then
	Time time.Time `json:"time"`
	Kind EventKind `json:"event"`

	Rate   float64 `json:"rate,omitempty"`   // RateSet: the factor of the learning rate from the next step on
	Steps  int     `json:"steps,omitempty"`  // Began: the step to which it is trained
	Epoch  int     `json:"epoch,omitempty"`  // Began: the number of steps in which the data are seen once
	Device string  `json:"device,omitempty"` // Began: the name of the device
	Value  float64 `json:"value,omitempty"`  // Turned: of the setting from the next step on
	Detail string  `json:"detail,omitempty"` // HeadCut: which head, and how; Stepped: the only part that ran; Turned: the key of the setting; Stopped: why nobody had to ask
}

// An EventKind says what was done.
type EventKind string

// The kinds of events.
const (
	Began   EventKind = "began" // training began, or went on, from a step
	Held    EventKind = "paused"
	Resumed EventKind = "resumed"
	Stepped EventKind = "stepped" // one step was made while training was paused
	RateSet EventKind = "rate"
	Turned  EventKind = "set" // a setting was changed
	Sampled EventKind = "sampled"
	Saved   EventKind = "saved"
	HeadCut EventKind = "ablated" // what the model does without a head was asked
	Stopped EventKind = "stopped"
)

// String says in a few words what was done.
func (e Event) String() string {
	switch e.Kind {
	case Began:
		if e.Step > 0 {
			return "training went on"
		}
		return "training began"
	case Stepped:
		if e.Detail != "" {
			return "one step of the " + e.Detail
		}
		return "one step"
	case RateSet:
		return fmt.Sprintf("learning rate × %.3g", e.Rate)
	case Stopped:
		if e.Detail != "" {
			return "stopped: " + e.Detail
		}
	case Turned:
		return fmt.Sprintf("%s = %.6g", e.Detail, e.Value)
	case HeadCut:
		return "without " + e.Detail
	}
	return string(e.Kind)
}

// Events are what was done to a run, in the order of their steps.
type Events []Event

// Add appends an event. Training that goes on from a step undoes what was done after it: the steps since are made again.
func (all Events) Add(e Event) Events {
	if e.Kind == Began {
		all = slices.DeleteFunc(slices.Clone(all), func(old Event) bool { return old.Step > e.Step })
	}
	return append(all, e)
}

// Rate returns the factor of the learning rate after all events.
func (all Events) Rate() float64 {
	for _, e := range slices.Backward(all) {
		if e.Kind == RateSet {
			return e.Rate
		}
	}
	return 1
}

// Dial returns the value that a setting was changed to last; false: it was not changed.
func (all Events) Dial(key string) (value float64, changed bool) {
	for _, e := range slices.Backward(all) {
		if e.Kind == Turned && e.Detail == key {
			return e.Value, true
		}
	}
	return 0, false
}

// Epoch returns the number of steps in which the data are seen once; 0: it is not known.
func (all Events) Epoch() int {
	for _, e := range slices.Backward(all) {
		if e.Kind == Began {
			return max(0, e.Epoch)
		}
	}
	return 0
}
