package optest

import (
	"math"
	"math/rand/v2"
	"slices"

	"genview/tensor"
)

// The references: float64, plain loops, as the formulas are written.

// T is a tensor.
type T = tensor.Tensor

func unary(f func(*T) *T) func([]*T) *T { return func(in []*T) *T { return f(in[0]) } }

func binary(f func(x, y *T) *T) func([]*T) *T { return func(in []*T) *T { return f(in[0], in[1]) } }

func each(f func(x float64) float64) func([]Array) Array {
	return func(in []Array) Array {
		y := newArray(in[0].Shape...)
		for i, x := range in[0].V {
			y.V[i] = f(x)
		}
		return y
	}
}

// index visits every index of a shape in row-major order.
func index(shape []int, visit func(at []int)) {
	at := make([]int, len(shape))
	for {
		visit(at)
		i := len(shape) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// get reads a at an index, counted from the last axis, with axes of size 1 repeated.
func (a Array) get(at []int) float64 {
	i := 0
	for k, n := range a.Shape {
		p := at[len(at)-len(a.Shape)+k]
		if n == 1 {
			p = 0
		}
		i = i*n + p
	}
	return a.V[i]
}

// build makes an Array from a function of the index.
func build(shape []int, f func(at []int) float64) Array {
	y := newArray(shape...)
	i := 0
	index(shape, func(at []int) {
		y.V[i] = f(at)
		i++
	})
	return y
}

func bcast(shapes ...[]int) []int {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, s := range shapes {
			if k := i - rank + len(s); k >= 0 {
				out[i] = max(out[i], s[k])
			}
		}
	}
	return out
}

func both(f func(x, y float64) float64) func([]Array) Array {
	return func(in []Array) Array {
		return build(bcast(in[0].Shape, in[1].Shape), func(at []int) float64 { return f(in[0].get(at), in[1].get(at)) })
	}
}

func truth(f func(x, y float64) bool) func([]Array) Array {
	return both(func(x, y float64) float64 { return bit(f(x, y)) })
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// folded reduces the named axes.
func folded(first float64, f func(sum, x float64) float64, keep bool, axes ...int) func([]Array) Array {
	return func(in []Array) Array {
		x := in[0]
		hit := make([]bool, len(x.Shape))
		for _, a := range axes {
			hit[(a+len(hit))%len(hit)] = true
		}
		full := make([]int, len(x.Shape))
		var short []int
		for i, n := range x.Shape {
			full[i] = n
			if hit[i] || len(axes) == 0 {
				full[i] = 1
				if !keep {
					continue
				}
			}
			short = append(short, full[i])
		}
		y := newArray(full...)
		for i := range y.V {
			y.V[i] = first
		}
		index(x.Shape, func(at []int) {
			i := 0
			for k, n := range full {
				p := at[k]
				if n == 1 {
					p = 0
				}
				i = i*n + p
			}
			y.V[i] = f(y.V[i], x.get(at))
		})
		if short == nil {
			short = []int{}
		}
		y.Shape = short
		return y
	}
}

func add(s, x float64) float64 { return s + x }

func scaled(f func([]Array) Array, c func(in, out int) float64) func([]Array) Array {
	return func(in []Array) Array {
		y := f(in)
		for i := range y.V {
			y.V[i] *= c(len(in[0].V), len(y.V))
		}
		return y
	}
}

func average(in, out int) float64 { return float64(out) / float64(in) }

func refVar(keep bool, axes ...int) func([]Array) Array {
	return func(in []Array) Array {
		mean := scaled(folded(0, add, true, axes...), average)(in)
		d := both(func(x, m float64) float64 { return (x - m) * (x - m) })([]Array{in[0], mean})
		return scaled(folded(0, add, keep, axes...), average)([]Array{d})
	}
}

func refSoftmax(axis int) func([]Array) Array {
	return func(in []Array) Array {
		top := folded(-inf, larger, true, axis)(in) // as PyTorch does it, which tells where a number is infinite
		e := both(func(x, top float64) float64 { return math.Exp(x - top) })([]Array{in[0], top})
		sum := folded(0, add, true, axis)([]Array{e})
		return both(func(x, s float64) float64 { return x / s })([]Array{e, sum})
	}
}

func refMatMul(in []Array) Array {
	a, b := in[0], in[1]
	k := a.Shape[len(a.Shape)-1]
	lead := bcast(a.Shape[:len(a.Shape)-2], b.Shape[:len(b.Shape)-2])
	shape := append(lead, a.Shape[len(a.Shape)-2], b.Shape[len(b.Shape)-1])
	return build(shape, func(at []int) float64 {
		r := len(at)
		p, q := append([]int{}, at...), append([]int{}, at...)
		s := 0.0
		for i := range k {
			p[r-1], q[r-2] = i, i
			s += a.get(p) * b.get(q)
		}
		return s
	})
}

// geometry spreads what is said of all axes over n of them.
func geometry(v []int, n, none int) []int {
	if len(v) == 0 {
		v = []int{none}
	}
	if len(v) == 1 {
		v = slices.Repeat(v, n)
	}
	return v
}

func refConv(o tensor.ConvOptions) func([]Array) Array {
	return func(in []Array) Array {
		x, w := in[0], in[1]
		n, g := len(x.Shape)-2, max(o.Groups, 1)
		stride, pad, dilation := geometry(o.Stride, n, 1), geometry(o.Padding, n, 0), geometry(o.Dilation, n, 1)
		shape := []int{x.Shape[0], w.Shape[0]}
		for i := range n {
			shape = append(shape, (x.Shape[2+i]+2*pad[i]-dilation[i]*(w.Shape[2+i]-1)-1)/stride[i]+1)
		}
		return build(shape, func(at []int) float64 {
			s := 0.0
			p, q := make([]int, n+2), make([]int, n+2)
			index(w.Shape[1:], func(k []int) {
				p[0], p[1] = at[0], at[1]/(w.Shape[0]/g)*w.Shape[1]+k[0]
				q[0] = at[1]
				copy(q[1:], k)
				for i := range n {
					p[2+i] = at[2+i]*stride[i] + k[1+i]*dilation[i] - pad[i]
					if p[2+i] < 0 || p[2+i] >= x.Shape[2+i] {
						return
					}
				}
				s += x.get(p) * w.get(q)
			})
			return s
		})
	}
}

func refConvT(o tensor.ConvTransposeOptions) func([]Array) Array {
	return func(in []Array) Array {
		x, w := in[0], in[1]
		n, g := len(x.Shape)-2, max(o.Groups, 1)
		stride, pad, dilation := geometry(o.Stride, n, 1), geometry(o.Padding, n, 0), geometry(o.Dilation, n, 1)
		more := geometry(o.OutputPadding, n, 0)
		shape := []int{x.Shape[0], w.Shape[1] * g}
		for i := range n {
			shape = append(shape, (x.Shape[2+i]-1)*stride[i]-2*pad[i]+dilation[i]*(w.Shape[2+i]-1)+more[i]+1)
		}
		y := newArray(shape...)
		index(x.Shape, func(at []int) {
			q := append([]int{at[1]}, make([]int, n+1)...)
			index(w.Shape[1:], func(k []int) {
				flat := at[0]*shape[1] + at[1]/(x.Shape[1]/g)*w.Shape[1] + k[0]
				copy(q[1:], k)
				for i := range n {
					p := at[2+i]*stride[i] + k[1+i]*dilation[i] - pad[i]
					if p < 0 || p >= shape[2+i] {
						return
					}
					flat = flat*shape[2+i] + p
				}
				y.V[flat] += x.get(at) * w.get(q)
			})
		})
		return y
	}
}

func uniform(lo, hi float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return lo + (hi-lo)*r.Float64() }
}

func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// away draws numbers that keep their distance from kinks at whole numbers.
func away(r *rand.Rand) float64 { return float64(r.IntN(7)-3) + 0.2 + 0.6*r.Float64() }

func whole(r *rand.Rand) float64 { return float64(r.IntN(3) - 1) }

// apart draws numbers of which no two are close, so that the largest stays the largest.
func apart(r *rand.Rand, shape []int, _ int) Array {
	a := newArray(shape...)
	for i, p := range r.Perm(len(a.V)) {
		a.V[i] = float64(p)*0.1 - 1
	}
	return a
}

func of(shapes ...[][]int) [][][]int { return shapes }

func sh(shapes ...[]int) [][]int { return shapes }

type s = []int

// places are indices in a pattern that repeats: with from = 1 two rows of places in a table of a shape, of which some are not there;
// with from = 0 a class for each row of logits of that shape.
func places(shape []int, from int) Array {
	if from == 1 {
		return build([]int{2, 6}, func(at []int) float64 { return float64((at[0]*5+at[1]*7)%(shape[0]+2) - 1) })
	}
	classes := shape[len(shape)-1]
	return build(shape[:len(shape)-1], func(at []int) float64 { return float64((3*at[0] + at[len(at)-1]) % classes) })
}

func indices(x *T, from int) *T {
	a := places(x.Shape(), from)
	v := make([]int32, len(a.V))
	for i := range v {
		v[i] = int32(a.V[i])
	}
	return tensor.Const(v, a.Shape...)
}

func refEmbedding(in []Array) Array {
	table, at := in[0], places(in[0].Shape, 1)
	rows, d := table.Shape[0], table.Shape[1]
	return build([]int{2, 6, d}, func(i []int) float64 {
		row := int(at.get(i[:2]))
		if row < 0 || row >= rows {
			return 0
		}
		return table.V[row*d+i[2]]
	})
}

func refCrossEntropy(from int, smoothing float64, ignore int) func(in []Array) Array {
	return func(in []Array) Array {
		x, target := in[0], places(in[0].Shape, from)
		classes := x.Shape[len(x.Shape)-1]
		total, n := 0.0, 0.0
		for i, want := range target.V {
			if int(want) == ignore {
				continue
			}
			row := x.V[i*classes : (i+1)*classes]
			sum := 0.0
			for _, v := range row {
				sum += math.Exp(v)
			}
			for c, v := range row {
				q := smoothing / float64(classes)
				if c == int(want) {
					q += 1 - smoothing
				}
				total += q * (math.Log(sum) - v)
			}
			n++
		}
		return Array{nil, []float64{total / n}}
	}
}

func refLayerNorm(in []Array) Array {
	x := in[0]
	d := x.Shape[len(x.Shape)-1]
	y := newArray(x.Shape...)
	for first := 0; first < len(x.V); first += d {
		mean, square := 0.0, 0.0
		for _, v := range x.V[first : first+d] {
			mean += v / float64(d)
		}
		for _, v := range x.V[first : first+d] {
			square += (v - mean) * (v - mean) / float64(d)
		}
		for i := range d {
			y.V[first+i] = (x.V[first+i] - mean) / math.Sqrt(square+1e-5) * in[1].V[i]
			if len(in) > 2 {
				y.V[first+i] += in[2].V[i]
			}
		}
	}
	return y
}

func refStd(in []Array) Array {
	n := in[0].Shape[1]
	return each(func(v float64) float64 { return math.Sqrt(v * float64(n) / float64(n-1)) })([]Array{refVar(false, 1)(in)})
}

func refNorms(in []Array) Array {
	norm := func(p float64) Array {
		sum := folded(0, func(s, x float64) float64 { return s + math.Pow(math.Abs(x), p) }, false, 1)(in)
		return each(func(s float64) float64 { return math.Pow(s, 1/p) })([]Array{sum})
	}
	return both(add)([]Array{norm(1), both(add)([]Array{norm(2), norm(3)})})
}

func refEndNorms(in []Array) Array {
	size := each(math.Abs)(in)
	top := folded(0, math.Max, false, 0)([]Array{size})
	low := folded(math.Inf(1), math.Min, false, 0)([]Array{size})
	some := folded(0, func(s, x float64) float64 { return s + bit(x != 0) }, false, 0)(in)
	return both(add)([]Array{top, both(add)([]Array{low, some})})
}

// refArg is the first index of the best element along an axis of a matrix.
func refArg(axis int, better func(x, best float64) bool) func(in []Array) Array {
	return func(in []Array) Array {
		x := in[0]
		return build([]int{x.Shape[1-axis]}, func(at []int) float64 {
			p := []int{at[0], at[0]}
			p[axis] = 0
			best, k := x.get(p), 0
			for i := range x.Shape[axis] {
				if p[axis] = i; better(x.get(p), best) {
					best, k = x.get(p), i
				}
			}
			return float64(k)
		})
	}
}

func refCumSum(in []Array) Array {
	return build(in[0].Shape, func(at []int) float64 {
		sum := 0.0
		for j := range at[1] + 1 {
			sum += in[0].get([]int{at[0], j})
		}
		return sum
	})
}

// refPlaced is a matrix with lo and hi more columns, column i of which is column of(i) of x counted from x's first; −1 is fill.
func refPlaced(lo, hi int, of func(i, n int) int, fill float64) func(in []Array) Array {
	return func(in []Array) Array {
		d := in[0].Shape
		return build([]int{d[0], lo + d[1] + hi}, func(at []int) float64 {
			j := of(at[1]-lo, d[1])
			if j < 0 {
				return fill
			}
			return in[0].get([]int{at[0], j})
		})
	}
}

func refBand(in func(i, j int) bool) func([]Array) Array {
	return func(x []Array) Array {
		return build(x[0].Shape, func(at []int) float64 {
			if in(at[0], at[1]) {
				return x[0].get(at)
			}
			return 0
		})
	}
}

// apartFrom draws numbers whose differences are not close to 0.
func apartFrom(r *rand.Rand, shape []int, i int) Array {
	a := apart(r, shape, i)
	for k := range a.V {
		a.V[k] += 0.05 * float64(i)
	}
	return a
}

// sprinkled draws normal numbers with some infinite ones and NaN among them.
func sprinkled(r *rand.Rand, shape []int, _ int) Array {
	a := Noise(r, shape)
	for i := range a.V {
		switch r.IntN(60) {
		case 0:
			a.V[i] = inf
		case 1:
			a.V[i] = -inf
		case 2:
			a.V[i] = nan
		}
	}
	return a
}
