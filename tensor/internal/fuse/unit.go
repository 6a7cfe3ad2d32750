package fuse

import (
	"fmt"
	"slices"
	"strings"

	"genview/tensor/internal/ir"
)

// A Unit is one dispatch: a kernel, a reduction with the expression that it reads and those made of its results, or elementwise nodes
// of equal length.
type Unit struct {
	Node  *ir.Node          // of kernels and reductions
	More  []*ir.Node        // further reductions along the same rows
	Elems []*ir.Node        // elementwise nodes, inputs first; of a reduction what is made of its results, and of the row
	Outs  []*ir.Node        // what it writes
	Own   map[*ir.Node]bool // what it computes of its nodes
	Stops map[*ir.Node]bool // what its kernel or reduction reads from memory

	deps   map[*Unit]bool // what must run before; true: and in a dispatch of its own, for it is read in other places than it is written
	into   *Unit          // merged into another
	needed bool           // another unit depends on it
	search int            // the newest that came by
}

// Root returns the unit that this one was merged into, or itself.
func (u *Unit) Root() *Unit {
	for u.into != nil {
		u = u.into
	}
	return u
}

// Reductions lists those of u, if any.
func (u *Unit) Reductions() []*ir.Node {
	if u.Node == nil || u.Node.Reduce == nil {
		return nil
	}
	return append([]*ir.Node{u.Node}, u.More...)
}

// Span returns how many rows of how many elements u works along.
func (u *Unit) Span() (rows, k int) { return u.Node.Shape[0], u.Node.In[0].Shape[1] }

// alongRows tells whether u has reductions of rows [R, K] to which others may be added.
func (u *Unit) alongRows() bool {
	return u.Node != nil && u.Node.Reduce != nil && u.Node.Shape[1] == 1 && u.Node.Shape[0] >= leastRows &&
		u.Node.In[0].Shape[1] >= leastTerms
}

// follows tells whether u reads what c computes.
func (u *Unit) follows(c *Unit) bool {
	for d := range u.deps {
		if d.Root() == c {
			return true
		}
	}
	return false
}

// After makes u depend on d.
func (u *Unit) After(d *Unit, apart bool) {
	u.deps[d] = u.deps[d] || apart
	d.needed = true
}

// writes tells whether u can write those of some elementwise nodes that are packed: in fours, and nothing beside.
func (u *Unit) writes(elems []*ir.Node) bool {
	return !slices.ContainsFunc(elems, func(t *ir.Node) bool {
		switch {
		case !t.DType.Packed():
			return false
		case u.Node.Contraction() != nil:
			return !u.Node.Contraction().InFours()
		case u.Node.Reduce == nil:
			return true
		case u.Node.Shape[1] > 1:
			return u.Node.Shape[1]%4 != 0
		}
		return t.Len() == u.Node.Shape[0] // one lane writes a row's
	})
}

// computes lists the nodes of a unit.
func (u *Unit) computes() []*ir.Node {
	if u.Node == nil {
		return u.Elems
	}
	return slices.Concat([]*ir.Node{u.Node}, u.More, u.Elems)
}

// settle lets the unit depend on what others were merged into.
func (u *Unit) settle() {
	deps := map[*Unit]bool{}
	for d, apart := range u.deps {
		if d = d.Root(); d != u {
			deps[d] = deps[d] || apart
		}
	}
	u.deps = deps
}

// Title names a unit after its ops, for profiles.
func (u *Unit) Title() string {
	names := make([]string, 0, 1+len(u.Elems))
	if u.Node != nil {
		names = append(names, u.Node.Name)
	}
	for _, t := range u.More {
		names = append(names, t.Name)
	}
	for _, t := range u.Elems {
		names = append(names, t.Name)
	}
	if len(names) > 6 {
		names = append(names[:5], fmt.Sprintf("%d more", len(names)-5))
	}
	return strings.Join(names, "·")
}
