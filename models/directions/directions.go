// Package directions finds directions of a latent space along which pictures change in one way, and keeps them with a run.
//
//	found, err := directions.OfLayer(ctx, model, "fc3", 1000, 8)
//	err = directions.Write("runs/letters", "fc3.pc1", found[0].Z)
//
// The one idea: a direction is a vector of the latent space, whatever it was found by, so that whoever can add vectors can use it. One unit
// of it is one standard deviation of what it stands for.
package directions

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"genview/models/walk"

	"gonum.org/v1/gonum/mat"
)

// A Component is a direction that PCA finds.
type Component struct {
	Z     []float32
	Share float64 // of the variance of the activations
}

// Most numbers of points, components and activations, which bound memory and time: the covariance's eigenvectors take the cube of the smaller size.
const (
	MostPoints     = 2000
	mostComponents = 512
	mostValues     = 1 << 27 // activations of all points, which take 12 bytes each
)

// PCA returns the directions of the n principal components of activations [N, D] of a layer, for latent vectors [N, Z] from N(0, 1), the
// largest first: moving by one of them moves the activations by one standard deviation of its component, as far as a straight line can.
// This is GANSpace (Härkönen et al. 2020): the components are those of the layer, and a regression finds what moves along them in latent
// space. With the latent vectors themselves as activations, as those that a VAE encodes pictures as, it is usual PCA.
func PCA(z [][]float32, activations [][]float32, n int) ([]Component, error) {
	count := len(z)
	switch {
	case count < 2 || count != len(activations):
		return nil, fmt.Errorf("directions: %d latent vectors and %d of activations: give 2 or more, and as many of both", count, len(activations))
	case count > MostPoints:
		return nil, fmt.Errorf("directions: %d points: give %d at most", count, MostPoints)
	case n < 1 || n > min(mostComponents, count-1, len(activations[0])):
		return nil, fmt.Errorf("directions: %d components: there are %d", n, min(mostComponents, count-1, len(activations[0])))
	}
	scores, variances, total, err := components(centred(activations), n)
	if err != nil {
		return nil, err
	}
	zs := centred(z)
	var out []Component
	for k := range n {
		if variances[k] <= 1e-12*total {
			break // the activations have fewer components than dimensions
		}
		c := Component{Z: make([]float32, len(z[0])), Share: variances[k] / total}
		for j := range c.Z {
			sum := 0.0
			for i := range count {
				sum += zs.At(i, j) * scores.At(i, k)
			}
			c.Z[j] = float32(sum / float64(count))
		}
		orient(c.Z)
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, errors.New("directions: the activations do not vary")
	}
	return out, nil
}

// A Decoder makes activations of latent vectors, like family.Opened.
type Decoder interface {
	Z() int
	Activations(ctx context.Context, layer string, z []float32) ([]float32, error) // rows of one length for z [N, Z]
}

// OfLayer returns the directions of the n principal components of a layer over random points, of the seeds from 0 on; fewer if the layer has
// fewer activations.
func OfLayer(ctx context.Context, m Decoder, layer string, points, n int) ([]Component, error) {
	if points < 2 || points > MostPoints {
		return nil, fmt.Errorf("directions: %d points: give 2 to %d", points, MostPoints)
	}
	var z [][]float32
	for i := range points {
		z = append(z, walk.Seed(uint64(i), m.Z()))
	}
	v, err := m.Activations(ctx, layer, slices.Concat(z...))
	if err != nil {
		return nil, err
	}
	if len(v) > mostValues {
		return nil, fmt.Errorf("directions: %d points of %d activations of %s: give %d points or fewer", points, len(v)/points, layer, mostValues/(len(v)/points))
	}
	width := len(v) / points
	return PCA(z, slices.Collect(slices.Chunk(v, width)), min(n, width))
}

// components returns the n largest principal components of centred rows [N, D]: their scores [N, n] with a variance of 1, their variances,
// and the sum of all variances. It takes the eigenvectors of the smaller of XᵀX and XXᵀ.
func components(x *mat.Dense, n int) (scores *mat.Dense, variances []float64, total float64, err error) {
	count, width := x.Dims()
	wide := width > count
	size := min(count, width)
	gram := mat.NewSymDense(size, nil)
	if wide {
		gram.SymOuterK(1/float64(count), x)
	} else {
		gram.SymOuterK(1/float64(count), x.T())
	}
	total = mat.Trace(gram)
	if !(total > 0) || math.IsInf(total, 0) {
		return nil, nil, 0, errors.New("directions: the activations do not vary, or are no numbers")
	}
	var e mat.EigenSym
	if !e.Factorize(gram, true) {
		return nil, nil, 0, errors.New("directions: the components of the activations cannot be found")
	}
	values := e.Values(nil) // in ascending order
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	scores = mat.NewDense(count, n, nil)
	for k := range n {
		at := size - 1 - k
		variances = append(variances, max(values[at], 0))
		v := vectors.ColView(at)
		column := mat.NewVecDense(count, nil)
		if wide {
			column.CopyVec(v)
		} else {
			column.MulVec(x, v)
		}
		if norm := mat.Norm(column, 2); norm > 0 {
			column.ScaleVec(math.Sqrt(float64(count))/norm, column)
		}
		scores.SetCol(k, column.RawVector().Data)
	}
	return scores, variances, total, nil
}

// centred returns rows without their mean.
func centred(rows [][]float32) *mat.Dense {
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	mean := make([]float64, len(rows[0]))
	for _, r := range rows {
		for j, v := range r {
			mean[j] += float64(v) / float64(len(rows))
		}
	}
	for i, r := range rows {
		for j, v := range r {
			x.Set(i, j, float64(v)-mean[j])
		}
	}
	return x
}

// orient chooses one of a direction's two signs: the one with a positive largest number, so that the same data give the same direction.
func orient(v []float32) {
	largest := float32(0)
	for _, x := range v {
		if math.Abs(float64(x)) > math.Abs(float64(largest)) {
			largest = x
		}
	}
	if largest < 0 {
		for i := range v {
			v[i] = -v[i]
		}
	}
}

// Difference returns the direction from the mean of one group of latent vectors to that of another.
func Difference(from, to [][]float32) ([]float32, error) {
	if len(from) == 0 || len(to) == 0 {
		return nil, errors.New("directions: a difference is between two groups of one point or more")
	}
	a, b := mean(from), mean(to)
	out := make([]float32, len(a))
	for i := range a {
		out[i] = float32(b[i] - a[i])
	}
	return out, nil
}

// Mean returns the mean of one latent vector or more.
func Mean(rows [][]float32) []float32 {
	out := make([]float32, len(rows[0]))
	for i, v := range mean(rows) {
		out[i] = float32(v)
	}
	return out
}

// Unit returns a direction with a length of 1.
func Unit(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / math.Sqrt(sum))
	}
	return out
}

func mean(rows [][]float32) []float64 {
	out := make([]float64, len(rows[0]))
	for _, r := range rows {
		for j, v := range r {
			out[j] += float64(v) / float64(len(rows))
		}
	}
	return out
}

// Orthogonal returns the part of a direction that lies along none of others, by the modified Gram–Schmidt process.
func Orthogonal(v []float32, others ...[]float32) ([]float32, error) {
	x := make([]float64, len(v))
	for i := range v {
		x[i] = float64(v[i])
	}
	before := math.Sqrt(dot(x, x))
	if before == 0 {
		return nil, errors.New("directions: the direction is 0: what it goes between has one mean")
	}
	var basis [][]float64
	for _, o := range others {
		b := make([]float64, len(o))
		for i := range o {
			b[i] = float64(o[i])
		}
		length := math.Sqrt(dot(b, b))
		for _, done := range basis {
			subtract(b, done)
		}
		if n := math.Sqrt(dot(b, b)); n > 1e-6*length { // what is left of one along those before is noise
			for i := range b {
				b[i] /= n
			}
			basis = append(basis, b)
			subtract(x, b)
		}
	}
	if after := math.Sqrt(dot(x, x)); !(after > 1e-6*before) {
		return nil, errors.New("directions: the direction lies along the others, and nothing of it is left")
	}
	out := make([]float32, len(x))
	for i := range x {
		out[i] = float32(x[i])
	}
	return slices.Clip(out), nil
}

// subtract takes the part of x along a unit vector away.
func subtract(x, unit []float64) {
	d := dot(x, unit)
	for i := range x {
		x[i] -= d * unit[i]
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
