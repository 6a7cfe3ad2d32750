package sound

import (
	"math"
	"sync"
)

// A Meter says how loud it is now, of samples that come while they are heard. It may be used by several goroutines.
type Meter struct {
	window int // samples

	mu     sync.Mutex
	sum    float64 // of squares in the window that is not full
	n      int
	loud   [rise + 1]float64 // of the newest windows, the newest last
	peak   float64           // the loudest window of late
	since  int               // windows since the newest onset
	onsets int
}

const (
	softest = 0.01   // the peak is at least this, so that the noise of silence stays soft
	fall    = 0.9993 // of the peak in each window: half in ten seconds
)

// NewMeter returns a Meter of one channel with that many samples a second.
func NewMeter(rate int) *Meter {
	return &Meter{window: max(rate/windows, 1), peak: softest, since: apart}
}

// Write receives samples from −1 to 1. It returns their number and no error.
func (m *Meter) Write(samples []float32) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range samples {
		m.sum += float64(x) * float64(x)
		if m.n++; m.n == m.window {
			m.hear(math.Sqrt(m.sum / float64(m.n)))
			m.sum, m.n = 0, 0
		}
	}
	return len(samples), nil
}

// hear takes the loudness of a window.
func (m *Meter) hear(loud float64) {
	before := loud
	for _, v := range m.loud[1:] {
		before = min(before, v)
	}
	copy(m.loud[:], m.loud[1:])
	m.loud[rise] = loud
	m.peak = max(m.peak*fall, loud, softest)
	const threshold = 0.25
	if m.since++; loud-before > threshold*m.peak && m.since >= apart {
		m.onsets++
		m.since = 0
	}
}

// Now returns how loud it is, from 0 to 1, of the loudest moment of late, and how many sounds have begun so far.
func (m *Meter) Now() (loudness float64, onsets int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loud[rise] / m.peak, m.onsets
}
