package optest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/tensor"
)

// Rows of the table whose ops take any shape. An entry is a name, or a name, a colon and arguments.
const (
	unaries = "Neg Abs Sign Floor Square Ceil Trunc Round Reciprocal Expm1 Log1p Erf Sqrt Rsqrt Exp Log Sin Cos Tanh Sigmoid Softplus " +
		"ReLU LeakyReLU:0.2 GELU GELUTanh Mish ELU:1.5 SELU SiLU Clamp:-1,2 Hardtanh:-1,2 Scale:-3 Shift:2"
	binaries = "Pow Add Sub Mul Div Maximum Minimum Less LessEqual Greater GreaterEqual Equal NotEqual L1 MSE BCEWithLogits KLNormal KLDiv " +
		"Huber:0.7 Hinge:1 Add Sub Mul Add Mul"
	integers = "Add Sub Mul Maximum Minimum Less LessEqual Equal NotEqual"                 // ops that are also right for integers
	moving   = " Neg Abs Sign Floor Ceil Trunc Round ReLU Clamp Hardtanh Maximum Minimum " // ops that are exact
)

var byName = func() map[string]Case {
	all := map[string]Case{}
	for _, c := range Cases {
		all[c.Name] = c
	}
	return all
}()

// named returns the step of an op of the table that is a method.
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

// unfit are rows of the table that need inputs that a random graph does not have.
var unfit = map[string]string{
	"SpectralNorm":    "it goes on until it converges, from a good beginning",
	"MatMul/infinite": "its numbers are infinite",
	"Sort/nan":        "it counts on its own shapes",

	"MatMul/f16 to f16": "its reference is right for whole numbers alone",
}

// draws draws a step and its inputs, or nil if the graph has no inputs for it.
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

// partner returns a node of floats that broadcasts with x: an existing node or a new leaf.
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

// reduces draws a reduction, or an op that is composed of reductions.
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

// row draws a small row of the table. Its inputs are leaves, and nodes that are reshaped if necessary.
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

// shaped returns a node of floats of a shape: an existing node, or views of one.
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
	if x < 0 { // a part of the node is too small relative to its error
		return x
	}
	return m.apply("Reshape", reshape(shape), x)
}
