package optest

import (
	"math"
	"slices"

	"genview/tensor"
)

// refPool reduces the windows of the last two axes of [B, C, H, W].
func refPool(k, stride, pad int, fill float64, fold func(window []float64) float64) func([]Array) Array {
	return func(in []Array) Array {
		x := in[0]
		h, w := x.Shape[2], x.Shape[3]
		return build([]int{x.Shape[0], x.Shape[1], (h+2*pad-k)/stride + 1, (w+2*pad-k)/stride + 1}, func(at []int) float64 {
			var window []float64
			for i := range k {
				for j := range k {
					y, z := at[2]*stride+i-pad, at[3]*stride+j-pad
					if y < 0 || z < 0 || y >= h || z >= w {
						window = append(window, fill)
					} else {
						window = append(window, x.get([]int{at[0], at[1], y, z}))
					}
				}
			}
			return fold(window)
		})
	}
}

func mean(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}

// refLine applies f to each line of the last axis, whose result has n elements.
func refLine(n func(m int) int, f func(line []float64, i int) float64) func([]Array) Array {
	return func(in []Array) Array {
		d := in[0].Shape
		m := d[len(d)-1]
		shape := append(slices.Clone(d[:len(d)-1]), n(m))
		i := 0
		return build(shape, func(at []int) float64 {
			row := i / n(m)
			i++
			return f(in[0].V[row*m:(row+1)*m], at[len(at)-1])
		})
	}
}

func fixed(n int) func(int) int { return func(int) int { return n } }

func refLinear(line []float64, at float64) float64 {
	at = max(at, 0)
	lo := min(int(at), len(line)-1)
	part := at - float64(lo)
	return line[lo]*(1-part) + line[min(lo+1, len(line)-1)]*part
}

// refCubic is the sum over all positions of the line, repeated beyond its ends, of elements weighed by Keys' cubic (1981, eq. 4 and 15).
func refCubic(line []float64, at float64) (sum float64) {
	const a = -0.75
	for p := -3; p < len(line)+3; p++ {
		switch d := math.Abs(at - float64(p)); {
		case d <= 1:
			sum += line[min(max(p, 0), len(line)-1)] * ((a+2)*d*d*d - (a+3)*d*d + 1)
		case d < 2:
			sum += line[min(max(p, 0), len(line)-1)] * (a*d*d*d - 5*a*d*d + 8*a*d - 4*a)
		}
	}
	return sum
}

// refPlane resizes the planes of the last two axes to h × w: the lines of each axis by line, which resizes one to n elements.
func refPlane(h, w int, line func(line []float64, i, n int) float64) func([]Array) Array {
	along := func(a Array, n int) Array {
		return refLine(fixed(n), func(l []float64, i int) float64 { return line(l, i, n) })([]Array{a})
	}
	turned := func(a Array) Array { // with the last two axes swapped
		d := slices.Clone(a.Shape)
		y, x := len(d)-2, len(d)-1
		rows, columns := d[y], d[x]
		d[y], d[x] = columns, rows
		i := 0
		return build(d, func(at []int) float64 {
			plane := i / (rows * columns)
			i++
			return a.V[(plane*rows+at[x])*columns+at[y]]
		})
	}
	return func(in []Array) Array { return turned(along(turned(along(in[0], w)), h)) }
}

// refNorm normalizes all elements of the same group by their mean and deviation, and scales channels.
func refNorm(group func(at []int) int) func([]Array) Array {
	return func(in []Array) Array {
		x := in[0]
		sum, square, n := map[int]float64{}, map[int]float64{}, map[int]float64{}
		index(x.Shape, func(at []int) { sum[group(at)] += x.get(at); n[group(at)]++ })
		index(x.Shape, func(at []int) {
			g := group(at)
			square[g] += math.Pow(x.get(at)-sum[g]/n[g], 2)
		})
		return build(x.Shape, func(at []int) float64 {
			g := group(at)
			return (x.get(at)-sum[g]/n[g])/math.Sqrt(square[g]/n[g]+1e-5)*in[1].V[at[1]] + in[2].V[at[1]]
		})
	}
}

// refAttention is attention of [B, H, T, D]; may tells whether query t of head h may attend to a key.
func refAttention(may func(t, s int) bool) func([]Array) Array {
	return func(in []Array) Array {
		q, k, v := in[0], in[1], in[2]
		group := q.Shape[1] / k.Shape[1]
		shape := slices.Clone(q.Shape)
		shape[3] = v.Shape[3]
		e, total := make([]float64, k.Shape[2]), 0.0 // a query's weights, which are used for all elements of its result, and their sum
		return build(shape, func(at []int) float64 {
			if at[3] == 0 {
				total = 0
				for s := range e {
					score := math.Inf(-1)
					if may(at[2], s) {
						score = 0
						for d := range q.Shape[3] {
							score += q.get([]int{at[0], at[1], at[2], d}) * k.get([]int{at[0], at[1] / group, s, d})
						}
					}
					e[s] = math.Exp(score / math.Sqrt(float64(q.Shape[3])))
					total += e[s]
				}
			}
			y := 0.0
			for s := range e {
				y += e[s] * v.get([]int{at[0], at[1] / group, s, at[3]})
			}
			return y / total
		})
	}
}

func attention(o tensor.AttentionOptions) func(in []*T) *T {
	return func(in []*T) *T { return tensor.ScaledDotProductAttention(in[0], in[1], in[2], o) }
}

var (
	pictures = of(sh(s{2, 3, 6, 8}), sh(s{1, 1, 5, 7}), sh(s{2, 2, 9, 4}))
	affine   = of(sh(s{2, 4, 3, 5}, s{4}, s{4}), sh(s{3, 8, 4}, s{8}, s{8}), sh(s{5, 4, 2, 8}, s{4}, s{4}))
	heads    = of(sh(s{2, 2, 5, 4}, s{2, 2, 7, 4}, s{2, 2, 7, 3}), sh(s{1, 4, 8, 8}, s{1, 2, 12, 8}, s{1, 2, 12, 8}))
	odd      = of(sh(s{2, 2, 5, 5}, s{2, 2, 7, 5}, s{2, 2, 7, 3}), heads[1]) // scores are no expression here, whose code would take long to compile
	tiles    = of(sh(s{1, 2, 33, 1}, s{1, 1, 31, 1}, s{1, 1, 31, 1}), sh(s{2, 1, 5, 7}, s{2, 1, 65, 7}, s{2, 1, 65, 9}), sh(s{1, 1, 65, 6}, s{1, 1, 32, 6}, s{1, 1, 32, 66}),
		sh(s{1, 1, 35, 128}, s{1, 1, 3, 128}, s{1, 1, 3, 128}), sh(s{1, 4, 40, 32}, s{1, 2, 33, 32}, s{1, 2, 33, 32}))
	long = of(sh(s{1, 2, 3, 4}, s{1, 1, 600, 4}, s{1, 1, 600, 4}))
)

var layerCases = []Case{
	{Name: "MaxPool2d", Op: unary(func(x *T) *T { return x.MaxPool2d(tensor.PoolOptions{Kernel: s{3}, Stride: s{2}, Padding: s{1}}) }), Draws: distinct, Dims: pictures, Ref: refPool(3, 2, 1, -inf, slices.Max[[]float64])},
	{Name: "AvgPool2d", Op: unary(func(x *T) *T { return x.AvgPool2d(tensor.PoolOptions{Kernel: s{3}, Stride: s{2}, Padding: s{1}}) }), In: normal, Dims: pictures, Ref: refPool(3, 2, 1, 0, mean)},
	{Name: "MaxPool1d", Op: unary(func(x *T) *T { return x.MaxPool1d(tensor.PoolOptions{Kernel: s{2}}) }), Draws: distinct, Dims: of(sh(s{2, 3, 7}), sh(s{2, 8})), Ref: refLine(func(m int) int { return m / 2 }, func(l []float64, i int) float64 { return max(l[2*i], l[2*i+1]) })},
	{Name: "AvgPool1d", Op: unary(func(x *T) *T { return x.AvgPool1d(tensor.PoolOptions{Kernel: s{2}}) }), In: normal, Dims: of(sh(s{2, 3, 7}), sh(s{2, 8})), Ref: refLine(func(m int) int { return m / 2 }, func(l []float64, i int) float64 { return (l[2*i] + l[2*i+1]) / 2 })},
	{Name: "MaxPool3d", Op: unary(func(x *T) *T { return x.MaxPool3d(tensor.PoolOptions{Kernel: s{1, 2, 2}}).Reshape(-1) }), Draws: distinct, Dims: of(sh(s{2, 2, 1, 4, 6})), Ref: flatPool(slices.Max[[]float64])},
	{Name: "AvgPool3d", Op: unary(func(x *T) *T { return x.AvgPool3d(tensor.PoolOptions{Kernel: s{1, 2, 2}}).Reshape(-1) }), In: normal, Dims: of(sh(s{2, 2, 1, 4, 6})), Ref: flatPool(mean)},
	{Name: "AdaptiveAvgPool", Op: unary(func(x *T) *T { return x.AdaptiveAvgPool(3) }), In: normal, Dims: planes, Ref: refLine(fixed(3), func(l []float64, i int) float64 { return mean(l[i*len(l)/3 : ((i+1)*len(l)+2)/3]) })},
	{Name: "AdaptiveMaxPool", Op: unary(func(x *T) *T { return x.AdaptiveMaxPool(3) }), Draws: distinct, Dims: planes, Ref: refLine(fixed(3), func(l []float64, i int) float64 { return slices.Max(l[i*len(l)/3 : ((i+1)*len(l)+2)/3]) })},
	{Name: "UpsampleNearest", Op: unary(func(x *T) *T { return x.UpsampleNearest(12) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4}), sh(s{2, 3, 6})), Ref: refLine(fixed(12), func(l []float64, i int) float64 { return l[i*len(l)/12] })},
	{Name: "UpsampleLinear", Op: unary(func(x *T) *T { return x.UpsampleLinear(false, 12) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4}), sh(s{2, 3, 16})), Ref: refLine(fixed(12), func(l []float64, i int) float64 {
		return refLinear(l, (float64(i)+0.5)*float64(len(l))/12-0.5)
	})},
	{Name: "UpsampleLinear/corners", Op: unary(func(x *T) *T { return x.UpsampleLinear(true, 12) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4})), Ref: refLine(fixed(12), func(l []float64, i int) float64 {
		return refLinear(l, float64(i*(len(l)-1))/11)
	})},
	{Name: "UpsampleCubic", Op: unary(func(x *T) *T { return x.UpsampleCubic(false, 12) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4}), sh(s{2, 3, 16})), Ref: refLine(fixed(12), func(l []float64, i int) float64 {
		return refCubic(l, (float64(i)+0.5)*float64(len(l))/12-0.5)
	})},
	{Name: "UpsampleCubic/corners", Op: unary(func(x *T) *T { return x.Unsqueeze(-1).UpsampleCubic(true, 12, 1).Squeeze(-1) }), In: normal, Dims: of(sh(s{3, 5}), sh(s{4, 4})), Ref: refLine(fixed(12), func(l []float64, i int) float64 {
		return refCubic(l, float64(i*(len(l)-1))/11)
	})},
	{Name: "UpsampleLinear/planes", Op: unary(func(x *T) *T { return x.UpsampleLinear(false, 7, 6) }), In: normal, Dims: of(sh(s{2, 3, 4}), sh(s{2, 3, 5})), Ref: refPlane(7, 6, func(l []float64, i, n int) float64 {
		return refLinear(l, (float64(i)+0.5)*float64(len(l))/float64(n)-0.5)
	})},
	{Name: "UpsampleCubic/planes", Op: unary(func(x *T) *T { return x.UpsampleCubic(false, 7, 6) }), In: normal, Dims: of(sh(s{2, 3, 4}), sh(s{2, 3, 5})), Ref: refPlane(7, 6, func(l []float64, i, n int) float64 {
		return refCubic(l, (float64(i)+0.5)*float64(len(l))/float64(n)-0.5)
	})},
	{Name: "PixelShuffle", Op: unary(func(x *T) *T { return x.PixelShuffle(2) }), In: normal, Dims: of(sh(s{2, 8, 3, 5}), sh(s{4, 4, 4})), Ref: func(in []Array) Array {
		d := in[0].Shape
		n := len(d)
		shape := append(slices.Clone(d[:n-3]), d[n-3]/4, 2*d[n-2], 2*d[n-1])
		return build(shape, func(at []int) float64 {
			p := slices.Clone(at)
			p[n-3], p[n-2], p[n-1] = at[n-3]*4+at[n-2]%2*2+at[n-1]%2, at[n-2]/2, at[n-1]/2
			return in[0].get(p)
		})
	}},
	{Name: "PixelUnshuffle", Op: unary(func(x *T) *T { return x.PixelShuffle(2).PixelUnshuffle(2) }), In: normal, Dims: of(sh(s{2, 8, 3, 5}), sh(s{4, 4, 4})), Ref: func(in []Array) Array { return in[0] }},
	{Name: "Unfold", Op: unary(func(x *T) *T {
		return x.Unfold([2]int{2, 3}, tensor.ConvOptions{Stride: s{2, 1}, Padding: s{1}, Dilation: s{1, 2}})
	}), In: normal, Dims: pictures, Ref: func(in []Array) Array {
		d := in[0].Shape
		oh, ow := (d[2]+2-2)/2+1, d[3]+2-4
		return build([]int{d[0], d[1] * 6, oh * ow}, func(at []int) float64 {
			c, k := at[1]/6, at[1]%6
			y, x := at[2]/ow*2+k/3-1, at[2]%ow+k%3*2-1
			if y < 0 || x < 0 || y >= d[2] || x >= d[3] {
				return 0
			}
			return in[0].get([]int{at[0], c, y, x})
		})
	}},
	{Name: "Fold", Op: unary(func(x *T) *T {
		return x.Fold([2]int{5, 6}, [2]int{2, 3}, tensor.ConvOptions{Stride: s{2, 1}, Padding: s{1}})
	}), In: normal, Dims: of(sh(s{2, 12, 18}), sh(s{1, 6, 18})), Ref: func(in []Array) Array {
		d := in[0].Shape
		const ow = 6
		y := newArray(d[0], d[1]/6, 5, 6)
		index(d, func(at []int) {
			k := at[1] % 6
			r, c := at[2]/ow*2+k/3-1, at[2]%ow+k%3-1
			if r >= 0 && c >= 0 && r < 5 && c < 6 {
				y.V[((at[0]*y.Shape[1]+at[1]/6)*5+r)*6+c] += in[0].get(at)
			}
		})
		return y
	}},

	{Name: "BatchNorm", Op: func(in []*T) *T {
		m, v := in[0].BatchStatistics()
		return in[0].BatchNorm(m, v, in[1], in[2], 1e-5)
	}, In: normal, Dims: affine, Ref: refNorm(func(at []int) int { return at[1] })},
	{Name: "GroupNorm", Op: func(in []*T) *T { return in[0].GroupNorm(2, in[1], in[2], 1e-5) }, In: normal, Dims: affine, Ref: func(in []Array) Array {
		half := in[0].Shape[1] / 2
		return refNorm(func(at []int) int { return at[0]*2 + at[1]/half })(in)
	}},
	{Name: "InstanceNorm", Op: func(in []*T) *T { return in[0].InstanceNorm(in[1], in[2], 1e-5) }, In: normal, Dims: affine, Ref: func(in []Array) Array {
		return refNorm(func(at []int) int { return at[0]*in[0].Shape[1] + at[1] })(in)
	}},
	{Name: "RMSNorm", Op: func(in []*T) *T { return in[0].RMSNorm(in[1], 1e-5) }, In: normal, Dims: of(sh(s{3, 5}, s{5}), sh(s{2, 3, 8}, s{8})), Ref: func(in []Array) Array {
		return both(func(x, w float64) float64 { return x * w })([]Array{
			refLine(func(m int) int { return m }, func(l []float64, i int) float64 {
				square := 0.0
				for _, v := range l {
					square += v * v / float64(len(l))
				}
				return l[i] / math.Sqrt(square+1e-5)
			})(in), in[1],
		})
	}},
	{Name: "SpectralNorm", Op: func(in []*T) *T {
		w, _ := tensor.SpectralNorm(in[0], in[1].Detach(), 40, 1e-12)
		return w
	}, In: uniform(0.2, 1), Order: 1, Tol: 1e-4, Dims: of(sh(s{3, 5}, s{3}), sh(s{4, 2, 4}, s{4})), Ref: func(in []Array) Array {
		w := in[0]
		rows := w.Shape[0]
		cols := len(w.V) / rows
		u, v := slices.Repeat([]float64{1}, rows), make([]float64, cols)
		sigma := 0.0
		for range 200 {
			clear(v)
			for i, x := range w.V {
				v[i%cols] += x * u[i/cols]
			}
			clear(u)
			for i, x := range w.V {
				u[i/cols] += x * v[i%cols]
			}
			sigma = 0
			for _, x := range u {
				sigma += x * x
			}
			for i := range u {
				u[i] /= math.Sqrt(sigma)
			}
		}
		return each(func(x float64) float64 { return x / math.Pow(sigma, 0.25) })(in)
	}},

	{Name: "ScaledDotProductAttention", Op: attention(tensor.AttentionOptions{}), In: normal, Dims: heads, Ref: refAttention(func(_, _ int) bool { return true })},
	{Name: "ScaledDotProductAttention/causal", Op: attention(tensor.AttentionOptions{Causal: true, Tap: "shares"}), In: normal, Dims: odd, Ref: refAttention(func(t, s int) bool { return s <= t })},
	{Name: "ScaledDotProductAttention/mask", Op: func(in []*T) *T {
		seen := tensor.Iota(0, in[1].Dim(2)).NotEqual(tensor.Const([]int32{2}, 1))
		return attention(tensor.AttentionOptions{Mask: seen})(in)
	}, In: normal, Dims: odd, Ref: refAttention(func(_, s int) bool { return s != 2 })},
	{Name: "ScaledDotProductAttention/tiles", Op: attention(tensor.AttentionOptions{}), In: normal, Dims: tiles, Ref: refAttention(func(_, _ int) bool { return true })},
	{Name: "ScaledDotProductAttention/tiles of the past", Op: attention(tensor.AttentionOptions{Causal: true}), In: normal, Dims: tiles, Ref: refAttention(func(t, s int) bool { return s <= t })},
	{Name: "ScaledDotProductAttention/blocks", Op: attention(tensor.AttentionOptions{}), In: normal, Dims: long, Ref: refAttention(func(_, _ int) bool { return true })},
	{Name: "ScaledDotProductAttention/blocks of the past", Op: attention(tensor.AttentionOptions{Causal: true}), In: normal, Dims: long, Ref: refAttention(func(t, s int) bool { return s <= t })},
	{Name: "Rotate", Op: unary(func(x *T) *T { return x.Rotate(tensor.Rotary(x.Dim(-2), x.Dim(-1), 100)) }), In: normal, Dims: of(sh(s{3, 4}), sh(s{2, 5, 8})), Ref: func(in []Array) Array {
		d := in[0].Shape
		dim := d[len(d)-1]
		return build(d, func(at []int) float64 {
			n := len(at)
			i := at[n-1] % (dim / 2)
			angle := float64(at[n-2]) * math.Pow(100, -2*float64(i)/float64(dim))
			a, b := in[0].pick(at, n-1, float64(i)), in[0].pick(at, n-1, float64(i+dim/2))
			if at[n-1] < dim/2 {
				return a*math.Cos(angle) - b*math.Sin(angle)
			}
			return b*math.Cos(angle) + a*math.Sin(angle)
		})
	}},
}

// flatPool pools [A, B, 1, H, W] by 2 × 2 and flattens the result.
func flatPool(fold func([]float64) float64) func([]Array) Array {
	return func(in []Array) Array {
		d := in[0].Shape
		y := refPool(2, 2, 0, 0, fold)([]Array{{[]int{d[0], d[1], d[3], d[4]}, in[0].V}})
		return Array{[]int{len(y.V)}, y.V}
	}
}
