package data

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// Points is a set of points in the plane, drawn from a mixture of equally likely normal distributions with the same standard deviation, or from
// the points of a file; these have no modes. It is a Set whose examples are [1, 1, 2].
type Points struct {
	Modes [][2]float64
	Sigma float64

	xy      []float32
	classes []int32
}

// mixtures holds the mixtures by name.
var mixtures = map[string]func() *Points{
	// ring8 has eight modes on a circle of radius 2, σ 0.02.
	"ring8": func() *Points {
		p := &Points{Sigma: 0.02}
		for i := range 8 {
			a := 2 * math.Pi * float64(i) / 8
			p.Modes = append(p.Modes, [2]float64{2 * math.Cos(a), 2 * math.Sin(a)})
		}
		return p
	},
	// grid25 has five by five modes with spacing 2, σ 0.05.
	"grid25": func() *Points {
		p := &Points{Sigma: 0.05}
		for i := range 25 {
			p.Modes = append(p.Modes, [2]float64{2 * float64(i%5-2), 2 * float64(i/5-2)})
		}
		return p
	},
}

const (
	pointsTrain = 100_000
	pointsTest  = 10_000
)

// openPoints draws from the mixture that Options.Name names, such as points:grid25.
func openPoints(_ context.Context, o Options) (*Dataset, error) {
	name, _ := strings.CutPrefix(o.Name, "points:")
	d := &Dataset{Name: o.Name, Identity: fmt.Sprintf("%d points of %s, seed %d", pointsTrain+pointsTest, name, o.Seed)}
	train, test := mixtures[name](), mixtures[name]()
	train.draw(rand.New(rand.NewPCG(o.Seed, 1)), pointsTrain)
	test.draw(rand.New(rand.NewPCG(o.Seed, 2)), pointsTest)
	d.Train, d.Test = train, test
	for i := range train.Modes {
		d.Classes = append(d.Classes, fmt.Sprint(i))
	}
	return d, nil
}

func (p *Points) draw(rng *rand.Rand, n int) {
	for range n {
		k := rng.IntN(len(p.Modes))
		m := p.Modes[k]
		p.xy = append(p.xy, float32(m[0]+p.Sigma*rng.NormFloat64()), float32(m[1]+p.Sigma*rng.NormFloat64()))
		p.classes = append(p.classes, int32(k))
	}
}

// Len returns the number of points.
func (p *Points) Len() int { return len(p.classes) }

// Shape returns 1, 1, 2.
func (p *Points) Shape() (c, h, w int) { return 1, 1, 2 }

// Read puts x and y of a point into dst and returns its mode.
func (p *Points) Read(i int, _ *rand.Rand, dst []float32) (int32, error) {
	copy(dst, p.xy[2*i:2*i+2])
	return p.classes[i], nil
}

// Cover measures how well points [N, 2] cover the mixture: the fraction of points within 3 σ of a mode (high quality), and the number of
// modes that have at least one in 500 of all points within 3 σ.
func (p *Points) Cover(xy []float32) (modes int, quality float64) {
	n := len(xy) / 2
	good := 0
	for _, k := range p.near(xy) {
		if good += k; k > 0 && k*500 >= n {
			modes++
		}
	}
	return modes, float64(good) / float64(max(n, 1))
}

// Covered returns the fraction of points [N, 2] within 3 σ of a mode, where each mode counts at most its share of all points: 1 for points
// that are spread as the mixture is, less if modes are missing.
func (p *Points) Covered(xy []float32) float64 {
	n, sum := float64(len(xy)/2), 0.0
	for _, k := range p.near(xy) {
		sum += min(float64(k), n/float64(len(p.Modes)))
	}
	return sum / max(n, 1)
}

// near returns the number of points [N, 2] within 3 σ of each mode.
func (p *Points) near(xy []float32) []int {
	near := make([]int, len(p.Modes))
	for i := range len(xy) / 2 {
		best, at := math.Inf(1), 0
		for k, m := range p.Modes {
			if d := math.Hypot(float64(xy[2*i])-m[0], float64(xy[2*i+1])-m[1]); d < best {
				best, at = d, k
			}
		}
		if best <= 3*p.Sigma {
			near[at]++
		}
	}
	return near
}

// Reach returns the coordinate up to which a plane must extend on each side of 0 to show a mixture with a margin; 1 for an unknown name.
func Reach(name string) float64 {
	reach := 0.0
	if mixture, ok := mixtures[strings.TrimPrefix(name, "points:")]; ok {
		for _, m := range mixture().Modes {
			reach = max(reach, math.Abs(m[0]), math.Abs(m[1]))
		}
		return reach * 1.25
	}
	if IsPointsFile(name) {
		return fileReach
	}
	return 1
}
