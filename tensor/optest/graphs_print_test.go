package optest

import (
	"fmt"
	"slices"
	"strings"

	"genview/tensor"
)

// live returns the nodes that the program uses.
func (g *graph) live() map[int]bool {
	roots := slices.Clone(g.fetch)
	for _, u := range g.updates {
		roots = append(roots, u.v)
		if u.value != descent {
			roots = append(roots, u.value)
		}
	}
	if g.loss != nil {
		roots = append(append(roots, g.loss.of), g.loss.xs...)
	}
	return g.ancestors(append(roots, g.flat...)...)
}

// A built graph is a graph of tensors.
type built struct {
	t           []*T
	used        map[int]bool
	grads, hess []*T
	outputs     tensor.Outputs
}

func (g *graph) build() *built {
	b := &built{t: make([]*T, len(g.nodes)), used: g.live()}
	for i, n := range g.nodes {
		if b.used[i] {
			b.t[i] = n.tensor(g.name(i), b.t)
		}
	}
	var flat *T
	if len(g.flat) > 0 {
		var parts []*T
		for _, v := range g.flat {
			parts = append(parts, b.t[v])
		}
		flat = tensor.Flat("flat", parts...)
	}
	for _, i := range g.fetch {
		b.outputs.Fetch = append(b.outputs.Fetch, b.t[i])
	}
	if l := g.loss; l != nil {
		var xs []*T
		for _, x := range l.xs {
			xs = append(xs, b.t[x])
		}
		y := b.t[l.of].Mul(constant(l.weights, tensor.F32, g.nodes[l.of].shape)).Sum()
		b.grads = tensor.Grad(y, xs...)
		if l.second != nil {
			along := tensor.Full(0)
			for k, u := range l.second {
				along = along.Add(b.grads[k].Mul(constant(u, tensor.F32, g.nodes[l.xs[k]].shape)).Sum())
			}
			b.hess = tensor.Grad(along, xs...)
		}
		b.outputs.Fetch = append(append(b.outputs.Fetch, b.grads...), b.hess...)
	}
	var parts []*T
	for _, u := range g.updates {
		value := flat
		if u.value == descent {
			value = b.t[u.v].Sub(b.grads[slices.Index(g.loss.xs, u.v)].Scale(rate))
		} else {
			value = b.t[u.value]
		}
		if !slices.Contains(g.flat, u.v) {
			b.outputs.Update = append(b.outputs.Update, tensor.Update{Var: b.t[u.v], Value: value})
		}
	}
	for _, v := range g.flat {
		for _, u := range g.updates {
			if u.v == v {
				parts = append(parts, b.t[u.value])
			}
		}
	}
	if flat != nil {
		b.outputs.Update = append(b.outputs.Update, tensor.Update{Var: flat, Value: flat.Scale(0.5).Add(tensor.LikeFlat(flat, parts...))})
	}
	return b
}

func (n node) tensor(name string, t []*T) *T {
	switch n.leaf {
	case "Const":
		return constant(n.value, n.dt, n.shape)
	case "Var":
		return tensor.Var(name, constant(n.value, n.dt, n.shape))
	case "Input":
		return tensor.Input(name, n.dt, n.shape...)
	case "Iota":
		return tensor.Iota(n.axis, n.shape...)
	case "Full":
		return tensor.Full(n.value.V[0], n.shape...)
	}
	in := make([]*T, len(n.in))
	for k, j := range n.in {
		in[k] = t[j]
	}
	return n.step.op(in)
}

func (g *graph) name(i int) string {
	if i == descent {
		return "descent"
	}
	letter := map[string]string{"Const": "c", "Var": "v", "Input": "x", "Iota": "i", "Full": "f", "": "t"}[g.nodes[i].leaf]
	return fmt.Sprint(letter, i)
}

// String prints the graph as Go code, or nearly so.
func (g *graph) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	used := g.live()
	for i, n := range g.nodes {
		if used[i] {
			line("%s := %s // %s %v", g.name(i), g.code(i), n.dt, n.shape)
		}
	}
	if len(g.flat) > 0 {
		line("flat := tensor.Flat(\"flat\", %s)", g.names(g.flat))
	}
	fetch := g.names(g.fetch)
	if l := g.loss; l != nil {
		line("loss := %s.Mul(%s).Sum()", g.name(l.of), literal(l.weights, tensor.F32))
		line("grads := tensor.Grad(loss, %s)", g.names(l.xs))
		fetch += ", grads..."
		if l.second != nil {
			var terms []string
			for k, u := range l.second {
				terms = append(terms, fmt.Sprintf("grads[%d].Mul(%s).Sum()", k, literal(u, tensor.F32)))
			}
			line("hess := tensor.Grad(%s, %s)", strings.Join(terms, ".Add(")+strings.Repeat(")", len(terms)-1), g.names(l.xs))
			fetch += ", hess..."
		}
	}
	line("fetch := []*tensor.Tensor{%s}", fetch)
	var parts []string
	for _, u := range g.updates {
		value := g.name(u.value)
		if u.value == descent {
			value = fmt.Sprintf("%s.Sub(grads[%d].Scale(%v))", g.name(u.v), slices.Index(g.loss.xs, u.v), rate)
		}
		if slices.Contains(g.flat, u.v) {
			parts = append(parts, fmt.Sprintf("%s for %s", value, g.name(u.v)))
			continue
		}
		line("update(%s, %s)", g.name(u.v), value)
	}
	if parts != nil {
		line("update(flat, flat.Scale(0.5).Add(tensor.LikeFlat(flat, %s)))", strings.Join(parts, ", "))
	}
	for r, feed := range g.feeds {
		var fed []string
		for i := range g.nodes {
			if a, ok := feed[i]; ok && used[i] {
				fed = append(fed, g.name(i)+": "+literal(a, g.nodes[i].dt))
			}
		}
		line("run(tensor.Feed{%s}) // run %d", strings.Join(fed, ", "), r)
	}
	return b.String()
}

func (g *graph) names(of []int) string {
	var all []string
	for _, i := range of {
		all = append(all, g.name(i))
	}
	return strings.Join(all, ", ")
}

func (g *graph) code(i int) string {
	n := g.nodes[i]
	shape := args(n.shape...)
	switch n.leaf {
	case "Const":
		return literal(n.value, n.dt)
	case "Var":
		return fmt.Sprintf("tensor.Var(%q, %s)", g.name(i), literal(n.value, n.dt))
	case "Input":
		return fmt.Sprintf("tensor.Input(%q, tensor.%s, %s)", g.name(i), title(n.dt), shape)
	case "Iota":
		return fmt.Sprintf("tensor.Iota(%d, %s)", n.axis, shape)
	case "Full":
		return fmt.Sprintf("tensor.Full(%v, %s)", n.value.V[0], shape)
	}
	var in []any
	for _, j := range n.in {
		in = append(in, g.name(j))
	}
	return fmt.Sprintf(n.step.code, in...)
}

func title(dt tensor.DType) string { return strings.ToUpper(dt.String()[:1]) + dt.String()[1:] }

// literal prints a constant as Go code, and only the beginning of a long one.
func literal(a Array, dt tensor.DType) string {
	const most = 80
	kind := map[tensor.DType]string{tensor.I32: "int32", tensor.Bool: "bool"}[dt]
	if kind == "" {
		kind = "float32"
	}
	var list []string
	for i, x := range a.V {
		if i == most {
			list = append(list, "…")
			break
		}
		if dt == tensor.Bool {
			list = append(list, fmt.Sprint(x != 0))
		} else {
			list = append(list, fmt.Sprint(float32(x)))
		}
	}
	shape := ""
	if len(a.Shape) > 0 {
		shape = ", " + args(a.Shape...)
	}
	values := fmt.Sprintf("[]%s{%s}%s", kind, strings.Join(list, ", "), shape)
	if dt == tensor.F16 || dt == tensor.BF16 {
		return fmt.Sprintf("tensor.ConstAs(tensor.%s, %s)", title(dt), values)
	}
	return fmt.Sprintf("tensor.Const(%s)", values)
}
