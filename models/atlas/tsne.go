package atlas

import (
	"context"
	"fmt"
	"math"

	"genview/models/directions"
)

// The settings of t-SNE, as scikit-learn has them.
const (
	usualPerplexity   = 30
	exaggeration      = 12  // of p at first, so that groups form
	exaggerated       = 250 // iterations with it
	iterations        = 1000
	leastRate         = 50
	leastGain         = 0.01
	slow, fast        = 0.5, 0.8 // momentum with the exaggeration, and after it
	perplexityWithin  = 1e-5
	perplexitySearch  = 64
	leastProbability  = 1e-12
	largestCoordinate = 1e-4 // standard deviation of the first principal component at first
)

// TSNE returns places on a plane for vectors x [N, D], by t-distributed stochastic neighbour embedding (van der Maaten & Hinton 2008):
// minimised is the Kullback-Leibler divergence of the chances that two of the places are neighbours, by Student's t-distribution, from those
// that the vectors are, by normal distributions that each have the perplexity. 0 stands for a perplexity of 30; it is lowered to a third of
// the number of vectors. The principal components are the places at first, so that the same vectors give the same map. It takes the time of
// 1,000 N².
func TSNE(ctx context.Context, x [][]float32, perplexity float64) ([][2]float64, error) {
	n := len(x)
	switch {
	case n < least || n > Most:
		return nil, fmt.Errorf("atlas: t-SNE of %d vectors: give %d to %d", n, least, Most)
	case perplexity == 0:
		perplexity = usualPerplexity
	case !(perplexity >= 1):
		return nil, fmt.Errorf("atlas: a perplexity of %v: give 1 or more", perplexity)
	}
	p := affinities(x, max(1, min(perplexity, float64(n-1)/3)))
	y := onPlane(x)
	rate := max(leastRate, float64(n)/exaggeration/4)
	var step, gain [][2]float64
	for range n {
		step, gain = append(step, [2]float64{}), append(gain, [2]float64{1, 1})
	}
	slope, q := make([][2]float64, n), make([]float64, n*n)
	for i := range iterations {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		weight, momentum := 1., fast
		if i < exaggerated {
			weight, momentum = exaggeration, slow
		}
		gradient(slope, q, p, y, weight)
		descend(y, step, gain, slope, rate, momentum)
	}
	return y, nil
}

// affinities returns the chances p [N, N] that two vectors are neighbours, symmetric and with a sum of 1 (equations 1 and 2 with p_ij =
// (p_j|i + p_i|j)/2N).
func affinities(x [][]float32, perplexity float64) []float64 {
	n := len(x)
	d := make([]float64, n*n)
	for i := range n {
		for j := range i {
			sum := 0.0
			for k := range x[i] {
				v := float64(x[i][k]) - float64(x[j][k])
				sum += v * v
			}
			d[i*n+j], d[j*n+i] = sum, sum
		}
	}
	p := make([]float64, n*n)
	for i := range n {
		conditional(p[i*n:i*n+n], d[i*n:i*n+n], i, perplexity)
	}
	for i := range n {
		for j := range i {
			v := max((p[i*n+j]+p[j*n+i])/float64(2*n), leastProbability)
			p[i*n+j], p[j*n+i] = v, v
		}
	}
	return p
}

// conditional sets p to the chances that i takes each other vector as its neighbour, for squared distances d, with the precision at which
// their perplexity is the one asked for.
func conditional(p, d []float64, i int, perplexity float64) {
	nearest := math.Inf(1)
	for j, v := range d {
		if j != i {
			nearest = min(nearest, v)
		}
	}
	low, high, precision := 0., math.Inf(1), 1.
	for range perplexitySearch {
		sum, weighted := 0., 0.
		for j, v := range d {
			if p[j] = 0; j != i {
				p[j] = math.Exp(-(v - nearest) * precision) // the nearest gives 1, however far away it is
			}
			sum += p[j]
			weighted += (v - nearest) * p[j]
		}
		for j := range p {
			p[j] /= sum
		}
		entropy := math.Log(sum) + precision*weighted/sum
		off := entropy - math.Log(perplexity)
		if math.Abs(off) < perplexityWithin {
			return
		}
		if off > 0 {
			low = precision
		} else {
			high = precision
		}
		switch {
		case math.IsInf(high, 1):
			precision *= 2
		default:
			precision = (low + high) / 2
		}
	}
}

// onPlane returns the vectors' first two principal components, made small.
func onPlane(x [][]float32) [][2]float64 {
	y := make([][2]float64, len(x))
	mean := directions.Mean(x)
	found, err := directions.PCA(x, x, min(2, len(x[0]), len(x)-1))
	if err != nil { // all vectors are the same
		return y
	}
	for k, c := range found {
		axis, square := directions.Unit(c.Z), 0.
		for i := range x {
			for j, v := range axis {
				y[i][k] += float64(v) * float64(x[i][j]-mean[j])
			}
			square += y[i][k] * y[i][k]
		}
		if !(square > 0) {
			continue
		}
		for i := range y {
			y[i][k] *= largestCoordinate / math.Sqrt(square/float64(len(y))) * math.Sqrt(c.Share/found[0].Share)
		}
	}
	return y
}

// gradient sets slope to the gradient of the divergence (equation 5), with p times a weight. q is room for N² numbers.
func gradient(slope [][2]float64, q, p []float64, y [][2]float64, weight float64) {
	n, sum := len(y), 0.
	for i := range n {
		for j := range i {
			a, b := y[i][0]-y[j][0], y[i][1]-y[j][1]
			v := 1 / (1 + a*a + b*b)
			q[i*n+j] = v
			sum += 2 * v
		}
	}
	clear(slope)
	for i := range n {
		for j := range i {
			v := q[i*n+j]
			f := 4 * (weight*p[i*n+j] - v/sum) * v
			a, b := f*(y[i][0]-y[j][0]), f*(y[i][1]-y[j][1])
			slope[i][0] += a
			slope[i][1] += b
			slope[j][0] -= a
			slope[j][1] -= b
		}
	}
}

// descend makes a step of gradient descent with momentum and gains (Jacobs 1988): each coordinate's gain grows while its gradient keeps its
// sign.
func descend(y, step, gain, slope [][2]float64, rate, momentum float64) {
	var middle [2]float64
	for i := range y {
		for k := range 2 {
			if slope[i][k]*step[i][k] < 0 {
				gain[i][k] += 0.2
			} else {
				gain[i][k] = max(leastGain, gain[i][k]*0.8)
			}
			step[i][k] = momentum*step[i][k] - rate*gain[i][k]*slope[i][k]
			y[i][k] += step[i][k]
			middle[k] += y[i][k] / float64(len(y))
		}
	}
	for i := range y {
		y[i][0] -= middle[0]
		y[i][1] -= middle[1]
	}
}
