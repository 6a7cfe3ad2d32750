// Package compile turns a graph into what is dispatched, in which order, and where all values between lie. It touches no device.
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

// Order is the pass that has products write their result as it is read; the others are package fuse's.
const Order fuse.Pass = "order"

// Options say how a graph is compiled.
type Options struct {
	Without []fuse.Pass  // passes that are left out
	Pick    codegen.Pick // among the kernels of products; nil: a rule
}

// An Update gives a variable a new value at the end of a run.
type Update struct{ Var, Value *ir.Node }

// A Program is one graph on its way through the passes. Nodes that are put into Graph are given to Fetch and Update, then Plan does the rest.
type Program struct {
	Options
	Graph   *lower.Graph
	Fetched []*ir.Node // as they were given, or what holds them
	Updated []Update   // those that change anything
	Fused   *fuse.Fusion
	InPlace map[*ir.Node]*ir.Node // values that are written over the variable which they update
	Scratch int                   // bytes that values between kernels need
	Results int                   // bytes that fetched values need

	updated []*ir.Node
	spans   map[*ir.Node]*span    // of values in scratch memory
	kept    map[*ir.Node]int      // where results lie among the results
	inPack  map[*ir.Node]*ir.Node // packs, and what lies in one
	names   map[*ir.Node]string   // of stored nodes, in listings
}

// New returns an empty program.
func New(on ir.Target, o Options) *Program {
	return &Program{
		Options: o, Graph: lower.New(on), InPlace: map[*ir.Node]*ir.Node{},
		spans: map[*ir.Node]*span{}, kept: map[*ir.Node]int{}, names: map[*ir.Node]string{},
	}
}

// Fetch has the program keep the value of t.
func (c *Program) Fetch(t *ir.Node) {
	r := c.Graph.Whole(t)
	if c.Graph.Base(r).Kind == ir.Var { // another program may update it before it is fetched, if this one does not
		r = c.Graph.Copied(r)
	}
	c.Fetched = append(c.Fetched, r)
}

// Updates says which variables will be given to Update.
func (c *Program) Updates(vars []*ir.Node) { c.updated = vars }

// Update has the program give a variable a new value.
func (c *Program) Update(v, value *ir.Node) {
	r := c.Graph.Whole(value)
	b := c.Graph.Base(r)
	if b == v { // it stays as it is
		return
	}
	if slices.ContainsFunc(c.updated, func(u *ir.Node) bool { return ir.SameMemory(b, u) }) {
		r = c.Graph.Copied(r)
	}
	c.Updated = append(c.Updated, Update{v, r})
}

// Plan runs the passes. Its error says that the device takes less at once than a node needs.
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

// fuse shares the nodes out to units, none of which binds more than the device takes: one that does is made of half as many nodes, and
// others are not touched.
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

// excess is the error of a unit that binds more than the device takes; nil: it does not.
func (c *Program) excess(u *fuse.Unit) error {
	if u.Node != nil && u.Node.Pack != nil { // no dispatch
		return nil
	}
	// No more than this: an input may be bound twice, as scalars and in fours.
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

// updateInPlace lets a unit write a variable's new value over the old one where nothing needs the old one any more by then.
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
		// What is one number for a row is written by one of those who go along it, while others may still have to read the old one.
		ok := !slices.ContainsFunc(u.Outs, func(t *ir.Node) bool { return u.Reductions() != nil && t.Len() > v.Len() })
		for _, r := range c.Fused.Units {
			if r != u && c.readsVar(r, up.Var) && c.Fused.Reaches(r, u, false) {
				ok = false
			}
		}
		for t := range u.Stops {
			ok = ok && !ir.SameMemory(t, up.Var)
		}
		for _, t := range u.Elems { // inside the unit each element is read before it is written, if it is read in its place
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

// readsVar tells whether a unit reads a variable, as itself, as a part or as a whole.
func (c *Program) readsVar(u *fuse.Unit, v *ir.Node) bool {
	return slices.ContainsFunc(c.reads(u), func(t *ir.Node) bool { return ir.SameMemory(t, v) })
}
