package optest

import (
	"slices"

	"genview/tensor"
)

// outputs chooses the nodes that are fetched, updated and differentiated.
func (m *maker) outputs() {
	last := len(m.nodes) - 1
	m.fetch = []int{last}
	m.differentiate()
	m.update()
	for range m.r.IntN(4) {
		m.fetch = append(m.fetch, m.r.IntN(len(m.nodes)))
	}
	for _, u := range m.updates {
		if m.r.IntN(2) == 0 {
			m.fetch = append(m.fetch, u.v)
		}
	}
	slices.Sort(m.fetch)
	m.fetch = slices.Compact(m.fetch)
	m.repeat()
}

// update chooses updates of variables: swaps and chains, steps that can be made in place, values of any node.
func (m *maker) update() {
	done := map[int]bool{}
	set := func(v, value int) {
		if value == descent || !done[v] && value >= 0 && m.nodes[v].dt == m.nodes[value].dt && slices.Equal(m.nodes[v].shape, m.nodes[value].shape) {
			m.updates = append(m.updates, update{v, value})
			done[v] = true
		}
	}
	if m.loss != nil && m.r.IntN(4) == 0 {
		for _, x := range m.loss.xs {
			if m.nodes[x].leaf == "Var" && float(m.nodes[x]) && count(m.nodes[x].shape) <= 40 {
				set(x, descent)
				break
			}
		}
	}
	for v := range len(m.nodes) {
		if n := m.nodes[v]; n.leaf != "Var" || done[v] || m.r.IntN(4) == 0 {
			continue
		}
		like := func(n node) bool { return n.dt == m.nodes[v].dt && slices.Equal(n.shape, m.nodes[v].shape) }
		switch m.r.IntN(6) {
		case 0: // another variable as it is, or what it is at the end of a chain
			w := m.pick(func(n node) bool { return n.leaf == "Var" && like(n) })
			set(v, w)
			if m.r.IntN(2) == 0 {
				set(w, v)
			}
		case 1, 2: // a step like an optimizer's
			if x := m.pick(like); m.nodes[v].dt == tensor.F32 {
				momentum := m.apply("momentum", &step{
					code: "%[1]s.Scale(0.5).Add(%[2]s.Scale(0.25))",
					op:   func(in []*T) *T { return in[0].Scale(0.5).Add(in[1].Scale(0.25)) },
					ref:  both(func(x, y float64) float64 { return x/2 + y/4 }),
				}, v, x)
				if momentum < 0 {
					momentum = x
				}
				set(v, momentum)
				if w := m.pick(func(n node) bool { return n.leaf == "Var" && like(n) }); w != v {
					set(w, momentum)
				}
			}
		case 3: // itself in another order
			if len(m.nodes[v].shape) > 0 {
				set(v, m.apply("Flip", flip(0), v))
			}
		default:
			set(v, m.pick(like))
		}
	}
	m.flatten(done)
}

// flatten makes some of the variables parts of a flat one, which is then updated instead of them.
func (m *maker) flatten(done map[int]bool) {
	if m.r.IntN(4) > 0 {
		return
	}
	for v, n := range m.nodes {
		if n.leaf == "Var" && n.dt == tensor.F32 && m.r.IntN(3) > 0 && (m.descended() != v) {
			m.flat = append(m.flat, v)
			if !done[v] {
				m.updates = append(m.updates, update{v, v})
			}
		}
	}
}

// repeat adds runs with other feeds, as long as their results can be compared.
func (m *maker) repeat() {
	for range m.r.IntN(3) {
		feed := map[int]Array{}
		for i, n := range m.nodes {
			if n.leaf == "Input" {
				feed[i] = n.value
				if n.dt != tensor.I32 && m.r.IntN(2) == 0 {
					feed[i] = m.draw(n.shape, n.dt)
				}
			}
		}
		m.feeds = append(m.feeds, feed)
	}
	for !m.rehearsed() {
	}
}

// rehearsed runs the reference. It removes later runs, or updates of the first run, whose results cannot be compared. It returns false if
// it must start again.
func (m *maker) rehearsed() bool {
	worlds := m.graph.worlds()
	for r := range m.feeds {
		for _, w := range worlds {
			w.run(r)
		}
		for i := range m.nodes {
			if !m.sound(worlds, i, values) {
				m.feeds = m.feeds[:r]
				return true
			}
		}
		for k, u := range m.updates {
			switch {
			case m.sound(worlds, u.v, states):
			case r > 0:
				m.feeds = m.feeds[:r]
				return true
			case slices.Contains(m.flat, u.v) && u.value != u.v:
				m.updates[k].value = u.v
				return false
			default:
				m.updates = slices.Delete(m.updates, k, k+1)
				m.flat = slices.DeleteFunc(m.flat, func(v int) bool { return v == u.v })
				return false
			}
		}
	}
	return true
}
