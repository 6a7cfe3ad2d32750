package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"genview/models/sound"
	"genview/models/walk"

	"github.com/ebitengine/oto/v3"
)

// A mover moves a walk with what is heard.
type mover interface {
	advance(d time.Duration) (seeds float64) // goes on for a time, and returns how far that moves the walk
	factor() float64                         // of latent vectors now
	String() string                          // for the window's title
}

// A follower moves a walk with a sound, which begins again at its end: from seed to seed while it is loud, and by a whole one at each onset.
type follower struct {
	sound *sound.Sound
	at    float64   // seconds of the sound
	way   []float64 // how far it is at each hundredth of a second, in seeds
}

const (
	ways  = 100 // a second
	turn  = 0.3 // seconds that an onset moves the walk for
	quiet = 0.5 // how far from the mean the walk is without a sound, as a part of how far it is at the loudest moment
)

// follow returns a follower of a sound.
func follow(s *sound.Sound) *follower {
	f := &follower{sound: s, way: make([]float64, int(math.Ceil(s.Seconds()*ways))+1)}
	for i := 1; i < len(f.way); i++ {
		f.way[i] = f.way[i-1] + s.Loudness(float64(i)/ways)/ways
	}
	const threshold = 0.25
	out := walk.Eases["out"]
	for _, onset := range s.Onsets(threshold) {
		for i := int(onset * ways); i < len(f.way); i++ {
			f.way[i] += out(min(max(float64(i)/ways-onset, 0)/turn, 1))
		}
	}
	return f
}

// until returns how far the walk is at a time of the sound.
func (f *follower) until(t float64) float64 {
	i := min(int(t*ways), len(f.way)-2)
	return f.way[i] + (f.way[i+1]-f.way[i])*(t*ways-float64(i))
}

func (f *follower) advance(d time.Duration) (seeds float64) {
	from, end := f.at, f.sound.Seconds()
	f.at += d.Seconds()
	for ; f.at >= end; f.at -= end {
		seeds += f.until(end) - f.until(from)
		from = 0
	}
	return seeds + f.until(f.at) - f.until(from)
}

func (f *follower) factor() float64 { return quiet + (1-quiet)*f.sound.Loudness(f.at) }

func (f *follower) String() string { return fmt.Sprintf("%.0f s of the sound", f.at) }

// A speaker plays a sound file again and again.
type speaker struct {
	stream *sound.Stream
	player *oto.Player
}

// audible returns an error if there is nothing on Linux that could play a sound. ALSA's library would write a page about it.
func audible(goos string, env func(string) string) error {
	if goos != "linux" || env("PULSE_SERVER") != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(env("XDG_RUNTIME_DIR"), "pulse", "native")); err == nil {
		return nil
	}
	if cards, err := filepath.Glob("/dev/snd/pcm*p"); err != nil || len(cards) > 0 {
		return err
	}
	return errors.New("there is neither PulseAudio, PipeWire nor a sound card")
}

// newSpeaker returns a speaker that does not play yet. A process can have one.
func newSpeaker(path string) (*speaker, error) {
	if err := audible(runtime.GOOS, os.Getenv); err != nil {
		return nil, err
	}
	s, err := sound.Open(path)
	if err != nil {
		return nil, err
	}
	const sides = 2
	c, ready, err := oto.NewContext(&oto.NewContextOptions{SampleRate: s.Rate, ChannelCount: sides, Format: oto.FormatFloat32LE, ApplicationName: "genview"})
	if err == nil {
		<-ready
		err = c.Err()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return &speaker{s, c.NewPlayer(s)}, nil
}

// play plays, or pauses. A nil speaker does nothing.
func (s *speaker) play(on bool) {
	switch {
	case s == nil || on == s.player.IsPlaying():
	case on:
		s.player.Play()
	default:
		s.player.Pause()
	}
}

func (s *speaker) close() {
	if s != nil {
		s.player.PauseAndStopReading()
		s.stream.Close()
	}
}
