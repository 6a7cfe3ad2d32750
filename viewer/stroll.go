package viewer

import (
	"fmt"
	"math"
	"time"

	"genview/models/walk"
)

// A stroll is a walk through the latent space that goes on by itself, as the user chose it.
type stroll struct {
	on     bool
	path   int     // of paths
	ease   int     // of eases
	pace   slider  // of the speed
	time   float64 // stops that were passed, or rounds of the loop
	seed   uint64  // of the random walk's first point
	wander func(t float64) []float32
}

// The paths of a walk.
const (
	byLoop   = iota // through the plane
	atRandom        // from one random point to the next
	byPoints        // from one chosen point to the next, and back to the first
	pathCount
)

var paths = [pathCount]string{"loop", "random", "points"}

// eases are the names of eases in package walk, the usual one first.
var eases = []string{"linear", "in-out", "in", "out"}

// A stop takes two seconds and the loop, which passes everything, 24, if the slider of the speed is at usualPace. At the slider's ends the
// walk is eight times slower and faster.
const (
	stopTime  = 2 * time.Second
	loopTime  = 24 * time.Second
	usualPace = 0.5
)

// newStroll returns a walk at the usual speed.
func newStroll() stroll { return stroll{pace: slider{at: usualPace, mark: usualPace}} }

// speed is the factor that the slider stands for.
func (w *stroll) speed() float64 { return math.Exp2(6 * (w.pace.at - usualPace)) }

// go on for a while.
func (w *stroll) advance(by time.Duration) {
	whole := stopTime
	if w.path == byLoop {
		whole = loopTime
	}
	w.time += w.speed() * by.Seconds() / whole.Seconds()
}

// eased returns the time with the ease, which begins anew at each stop.
func (w *stroll) eased() float64 {
	at := math.Floor(w.time)
	return at + walk.Eases[eases[w.ease]](w.time-at)
}

// loop returns where the walk through the plane is: on a Lissajous curve, which passes close to every point of the plane, turns gently, and
// closes.
func (w *stroll) loop() Point {
	t := w.eased() * 2 * math.Pi
	return Point{0.5 + 0.46*math.Sin(2*t), 0.5 + 0.46*math.Sin(3*t)}
}

// at returns where a walk outside the plane is, in a latent space of z dimensions. A walk by points has one stop or more.
func (w *stroll) at(z int, stops [][]float32) []float32 {
	if w.path == atRandom {
		if w.wander == nil {
			w.wander = walk.Wander(z, w.seed)
		}
		return w.wander(w.eased())
	}
	n := float64(len(stops))
	return walk.Kinds["cubic"](stops, true, walk.Eases["linear"])(math.Mod(w.eased(), n) / n)
}

// label writes the speed.
func (w *stroll) label() string { return fmt.Sprintf("× %.2g", w.speed()) }
