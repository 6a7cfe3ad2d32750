package optest

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"genview/tensor"
)

func timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// A graph is a random program and its feeds.
type graph struct {
	seed    uint64
	nodes   []node // inputs first
	fetch   []int
	updates []update
	flat    []int           // variables that are parts of a flat one
	loss    *loss           // nil: no gradients
	feeds   []map[int]Array // for each run, of the inputs
}

// A node is a leaf, or a step applied to earlier nodes.
type node struct {
	leaf  string // Const, Var, Input, Iota or Full; empty for a step
	axis  int    // of Iota
	value Array  // of a leaf; for an input only the shape matters
	step  *step
	in    []int
	dt    tensor.DType
	shape []int
}

// A step is one op with its arguments.
type step struct {
	code  string // Go code, with %[1]s, … for the inputs
	op    func(in []*T) *T
	ref   func(in []Array) Array
	exact bool    // it only moves numbers, or rounds to whole ones
	tol   float64 // the tolerance of its row of the table
	ints  bool    // of that row: its gradient differs from that of the reference, which rounds
}

// An update gives a variable the value of a node.
type update struct{ v, value int }

// A world is a run of the reference. In all but the first world, each step adds an error of the size that a device may have. The
// differences between the worlds say how exact a result can be.
type world struct {
	g             *graph
	number        int
	values, state []Array
	fixed         map[int]Array // leaves that are replaced by other values
}

const (
	others = 3    // worlds besides the first
	off    = 3e-6 // relative error of a step in them
	far    = 1e-4 // relative error from which a result is not compared
	large  = 1e3  // absolute value from which a result is not compared
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

// eval computes node i. All nodes before it must have been computed.
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

// sound tells whether node i can be compared.
func (g *graph) sound(worlds []*world, i int, of func(*world) []Array) bool {
	for _, x := range of(worlds[0])[i].V {
		if math.IsNaN(x) || math.Abs(x) > large {
			return false
		}
	}
	size, noise := spread(worlds, i, of)
	return noise <= far*size
}
