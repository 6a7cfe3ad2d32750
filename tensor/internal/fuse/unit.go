package fuse

import (
	"fmt"
	"slices"
	"strings"

	"genview/tensor/internal/ir"
)

// A Unit is one dispatch: a kernel, a reduction with the expression that it reads and the expressions of its results, or elementwise
// nodes of equal length.
type Unit struct {
	Node  *ir.Node          // the kernel or reduction, or nil
	More  []*ir.Node        // further reductions along the same rows
	Elems []*ir.Node        // elementwise nodes, inputs first; in a unit along rows also those of the row's elements
	Outs  []*ir.Node        // the tensors that it writes
	Own   map[*ir.Node]bool // the nodes that it computes
	Stops map[*ir.Node]bool // the tensors that its kernel or reduction reads from memory

	deps   map[*Unit]bool // the units that must run before; true: in a dispatch of their own, because values are read at other positions than they are written at
	users  []*Unit        // the units that have it among their deps, some of them merged into others since
	into   *Unit          // the unit into which this one was merged
	at     int            // its number, in the order in which the units are made
	top    int            // the largest number of this unit, of the units it depends on, directly or not, and of all that were merged into these
	search int            // the number of the newest search that visited it
}

// Root returns the unit that this one was merged into, or itself.
func (u *Unit) Root() *Unit {
	for u.into != nil {
		u = u.into
	}
	return u
}

// Reductions lists the reductions of u, if any.
func (u *Unit) Reductions() []*ir.Node {
	if u.Node == nil || u.Node.Reduce == nil {
		return nil
	}
	return append([]*ir.Node{u.Node}, u.More...)
}

// RowShape returns the number of rows along which u works, and the number of elements of each.
func (u *Unit) RowShape() (rows, k int) { return u.Node.Shape[0], u.Node.In[0].Shape[1] }

// alongRows tells whether u has reductions of rows [R, K] and can be merged with others along the same rows.
func (u *Unit) alongRows() bool {
	return u.Node != nil && u.Node.Reduce != nil && u.Node.Shape[1] == 1 && u.Node.Shape[0] >= leastRows &&
		u.Node.In[0].Shape[1] >= leastTerms
}

// neighbour returns the first unit that is made after number at among those that read values of u or compute values for it; nil if there is
// none.
func (u *Unit) neighbour(at int) *Unit {
	var next *Unit
	try := func(c *Unit) {
		if c = c.Root(); c != u && c.at > at && (next == nil || c.at < next.at) {
			next = c
		}
	}
	for d := range u.deps {
		try(d)
	}
	for _, c := range u.users {
		try(c)
	}
	return next
}

// After makes u depend on d. With separate, d needs a dispatch of its own.
func (u *Unit) After(d *Unit, separate bool) {
	if _, ok := u.deps[d]; !ok {
		d.users = append(d.users, u)
	}
	u.deps[d] = u.deps[d] || separate
	u.raise(d.top)
}

// raise raises the top of u, and of all units that depend on it.
func (u *Unit) raise(top int) {
	if u.top >= top {
		return
	}
	u.top = top
	for _, c := range u.users {
		c.Root().raise(top)
	}
}

// writes tells whether u can write the packed ones among some elementwise nodes, which have to be written as four consecutive elements.
func (u *Unit) writes(elems []*ir.Node) bool {
	return !slices.ContainsFunc(elems, func(t *ir.Node) bool {
		switch {
		case !t.DType.Packed():
			return false
		case u.Node.Contraction() != nil:
			return !u.Node.Contraction().StoresQuads()
		case u.Node.Reduce == nil:
			return true
		case u.Node.Shape[1] > 1:
			return u.Node.Shape[1]%4 != 0
		}
		return t.Len() == u.Node.Shape[0] // a single lane writes the value of a row
	})
}

// computes lists the nodes of a unit.
func (u *Unit) computes() []*ir.Node {
	if u.Node == nil {
		return u.Elems
	}
	return slices.Concat([]*ir.Node{u.Node}, u.More, u.Elems)
}

// settle replaces the dependencies of the unit by the units into which they were merged.
func (u *Unit) settle() {
	deps := map[*Unit]bool{}
	for d, separate := range u.deps {
		if d = d.Root(); d != u {
			deps[d] = deps[d] || separate
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
