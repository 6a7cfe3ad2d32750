package optest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"genview/tensor"
)

// A maker makes a graph.
type maker struct {
	*graph
	r      *rand.Rand
	dims   []int
	worlds []*world // of the first run
}

// makeGraph makes the graph of a seed.
func makeGraph(seed uint64) *graph {
	m := &maker{graph: &graph{seed: seed}, r: rand.New(rand.NewPCG(seed, 0))}
	m.feeds = []map[int]Array{{}}
	m.worlds = m.graph.worlds()
	m.dims = m.size()
	for range 2 + m.r.IntN(3) {
		m.addLeaf(m.shape(), m.kind())
	}
	for steps, patience := 3+m.r.IntN(10), 300; steps > 0 && patience > 0; patience-- {
		if m.tries() {
			steps--
		}
	}
	m.outputs()
	return m.graph
}

// size draws the sizes of axes. There are few, so that shapes fit together. Fusion begins with rows of 16.
func (m *maker) size() []int {
	some := [][]int{{3, 4, 2}, {5, 3, 2}, {4, 8, 3}, {8, 4, 4}, {16, 20, 2}, {17, 16, 3}, {20, 16, 1}, {7, 1, 3}, {33, 18, 2}, {64, 4, 3}, {2, 6, 5}}
	dims := slices.Clone(some[m.r.IntN(len(some))])
	if m.r.IntN(40) == 0 {
		dims = [][]int{{4100, 1}, {70, 64}, {16_384, 1}}[m.r.IntN(3)]
	}
	m.r.Shuffle(len(dims), func(i, j int) { dims[i], dims[j] = dims[j], dims[i] })
	return dims
}

// shape draws a shape of the graph's sizes.
func (m *maker) shape() []int {
	const most = 700
	if m.r.IntN(20) == 0 {
		return []int{}
	}
	if m.r.IntN(3) == 0 && len(m.nodes) > 0 {
		return m.nodes[m.r.IntN(len(m.nodes))].shape
	}
	shape := slices.Clone(m.dims[m.r.IntN(len(m.dims)):])
	if len(m.dims) == 2 {
		return slices.Clone(m.dims)
	}
	if m.r.IntN(4) == 0 {
		shape[m.r.IntN(len(shape))] = 1
	}
	if m.r.IntN(6) == 0 {
		shape = append([]int{1 + m.r.IntN(2)}, shape...)
	}
	for count(shape) > most {
		shape = shape[1:]
	}
	return shape
}

func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (m *maker) kind() string {
	return []string{"Var", "Var", "Var", "Var", "Const", "Input", "Input", "Full"}[m.r.IntN(8)]
}

// addLeaf makes a leaf of floats, or sometimes of another type.
func (m *maker) addLeaf(shape []int, kind string) int {
	if m.r.IntN(8) == 0 {
		dt := []tensor.DType{tensor.I32, tensor.Bool, tensor.F16, tensor.BF16}[m.r.IntN(4)]
		if dt == tensor.I32 {
			return m.indices(1+m.r.IntN(5), shape...)
		}
		return m.add(node{leaf: kindOf(kind, dt), dt: dt, value: m.draw(shape, dt), shape: shape})
	}
	return m.add(node{leaf: kind, dt: tensor.F32, value: m.fill(shape, kind), shape: shape})
}

// kindOf returns a kind of leaf that exists for the type.
func kindOf(kind string, dt tensor.DType) string {
	if kind == "Full" && dt != tensor.F32 {
		return "Const"
	}
	return kind
}

func (m *maker) fill(shape []int, kind string) Array {
	a := m.draw(shape, tensor.F32)
	if kind == "Full" {
		v := []float64{0, 1, 0.5, -2}[m.r.IntN(4)]
		for i := range a.V {
			a.V[i] = v
		}
	}
	return a
}

// draw draws values of a type; values for 16-bit types are exact in these.
func (m *maker) draw(shape []int, dt tensor.DType) Array {
	a := newArray(shape...)
	for i := range a.V {
		switch dt {
		case tensor.Bool:
			a.V[i] = float64(m.r.IntN(2))
		case tensor.F16, tensor.BF16:
			a.V[i] = float64(m.r.IntN(64)-32) / 8
		default:
			a.V[i] = m.r.NormFloat64()
		}
	}
	return a.Round()
}

// indices makes a leaf of whole numbers from −1 to n, partly out of range, or takes an existing one.
func (m *maker) indices(n int, shape ...int) int {
	if m.r.IntN(3) == 0 {
		for i, x := range m.nodes {
			if x.dt == tensor.I32 && slices.Equal(x.shape, shape) {
				return i
			}
		}
	}
	kind := []string{"Const", "Input", "Var", "Iota"}[m.r.IntN(4)]
	a := newArray(shape...)
	axis := 0
	if kind == "Iota" && len(shape) > 0 {
		axis = m.r.IntN(len(shape))
		a = build(shape, func(at []int) float64 { return float64(at[axis]) })
	} else {
		if kind == "Iota" {
			kind = "Const"
		}
		for i := range a.V {
			a.V[i] = float64(m.r.IntN(n+2) - 1)
			if m.r.IntN(4) > 0 {
				a.V[i] = float64(m.r.IntN(n))
			}
		}
	}
	return m.add(node{leaf: kind, axis: axis, dt: tensor.I32, value: a, shape: shape})
}

// add appends a node and computes it in all worlds.
func (m *maker) add(n node) int {
	i := len(m.nodes)
	m.nodes = append(m.nodes, n)
	if n.leaf == "Input" {
		m.feeds[0][i] = n.value
	}
	for _, w := range m.worlds {
		w.state = append(w.state, Array{})
		if n.leaf == "Var" {
			w.state[i] = n.value
		}
		w.values = append(w.values, w.eval(i, m.feeds[0]))
	}
	return i
}

// drop removes the nodes from the given number on.
func (m *maker) drop(from int) {
	for i := from; i < len(m.nodes); i++ {
		delete(m.feeds[0], i)
	}
	m.nodes = m.nodes[:from]
	for _, w := range m.worlds {
		w.values, w.state = w.values[:from], w.state[:from]
	}
}

// tries appends a random step, with the leaves that it needs. It returns false and removes everything again if the result cannot be
// compared.
func (m *maker) tries() bool {
	before := len(m.nodes)
	name, s, in := m.draws()
	if s == nil || m.apply(name, s, in...) < 0 {
		m.drop(before)
		return false
	}
	return true
}

// apply appends a step. It returns −1 if the result cannot be compared.
func (m *maker) apply(name string, s *step, in ...int) int {
	var ts []*T
	var as []Array
	for _, i := range in {
		n := m.nodes[i]
		ts = append(ts, constant(n.value, n.dt, n.shape))
		as = append(as, m.worlds[0].values[i])
	}
	y := s.op(ts)
	if y.Err() != nil {
		panic(fmt.Sprintf("seed %d: %s: %v", m.seed, name, y.Err()))
	}
	if y.Len() > 1<<15 {
		return -1
	}
	got := s.ref(as)
	if !slices.Equal(y.Shape(), got.Shape) && count(got.Shape)+len(got.Shape) > 1 {
		panic(fmt.Sprintf("seed %d: %s has the shape %v, want %v", m.seed, name, y.Shape(), got.Shape))
	}
	i := m.add(node{step: s, in: in, dt: y.DType(), shape: y.Shape()})
	if !m.sound(m.worlds, i, values) {
		m.drop(i)
		return -1
	}
	return i
}

// constant returns a constant of a type. If no values are known they are zeros.
func constant(a Array, dt tensor.DType, shape []int) *T {
	if len(a.V) == 0 {
		a = newArray(shape...)
	}
	if dt == tensor.F16 || dt == tensor.BF16 {
		return tensor.ConstAs(dt, host(a, tensor.F32).([]float32), shape...)
	}
	return tensor.Const(host(a, dt), shape...)
}

// pick draws a node for which ok is true, or returns −1 if there is none.
func (m *maker) pick(ok func(n node) bool) int {
	var all []int
	for i, n := range m.nodes {
		if ok(n) {
			all = append(all, i)
			if n.leaf == "" { // prefer computed nodes, and the last of them
				all = append(all, i)
			}
		}
	}
	if len(all) == 0 {
		return -1
	}
	if m.r.IntN(3) == 0 {
		return all[len(all)-1]
	}
	return all[m.r.IntN(len(all))]
}

func float(n node) bool { return n.dt == tensor.F32 }
