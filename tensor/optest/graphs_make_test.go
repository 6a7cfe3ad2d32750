package optest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"genview/tensor"
)

func timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// A graph is a random program and what it is fed with.
type graph struct {
	seed    uint64
	nodes   []node // inputs first
	fetch   []int
	updates []update
	flat    []int           // variables that are parts of a flat one
	loss    *loss           // nil: no gradients
	feeds   []map[int]Array // for each run, of the inputs
}

// A node is a leaf or a step applied to nodes before it.
type node struct {
	leaf  string // Const, Var, Input, Iota or Full; empty for a step
	axis  int    // of Iota
	value Array  // of a leaf; of an input only the shape counts
	step  *step
	in    []int
	dt    tensor.DType
	shape []int
}

// A step is one op with its arguments.
type step struct {
	code  string // Go, with %[1]s, … for what it is applied to
	op    func(in []*T) *T
	ref   func(in []Array) Array
	exact bool    // it only moves numbers, or rounds to whole ones
	tol   float64 // of the row of the table
	ints  bool    // of that row: its gradient is not that of the reference, which rounds
}

// An update gives a variable the value of a node.
type update struct{ v, value int }

// A world is the reference's run of a graph. In all but the first, each result of a step is off by as much as a device may be: how
// far the worlds are apart says how exact a result can be.
type world struct {
	g             *graph
	number        int
	values, state []Array
	fixed         map[int]Array // leaves that are something else
}

const (
	others = 3    // worlds besides the first
	off    = 3e-6 // relative error of a step in them
	far    = 1e-4 // relative error of a result that is no good for comparison
	large  = 1e3  // size of a result that is none
)

func (g *graph) world(number int) *world {
	w := &world{g: g, number: number, state: make([]Array, len(g.nodes))}
	for i, n := range g.nodes {
		if n.leaf == "Var" {
			w.state[i] = n.value
		}
	}
	return w
}

func (g *graph) worlds() []*world {
	var ws []*world
	for i := range 1 + others {
		ws = append(ws, g.world(i))
	}
	return ws
}

// eval computes node i, of which all before are known.
func (w *world) eval(i int, feed map[int]Array) Array {
	n := w.g.nodes[i]
	if a, ok := w.fixed[i]; ok {
		return a
	}
	switch n.leaf {
	case "Var":
		return w.state[i]
	case "Input":
		return feed[i]
	case "":
	default:
		return n.value
	}
	in := make([]Array, len(n.in))
	for k, j := range n.in {
		in[k] = w.values[j]
	}
	y := n.step.ref(in)
	y.Shape = n.shape
	if w.number == 0 || n.step.exact || n.dt != tensor.F32 {
		return y
	}
	r := rand.New(rand.NewPCG(w.g.seed, uint64(8*i+w.number)))
	top := 0.0
	for _, x := range y.V {
		top = max(top, math.Abs(x))
	}
	y.V = slices.Clone(y.V)
	size := max(off, n.step.tol/3)
	for k, x := range y.V {
		y.V[k] = x + size*float64(2*r.IntN(2)-1)*(math.Abs(x)+0.1*top)
	}
	return y
}

// run computes all nodes with the feed of a run, and then gives variables their new values.
func (w *world) run(r int) {
	w.values = make([]Array, 0, len(w.g.nodes))
	for i := range w.g.nodes {
		w.values = append(w.values, w.eval(i, w.g.feeds[r]))
	}
	state := slices.Clone(w.state)
	for _, u := range w.g.updates {
		if u.value == descent {
			continue
		}
		state[u.v] = w.values[u.value]
		if slices.Contains(w.g.flat, u.v) {
			state[u.v] = w.values[u.value].Plus(w.state[u.v], 0.5)
		}
	}
	if d := w.g.descended(); d >= 0 {
		state[d] = w.g.loss.descend(w, d, r)
	}
	w.state = state
}

// sound tells whether what node i is can be compared.
func (g *graph) sound(worlds []*world, i int, of func(*world) []Array) bool {
	for _, x := range of(worlds[0])[i].V {
		if math.IsNaN(x) || math.Abs(x) > large {
			return false
		}
	}
	size, noise := spread(worlds, i, of)
	return noise <= far*size
}

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

// size draws the sizes that axes have, few of them, so that shapes fit together. Fusion begins with rows of 16.
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

// addLeaf makes a leaf of floats, or now and then of another type.
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

// kindOf is a kind of leaf that there is of the type.
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

// draw draws values of a type: 16 bits hold those of theirs.
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

// indices makes a leaf of whole numbers from −1 to n, of which some are not there, or takes one that there is.
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

// drop takes the nodes from the given number on away again.
func (m *maker) drop(from int) {
	for i := from; i < len(m.nodes); i++ {
		delete(m.feeds[0], i)
	}
	m.nodes = m.nodes[:from]
	for _, w := range m.worlds {
		w.values, w.state = w.values[:from], w.state[:from]
	}
}

// tries appends a random step, with the leaves that it needs, and tells whether what comes out can be compared: if not, all is as before.
func (m *maker) tries() bool {
	before := len(m.nodes)
	name, s, in := m.draws()
	if s == nil || m.apply(name, s, in...) < 0 {
		m.drop(before)
		return false
	}
	return true
}

// apply appends a step; −1 if what comes out cannot be compared.
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

// constant is a constant of a type, of zeros where no values are known.
func constant(a Array, dt tensor.DType, shape []int) *T {
	if len(a.V) == 0 {
		a = newArray(shape...)
	}
	if dt == tensor.F16 || dt == tensor.BF16 {
		return tensor.ConstAs(dt, host(a, tensor.F32).([]float32), shape...)
	}
	return tensor.Const(host(a, dt), shape...)
}

// pick draws one of the nodes that are ok; −1 if none is.
func (m *maker) pick(ok func(n node) bool) int {
	var all []int
	for i, n := range m.nodes {
		if ok(n) {
			all = append(all, i)
			if n.leaf == "" { // rather what was computed, and rather what was computed last
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

// outputs chooses what is fetched, updated and differentiated.
func (m *maker) outputs() {
	last := len(m.nodes) - 1
	m.fetch = []int{last}
	m.differentiate()
	m.update()
	for range m.r.IntN(4) {
		m.fetch = append(m.fetch, m.r.IntN(len(m.nodes)))
	}
	for _, u := range m.updates {
		if m.r.IntN(2) == 0 {
			m.fetch = append(m.fetch, u.v)
		}
	}
	slices.Sort(m.fetch)
	m.fetch = slices.Compact(m.fetch)
	m.repeat()
}

// update chooses updates of variables: swaps and chains, steps that can be made in place, values of any node.
func (m *maker) update() {
	done := map[int]bool{}
	set := func(v, value int) {
		if value == descent || !done[v] && value >= 0 && m.nodes[v].dt == m.nodes[value].dt && slices.Equal(m.nodes[v].shape, m.nodes[value].shape) {
			m.updates = append(m.updates, update{v, value})
			done[v] = true
		}
	}
	if m.loss != nil && m.r.IntN(4) == 0 {
		for _, x := range m.loss.xs {
			if m.nodes[x].leaf == "Var" && float(m.nodes[x]) && count(m.nodes[x].shape) <= 40 {
				set(x, descent)
				break
			}
		}
	}
	for v := range len(m.nodes) {
		if n := m.nodes[v]; n.leaf != "Var" || done[v] || m.r.IntN(4) == 0 {
			continue
		}
		like := func(n node) bool { return n.dt == m.nodes[v].dt && slices.Equal(n.shape, m.nodes[v].shape) }
		switch m.r.IntN(6) {
		case 0: // another variable as it is, or what it is at the end of a chain
			w := m.pick(func(n node) bool { return n.leaf == "Var" && like(n) })
			set(v, w)
			if m.r.IntN(2) == 0 {
				set(w, v)
			}
		case 1, 2: // a step like an optimizer's
			if x := m.pick(like); m.nodes[v].dt == tensor.F32 {
				momentum := m.apply("momentum", &step{
					code: "%[1]s.Scale(0.5).Add(%[2]s.Scale(0.25))",
					op:   func(in []*T) *T { return in[0].Scale(0.5).Add(in[1].Scale(0.25)) },
					ref:  both(func(x, y float64) float64 { return x/2 + y/4 }),
				}, v, x)
				if momentum < 0 {
					momentum = x
				}
				set(v, momentum)
				if w := m.pick(func(n node) bool { return n.leaf == "Var" && like(n) }); w != v {
					set(w, momentum)
				}
			}
		case 3: // itself in another order
			if len(m.nodes[v].shape) > 0 {
				set(v, m.apply("Flip", flip(0), v))
			}
		default:
			set(v, m.pick(like))
		}
	}
	m.flatten(done)
}

// flatten makes some of the variables parts of a flat one, which is then updated instead of them.
func (m *maker) flatten(done map[int]bool) {
	if m.r.IntN(4) > 0 {
		return
	}
	for v, n := range m.nodes {
		if n.leaf == "Var" && n.dt == tensor.F32 && m.r.IntN(3) > 0 && (m.descended() != v) {
			m.flat = append(m.flat, v)
			if !done[v] {
				m.updates = append(m.updates, update{v, v})
			}
		}
	}
}

// repeat adds runs, with other feeds, as long as what they give can be compared.
func (m *maker) repeat() {
	for range m.r.IntN(3) {
		feed := map[int]Array{}
		for i, n := range m.nodes {
			if n.leaf == "Input" {
				feed[i] = n.value
				if n.dt != tensor.I32 && m.r.IntN(2) == 0 {
					feed[i] = m.draw(n.shape, n.dt)
				}
			}
		}
		m.feeds = append(m.feeds, feed)
	}
	for !m.rehearsed() {
	}
}

// rehearsed runs the reference. It cuts off runs, or in the first run updates, that give what cannot be compared; false: it must begin
// again.
func (m *maker) rehearsed() bool {
	worlds := m.graph.worlds()
	for r := range m.feeds {
		for _, w := range worlds {
			w.run(r)
		}
		for i := range m.nodes {
			if !m.sound(worlds, i, values) {
				m.feeds = m.feeds[:r]
				return true
			}
		}
		for k, u := range m.updates {
			switch {
			case m.sound(worlds, u.v, states):
			case r > 0:
				m.feeds = m.feeds[:r]
				return true
			case slices.Contains(m.flat, u.v) && u.value != u.v:
				m.updates[k].value = u.v
				return false
			default:
				m.updates = slices.Delete(m.updates, k, k+1)
				m.flat = slices.DeleteFunc(m.flat, func(v int) bool { return v == u.v })
				return false
			}
		}
	}
	return true
}
