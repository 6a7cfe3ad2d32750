package viewer

import "time"

// pacer chooses when to draw by the cost of drawing, so that the window takes little from a training on the same processor: a fifteenth of
// the time while nobody touches it, more while somebody drags.
type pacer struct {
	cost  time.Duration // of one drawing with its presentations, smoothed
	begun time.Time     // of the newest drawing
	ticks int           // since then
}

const (
	presentations = 5 // Ebitengine presents a changed frame, and then the same frame four more times
	idleCosts     = 15
	slowest       = 3 * time.Second
	fastestIdle   = time.Second / 10
	fastestActive = time.Second / 60
	slowestActive = time.Second / 4
)

// interval returns the least time between two drawings.
func (p *pacer) interval(active bool) time.Duration {
	if active {
		return min(max(2*p.cost, fastestActive), slowestActive)
	}
	return min(max(idleCosts*p.cost, fastestIdle), slowest)
}

// due tells whether it is time to draw.
func (p *pacer) due(now time.Time, active bool) bool { return now.Sub(p.begun) >= p.interval(active) }

// draw is called when a drawing begins. If the previous drawing has not been presented completely, its cost is what it has taken so far,
// extrapolated.
func (p *pacer) draw(now time.Time) {
	if !p.begun.IsZero() && 0 < p.ticks && p.ticks < presentations {
		p.learn(now.Sub(p.begun) * presentations / time.Duration(p.ticks))
	}
	p.begun, p.ticks = now, 0
}

// tick is called once a frame, before anything else. Ebitengine draws after Update has returned, so the cost of a drawing is known frames
// later.
func (p *pacer) tick(now time.Time) {
	p.ticks++
	if !p.begun.IsZero() && p.ticks == presentations {
		p.learn(now.Sub(p.begun))
	}
}

func (p *pacer) learn(c time.Duration) {
	if p.cost == 0 {
		p.cost = c
	}
	p.cost += (c - p.cost) / 4
}
