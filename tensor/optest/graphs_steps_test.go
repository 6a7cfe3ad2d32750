package optest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/tensor"
)

// Rows of the table whose ops take any shape. What stands before a colon has arguments.
const (
	unaries = "Neg Abs Sign Floor Square Ceil Trunc Round Reciprocal Expm1 Log1p Erf Sqrt Rsqrt Exp Log Sin Cos Tanh Sigmoid Softplus " +
		"ReLU LeakyReLU:0.2 GELU GELUTanh Mish ELU:1.5 SELU SiLU Clamp:-1,2 Hardtanh:-1,2 Scale:-3 Shift:2"
	binaries = "Pow Add Sub Mul Div Maximum Minimum Less LessEqual Greater GreaterEqual Equal NotEqual L1 MSE BCEWithLogits KLNormal KLDiv " +
		"Huber:0.7 Hinge:1 Add Sub Mul Add Mul"
	integers = "Add Sub Mul Maximum Minimum Less LessEqual Equal NotEqual"                 // for which they are right, too
	moving   = " Neg Abs Sign Floor Ceil Trunc Round ReLU Clamp Hardtanh Maximum Minimum " // exact ones
)

var byName = func() map[string]Case {
	all := map[string]Case{}
	for _, c := range Cases {
		all[c.Name] = c
	}
	return all
}()

// named is the step of an op of the table that is a method.
func named(entry string) *step {
	name, args, _ := strings.Cut(entry, ":")
	c := byName[name]
	code := "%[1]s." + name + "("
	if len(c.Dims[0]) == 2 {
		code += "%[2]s"
		if args != "" {
			code += ", "
		}
	}
	return &step{code: code + args + ")", op: c.Op, ref: c.Ref, exact: strings.Contains(moving, " "+name+" "), tol: c.Tol}
}

// whole rows of the table that need what a random graph does not give them.
var unfit = map[string]string{
	"SpectralNorm":    "it goes on until it converges, from a good beginning",
	"MatMul/infinite": "its numbers are infinite",
	"Sort/nan":        "it counts on its own shapes",

	"MatMul/f16 to f16": "its reference is right for whole numbers alone",
}

// draws draws a step with what it is applied to; nil if the graph has nothing for it.
func (m *maker) draws() (name string, s *step, in []int) {
	pickOne := func(words string) string {
		all := strings.Fields(words)
		return all[m.r.IntN(len(all))]
	}
	switch k := m.r.IntN(21); {
	case k < 3:
		if x := m.pick(float); x >= 0 {
			name = pickOne(unaries)
			return name, named(name), []int{x}
		}
	case k < 7:
		x := m.pick(float)
		if x < 0 {
			return "", nil, nil
		}
		y := m.partner(x)
		if m.r.IntN(2) == 0 {
			x, y = y, x
		}
		name = pickOne(binaries)
		return name, named(name), []int{x, y}
	case k < 11:
		return m.moves()
	case k < 14:
		return m.reduces()
	case k < 15:
		return m.multiplies()
	case k < 16:
		return m.looksUp()
	case k < 17:
		return m.chooses()
	case k < 18 && m.r.IntN(2) == 0:
		x := m.pick(func(n node) bool { return n.dt == tensor.I32 })
		if x < 0 {
			return "", nil, nil
		}
		y := m.pick(func(n node) bool { return n.dt == tensor.I32 && broadcasts(n.shape, m.nodes[x].shape) })
		name = pickOne(integers)
		return name, named(name), []int{x, y}
	case k < 18:
		return m.casts()
	case k < 19:
		return m.convolves()
	}
	return m.row()
}

// partner returns a node of floats that broadcasts with x: one that there is, or a new leaf.
func (m *maker) partner(x int) int {
	shape := m.nodes[x].shape
	y := m.pick(func(n node) bool { return float(n) && broadcasts(n.shape, shape) })
	if y < 0 || m.r.IntN(4) == 0 {
		other := slices.Clone(shape)
		for i := range other {
			if m.r.IntN(4) == 0 {
				other[i] = 1
			}
		}
		y = m.addLeaf(other[m.r.IntN(len(other)+1):], m.kind())
		if m.nodes[y].dt != tensor.F32 {
			y = m.apply("Cast", cast(m.nodes[y].dt, tensor.F32), y)
		}
	}
	return y
}

func broadcasts(a, b []int) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	for i, n := range b {
		if k := a[len(a)-len(b)+i]; n != k && n != 1 && k != 1 {
			return false
		}
	}
	return count(bcast(a, b)) <= 1<<15
}

// reduces draws a reduction, or what is made of some.
func (m *maker) reduces() (name string, s *step, in []int) {
	i := m.pick(func(n node) bool { return float(n) && len(n.shape) > 0 })
	if i < 0 {
		return "", nil, nil
	}
	in = []int{i}
	shape := m.nodes[i].shape
	var axes []int
	for a := range shape {
		if m.r.IntN(2) == 0 {
			axes = append(axes, a)
		}
	}
	last := len(shape) - 1
	if axes == nil || m.r.IntN(2) == 0 {
		axes = []int{last}
	}
	a := axes[0]
	keep := m.r.IntN(2) == 0
	suffix := ""
	if keep {
		suffix = "Keep"
	}
	reduction := func(name string, plain, kept func(x *T, axes ...int) *T, ref func([]Array) Array) (string, *step, []int) {
		op := plain
		if keep {
			op = kept
		}
		return name, &step{code: "%[1]s." + name + suffix + "(" + args(axes...) + ")", op: unary(func(x *T) *T { return op(x, axes...) }), ref: ref}, in
	}
	along := func(code string, op func(x *T) *T, ref func([]Array) Array) (string, *step, []int) {
		return code, &step{code: fmt.Sprintf("%%[1]s.%s(%d)", code, a), op: unary(op), ref: ref}, in
	}
	switch m.r.IntN(10) {
	case 0, 1, 2:
		return reduction("Sum", (*T).Sum, (*T).SumKeep, folded(0, add, keep, axes...))
	case 3, 4:
		return reduction("Mean", (*T).Mean, (*T).MeanKeep, scaled(folded(0, add, keep, axes...), average))
	case 5:
		return reduction("Max", (*T).Max, (*T).MaxKeep, folded(math.Inf(-1), larger, keep, axes...))
	case 6:
		return reduction("Min", (*T).Min, (*T).MinKeep, folded(math.Inf(1), smaller, keep, axes...))
	case 7:
		return along("Softmax", func(x *T) *T { return x.Softmax(a) }, refSoftmax(a))
	case 8:
		return along("LogSoftmax", func(x *T) *T { return x.LogSoftmax(a) }, func(in []Array) Array { return each(math.Log)([]Array{refSoftmax(a)(in)}) })
	}
	if d := shape[a]; d > 1 && keep {
		return "VarKeep", &step{code: "%[1]s.VarKeep(0, " + args(axes...) + ")", op: unary(func(x *T) *T { return x.VarKeep(0, axes...) }), ref: refVar(true, axes...)}, in
	}
	return along("CumSum", func(x *T) *T { return x.CumSum(a) }, func(in []Array) Array {
		return build(in[0].Shape, func(at []int) float64 {
			sum := 0.0
			for p := range at[a] + 1 {
				sum += in[0].get(with(at, a, p))
			}
			return sum
		})
	})
}

// multiplies draws a matrix product, with a part of the graph or with a leaf, either of them turned.
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

// convolves draws a convolution or a transposed one, of one axis or two, of any geometry: windows may have no data, and data no window.
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
		reach := dilation[i]*(kernel[i]-1) + 1
		if forth && size[i]+2*padding[i] < reach || !forth && ((size[i]-1)*stride[i]-2*padding[i]+reach+more[i] < 1 || more[i] >= max(stride[i], dilation[i])) {
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

// turned swaps the last two axes.
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

// looksUp draws a step that reads or adds where indices say.
func (m *maker) looksUp() (name string, s *step, in []int) {
	kind := m.r.IntN(4)
	i := m.pick(func(n node) bool { return (float(n) || kind < 3 && n.dt == tensor.I32) && len(n.shape) == 2 })
	if i < 0 || count(m.nodes[i].shape) > 2000 {
		return "", nil, nil
	}
	rows, cols := m.nodes[i].shape[0], m.nodes[i].shape[1]
	switch kind {
	case 0:
		at := m.indices(rows, m.dims[0], 2)
		return "Embedding", &step{
			code: "tensor.Embedding(%[2]s, %[1]s)", exact: true, op: binary(func(x, at *T) *T { return tensor.Embedding(at, x) }),
			ref: func(in []Array) Array {
				return build(append(slices.Clone(in[1].Shape), cols), func(p []int) float64 {
					return in[0].pick([]int{0, p[2]}, 0, in[1].get(p[:2]))
				})
			},
		}, []int{i, at}
	case 1:
		at := m.indices(cols, rows, 3)
		return "Gather", &step{
			code: "%[1]s.Gather(1, %[2]s)", exact: true, op: binary(func(x, at *T) *T { return x.Gather(1, at) }),
			ref: func(in []Array) Array {
				return build(in[1].Shape, func(p []int) float64 { return in[0].pick(p, 1, in[1].get(p)) })
			},
		}, []int{i, at}
	case 2:
		at := m.indices(cols, 5)
		return "IndexSelect", &step{
			code: "%[1]s.IndexSelect(1, %[2]s)", exact: true, op: binary(func(x, at *T) *T { return x.IndexSelect(1, at) }),
			ref: func(in []Array) Array {
				return build([]int{rows, 5}, func(p []int) float64 { return in[0].pick([]int{p[0], 0}, 1, in[1].V[p[1]]) })
			},
		}, []int{i, at}
	}
	y := m.pick(func(n node) bool { return float(n) && len(n.shape) == 2 && n.shape[0] <= rows })
	at := m.indices(cols, m.nodes[y].shape...)
	return "ScatterAdd", &step{
		code: "%[1]s.ScatterAdd(1, %[3]s, %[2]s)", op: func(in []*T) *T { return in[0].ScatterAdd(1, in[2], in[1]) },
		ref: func(in []Array) Array {
			out := Array{in[0].Shape, slices.Clone(in[0].V)}
			index(in[1].Shape, func(p []int) {
				if k := in[2].get(p); k >= 0 && int(k) < cols {
					out.V[p[0]*cols+int(k)] += in[1].get(p)
				}
			})
			return out
		},
	}, []int{i, y, at}
}

// chooses draws a step with a condition, or one that finds places.
func (m *maker) chooses() (name string, s *step, in []int) {
	if c := m.pick(func(n node) bool { return n.dt == tensor.Bool }); c >= 0 && m.r.IntN(3) > 0 {
		x := m.pick(func(n node) bool { return float(n) && broadcasts(n.shape, m.nodes[c].shape) })
		if x < 0 {
			return "", nil, nil
		}
		y := m.pick(func(n node) bool {
			return float(n) && broadcasts(n.shape, bcast(m.nodes[c].shape, m.nodes[x].shape))
		})
		if y < 0 {
			y = x
		}
		return "Where", &step{
			code: "tensor.Where(%[1]s, %[2]s, %[3]s)", exact: true, op: func(in []*T) *T { return tensor.Where(in[0], in[1], in[2]) },
			ref: func(in []Array) Array {
				return build(bcast(in[0].Shape, in[1].Shape, in[2].Shape), func(at []int) float64 {
					if in[0].get(at) != 0 {
						return in[1].get(at)
					}
					return in[2].get(at)
				})
			},
		}, []int{c, x, y}
	}
	x := m.pick(func(n node) bool { return float(n) && len(n.shape) == 2 && count(n.shape) <= 2000 })
	if x < 0 {
		return "", nil, nil
	}
	switch m.r.IntN(3) {
	case 0:
		return "ArgMax", &step{code: "%[1]s.ArgMax(1)", exact: true, op: unary(func(x *T) *T { return x.ArgMax(1) }), ref: byName["ArgMax"].Ref}, []int{x}
	case 1:
		return "Sort", &step{code: "values(%[1]s.Sort(1, true))", exact: true, op: unary(func(x *T) *T { return first(x.Sort(1, true)) }), ref: refSort(true, false, 0)}, []int{x}
	}
	return "Sort", &step{code: "indices(%[1]s.Sort(1, false))", exact: true, op: unary(func(x *T) *T { return second(x.Sort(1, false)) }), ref: refSort(false, true, 0)}, []int{x}
}

// casts draws a step from one type to another.
func (m *maker) casts() (name string, s *step, in []int) {
	x := m.pick(func(n node) bool { return n.dt != tensor.F32 || m.r.IntN(3) == 0 })
	if x < 0 {
		return "", nil, nil
	}
	to := tensor.F32
	if m.nodes[x].dt == tensor.F32 {
		to = []tensor.DType{tensor.I32, tensor.Bool}[m.r.IntN(2)]
	}
	return "Cast", cast(m.nodes[x].dt, to), []int{x}
}

func cast(from, to tensor.DType) *step {
	ref := func(x float64) float64 { return x }
	switch to {
	case tensor.I32:
		ref = math.Trunc
	case tensor.Bool:
		ref = func(x float64) float64 { return bit(x != 0) }
	}
	return &step{
		code: "%[1]s.Cast(tensor." + strings.ToUpper(to.String()[:1]) + to.String()[1:] + ")", exact: true,
		op: unary(func(x *T) *T { return x.Cast(to) }), ref: each(ref),
	}
}

// row draws a small row of the table. Its inputs are nodes, if need be brought into shape, and leaves.
func (m *maker) row() (name string, s *step, in []int) {
	const most = 600
	c := Cases[m.r.IntN(len(Cases))]
	shapes := c.Dims[m.r.IntN(len(c.Dims))]
	if unfit[c.Name] != "" {
		return "", nil, nil
	}
	total := 0
	for _, d := range shapes {
		total += count(d)
	}
	if total > most {
		return "", nil, nil
	}
	drawn := c.Draw(m.r, shapes)
	computed := m.r.IntN(len(shapes))
	for k, d := range shapes {
		x := -1
		if k == computed || m.r.IntN(4) == 0 {
			x = m.shaped(d)
		}
		if x < 0 {
			x = m.add(node{leaf: []string{"Var", "Const", "Input"}[m.r.IntN(3)], dt: tensor.F32, value: drawn[k], shape: d})
		}
		in = append(in, x)
	}
	var list []string
	for k := range shapes {
		list = append(list, fmt.Sprintf("%%[%d]s", k+1))
	}
	return c.Name, &step{code: fmt.Sprintf("op(%q)(%s)", c.Name, strings.Join(list, ", ")), op: c.Op, ref: c.Ref, exact: c.Tol == exact, tol: c.Tol, ints: c.Ints}, in
}

// shaped returns a node of floats of a shape: one that has it, or views of one.
func (m *maker) shaped(shape []int) int {
	if x := m.pick(func(n node) bool { return float(n) && slices.Equal(n.shape, shape) }); x >= 0 {
		return x
	}
	n := count(shape)
	x := m.pick(func(o node) bool { return float(o) && 2*count(o.shape) >= n })
	if x < 0 {
		return -1
	}
	have := count(m.nodes[x].shape)
	x = m.apply("Reshape", reshape([]int{have}), x)
	switch {
	case x < 0:
	case have > n:
		x = m.apply("Slice", move(fmt.Sprintf("%%[1]s.Slice(0, %d, %d)", have-n, have), func(x *T) *T { return x.Slice(0, have-n, have) }, []int{n}, 0, func(at []int) []int {
			return []int{at[0] + have - n}
		}), x)
	case have < n:
		more := n - have
		x = m.apply("PadReplicate", move(fmt.Sprintf("%%[1]s.PadReplicate(0, 0, %d)", more), func(x *T) *T { return x.PadReplicate(0, 0, more) }, []int{n}, 0, func(at []int) []int {
			return []int{min(at[0], have-1)}
		}), x)
	}
	if x < 0 { // a part of it is too small for how exact it is
		return x
	}
	return m.apply("Reshape", reshape(shape), x)
}
