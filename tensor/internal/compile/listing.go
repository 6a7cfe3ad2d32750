package compile

import (
	"fmt"
	"slices"
	"strings"

	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// code writes the expressions that a unit computes: a line for each value that it stores, or that it reads more than once.
func (c *Program) code(u *fuse.Unit) string {
	own := map[*ir.Node]bool{u.Node: true}
	for _, t := range slices.Concat(u.More, u.Elems) {
		own[t] = true
	}
	reduces := u.Reductions() != nil
	here := func(t *ir.Node) bool {
		return own[t] || !c.Fused.Stored[t] && !t.IsLeaf() && (t.Inlined() || reduces && !u.Stops[t])
	}
	uses := map[*ir.Node]int{}
	var count func(t *ir.Node)
	count = func(t *ir.Node) {
		if uses[t]++; uses[t] > 1 {
			return
		}
		for _, x := range t.In {
			if b := c.Graph.Base(x); here(b) {
				count(b)
			}
		}
	}
	for _, t := range u.Outs {
		count(t)
	}
	var lines []string
	shared := 0
	named := map[*ir.Node]string{}
	var write func(t *ir.Node) string
	write = func(t *ir.Node) string {
		if name := named[t]; name != "" {
			return name
		}
		if len(t.In) == 0 && t.Attr != nil {
			return fmt.Sprint(t.Attr)
		}
		var args []string
		for _, x := range t.In {
			b, arg := c.Graph.Base(x), ""
			if here(b) {
				arg = write(b)
			} else {
				arg = c.name(b)
			}
			if v := c.Graph.Where[x].View; !v.Contiguous() || b.Len() != x.Len() {
				arg = "view(" + arg + ")"
			}
			args = append(args, arg)
		}
		switch t.Attr.(type) {
		case float64, [2]float64:
			args = append(args, fmt.Sprint(t.Attr))
		}
		is := t.Name + "(" + strings.Join(args, ", ") + ")"
		switch {
		case slices.Contains(u.Outs, t):
			named[t] = c.name(t)
		case uses[t] > 1:
			named[t] = fmt.Sprintf("t%d", shared)
			shared++
		default:
			return is
		}
		lines = append(lines, named[t]+" = "+is)
		return named[t]
	}
	for _, t := range u.Outs {
		write(t)
	}
	return strings.Join(lines, "\n")
}

// name returns the name of a stored tensor in listings: a variable's or an input's name, or a number in the order of first use.
func (c *Program) name(t *ir.Node) string {
	if v := c.InPlace[t]; v != nil {
		t = v
	}
	switch {
	case t.IsLeaf():
		return t.Title()
	case c.inPack[t] == t:
		return fmt.Sprintf("Pack(%s … %s)", c.name(c.Graph.Base(t.In[0])), c.name(c.Graph.Base(t.In[len(t.In)-1])))
	}
	if c.names[t] == "" {
		c.names[t] = fmt.Sprintf("%%%d", len(c.names))
	}
	return c.names[t]
}
