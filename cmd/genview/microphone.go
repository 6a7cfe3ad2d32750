package main

import (
	"fmt"
	"math"
	"time"

	"genview/models/sound"

	"github.com/jfreymuth/pulse"
)

// A listener moves a walk with what a meter hears, as a follower does with a file.
type listener struct {
	meter *sound.Meter
	heard int     // onsets
	owed  float64 // seeds that they have still to move the walk
}

func (l *listener) advance(d time.Duration) (seeds float64) {
	loudness, onsets := l.meter.Now()
	l.owed += float64(onsets - l.heard)
	l.heard = onsets
	const soon = 3 / turn // in the time of a turn all but e⁻³ of it
	seeds = l.owed * (1 - math.Exp(-soon*d.Seconds()))
	l.owed -= seeds
	return seeds + loudness*d.Seconds()
}

func (l *listener) factor() float64 {
	loudness, _ := l.meter.Now()
	return quiet + (1-quiet)*loudness
}

func (l *listener) String() string { return fmt.Sprintf("%d sounds heard", l.heard) }

// listen has a meter hear the microphone that PulseAudio or PipeWire has as its source. stop ends that.
func listen() (m *sound.Meter, stop func(), err error) {
	client, err := pulse.NewClient(pulse.ClientApplicationName("genview"))
	if err != nil {
		return nil, nil, fmt.Errorf("the microphone is heard through PulseAudio or PipeWire, and neither is there (%w): --sound FILE.wav follows a file", err)
	}
	const rate, latency = 16000, 0.02
	m = sound.NewMeter(rate)
	stream, err := client.NewRecord(pulse.Float32Writer(m.Write), pulse.RecordMono, pulse.RecordSampleRate(rate), pulse.RecordLatency(latency))
	if err != nil {
		client.Close()
		return nil, nil, fmt.Errorf("there is no microphone: %w", err)
	}
	stream.Start()
	return m, client.Close, nil
}
