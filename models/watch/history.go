package watch

import (
	"math"
	"slices"
	"strings"
	"time"
)

// A History collects the metrics of a run in bounded memory. When a curve has too many points, it merges neighbours: a point is then the
// mean of several steps, with their minimum and maximum. For one goroutine.
type History struct {
	points int
	curves []*curve
	clock  Clock
	events Events
	before float64 // seconds trained until the run was resumed
	last   float64 // seconds of the newest Time since then
	every  int     // how many times the clock has one point for
	timed  int     // how many times there were since the newest point that stays
}

// NewHistory returns a History that keeps at most that many points of each curve; it keeps at least 2.
func NewHistory(points int) *History { return &History{points: max(2, points+points%2)} }

// Add appends the metrics of one step. Steps must increase.
func (h *History) Add(step int, m Metrics) {
	for _, x := range m {
		h.curve(x.Name).add(step, x.Value, h.points)
	}
}

// AddBeside appends the metrics of a step of another run, to compare with. Its curves have the run's name.
func (h *History) AddBeside(run string, step int, m Metrics) {
	for _, x := range m {
		h.curve(x.Name+beside+run).add(step, x.Value, h.points)
	}
}

// beside is between the name of a metric and that of another run.
const beside = " · "

// mostTimes is the most points of a clock, but for that of step 0: time goes on evenly.
const mostTimes = 64

// Time says how long a step and those before it have taken. Steps must increase; a run that is resumed begins elapsed anew.
func (h *History) Time(step int, elapsed time.Duration) {
	now := elapsed.Seconds()
	if now < h.last {
		h.before += h.last
	}
	h.last = now
	c := &h.clock
	if len(c.Steps) == 0 {
		c.Steps, c.Seconds, h.every = []float64{0}, []float64{0}, 1
	}
	n := len(c.Steps)
	if !(float64(step) > c.Steps[n-1] && h.before+now > c.Seconds[n-1]) {
		return
	}
	if h.timed > 0 { // the newest point is there for the time being
		n--
	}
	c.Steps, c.Seconds = append(c.Steps[:n], float64(step)), append(c.Seconds[:n], h.before+now)
	h.timed = (h.timed + 1) % h.every
	if n == mostTimes {
		k := 0
		for i := 0; i <= n; i += 2 {
			c.Steps[k], c.Seconds[k] = c.Steps[i], c.Seconds[i]
			k++
		}
		c.Steps, c.Seconds, h.every = c.Steps[:k], c.Seconds[:k], 2*h.every
	}
}

// Event appends what was done to the run.
func (h *History) Event(e Event) { h.events = h.events.Add(e) }

// Events returns what was done to the run so far. The caller must not change it.
func (h *History) Events() Events { return slices.Clip(h.events) }

// CurvesName is the name of the view that shows a run's metrics.
const CurvesName = "Curves"

// Curves returns the curves so far, grouped by what they measure, in the order in which their names first came. The result shares no memory
// with h.
func (h *History) Curves() *Curves {
	v := &Curves{Name: CurvesName, Clock: Clock{slices.Clone(h.clock.Steps), slices.Clone(h.clock.Seconds)}, Events: slices.Clone(h.events), Epoch: h.events.Epoch()}
	for _, c := range h.curves {
		name, unit := measure(c.name)
		i := slices.IndexFunc(v.Groups, func(g Group) bool { return g.Name == name })
		if i < 0 {
			i = len(v.Groups)
			v.Groups = append(v.Groups, Group{Name: name, Unit: unit})
		}
		v.Groups[i].Series = append(v.Groups[i].Series, c.series())
	}
	return v
}

// measure returns the group and the unit of a metric. It decides by the name, because the metrics of a run's folder have nothing else.
func measure(metric string) (group, unit string) {
	metric, _, _ = strings.Cut(metric, beside)
	switch {
	case strings.HasSuffix(metric, "norm"):
		return "norm", ""
	case strings.HasSuffix(metric, "accuracy"):
		return "accuracy", ""
	case strings.HasSuffix(metric, "lr"):
		return "learning rate", ""
	case strings.HasSuffix(metric, "elbo"):
		return "ELBO", ""
	case strings.HasSuffix(metric, "exact"), strings.HasSuffix(metric, "good"), strings.HasSuffix(metric, "covered"):
		return "share", ""
	case strings.HasSuffix(metric, "modes"), strings.HasSuffix(metric, "distance"), strings.HasSuffix(metric, "perplexity"):
		return strings.TrimPrefix(metric, "held_out_"), ""
	case metric == "real" || metric == "fake":
		return "logit", ""
	case metric == "r1" || metric == "r2":
		return "penalty", ""
	}
	return "loss", ""
}

func (h *History) curve(name string) *curve {
	i := slices.IndexFunc(h.curves, func(c *curve) bool { return c.name == name })
	if i < 0 {
		i = len(h.curves)
		h.curves = append(h.curves, &curve{name: name, per: 1})
	}
	return h.curves[i]
}

// curve holds full buckets of per values each; only the last bucket may hold fewer.
type curve struct {
	name    string
	per     int
	buckets []bucket
}

// add adds a value. If there are as many buckets as allowed, neighbours are merged first, so each holds twice as many steps.
func (c *curve) add(step int, v float64, most int) {
	n := len(c.buckets)
	if n > 0 && c.buckets[n-1].count < c.per {
		c.buckets[n-1].merge(single(step, v))
		return
	}
	if n == most { // even, so that every bucket has a neighbour
		for i := range n / 2 {
			b := c.buckets[2*i]
			b.merge(c.buckets[2*i+1])
			c.buckets[i] = b
		}
		c.buckets = c.buckets[:n/2]
		c.per *= 2
	}
	c.buckets = append(c.buckets, single(step, v))
}

// series returns the mean and the bounds of each bucket. Where no value was finite they are NaN.
func (c *curve) series() Series {
	n := len(c.buckets)
	s := Series{Name: c.name, Steps: make([]int, n), Values: make([]float64, n), Low: make([]float64, n), High: make([]float64, n)}
	for i, b := range c.buckets {
		s.Steps[i] = b.step
		s.Low[i], s.High[i] = b.low, b.high
		s.Values[i] = b.sum / float64(b.finite)
		if b.finite == 0 {
			s.Low[i], s.High[i], s.Values[i] = math.NaN(), math.NaN(), math.NaN()
		}
	}
	return s
}

// bucket summarises neighbouring values. Values that are not finite count only if all are, so that one bad step does not hide hundreds of
// good ones.
type bucket struct {
	step          int // the newest
	count, finite int
	sum           float64
	low, high     float64
}

func single(step int, v float64) bucket {
	b := bucket{step: step, count: 1, low: math.Inf(1), high: math.Inf(-1)}
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		b.finite, b.sum, b.low, b.high = 1, v, v, v
	}
	return b
}

func (b *bucket) merge(o bucket) {
	b.step = o.step
	b.count += o.count
	b.finite += o.finite
	b.sum += o.sum
	b.low, b.high = min(b.low, o.low), max(b.high, o.high)
}

// Smooth returns the exponential moving average of values, corrected for its start. Values that are not finite do not count and stay as
// they are.
func Smooth(values []float64, weight float64) []float64 {
	out := make([]float64, len(values))
	var sum, norm float64
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			out[i] = v
			continue
		}
		sum = weight*sum + (1-weight)*v
		norm = weight*norm + (1 - weight)
		out[i] = sum / norm
	}
	return out
}
