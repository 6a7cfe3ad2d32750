package optest

import (
	"fmt"
	"slices"

	"genview/tensor"
)

// multiplies draws a matrix product with a node or a new leaf, either of them possibly transposed.
func (m *maker) multiplies() (name string, s *step, in []int) {
	i := m.pick(func(n node) bool { return float(n) && len(n.shape) >= 2 })
	if i < 0 {
		return "", nil, nil
	}
	x := m.nodes[i].shape
	k := x[len(x)-1]
	fits := func(at int) int {
		return m.pick(func(n node) bool {
			r := len(n.shape)
			return float(n) && r >= 2 && n.shape[r+at] == k && broadcasts(n.shape[:r-2], x[:len(x)-2])
		})
	}
	if j := fits(-1); j >= 0 && m.r.IntN(2) == 0 {
		return "MatMul", &step{
			code: "%[1]s.MatMul(%[2]s.T())", op: binary(func(x, y *T) *T { return x.MatMul(y.T()) }),
			ref: func(in []Array) Array { return refMatMul([]Array{in[0], turned(in[1])}) },
		}, []int{i, j}
	}
	j := fits(-2)
	if j < 0 {
		j = m.add(node{leaf: "Var", dt: tensor.F32, value: m.draw([]int{k, m.dims[0]}, tensor.F32), shape: []int{k, m.dims[0]}})
	}
	if y := m.nodes[j].shape; count(x)*y[len(y)-1] > 1<<18 || count(y) > 1<<13 {
		return "", nil, nil
	}
	return "MatMul", &step{code: "%[1]s.MatMul(%[2]s)", op: binary((*T).MatMul), ref: refMatMul}, []int{i, j}
}

// convolves draws a convolution or a transposed one, with one or two axes, of any geometry: windows may lie outside the data, and data
// outside all windows.
func (m *maker) convolves() (name string, s *step, in []int) {
	n, groups := 1+m.r.IntN(2), 1+m.r.IntN(2)
	inputs, outputs := 1+m.r.IntN(3), 1+m.r.IntN(5)
	var stride, padding, dilation, kernel, size, more []int
	for range n {
		size, kernel = append(size, 1+m.r.IntN(6)), append(kernel, 1+m.r.IntN(3))
		stride, padding, dilation = append(stride, 1+m.r.IntN(4)), append(padding, m.r.IntN(5)), append(dilation, 1+m.r.IntN(3))
		more = append(more, m.r.IntN(2))
	}
	forth := m.r.IntN(3) > 0
	for i := range n {
		extent := dilation[i]*(kernel[i]-1) + 1
		if forth && size[i]+2*padding[i] < extent || !forth && ((size[i]-1)*stride[i]-2*padding[i]+extent+more[i] < 1 || more[i] >= max(stride[i], dilation[i])) {
			return "", nil, nil
		}
	}
	shape := append([]int{1 + m.r.IntN(2), inputs * groups}, size...)
	x := m.shaped(shape)
	if x < 0 || m.r.IntN(3) == 0 {
		x = m.add(node{leaf: "Var", dt: tensor.F32, value: m.draw(shape, tensor.F32), shape: shape})
	}
	weight := append([]int{outputs * groups, inputs}, kernel...)
	if !forth {
		weight = append([]int{inputs * groups, outputs}, kernel...)
	}
	w := m.add(node{leaf: []string{"Var", "Input", "Const"}[m.r.IntN(3)], dt: tensor.F32, value: m.draw(weight, tensor.F32), shape: weight})
	geometry := fmt.Sprintf("Stride: []int{%s}, Padding: []int{%s}, Dilation: []int{%s}, Groups: %d", args(stride...), args(padding...), args(dilation...), groups)
	if forth {
		o := tensor.ConvOptions{Stride: stride, Padding: padding, Dilation: dilation, Groups: groups}
		conv := []func(x, w *T, o tensor.ConvOptions) *T{(*T).Conv1d, (*T).Conv2d}[n-1]
		code := fmt.Sprintf("%%[1]s.Conv%dd(%%[2]s, tensor.ConvOptions{%s})", n, geometry)
		return "Conv", &step{code: code, op: binary(func(x, w *T) *T { return conv(x, w, o) }), ref: refConv(o)}, []int{x, w}
	}
	o := tensor.ConvTransposeOptions{Stride: stride, Padding: padding, Dilation: dilation, Groups: groups, OutputPadding: more}
	conv := []func(x, w *T, o tensor.ConvTransposeOptions) *T{(*T).ConvTranspose1d, (*T).ConvTranspose2d}[n-1]
	code := fmt.Sprintf("%%[1]s.ConvTranspose%dd(%%[2]s, tensor.ConvTransposeOptions{%s, OutputPadding: []int{%s}})", n, geometry, args(more...))
	return "ConvTranspose", &step{code: code, op: binary(func(x, w *T) *T { return conv(x, w, o) }), ref: refConvT(o)}, []int{x, w}
}

// turned transposes the last two axes.
func turned(a Array) Array {
	r := len(a.Shape)
	shape := slices.Clone(a.Shape)
	shape[r-1], shape[r-2] = shape[r-2], shape[r-1]
	return build(shape, func(at []int) float64 {
		at = slices.Clone(at)
		at[r-1], at[r-2] = at[r-2], at[r-1]
		return a.get(at)
	})
}
