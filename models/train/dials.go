package train

import (
	"fmt"
	"math"
	"slices"

	"genview/models/watch"
)

// dialed is a model with settings that can be changed while it trains.
type dialed interface {
	Dials() []watch.Dial
	Turn(key string, value float64) error // from the next step on; a checkpoint does not hold it
}

// The keys of the loop's own settings.
const (
	sampleEvery = "sample-every"
	saveEvery   = "save-every"
)

const mostEvery = 1 << 30 // steps

// dials returns the settings that can be changed while the run trains.
func (l *loop) dials() (all []watch.Dial) {
	if m, ok := l.model.(dialed); ok {
		all = m.Dials()
	}
	if l.SampleEvery > 0 {
		all = append(all, watch.Dial{Key: sampleEvery, Name: "steps between samples", Value: float64(l.SampleEvery), Whole: true})
	}
	if l.SaveEvery.Steps > 0 {
		all = append(all, watch.Dial{Key: saveEvery, Name: "steps between checkpoints", Value: float64(l.SaveEvery.Steps), Whole: true})
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
	every := key == sampleEvery || key == saveEvery
	switch {
	case every && !(value >= 1 && value <= mostEvery && value == math.Trunc(value)):
		return fmt.Errorf("%s cannot be %g: give a number of steps from 1 to %d", key, value, mostEvery)
	case key == sampleEvery:
		l.SampleEvery = int(value)
	case key == saveEvery:
		l.SaveEvery.Steps = int(value)
	default:
		return l.model.(dialed).Turn(key, value)
	}
	if every && l.OnTurn != nil {
		l.OnTurn(l.SampleEvery, l.SaveEvery)
	}
	return nil
}

// turnAgain sets the model's settings to what they were changed to before the run was resumed.
func (l *loop) turnAgain() error {
	m, ok := l.model.(dialed)
	if !ok {
		return nil
	}
	for _, d := range m.Dials() {
		value, changed := l.History.Events().Dial(d.Key)
		if !changed || value == d.Value {
			continue
		}
		if err := m.Turn(d.Key, value); err != nil {
			return err
		}
		l.run.notice("%s is %g: it was changed to that while the run trained", d.Key, value)
	}
	return nil
}
