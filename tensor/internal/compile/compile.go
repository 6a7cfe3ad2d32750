// Package compile turns a graph into a list of dispatches, and plans the memory of all values between them. It touches no device.
package compile

import (
	"fmt"
	"slices"

	"genview/tensor/internal/codegen"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/tensor/internal/lower"
	"genview/vk"
)

// Order is the pass that lets products write their results in the order in which they are read. The other passes belong to package fuse.
const Order fuse.Pass = "order"

// Options say how a graph is compiled.
type Options struct {
	Without []fuse.Pass  // the passes to leave out
	Pick    codegen.Pick // chooses among the kernels of products; nil: the rule
}

// An Update gives a variable a new value at the end of a run.
type Update struct{ Var, Value *ir.Node }

// A Program is a graph on its way through the passes. The caller adds nodes to Graph and passes them to Fetch and Update; then Plan does
// the rest.
type Program struct {
	Options
	Graph   *lower.Graph
	Fetched []*ir.Node // the fetched nodes, or the nodes that hold their values
	Updated []Update   // the updates that change anything
	Fused   *fuse.Fusion
	InPlace map[*ir.Node]*ir.Node // the values that overwrite the variable which they update
	Scratch int                   // the bytes of values between kernels
	Results int                   // the bytes of fetched values

	announced   []*ir.Node               // the variables that will be updated
	allocations map[*ir.Node]*allocation // the lifetimes of values in scratch memory
	kept        map[*ir.Node]int         // the offsets of results in the memory of results
	inPack      map[*ir.Node]*ir.Node    // the pack of each part and of each pack
	names       map[*ir.Node]string      // the names of stored nodes in listings
}

// New returns an empty program.
func New(on ir.Target, o Options) *Program {
	return &Program{
		Options: o, Graph: lower.New(on), InPlace: map[*ir.Node]*ir.Node{},
		allocations: map[*ir.Node]*allocation{}, kept: map[*ir.Node]int{}, names: map[*ir.Node]string{},
	}
}

// Fetch makes the program keep the value of t.
func (c *Program) Fetch(t *ir.Node) {
	r := c.Graph.Whole(t)
	if c.Graph.Base(r).Kind == ir.Var { // if this program does not update it, another may do so before it is fetched
		r = c.Graph.Copied(r)
	}
	c.Fetched = append(c.Fetched, r)
}

// WillUpdate announces the variables that will be passed to Update.
func (c *Program) WillUpdate(vars []*ir.Node) { c.announced = vars }

// Update makes the program give a variable a new value.
func (c *Program) Update(v, value *ir.Node) {
	r := c.Graph.Whole(value)
	b := c.Graph.Base(r)
	if b == v { // the value does not change
		return
	}
	if slices.ContainsFunc(c.announced, func(u *ir.Node) bool { return ir.SameMemory(b, u) }) {
		r = c.Graph.Copied(r)
	}
	c.Updated = append(c.Updated, Update{v, r})
}

// Plan runs the passes. It returns an error if a node needs more bindings than the device has.
func (c *Program) Plan() error {
	roots := c.roots()
	g := c.Graph
	g.Layouts(roots)
	g.Narrow(roots)
	if !slices.Contains(c.Without, Order) {
		g.Reorder(roots)
	}
	c.inPack = g.Packs(roots)
	if err := c.fuse(roots); err != nil {
		return err
	}
	c.updateInPlace()
	c.Results = c.keep()
	c.Scratch = c.lifetimes()
	return nil
}

func (c *Program) roots() []*ir.Node {
	roots := slices.Clone(c.Fetched)
	for _, u := range c.Updated {
		roots = append(roots, u.Value)
	}
	return roots
}

// fuse distributes the nodes to units. If a unit binds more buffers than the device can, its nodes get units of half as many nodes, and
// the other units stay the same.
func (c *Program) fuse(roots []*ir.Node) error {
	for most := map[*ir.Node]int{}; ; {
		c.Fused = fuse.Units(c.Graph, roots, most, c.Without)
		fit := true
		for _, u := range c.Fused.Units {
			over := c.excess(u)
			if over == nil {
				continue
			}
			if !c.Fused.Halve(u) {
				return over
			}
			fit = false
		}
		if fit {
			return nil
		}
	}
}

// excess returns an error if a unit binds more than the device can, or nil.
func (c *Program) excess(u *fuse.Unit) error {
	if u.Node != nil && u.Node.Pack != nil { // a pack is no dispatch
		return nil
	}
	// This is an upper bound: an input may be bound twice, once for reading scalars and once for reading four consecutive elements.
	on, l := c.Graph.On, c.Graph.On.Info.Limits
	buffers, texels := 0, 0
	for _, t := range c.reads(u) {
		if on.CPU {
			texels += ir.Up(t.InQuads(), on.Room(codegen.Texel(t, 4))) + ir.Up(t.InQuads(), on.Room(codegen.Texel(t, 1)))
		} else {
			buffers += 2 * ir.Up(t.InQuads(), on.Room(0))
		}
	}
	for _, t := range u.Outs {
		buffers += ir.Up(t.InQuads(), on.Room(0))
	}
	if buffers <= l.MaxBuffers && texels <= l.MaxTexelBuffers {
		return nil
	}
	buffers, texels = codegen.Generate(c.Fused, u, on, c.Pick).Module.Buffers()
	if buffers <= l.MaxBuffers && texels <= l.MaxTexelBuffers {
		return nil
	}
	largest := slices.MaxFunc(append(c.reads(u), u.Outs...), func(a, b *ir.Node) int { return a.InQuads() - b.InQuads() })
	return fmt.Errorf("tensor: %s needs %d buffers and %d texel buffers at once, of which the device takes %d and %d: %v alone has %s, of which "+
		"one holds %s; smaller tensors need fewer", u.Title(), buffers, texels, l.MaxBuffers, l.MaxTexelBuffers, largest.Shape,
		vk.Bytes(int64(largest.InQuads())), vk.Bytes(int64(on.Room(0))))
}

// reads lists the stored nodes that a unit reads.
func (c *Program) reads(u *fuse.Unit) []*ir.Node {
	var out []*ir.Node
	add := func(t *ir.Node) {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for t := range u.Stops {
		add(t)
	}
	for _, t := range u.Elems {
		for _, x := range t.In {
			if b := c.Graph.Base(x); c.Fused.Stored[b] && !u.Own[b] {
				add(b)
			}
		}
	}
	return out
}

// updateInPlace lets a unit overwrite a variable with its new value if nothing needs the old value after that.
func (c *Program) updateInPlace() {
	fetched := map[*ir.Node]bool{}
	for _, t := range c.Fetched {
		fetched[c.Graph.Base(t)] = true
	}
	for _, up := range c.Updated {
		v := c.Graph.Base(up.Value)
		u := c.Fused.Of[v]
		if u == nil || !v.IsElementwise() || fetched[v] || c.InPlace[v] != nil {
			continue
		}
		u = u.Root()
		// A value that is the same for a whole row is written by one invocation of that row, while others may still have to read the old
		// value.
		ok := !slices.ContainsFunc(u.Outs, func(t *ir.Node) bool { return u.Reductions() != nil && t.Len() > v.Len() })
		for _, r := range c.Fused.Units {
			if r != u && c.readsVar(r, up.Var) && c.Fused.Reaches(r, u, false) {
				ok = false
			}
		}
		for t := range u.Stops {
			ok = ok && !ir.SameMemory(t, up.Var)
		}
		for _, t := range u.Elems { // in the unit each element is read before it is written, if it is read at the same position
			for i, x := range t.In {
				if b := c.Graph.Base(x); b != up.Var && ir.SameMemory(b, up.Var) || b == up.Var && !c.Fused.InPlace(t, i) {
					ok = false
				}
			}
		}
		if !ok {
			continue
		}
		for _, r := range c.Fused.Units {
			if r != u && c.readsVar(r, up.Var) {
				u.After(r, true)
			}
		}
		c.InPlace[v] = up.Var
	}
	c.Fused.Sort()
}

// readsVar tells whether a unit reads a variable, directly, as part of a pack or as a whole pack.
func (c *Program) readsVar(u *fuse.Unit, v *ir.Node) bool {
	return slices.ContainsFunc(c.reads(u), func(t *ir.Node) bool { return ir.SameMemory(t, v) })
}
