package optest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
)

// descent marks an update that moves a variable one step down the loss.
const descent = -1

// rate is the length of that step.
const rate = 0.125

// A loss is a weighted sum of a node's elements, and the nodes with respect to which it is differentiated.
type loss struct {
	of      int
	weights Array
	xs      []int
	second  []Array // directions along which the first gradient is differentiated again; nil: not
	kinks   int     // directions in which finite differences showed that the loss is not smooth
}

// differentiate chooses a loss.
func (m *maker) differentiate() {
	of := m.pick(func(n node) bool { return float(n) && n.leaf == "" && count(n.shape) <= 2000 })
	if of < 0 || m.r.IntN(4) == 0 {
		return
	}
	need := m.ancestors(of)
	var xs []int
	for i, n := range m.nodes {
		if need[i] && n.step != nil && n.step.ints {
			return
		}
		if need[i] && (float(n) || n.dt == tensor.F16 || n.dt == tensor.BF16) && (n.leaf == "Var" || n.leaf == "Const" || n.leaf == "Input") {
			xs = append(xs, i)
		}
	}
	if len(xs) == 0 {
		return
	}
	m.r.Shuffle(len(xs), func(i, j int) { xs[i], xs[j] = xs[j], xs[i] })
	xs = xs[:min(len(xs), 1+m.r.IntN(3))]
	slices.Sort(xs)
	l := &loss{of: of, weights: m.draw(m.nodes[of].shape, tensor.F32), xs: xs}
	if m.r.IntN(2) == 0 {
		for _, x := range xs {
			l.second = append(l.second, m.draw(m.nodes[x].shape, tensor.F32))
		}
	}
	m.loss = l
}

// ancestors returns the given nodes and all nodes that they are computed from.
func (g *graph) ancestors(of ...int) map[int]bool {
	need := map[int]bool{}
	var visit func(i int)
	visit = func(i int) {
		if !need[i] {
			need[i] = true
			for _, j := range g.nodes[i].in {
				visit(j)
			}
		}
	}
	for _, i := range of {
		visit(i)
	}
	return need
}

// descended returns the variable that goes down the loss, or −1.
func (g *graph) descended() int {
	for _, u := range g.updates {
		if u.value == descent {
			return u.v
		}
	}
	return -1
}

// A probe evaluates the loss at shifted leaves.
type probe struct {
	g     *graph
	l     *loss
	w     *world
	feed  map[int]Array
	nodes []int
	at    []Array // the values of the xs
}

func (l *loss) probe(g *graph, state []Array, r int) *probe {
	p := &probe{g: g, l: l, w: &world{g: g, state: state, fixed: map[int]Array{}}, feed: g.feeds[r]}
	p.w.values = make([]Array, len(g.nodes))
	for i := range g.ancestors(l.of) {
		p.nodes = append(p.nodes, i)
	}
	slices.Sort(p.nodes)
	for _, x := range l.xs {
		p.at = append(p.at, p.w.eval(x, p.feed))
	}
	return p
}

// loss returns the loss at x + a·u + b·v, for all x.
func (p *probe) loss(u []Array, a float64, v []Array, b float64) float64 {
	for k, x := range p.l.xs {
		moved := p.at[k]
		if u != nil {
			moved = moved.Plus(u[k], a)
		}
		if v != nil {
			moved = moved.Plus(v[k], b)
		}
		p.w.fixed[x] = moved
	}
	for _, i := range p.nodes {
		p.w.values[i] = p.w.eval(i, p.feed)
	}
	return Dot(p.l.weights, p.w.values[p.l.of])
}

// slope is the derivative along u by finite differences; ok tells whether the loss is smooth there.
func (p *probe) slope(u []Array) (d float64, ok bool) {
	const h = 2e-3
	mid := p.loss(u, 0, nil, 0)
	wide := [2]float64{p.loss(u, h, nil, 0), p.loss(u, -h, nil, 0)}
	near := [2]float64{p.loss(u, h/2, nil, 0), p.loss(u, -h/2, nil, 0)}
	d1, d2 := (wide[0]-wide[1])/(2*h), (near[0]-near[1])/h
	d = (4*d2 - d1) / 3
	// At a kink, second differences do not shrink with the square of h; at a jump, first differences do not shrink.
	bend := (wide[0] - 2*mid + wide[1] - 4*(near[0]-2*mid+near[1])) / h
	size := math.Abs(d) + math.Abs(mid) + 1e-2
	return d, math.Abs(d1-d2) < 1e-3*size && math.Abs(bend) < 1e-4*size
}

// curve is the second derivative along u and v.
func (p *probe) curve(u, v []Array) (d float64, ok bool) {
	mixed := func(h float64) float64 {
		return (p.loss(u, h, v, h) - p.loss(u, h, v, -h) - p.loss(u, -h, v, h) + p.loss(u, -h, v, -h)) / (4 * h * h)
	}
	const h = 4e-3
	d1, d2 := mixed(h), mixed(h/2)
	d = (4*d2 - d1) / 3
	return d, math.Abs(d1-d2) < 1e-3*(math.Abs(d)+1e-2)
}

// descend returns the value of variable v after a step down the loss. If the loss is not smooth there, the value is NaN.
func (l *loss) descend(w *world, v, r int) Array {
	p := l.probe(w.g, w.state, r)
	k := slices.Index(l.xs, v)
	var u []Array
	for _, x := range l.xs {
		u = append(u, newArray(w.g.nodes[x].shape...))
	}
	out := Array{w.state[v].Shape, slices.Clone(w.state[v].V)}
	for i := range out.V {
		u[k].V[i] = 1
		d, ok := p.slope(u)
		if !ok {
			d = math.NaN()
		}
		out.V[i] -= rate * d
		u[k].V[i] = 0
	}
	return out
}

// check compares the gradients of a run with finite differences of the reference.
func (l *loss) check(g *graph, b *built, prog *tensor.Program, before []Array, r int) error {
	p := l.probe(g, before, r)
	draw := func(seed uint64) (u []Array) {
		rng := rand.New(rand.NewPCG(g.seed, seed))
		for _, x := range l.xs {
			u = append(u, Noise(rng, g.nodes[x].shape))
		}
		return u
	}
	hold := func(what string, ts []*T, u []Array, want, tol float64) error {
		var grads [][]float32
		for _, t := range ts {
			v := make([]float32, t.Len())
			if err := prog.Fetch(t, v); err != nil {
				return err
			}
			grads = append(grads, v)
		}
		return along(what, grads, u, want, tol)
	}
	for seed := range uint64(2) {
		u := draw(seed)
		want, ok := p.slope(u)
		if !ok {
			l.kinks++
			continue
		}
		if err := hold("the gradient", b.grads, u, want, 1e-3); err != nil {
			return err
		}
	}
	if l.second == nil {
		return nil
	}
	u := draw(2)
	want, ok := p.curve(l.second, u)
	if _, smooth := p.slope(l.second); !ok || !smooth {
		l.kinks++
		return nil
	}
	return hold("the second gradient", b.hess, u, want, 4e-3)
}

// along compares the derivative along u that gradients give with the finite one that is wanted. Rounding errors are as large as the
// products that are added, so the tolerance is relative to their absolute values. An element that is no finite number is an error of its
// own, because it would make the tolerance infinite or NaN.
func along(what string, grads [][]float32, u []Array, want, tol float64) error {
	got, size := 0.0, 1e-2+math.Abs(want)
	for k, v := range grads {
		for i, x := range v {
			if x := float64(x); math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("element %d of %s by x %d is %v, want a finite number", i, what, k, x)
			}
			got += float64(x) * u[k].V[i]
			size += math.Abs(float64(x) * u[k].V[i])
		}
	}
	if d := math.Abs(got - want); !(d <= tol*size) {
		return fmt.Errorf("%s, along a direction: got %v, want %v (± %.1g)", what, got, want, tol*size)
	}
	return nil
}

// TestAlong checks what the comparison of gradients lets pass.
func TestAlong(t *testing.T) {
	u := []Array{{[]int{2}, []float64{1, -2}}}
	for _, c := range []struct {
		grad []float32
		want float64
		err  string // "": it passes
	}{
		{[]float32{3, 1}, 1, ""},
		{[]float32{3, 1}, 1.1, "along a direction"},
		{[]float32{3, float32(math.NaN())}, 1, "element 1 of the gradient by x 0 is NaN"},
		{[]float32{float32(math.Inf(1)), 1}, 1, "element 0 of the gradient by x 0 is +Inf"},
		{[]float32{float32(math.Inf(1)), float32(math.Inf(1))}, 1, "element 0"},
	} {
		err := along("the gradient", [][]float32{c.grad}, u, c.want, 1e-3)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v against %v: %v, want the error %q", c.grad, c.want, err, c.err)
		}
	}
}
