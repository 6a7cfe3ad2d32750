package tensor

import (
	"fmt"
	"slices"
	"strings"
)

// String lists the dispatches: what each computes, how, and how much it reads and writes.
func (p *Program) String() string {
	dispatches, barriers := p.prog.Stats()
	var flops float64
	var bytes int
	var lines strings.Builder
	for _, k := range p.kernels {
		flops, bytes = flops+k.FLOPs, bytes+k.Bytes
		fmt.Fprintf(&lines, "\n%s", k)
	}
	return fmt.Sprintf("%d dispatches, %d barriers, %d bytes of memory, %.0f FLOPs, %d bytes read and written%s",
		dispatches, barriers, p.peak, flops, bytes, lines.String())
}

func (k Kernel) String() string {
	var shapes strings.Builder
	for _, s := range k.Shapes {
		shapes.WriteString(" " + dims(s))
	}
	return fmt.Sprintf("%s%s: %s, %.0f FLOPs, %d bytes, %d live\n\t%s", k.Ops, shapes.String(), k.Form, k.FLOPs, k.Bytes, k.Live,
		strings.ReplaceAll(k.Code, "\n", "\n\t"))
}

// code writes what a unit computes: a line for each value that it stores, or that it reads more than once.
func (c *compilation) code(u *unit) string {
	own := map[*Tensor]bool{u.node: true}
	for _, t := range slices.Concat(u.more, u.elems) {
		own[t] = true
	}
	reduces := u.reductions() != nil
	here := func(t *Tensor) bool {
		return own[t] || !c.fused.stored[t] && !t.isLeaf() && (inlined(t) || reduces && !u.stops[t])
	}
	uses := map[*Tensor]int{}
	var count func(t *Tensor)
	count = func(t *Tensor) {
		if uses[t]++; uses[t] > 1 {
			return
		}
		for _, x := range t.in {
			if b := c.base(x); here(b) {
				count(b)
			}
		}
	}
	for _, t := range u.outs {
		count(t)
	}
	var lines []string
	shared := 0
	named := map[*Tensor]string{}
	var write func(t *Tensor) string
	write = func(t *Tensor) string {
		if name := named[t]; name != "" {
			return name
		}
		if len(t.in) == 0 && t.op.Attr != nil {
			return fmt.Sprint(t.op.Attr)
		}
		var args []string
		for _, x := range t.in {
			b, arg := c.base(x), ""
			if here(b) {
				arg = write(b)
			} else {
				arg = c.name(b)
			}
			if v := c.low.where[x].view; !v.Contiguous() || b.Len() != x.Len() {
				arg = "view(" + arg + ")"
			}
			args = append(args, arg)
		}
		switch t.op.Attr.(type) {
		case float64, [2]float64:
			args = append(args, fmt.Sprint(t.op.Attr))
		}
		is := t.op.Name + "(" + strings.Join(args, ", ") + ")"
		switch {
		case has(u.outs, t):
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
	for _, t := range u.outs {
		write(t)
	}
	return strings.Join(lines, "\n")
}

// name is what a stored tensor is called: a variable's or an input's name, or a number in the order in which they are written.
func (c *compilation) name(t *Tensor) string {
	if v := c.inPlace[t]; v != nil {
		t = v
	}
	switch {
	case t.isLeaf():
		return t.Name()
	case c.inPack[t] == t:
		return fmt.Sprintf("Pack(%s … %s)", c.name(c.base(t.in[0])), c.name(c.base(t.in[len(t.in)-1])))
	}
	if c.names[t] == "" {
		c.names[t] = fmt.Sprintf("%%%d", len(c.names))
	}
	return c.names[t]
}
