package train

import (
	"fmt"
	"math"
	"slices"

	"genview/models/watch"
)

// The keys of the settings that can be changed while a run trains.
const (
	sampleEvery = "sample-every"
	saveEvery   = "save-every"
)

const mostEvery = 1 << 30 // steps

// dials returns the settings that can be changed while the run trains.
func (l *loop) dials() (all []watch.Dial) {
	if l.SampleEvery > 0 {
		all = append(all, watch.Dial{Key: sampleEvery, Name: "steps between samples", Value: float64(l.SampleEvery)})
	}
	if l.SaveEvery.Steps > 0 {
		all = append(all, watch.Dial{Key: saveEvery, Name: "steps between checkpoints", Value: float64(l.SaveEvery.Steps)})
	}
	return all
}

// turn changes a setting. A value that it cannot have is told, and changes nothing.
func (l *loop) turn(r watch.Turn, step int) {
	i := slices.IndexFunc(l.snap.Dials, func(d watch.Dial) bool { return d.Key == r.Key })
	if i < 0 || l.snap.Dials[i].Value == r.Value {
		return
	}
	defer l.publish(step)
	if err := l.set(r.Key, r.Value); err != nil {
		l.snap.Message = err.Error()
		return
	}
	l.snap.Dials = l.dials()
	e := watch.Event{Step: step, Kind: watch.Turned, Detail: r.Key, Value: r.Value}
	l.snap.Message, l.snap.Notice = "", e.String()
	l.event(e)
}

// set sets a setting to a value.
func (l *loop) set(key string, value float64) error {
	if !(value >= 1 && value <= mostEvery && value == math.Trunc(value)) {
		return fmt.Errorf("%s cannot be %g: give a number of steps from 1 to %d", key, value, mostEvery)
	}
	switch key {
	case sampleEvery:
		l.SampleEvery = int(value)
	case saveEvery:
		l.SaveEvery.Steps = int(value)
	}
	return nil
}
