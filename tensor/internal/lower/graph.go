// Package lower builds the graph that is compiled. It drops nodes that nothing needs, merges equal nodes, folds constants, and resolves
// views: each view becomes a layout of the memory of another node, or a copy if no layout can express it.
package lower

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/tensor/internal/ir"
)

// A Graph holds the nodes lowered so far.
type Graph struct {
	On     ir.Target
	Order  []*ir.Node // inputs first
	Number map[*ir.Node]int
	Where  map[*ir.Node]Place

	byKey map[string]*ir.Node
}

// A Place says where the elements of a node are, once views are resolved: a computed or stored base node, seen through a layout.
type Place struct {
	Base  *ir.Node
	View  ir.View
	After []*ir.Node // nodes that must be computed before this is read, if they are computed at all
}

// New returns an empty graph.
func New(on ir.Target) *Graph {
	return &Graph{On: on, Number: map[*ir.Node]int{}, Where: map[*ir.Node]Place{}, byKey: map[string]*ir.Node{}}
}

// Apply returns a node that applies the op to the inputs, or a simpler equivalent.
func (g *Graph) Apply(o ir.Op, in []*ir.Node) *ir.Node {
	r := g.simplify(o, in)
	if r == nil {
		r = g.Share(o, in)
	}
	if r.Kind == ir.After && len(r.In) > 1 { // the others become dependencies of the place and are no longer inputs
		p := g.Where[r]
		p.After = slices.Concat(p.After, r.In[1:])
		g.Where[r], r.In = p, r.In[:1]
	}
	return r
}

// simplify returns a simpler equivalent of an op on these inputs, or nil.
func (g *Graph) simplify(o ir.Op, in []*ir.Node) *ir.Node {
	full := func(i int) (float64, bool) {
		v, ok := in[i].Attr.(float64)
		return v, ok && in[i].Kind == ir.Full
	}
	is := func(i int, want float64) bool { v, ok := full(i); return ok && v == want }
	constant := func(v float64) *ir.Node { return g.Share(ir.FullOp(o.DType, v, o.Shape), nil) }

	switch {
	case o.View != nil && o.Kind != ir.After:
		if v, ok := o.View(ir.RowMajor(in[0].Shape)); ok && v.Contiguous() && slices.Equal(o.Shape, in[0].Shape) {
			return in[0] // taps, detached values and the like
		}
		if v, ok := full(0); ok && (o.Kind != ir.Pad || v == 0) {
			return constant(v)
		}
	case o.Fold != nil && len(in) > 0 && o.DType == ir.F32:
		vals := make([]float64, len(in))
		for i := range in {
			v, ok := full(i)
			if !ok {
				vals = nil
				break
			}
			vals[i] = v
		}
		if vals != nil {
			if v := o.Fold(vals...); !math.IsNaN(v) {
				return constant(v)
			}
		}
	case o.Reduce != nil && o.Reduce.Adds && o.DType == ir.F32:
		if v, ok := full(0); ok {
			return constant(v * float64(in[0].Shape[1]))
		}
	}
	switch {
	case o.Kind == ir.Sum && is(0, 0):
		return in[1]
	case (o.Kind == ir.Sum || o.Kind == ir.Diff) && is(1, 0):
		return in[0]
	case o.Kind == ir.Product && is(0, 1):
		return in[1]
	case (o.Kind == ir.Product || o.Kind == ir.Quotient) && is(1, 1):
		return in[0]
	case o.Kind == ir.Negation && in[0].Kind == ir.Negation:
		return in[0].In[0]
	}
	return g.inMemoryOrder(o, in)
}

// inMemoryOrder handles an elementwise op whose operands are all permuted in the same way. It computes the op in the order of the
// operands in memory, and permutes the result. Otherwise it returns nil.
func (g *Graph) inMemoryOrder(o ir.Op, in []*ir.Node) *ir.Node {
	if o.Emit == nil || o.Table {
		return nil
	}
	var as *ir.View
	for _, x := range in {
		p := g.Where[x]
		switch {
		case x.Kind == ir.Full:
		case as == nil && p.View.Permutes(p.Base.Len()):
			as = &p.View
		case as == nil || !slices.Equal(as.Strides, p.View.Strides) || !p.View.Permutes(p.Base.Len()):
			return nil
		}
	}
	if as == nil {
		return nil
	}
	n, strides := ir.Size(o.Shape), as.Strides
	flat := make([]*ir.Node, len(in))
	for i, x := range in {
		if x.Kind == ir.Full {
			flat[i] = g.Share(ir.FullOp(x.DType, x.Attr.(float64), []int{n}), nil)
			continue
		}
		flat[i] = g.Share(ir.ReshapeOp(x.DType, []int{n}), []*ir.Node{g.Where[x].Base})
	}
	plain, shape := o, o.Shape
	plain.Shape = []int{n}
	return g.Share(ir.Op{
		Name: "Permuted", Shape: shape, DType: o.DType, Attr: fmt.Sprint(strides),
		View: func(v ir.View) (ir.View, bool) {
			return ir.View{Shape: shape, Strides: strides, Offset: v.Offset}, v.Contiguous()
		},
	}, []*ir.Node{g.Share(plain, flat)})
}

// Share returns the one node that applies o to in.
func (g *Graph) Share(o ir.Op, in []*ir.Node) *ir.Node {
	var key strings.Builder
	fmt.Fprintf(&key, "%s|%d|%v|%v|%d", o.Name, o.Kind, o.Attr, o.Shape, o.DType)
	for _, x := range in {
		fmt.Fprintf(&key, "|%d", g.Number[x])
	}
	if t, ok := g.byKey[key.String()]; ok {
		return t
	}
	t := &ir.Node{Op: o, In: in}
	if o.View != nil {
		if _, ok := g.place(t); !ok {
			t.In = []*ir.Node{g.Share(ir.CopyOp(in[0].DType, in[0].Shape), in)}
		}
	}
	g.byKey[key.String()] = g.Add(t)
	return t
}

// Add numbers a new node and finds its place.
func (g *Graph) Add(t *ir.Node) *ir.Node {
	if _, ok := g.Number[t]; !ok {
		g.Number[t] = len(g.Number)
		g.Where[t], _ = g.place(t)
		g.Order = append(g.Order, t)
	}
	return t
}

func (g *Graph) place(t *ir.Node) (Place, bool) {
	if t.View == nil {
		return Place{Base: t, View: ir.RowMajor(t.Shape)}, true
	}
	p := g.Where[t.In[0]]
	v, ok := t.View(p.View)
	return Place{p.Base, v, p.After}, ok
}

// Whole returns t itself, or a contiguous copy if t is any other view of its base.
func (g *Graph) Whole(t *ir.Node) *ir.Node {
	if p := g.Where[t]; p.Base == t || p.View.Contiguous() && ir.Size(p.Base.Shape) == t.Len() {
		return t
	}
	return g.Copied(t)
}

// Resort restores the order of nodes, inputs first, after copies were inserted.
func (g *Graph) Resort() {
	g.Order = ir.InOrder(g.Order, func(t *ir.Node) []*ir.Node { return t.In })
}

// Base returns the node that holds the value of t.
func (g *Graph) Base(t *ir.Node) *ir.Node { return g.Where[t].Base }

// Copied returns a copy of t. If t is a variable, the copy has its value from before the run: the copy is a node like others, so the
// kernel that overwrites the variable runs after it.
func (g *Graph) Copied(t *ir.Node) *ir.Node {
	return g.Share(ir.CopyOp(t.DType, t.Shape), []*ir.Node{t})
}

// Live lists the nodes that roots need, in order.
func (g *Graph) Live(roots []*ir.Node) []*ir.Node {
	need := map[*ir.Node]bool{}
	for _, r := range roots {
		need[r] = true
	}
	var out []*ir.Node
	for _, t := range slices.Backward(g.Order) {
		if !need[t] {
			continue
		}
		out = append(out, t)
		for _, x := range t.In {
			need[x] = true
		}
	}
	slices.Reverse(out)
	return out
}
