package optest

import (
	"maps"
	"slices"
	"time"
)

// shrink makes a failing graph smaller as long as it still fails. It returns the smallest graph and its error.
func shrink(g *graph, why error, check func(*graph) error) (*graph, error) {
	const patience = 60 * time.Second
	end := time.Now().Add(patience)
	for again := true; again; {
		again = false
		for _, small := range g.smaller() {
			if time.Now().After(end) {
				return g, why
			}
			if !small.comparable() {
				continue
			}
			if err := check(small); err != nil {
				g, why, again = small, err, true
				break
			}
		}
	}
	return g, why
}

// comparable tells whether all results of the graph can still be compared.
func (g *graph) comparable() (ok bool) {
	defer func() {
		if recover() != nil { // the reference got an input that its op refuses
			ok = false
		}
	}()
	worlds := g.worlds()
	used := g.live()
	if len(used) == 0 || len(g.fetch)+len(g.updates) == 0 {
		return false
	}
	for r := range g.feeds {
		for _, w := range worlds {
			w.run(r)
		}
		for i := range g.nodes {
			if used[i] && !g.sound(worlds, i, values) {
				return false
			}
		}
		for _, u := range g.updates {
			if !g.sound(worlds, u.v, states) {
				return false
			}
		}
	}
	return true
}

func (g *graph) clone() *graph {
	c := *g
	c.nodes, c.fetch, c.updates, c.flat = slices.Clone(g.nodes), slices.Clone(g.fetch), slices.Clone(g.updates), slices.Clone(g.flat)
	for i := range c.nodes {
		c.nodes[i].in = slices.Clone(c.nodes[i].in)
	}
	c.feeds = nil
	for _, f := range g.feeds {
		c.feeds = append(c.feeds, maps.Clone(f))
	}
	if g.loss != nil {
		l := *g.loss
		c.loss = &l
	}
	return &c
}

// smaller lists graphs that are a little smaller, those with the largest reduction first.
func (g *graph) smaller() []*graph {
	var all []*graph
	try := func(change func(c *graph)) {
		c := g.clone()
		change(c)
		all = append(all, c)
	}
	if len(g.feeds) > 1 {
		try(func(c *graph) { c.feeds = c.feeds[:1] })
		try(func(c *graph) { c.feeds = c.feeds[:len(c.feeds)-1] })
	}
	if g.loss != nil {
		try(func(c *graph) { c.forget() })
		if g.loss.second != nil {
			try(func(c *graph) { c.loss.second = nil })
		}
		if len(g.loss.xs) > 1 {
			for k := range g.loss.xs {
				if g.loss.xs[k] == g.descended() {
					continue
				}
				try(func(c *graph) {
					c.loss.xs = slices.Delete(slices.Clone(c.loss.xs), k, k+1)
					if c.loss.second != nil {
						c.loss.second = slices.Delete(slices.Clone(c.loss.second), k, k+1)
					}
				})
			}
		}
	}
	if len(g.flat) > 0 {
		try(func(c *graph) { c.flat = nil })
	}
	for k, u := range g.updates {
		if !slices.Contains(g.flat, u.v) {
			try(func(c *graph) { c.updates = slices.Delete(c.updates, k, k+1) })
		}
	}
	for k := range g.fetch {
		try(func(c *graph) { c.fetch = slices.Delete(c.fetch, k, k+1) })
	}
	return append(all, g.shorter()...)
}

// forget drops the gradients.
func (g *graph) forget() {
	g.loss = nil
	g.updates = slices.DeleteFunc(g.updates, func(u update) bool { return u.value == descent })
}

// shorter lists graphs in which a node is replaced by one of its inputs or by a constant, or in which a leaf is simpler.
func (g *graph) shorter() []*graph {
	var all []*graph
	used := g.live()
	w := g.world(0)
	w.run(0)
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		if !used[i] {
			continue
		}
		for _, j := range n.in {
			if g.nodes[j].dt == n.dt && slices.Equal(g.nodes[j].shape, n.shape) {
				all = append(all, g.replaced(i, j))
			}
		}
		held := slices.Contains(g.flat, i) || g.loss != nil && slices.Contains(g.loss.xs, i)
		if n.leaf == "Input" || n.leaf == "" || n.leaf == "Var" && !held && !slices.ContainsFunc(g.updates, func(u update) bool { return u.v == i }) {
			c := g.clone()
			c.nodes[i] = node{leaf: "Const", dt: n.dt, shape: n.shape, value: Array{n.shape, w.values[i].V}}
			for r := range c.feeds {
				delete(c.feeds[r], i)
			}
			if n.dt == 0 {
				c.nodes[i].value = Array{n.shape, slices.Clone(w.values[i].V)}.Round()
			}
			all = append(all, c)
		}
	}
	return all
}

// replaced uses node j wherever i was.
func (g *graph) replaced(i, j int) *graph {
	c := g.clone()
	swap := func(p *int) {
		if *p == i {
			*p = j
		}
	}
	for k := range c.nodes {
		for l := range c.nodes[k].in {
			swap(&c.nodes[k].in[l])
		}
	}
	for k := range c.fetch {
		swap(&c.fetch[k])
	}
	slices.Sort(c.fetch)
	c.fetch = slices.Compact(c.fetch)
	for k := range c.updates {
		swap(&c.updates[k].value)
	}
	if c.loss != nil {
		swap(&c.loss.of)
	}
	return c
}
