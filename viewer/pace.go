package viewer

import "time"

// pacer chooses when to draw by what drawing costs, so that watching takes little from a training that shares the
// processor: a fifteenth of the time for what happens by itself, more while somebody drags.
type pacer struct {
	cost  time.Duration // of one drawing with its presentations, smoothed
	begun time.Time     // of the newest drawing
	ticks int           // since then
}

const (
	presentations = 5 // Ebitengine presents a changed frame, and then four more that are the same
	share         = 15
	slowest       = 3 * time.Second
	fastestIdle   = time.Second / 10
	fastestActive = time.Second / 60
	slowestActive = time.Second / 4
)

// interval returns the least time from one drawing to the next.
func (p *pacer) interval(active bool) time.Duration {
	if active {
		return min(max(2*p.cost, fastestActive), slowestActive)
	}
	return min(max(share*p.cost, fastestIdle), slowest)
}

// due reports whether it is time to draw.
func (p *pacer) due(now time.Time, active bool) bool { return now.Sub(p.begun) >= p.interval(active) }

// draw is called when a drawing begins. Where it follows before the one before was presented, that one's cost is what it would have
// been by then.
func (p *pacer) draw(now time.Time) {
	if !p.begun.IsZero() && 0 < p.ticks && p.ticks < presentations {
		p.learn(now.Sub(p.begun) * presentations / time.Duration(p.ticks))
	}
	p.begun, p.ticks = now, 0
}

// tick is called once a frame, before anything else. Ebitengine draws after Update has returned, so the cost is
// known frames later.
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
