package compile

import (
	"fmt"
	"slices"

	"genview/tensor/internal/ir"
)

// keep lays results one behind the other, in memory that no other program uses for its values, because results wait there until they are
// fetched. It returns the bytes needed.
func (c *Program) keep() int {
	total := 0
	for _, t := range c.Fetched {
		b := c.Graph.Base(t)
		if _, ok := c.kept[b]; !ok && !b.IsLeaf() {
			c.kept[b] = total
			total += ir.Aligned(b.Bytes())
		}
	}
	return total
}

// lifetimes plans the memory of all other values that need memory, and returns the bytes needed.
func (c *Program) lifetimes() int {
	var all []*allocation
	for i, u := range c.Fused.Units {
		for _, t := range u.Outs {
			if _, result := c.kept[t]; result || c.InPlace[t] != nil {
				continue
			}
			t = c.holder(t)
			if c.allocations[t] == nil {
				c.allocations[t] = &allocation{bytes: t.Bytes(), first: i}
				all = append(all, c.allocations[t])
			}
			c.allocations[t].last = i
		}
		for _, t := range c.reads(u) {
			c.lives(t, i)
		}
	}
	for _, u := range c.Updated {
		c.lives(c.Graph.Base(u.Value), len(c.Fused.Units))
	}
	return plan(all)
}

// alive returns for each unit the bytes of all inputs, results and intermediate values that must be in memory while it runs. No plan can
// take less than the maximum.
func (c *Program) alive() []int {
	end := len(c.Fused.Units)
	first, last := map[*ir.Node]int{}, map[*ir.Node]int{}
	until := func(t *ir.Node, i int) {
		for _, x := range c.parts(t) {
			if x.Kind == ir.Input || !x.IsLeaf() && c.InPlace[x] == nil {
				last[x] = i
			}
		}
	}
	for i, u := range c.Fused.Units {
		for _, t := range u.Outs {
			if c.inPack[t] != t {
				first[t] = i
				until(t, i)
			}
		}
		for _, t := range c.reads(u) {
			until(t, i)
		}
	}
	for _, t := range c.roots() {
		until(c.Graph.Base(t), end)
	}
	live := make([]int, end+1)
	for t, i := range last {
		for at := first[t]; at <= i; at++ {
			live[at] += ir.Aligned(t.Bytes())
		}
	}
	return live
}

// parts returns the parts of a pack, or any other tensor itself.
func (c *Program) parts(t *ir.Node) []*ir.Node {
	if c.inPack[t] != t {
		return []*ir.Node{t}
	}
	var parts []*ir.Node
	for _, x := range t.In {
		parts = append(parts, c.Graph.Base(x))
	}
	return parts
}

// holder returns the tensor whose memory is planned: a stored tensor, or the pack that contains it.
func (c *Program) holder(t *ir.Node) *ir.Node {
	if p := c.inPack[t]; p != nil {
		return p
	}
	return t
}

// lives keeps a value until a unit has read it.
func (c *Program) lives(t *ir.Node, until int) {
	if s := c.allocations[c.holder(t)]; s != nil {
		s.last = until
	}
}

// A Spot is the place of a stored node: a region, and an offset in bytes from the beginning of the program's results or scratch memory. A
// leaf has memory of its own.
type Spot struct {
	In   Region
	At   int
	Leaf *ir.Node
}

// A Region is a part of the memory of a program.
type Region uint8

// The regions. Leaves have memory of their own.
const (
	InLeaf Region = iota
	InResults
	InScratch
)

// Spot returns the place of a stored node.
func (c *Program) Spot(t *ir.Node) (Spot, error) {
	if v := c.InPlace[t]; v != nil {
		t = v
	}
	if at, ok := c.kept[t]; ok {
		return Spot{In: InResults, At: at}, nil
	}
	if s := c.allocations[c.holder(t)]; s != nil {
		at := s.offset
		if p := c.inPack[t]; p != nil && p != t {
			at += ir.F32.Bytes(p.Pack.At[slices.IndexFunc(p.In, func(x *ir.Node) bool { return c.Graph.Base(x) == t })])
		}
		return Spot{In: InScratch, At: at}, nil
	}
	if !t.IsLeaf() {
		return Spot{}, fmt.Errorf("tensor: Compile: %s is read and never computed", t)
	}
	return Spot{Leaf: t}, nil
}

// PackOf returns the pack that contains a node, or nil.
func (c *Program) PackOf(t *ir.Node) *ir.Node { return c.inPack[t] }

// Gaps returns the gaps between the parts of a pack, in bytes from its beginning. They are read together with the parts, and must be
// zero.
func (c *Program) Gaps(p *ir.Node) (gaps [][2]int) {
	for i, x := range p.In {
		end := p.InQuads()
		if i+1 < len(p.In) {
			end = ir.F32.Bytes(p.Pack.At[i+1])
		}
		if at := ir.F32.Bytes(p.Pack.At[i]) + c.Graph.Base(x).InQuads(); at < end {
			gaps = append(gaps, [2]int{at, end})
		}
	}
	return gaps
}
