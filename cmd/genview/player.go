package main

import (
	"fmt"
	"math"
	"time"

	"genview/vk/present"
)

const presentKeys = `Keys: space stops and goes on; + and - (or up and down) change the speed, ] and [ the truncation, that is, how far from
the mean picture the walk goes; right and left go to the next and the last seed, or second of a script; s writes a
screenshot; f (or F11) fills the monitor, m goes to the next one; v changes vsync; ? shows this; q (or Esc) ends.`

// A player is where a walk is, and how it goes on.
type player struct {
	unit       string  // of at: seed or second
	at         float64 // since the first
	first      uint64  // seed
	speed      float64 // units a second
	truncation float64 // the factor of latent vectors
	paused     bool
	mover      mover // nil: the walk goes on by itself
}

const (
	maxSpeed      = 100
	minSpeed      = 1.0 / 64 // above 0
	maxTruncation = 2
)

// advance goes on for a time. A long pause, in which nothing was shown, counts as a short one, but a sound has gone on meanwhile.
func (p *player) advance(d time.Duration) {
	switch {
	case p.paused:
	case p.mover != nil:
		p.at += p.mover.advance(d) * p.speed
	default:
		p.at += min(d, time.Second/4).Seconds() * p.speed
	}
}

// latent returns the latent vector of the place.
func (p *player) latent(source func(t float64) ([]float32, error)) ([]float32, error) {
	z, err := source(p.at)
	by := p.truncation
	if p.mover != nil {
		by *= p.mover.factor()
	}
	for i := range z {
		z[i] *= float32(by)
	}
	return z, err
}

// press does what a key means for the walk.
func (p *player) press(k present.Key) {
	switch k {
	case ' ':
		p.paused = !p.paused
	case '+', '=', present.Up:
		p.speed = min(max(p.speed*math.Sqrt2, minSpeed), maxSpeed)
	case '-', present.Down:
		if p.speed /= math.Sqrt2; p.speed < minSpeed {
			p.speed = 0
		}
	case ']':
		p.truncation = min(p.truncation+0.05, maxTruncation)
	case '[':
		p.truncation = max(p.truncation-0.05, 0)
	case present.Right:
		p.at = math.Floor(p.at) + 1
	case present.Left:
		p.at = max(math.Ceil(p.at)-1, 0)
	}
}

// String says where the walk is and how it goes on, for a window's title.
func (p *player) String() string {
	text := fmt.Sprintf("%s %.1f, speed %.2f, truncation %.2f", p.unit, float64(p.first)+p.at, p.speed, p.truncation)
	if p.mover != nil {
		text += ", " + p.mover.String()
	}
	if p.paused {
		text += ", paused"
	}
	return text
}

// A pace measures how regularly frames are shown, in memory that does not grow.
type pace struct {
	refresh float64 // of the screen, in Hz
	frames  int
	dropped int     // refreshes of the screen that passed without a new frame
	recent  float64 // frames/s of the last second

	took    time.Duration // between frames, in all
	times   [bins + 1]int // of times between frames, by their length
	before  time.Time     // when the newest frame was shown; zero: there is none, or a rest came after it
	second  time.Time     // when recent was measured
	counted int           // frames since then
}

const (
	bins   = 4096
	oneBin = 250 * time.Microsecond
)

// frame counts a frame that was shown. It returns true once a second.
func (p *pace) frame(now time.Time) bool {
	p.frames++
	if !p.before.IsZero() {
		d := now.Sub(p.before)
		p.took += d
		p.times[min(int(d/oneBin), bins)]++
		p.dropped += max(0, int(math.Round(d.Seconds()*p.refresh))-1)
	}
	p.before = now
	if p.second.IsZero() {
		p.second, p.counted = now, -1
	}
	p.counted++
	passed := now.Sub(p.second)
	if passed < time.Second {
		return false
	}
	p.recent = float64(p.counted) / passed.Seconds()
	p.second, p.counted = now, 0
	return true
}

// rest says that nothing is to be shown for now, so that the next frame is not late.
func (p *pace) rest() { p.before, p.second = time.Time{}, time.Time{} }

// quantile returns the time that a part of the frames, from 0 to 1, did not exceed.
func (p *pace) quantile(part float64) time.Duration {
	all := 0
	for _, n := range p.times {
		all += n
	}
	left := int(math.Ceil(part * float64(all)))
	for i, n := range p.times {
		if left -= n; left <= 0 {
			return time.Duration(i+1) * oneBin
		}
	}
	return 0
}

// String sums up.
func (p *pace) String() string {
	if p.took == 0 {
		return fmt.Sprintf("frames: %d", p.frames)
	}
	all := 0
	for _, n := range p.times {
		all += n
	}
	return fmt.Sprintf("%d frames at %.1f frames/s, 99 of 100 within %s, %d dropped at a refresh of %.0f Hz",
		p.frames, float64(all)/p.took.Seconds(), milliseconds(p.quantile(0.99)), p.dropped, p.refresh)
}

// milliseconds formats a duration.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1e3) }
