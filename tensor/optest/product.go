package optest

import (
	"math"
	"slices"

	"genview/tensor"
)

var productCases = []Case{
	{Name: "MatMul", Op: binary((*T).MatMul), Ref: refMatMul, In: normal, Dims: of(
		sh(s{1, 1}, s{1, 1}), sh(s{5, 3}, s{3, 7}), sh(s{32, 64}, s{64, 48}), sh(s{33, 65}, s{65, 31}), sh(s{2, 33, 12}, s{2, 12, 9}),
		sh(s{2, 3, 4, 8}, s{3, 8, 4}), sh(s{2, 5, 8}, s{8, 4}), sh(s{100, 20}, s{20, 100}), sh(s{1, 9}, s{9, 1}))},
	{Name: "MatMul/infinite", Op: binary((*T).MatMul), Ref: refMatMul, Draws: sprinkled, Ints: true, Dims: of(
		sh(s{5, 7}, s{7, 6}), sh(s{33, 65}, s{65, 31}), sh(s{2, 16, 32}, s{2, 32, 64}), sh(s{3, 3}, s{3, 5}), sh(s{9, 70}, s{70, 1}))},
	{Name: "Outer", Op: binary((*T).Outer), In: normal, Dims: of(sh(s{3}, s{5}), sh(s{8}, s{4})), Ref: func(in []Array) Array {
		return build([]int{len(in[0].V), len(in[1].V)}, func(at []int) float64 { return in[0].V[at[0]] * in[1].V[at[1]] })
	}},
	{Name: "Linear", Op: func(in []*T) *T { return in[0].Linear(in[1], in[2]).Tanh() }, In: normal, Dims: of(sh(s{5, 7}, s{3, 7}, s{3}), sh(s{2, 16, 32}, s{48, 32}, s{48}), sh(s{33, 20}, s{17, 20}, s{17})), Ref: func(in []Array) Array {
		y := refMatMul([]Array{in[0], refTranspose(in[1:2])})
		return each(math.Tanh)([]Array{both(add)([]Array{y, in[2]})})
	}},
	{Name: "Einsum", Op: func(in []*T) *T { return tensor.Einsum("bi,oij,bj->bo", in...) }, In: normal, Dims: of(sh(s{2, 3}, s{5, 3, 4}, s{2, 4}), sh(s{8, 4}, s{12, 4, 8}, s{8, 8})), Ref: func(in []Array) Array {
		return build([]int{in[0].Shape[0], in[1].Shape[0]}, func(at []int) float64 {
			sum := 0.0
			index(in[1].Shape[1:], func(k []int) {
				sum += in[0].get([]int{at[0], k[0]}) * in[1].get([]int{at[1], k[0], k[1]}) * in[2].get([]int{at[0], k[1]})
			})
			return sum
		})
	}},
	{Name: "Einsum/sums", Op: binary(func(x, y *T) *T { return tensor.Einsum("aij,jb->ba", x, y) }), In: normal, Dims: of(sh(s{2, 3, 5}, s{5, 4})), Ref: func(in []Array) Array {
		return build([]int{in[1].Shape[1], in[0].Shape[0]}, func(at []int) float64 {
			sum := 0.0
			index(in[0].Shape[1:], func(k []int) { sum += in[0].get([]int{at[1], k[0], k[1]}) * in[1].get([]int{k[1], at[0]}) })
			return sum
		})
	}},
	{
		Name: "MatMul/transposed", Op: binary(func(x, y *T) *T { return x.T().MatMul(y.T()) }), In: normal,
		Ref:  func(in []Array) Array { return refMatMul([]Array{refTranspose(in[:1]), refTranspose(in[1:])}) },
		Dims: of(sh(s{64, 32}, s{48, 64}), sh(s{65, 33}, s{31, 65}), sh(s{8, 12}, s{20, 8})),
	},
}

var convCases = []Case{
	convCase("2d", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 3, 8, 8}, s{4, 3, 4, 4}), sh(s{1, 1, 5, 7}, s{1, 1, 3, 3}), sh(s{3, 2, 3, 4}, s{5, 2, 1, 2}), sh(s{4, 8, 16, 16}, s{12, 8, 4, 4})),
	convCase("2d/dense", tensor.ConvOptions{}, sh(s{2, 3, 6, 5}, s{4, 3, 3, 3}), sh(s{1, 1, 1, 1}, s{1, 1, 1, 1}), sh(s{2, 8, 9, 8}, s{16, 8, 2, 1})),
	convCase("2d/same", tensor.ConvOptions{Padding: s{1}}, sh(s{2, 4, 8, 12}, s{8, 4, 3, 3})),
	convCase("2d/tall", tensor.ConvOptions{Padding: s{1, 0}}, sh(s{2, 3, 5, 8}, s{4, 3, 3, 3})),
	convCase("2d/dilated", tensor.ConvOptions{Stride: s{2, 1}, Padding: s{2, 1}, Dilation: s{2, 3}}, sh(s{2, 2, 9, 8}, s{3, 2, 3, 2})),
	convCase("2d/groups", tensor.ConvOptions{Padding: s{1}, Groups: 2}, sh(s{2, 4, 5, 5}, s{6, 2, 3, 3})),
	convCase("2d/depthwise", tensor.ConvOptions{Stride: s{2}, Padding: s{1}, Groups: 6}, sh(s{2, 6, 8, 8}, s{6, 1, 3, 3})),
	convCase("2d/multiplied", tensor.ConvOptions{Padding: s{1}, Groups: 3}, sh(s{2, 3, 4, 8}, s{6, 1, 3, 3}), sh(s{2, 3, 5, 4}, s{3, 1, 2, 3})),
	convCase("2d/many", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 32, 4, 8}, s{33, 32, 4, 4}), sh(s{1, 32, 8, 8}, s{32, 32, 3, 4})),
	convCase("2d/many-same", tensor.ConvOptions{Padding: s{1}}, sh(s{1, 32, 3, 8}, s{32, 32, 3, 3})),
	convCase("2d/many-strides", tensor.ConvOptions{Stride: s{1, 3}, Padding: s{0, 2}, Groups: 2}, sh(s{1, 64, 2, 12}, s{64, 32, 2, 3})),
	convCase("2d/few", tensor.ConvOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 1, 8, 8}, s{8, 1, 4, 4}), sh(s{1, 3, 7, 5}, s{6, 3, 3, 2})),
	convCase("2d/few-dilated", tensor.ConvOptions{Stride: s{2, 1}, Padding: s{2, 1}, Dilation: s{2, 3}}, sh(s{2, 2, 9, 8}, s{6, 2, 3, 2})),
	convCase("2d/strides", tensor.ConvOptions{Stride: s{3, 4}, Padding: s{1, 2}}, sh(s{2, 2, 10, 11}, s{3, 2, 4, 3})),
	convCase("2d/patches", tensor.ConvOptions{Stride: s{4}}, sh(s{2, 3, 8, 12}, s{5, 3, 4, 4})),
	convCase("2d/wide", tensor.ConvOptions{Stride: s{2}, Padding: s{2, 3}}, sh(s{1, 2, 7, 8}, s{3, 2, 5, 4}), sh(s{1, 1, 3, 3}, s{1, 1, 2, 2})),
	convCase("2d/beside", tensor.ConvOptions{Stride: s{5}, Padding: s{3}}, sh(s{2, 3, 2, 2}, s{4, 3, 2, 2}), sh(s{1, 1, 2, 1}, s{5, 1, 2, 2})), // no window contains data
	convCase("1d", tensor.ConvOptions{Stride: s{2}, Padding: s{2}}, sh(s{2, 3, 16}, s{4, 3, 5}), sh(s{1, 2, 7}, s{3, 2, 1})),
	convCase("3d", tensor.ConvOptions{Stride: s{1, 2, 2}, Padding: s{0, 1, 1}}, sh(s{2, 2, 3, 4, 6}, s{3, 2, 2, 3, 4})),
	convTCase("2d", tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}}, sh(s{2, 3, 4, 4}, s{3, 2, 4, 4}), sh(s{1, 1, 3, 2}, s{1, 1, 3, 3})),
	convTCase("2d/odd", tensor.ConvTransposeOptions{Stride: s{3, 2}, OutputPadding: s{1}, Groups: 2}, sh(s{2, 4, 3, 2}, s{4, 3, 2, 3})),
	convTCase("2d/dilated", tensor.ConvTransposeOptions{Stride: s{2, 1}, Padding: s{1, 0}, Dilation: s{2}}, sh(s{1, 2, 3, 4}, s{2, 1, 3, 2})),
	convTCase("2d/strides", tensor.ConvTransposeOptions{Stride: s{3, 4}, Padding: s{1, 2}, OutputPadding: s{2, 1}}, sh(s{2, 2, 3, 4}, s{2, 3, 4, 5})),
	convTCase("1d", tensor.ConvTransposeOptions{Stride: s{2}, Padding: s{1}, OutputPadding: s{1}}, sh(s{2, 3, 5}, s{3, 4, 3})),
	convTCase("3d", tensor.ConvTransposeOptions{Stride: s{2, 1, 2}, Padding: s{1, 0, 0}}, sh(s{1, 2, 2, 3, 2}, s{2, 3, 3, 2, 2})),
}

// convCase returns a row for the convolution Conv1d, Conv2d or Conv3d, which the part of the name before the slash chooses.
func convCase(name string, o tensor.ConvOptions, dims ...[][]int) Case {
	conv := map[byte]func(x, w *T, o tensor.ConvOptions) *T{'1': (*T).Conv1d, '2': (*T).Conv2d, '3': (*T).Conv3d}[name[0]]
	return Case{Name: "Conv" + name, Op: binary(func(x, w *T) *T { return conv(x, w, o) }), Ref: refConv(o), In: normal, Dims: dims}
}

func convTCase(name string, o tensor.ConvTransposeOptions, dims ...[][]int) Case {
	conv := map[byte]func(x, w *T, o tensor.ConvTransposeOptions) *T{
		'1': (*T).ConvTranspose1d, '2': (*T).ConvTranspose2d, '3': (*T).ConvTranspose3d,
	}[name[0]]
	return Case{Name: "ConvTranspose" + name, Op: binary(func(x, w *T) *T { return conv(x, w, o) }), Ref: refConvT(o), In: normal, Dims: dims}
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

// geometry expands an option to one number for each of n axes: a single number applies to all of them, and an empty list means usual.
func geometry(v []int, n, usual int) []int {
	if len(v) == 0 {
		v = []int{usual}
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
