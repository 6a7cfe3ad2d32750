package atlas

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// groups returns points about a few centres in ten dimensions, with the centre that each is of.
func groups(n, centres int, spread float64) (x [][]float32, of []int) {
	random := rand.New(rand.NewPCG(1, 2))
	var middle [][]float64
	for range centres {
		m := make([]float64, 10)
		for k := range m {
			m[k] = 3 * random.NormFloat64()
		}
		middle = append(middle, m)
	}
	for i := range n {
		v := make([]float32, 10)
		for k := range v {
			v[k] = float32(middle[i%centres][k] + spread*random.NormFloat64())
		}
		x, of = append(x, v), append(of, i%centres)
	}
	return x, of
}

// TestTSNEKeepsGroups: points of one group have neighbours of that group, also where two principal components have the groups lie over each
// other, and the same points give the same map.
func TestTSNEKeepsGroups(t *testing.T) {
	x, of := groups(320, 16, 0.7)
	y, err := TSNE(t.Context(), x, 15)
	if err != nil {
		t.Fatal(err)
	}
	alike := func(y [][2]float64) float64 {
		same := 0
		for i := range y {
			nearest, at := math.Inf(1), 0
			for j := range y {
				if d := math.Hypot(y[i][0]-y[j][0], y[i][1]-y[j][1]); j != i && d < nearest {
					nearest, at = d, j
				}
			}
			if of[i] == of[at] {
				same++
			}
		}
		return float64(same) / float64(len(y))
	}
	if got, plane := alike(y), alike(onPlane(x)); got < 0.99 || plane > 0.9 {
		t.Errorf("%v of the points lie beside one of their group, %v on the plane of two principal components", got, plane)
	}
	again, err := TSNE(t.Context(), x, 15)
	if err != nil {
		t.Fatal(err)
	}
	for i := range y {
		if y[i] != again[i] {
			t.Fatalf("point %d is at %v, and then at %v", i, y[i], again[i])
		}
	}
}

// TestAffinities: each point's chances have the perplexity that is asked for, and their symmetric form has a sum of 1.
func TestAffinities(t *testing.T) {
	x, _ := groups(60, 3, 1)
	x[5] = x[4] // two of them are the same
	const want = 12
	d, p := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		for j := range x {
			d[j] = 0
			for k := range x[i] {
				v := float64(x[i][k] - x[j][k])
				d[j] += v * v
			}
		}
		conditional(p, d, i, want)
		entropy := 0.0
		for j, v := range p {
			if v > 0 {
				entropy -= v * math.Log(v)
			}
			if j == i && v != 0 {
				t.Errorf("point %d is its own neighbour", i)
			}
		}
		if got := math.Exp(entropy); math.Abs(got-want) > 0.01 {
			t.Errorf("the perplexity of point %d is %v, want %v", i, got, want)
		}
	}
	sum := 0.0
	for _, v := range affinities(x, want) {
		sum += v
	}
	if math.Abs(sum-1) > 1e-6 {
		t.Errorf("the sum of all chances is %v", sum)
	}
}

// TestGradient: the gradient is that of the divergence, by finite differences.
func TestGradient(t *testing.T) {
	x, _ := groups(20, 3, 1)
	p := affinities(x, 5)
	random := rand.New(rand.NewPCG(3, 4))
	y := make([][2]float64, len(x))
	for i := range y {
		y[i] = [2]float64{random.NormFloat64(), random.NormFloat64()}
	}
	divergence := func() (kl float64) {
		n, sum := len(y), 0.0
		student := func(i, j int) float64 {
			a, b := y[i][0]-y[j][0], y[i][1]-y[j][1]
			return 1 / (1 + a*a + b*b)
		}
		for i := range n {
			for j := range n {
				if i != j {
					sum += student(i, j)
				}
			}
		}
		for i := range n {
			for j := range n {
				if i != j {
					kl += p[i*n+j] * math.Log(p[i*n+j]/(student(i, j)/sum))
				}
			}
		}
		return kl
	}
	slope := make([][2]float64, len(x))
	gradient(slope, make([]float64, len(x)*len(x)), p, y, 1)
	for i := range y {
		for k := range 2 {
			const h = 1e-5
			was := y[i][k]
			y[i][k] = was + h
			up := divergence()
			y[i][k] = was - h
			down := divergence()
			y[i][k] = was
			if want := (up - down) / (2 * h); math.Abs(slope[i][k]-want) > 1e-6 {
				t.Errorf("the slope of point %d along %d is %v, want %v", i, k, slope[i][k], want)
			}
		}
	}
}

// TestTSNERefuses: too few vectors and a senseless perplexity give an error, vectors that are all the same a map of finite places, and a
// search ends when nobody waits for it any more.
func TestTSNERefuses(t *testing.T) {
	x, _ := groups(12, 2, 1)
	if _, err := TSNE(t.Context(), x[:2], 0); err == nil {
		t.Error("two vectors give no error")
	}
	for _, perplexity := range []float64{0.5, -1, math.NaN()} {
		if _, err := TSNE(t.Context(), x, perplexity); err == nil {
			t.Errorf("a perplexity of %v gives no error", perplexity)
		}
	}
	for i := range x {
		x[i] = x[0]
	}
	y, err := TSNE(t.Context(), x, 0)
	for _, at := range y {
		if math.IsNaN(at[0]+at[1]) || math.IsInf(at[0]+at[1], 0) {
			t.Fatalf("vectors that are all the same lie at %v", y)
		}
	}
	if err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TSNE(ctx, x, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func BenchmarkTSNE(b *testing.B) {
	x, _ := groups(usual, 10, 0.5)
	for b.Loop() {
		if _, err := TSNE(b.Context(), x, 0); err != nil {
			b.Fatal(err)
		}
	}
}
