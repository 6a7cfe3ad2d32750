package walk

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// Interp interpolates from a (t = 0) to b (t = 1).
type Interp func(a, b []float32, t float64) []float32

// Lerp interpolates along the straight line.
func Lerp(a, b []float32, t float64) []float32 {
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32((1-t)*float64(a[i]) + t*float64(b[i]))
	}
	return out
}

// Slerp interpolates along the great circle (Shoemake 1985), with a length between those of a and b: random points of many dimensions all
// lie near one sphere, which the straight line between two of them leaves. Between opposite points, which many great circles join, it takes
// the one through a fixed third point. From and to 0 it goes straight.
func Slerp(a, b []float32, t float64) []float32 {
	la, lb := norm(a), norm(b)
	if !(la > 0 && lb > 0) {
		return Lerp(a, b, t)
	}
	angle := math.Acos(min(max(dot(a, b)/la/lb, -1), 1))
	length := (1-t)*la + t*lb
	if math.Pi-angle < 1e-4 && len(a) > 1 {
		return combine(math.Cos(t*math.Pi)*length/la, a, math.Sin(t*math.Pi)*length, beside(a, la))
	}
	if math.Sin(angle) < 1e-4 {
		return Lerp(a, b, t)
	}
	return combine(math.Sin((1-t)*angle)/math.Sin(angle)*length/la, a, math.Sin(t*angle)/math.Sin(angle)*length/lb, b)
}

// beside returns a vector of length 1 at right angles to a vector of length la: the axis in which that has least, made orthogonal to it.
func beside(a []float32, la float64) []float32 {
	least := 0
	for i := range a {
		if math.Abs(float64(a[i])) < math.Abs(float64(a[least])) {
			least = i
		}
	}
	out := make([]float32, len(a))
	along := float64(a[least]) / la
	for i := range a {
		out[i] = float32(-along * float64(a[i]) / la)
	}
	out[least]++
	n := norm(out)
	for i := range out {
		out[i] = float32(float64(out[i]) / n)
	}
	return out
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func norm(a []float32) float64 { return math.Sqrt(dot(a, a)) }

// combine returns p·a + q·b.
func combine(p float64, a []float32, q float64, b []float32) []float32 {
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32(p*float64(a[i]) + q*float64(b[i]))
	}
	return out
}

// A Path is a curve in latent space, from t = 0 to t = 1. It may be called for any t in between, from several goroutines.
type Path func(t float64) []float32

// An Ease says how a walk goes from one stop to the next: it maps the share of the time to the share of the way.
type Ease func(t float64) float64

// Eases are the eases by name.
var Eases = map[string]Ease{
	"linear": func(t float64) float64 { return t },
	"in":     func(t float64) float64 { return t * t },
	"out":    func(t float64) float64 { return t * (2 - t) },
	"in-out": func(t float64) float64 { return t * t * (3 - 2*t) }, // smoothstep
}

// Kinds are the kinds of paths by name, but for those of noise.
var Kinds = map[string]func(stops [][]float32, closed bool, ease Ease) Path{
	"lerp": func(stops [][]float32, closed bool, ease Ease) Path { return legs(stops, closed, ease, straight(Lerp)) },
	"slerp": func(stops [][]float32, closed bool, ease Ease) Path {
		return legs(stops, closed, ease, straight(Slerp))
	},
	"cubic":  func(stops [][]float32, closed bool, ease Ease) Path { return legs(stops, closed, ease, cubic) },
	"circle": func(stops [][]float32, _ bool, ease Ease) Path { return circle(stops, ease) },
}

// KindNames returns the names of the kinds of paths.
func KindNames() []string { return slices.Sorted(maps.Keys(Kinds)) }

// EaseNames returns the names of the eases.
func EaseNames() []string { return slices.Sorted(maps.Keys(Eases)) }

// A leg interpolates between two stops, given those before and after: from b (t = 0) to c (t = 1).
type leg func(a, b, c, d []float32, t float64) []float32

func straight(f Interp) leg {
	return func(_, b, c, _ []float32, t float64) []float32 { return f(b, c, t) }
}

// cubic is the spline of Catmull and Rom (1974), drawn out to lengths that change smoothly from the one stop's to the other's. Great circles
// in place of its lines, as Shoemake (1985) has them, would jump wherever two of its points come to be opposite.
func cubic(a, b, c, d []float32, t float64) []float32 {
	w := [4]float64{t * (t*(2-t) - 1) / 2, (t*t*(3*t-5) + 2) / 2, t * (t*(4-3*t) + 1) / 2, t * t * (t - 1) / 2}
	p := make([]float32, len(a))
	for i := range p {
		p[i] = float32(w[0]*float64(a[i]) + w[1]*float64(b[i]) + w[2]*float64(c[i]) + w[3]*float64(d[i]))
	}
	s := t * t * (3 - 2*t)
	return drawnOut(p, (1-s)*norm(b)+s*norm(c))
}

// drawnOut multiplies a point by a factor that brings its length near to another: by 1 if it has that length, and by no more than 3, so that
// a curve through 0 stays smooth. It changes p and returns it.
func drawnOut(p []float32, length float64) []float32 {
	n := norm(p)
	if n == 0 {
		return p
	}
	by := 3 * length / math.Sqrt(8*n*n+length*length)
	for i := range p {
		p[i] = float32(by * float64(p[i]))
	}
	return p
}

// legs goes through all stops with equal times between neighbours, and back to the first if closed.
func legs(stops [][]float32, closed bool, ease Ease, between leg) Path {
	n := len(stops)
	of := func(k int) []float32 {
		if closed {
			return stops[(k+n)%n]
		}
		return stops[min(max(k, 0), n-1)]
	}
	count := n - 1
	if closed {
		count = n
	}
	if count == 0 {
		return func(float64) []float32 { return slices.Clone(stops[0]) }
	}
	return func(t float64) []float32 {
		at := t * float64(count)
		k := min(max(int(at), 0), count-1)
		return between(of(k-1), of(k), of(k+1), of(k+2), ease(at-float64(k)))
	}
}

// circle goes once around 0 through the plane of the first two stops, with a length that changes smoothly from the first's to the second's
// and back. It begins and ends at the first.
func circle(stops [][]float32, ease Ease) Path {
	a := stops[0]
	la := norm(a)
	if la == 0 {
		return func(float64) []float32 { return slices.Clone(a) }
	}
	b := stops[min(1, len(stops)-1)]
	across := combine(1, b, -dot(a, b)/(la*la), a)
	lb, n := norm(b), norm(across)
	if n < 1e-4*lb || lb == 0 { // on one line with the first
		across, n, lb = beside(a, la), 1, max(lb, la)
	}
	return func(t float64) []float32 {
		s, c := math.Sincos(2 * math.Pi * ease(t))
		length := (la+lb)/2 + (la-lb)/2*math.Cos(4*math.Pi*ease(t))
		return combine(c*length/la, a, s*length/n, across)
	}
}

// Noise returns a closed path of z dimensions through random points: at each t it is distributed as N(0, 1). bends says how often it turns:
// it is white noise on a circle that a Gaussian has smoothed, whose spectrum falls to 61 % at that frequency.
func Noise(seed uint64, z int, bends float64) Path {
	rng := rand.New(rand.NewPCG(seed, 0x6e6f697365))
	most := max(1, int(math.Ceil(3*bends)))
	weight, sum := make([]float64, most), 0.0
	for k := range weight {
		f := float64(k+1) / bends
		weight[k] = math.Exp(-f * f / 2)
		sum += weight[k] * weight[k]
	}
	waves := make([]float64, 2*most*z)
	for i := range waves {
		waves[i] = rng.NormFloat64() * weight[i/2%most] / math.Sqrt(sum)
	}
	return func(t float64) []float32 {
		out := make([]float32, z)
		for i := range out {
			v := 0.0
			for k := range most {
				s, c := math.Sincos(2 * math.Pi * float64(k+1) * t)
				w := waves[2*(i*most+k):]
				v += w[0]*c + w[1]*s
			}
			out[i] = float32(v)
		}
		return out
	}
}

// Bilinear returns the point at x, y in [0, 1] between four corners: upper left, upper right, lower left, lower right. It is drawn out to a
// length between those of the corners. The plane has no seam, which great circles between the corners' points would make in few dimensions.
func Bilinear(corner [4][]float32, x, y float64) []float32 {
	w := [4]float64{(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y}
	p, length := make([]float32, len(corner[0])), 0.0
	for i := range p {
		v := 0.0
		for k, c := range corner {
			v += w[k] * float64(c[i])
		}
		p[i] = float32(v)
	}
	for k, c := range corner {
		length += w[k] * norm(c)
	}
	return drawnOut(p, length)
}

// A Sweep is the factor by which points are pulled to the mean, which makes typical pictures: it goes from one value to the other, and back
// if it pulses.
type Sweep struct {
	From, To float64
	Pulses   int // how often it goes there and back; 0: it goes once, and does not return
}

// At returns the factor at t in [0, 1].
func (s Sweep) At(t float64) float64 {
	if s.Pulses > 0 {
		t = (1 - math.Cos(2*math.Pi*float64(s.Pulses)*t)) / 2
	}
	return s.From + (s.To-s.From)*t
}

// Check returns an error if a sweep makes no sense.
func (s Sweep) Check() error {
	for _, v := range []float64{s.From, s.To} {
		if math.IsNaN(v) || math.Abs(v) > 100 {
			return fmt.Errorf("walk: truncation by %v: give numbers from -100 to 100; 1 leaves points where they are, 0 is the mean", v)
		}
	}
	if s.Pulses < 0 || s.Pulses > 10000 {
		return fmt.Errorf("walk: %d pulses: give 0 to 10000", s.Pulses)
	}
	return nil
}
