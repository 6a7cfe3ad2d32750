package optest

import (
	"math"
	"slices"
	"strings"

	"genview/tensor"
)

// looksUp draws a step that reads or adds at indices.
func (m *maker) looksUp() (name string, s *step, in []int) {
	kind := m.r.IntN(4)
	i := m.pick(func(n node) bool { return (float(n) || kind < 3 && n.dt == tensor.I32) && len(n.shape) == 2 })
	if i < 0 || count(m.nodes[i].shape) > 2000 {
		return "", nil, nil
	}
	rows, cols := m.nodes[i].shape[0], m.nodes[i].shape[1]
	switch kind {
	case 0:
		at := m.indices(rows, m.dims[0], 2)
		return "Embedding", &step{
			code: "tensor.Embedding(%[2]s, %[1]s)", exact: true, op: binary(func(x, at *T) *T { return tensor.Embedding(at, x) }),
			ref: func(in []Array) Array {
				return build(append(slices.Clone(in[1].Shape), cols), func(p []int) float64 {
					return in[0].pick([]int{0, p[2]}, 0, in[1].get(p[:2]))
				})
			},
		}, []int{i, at}
	case 1:
		at := m.indices(cols, rows, 3)
		return "Gather", &step{
			code: "%[1]s.Gather(1, %[2]s)", exact: true, op: binary(func(x, at *T) *T { return x.Gather(1, at) }),
			ref: func(in []Array) Array {
				return build(in[1].Shape, func(p []int) float64 { return in[0].pick(p, 1, in[1].get(p)) })
			},
		}, []int{i, at}
	case 2:
		at := m.indices(cols, 5)
		return "IndexSelect", &step{
			code: "%[1]s.IndexSelect(1, %[2]s)", exact: true, op: binary(func(x, at *T) *T { return x.IndexSelect(1, at) }),
			ref: func(in []Array) Array {
				return build([]int{rows, 5}, func(p []int) float64 { return in[0].pick([]int{p[0], 0}, 1, in[1].V[p[1]]) })
			},
		}, []int{i, at}
	}
	y := m.pick(func(n node) bool { return float(n) && len(n.shape) == 2 && n.shape[0] <= rows })
	at := m.indices(cols, m.nodes[y].shape...)
	return "ScatterAdd", &step{
		code: "%[1]s.ScatterAdd(1, %[3]s, %[2]s)", op: func(in []*T) *T { return in[0].ScatterAdd(1, in[2], in[1]) },
		ref: func(in []Array) Array {
			out := Array{in[0].Shape, slices.Clone(in[0].V)}
			index(in[1].Shape, func(p []int) {
				if k := in[2].get(p); k >= 0 && int(k) < cols {
					out.V[p[0]*cols+int(k)] += in[1].get(p)
				}
			})
			return out
		},
	}, []int{i, y, at}
}

// chooses draws a step with a condition, or one that returns indices.
func (m *maker) chooses() (name string, s *step, in []int) {
	if c := m.pick(func(n node) bool { return n.dt == tensor.Bool }); c >= 0 && m.r.IntN(3) > 0 {
		x := m.pick(func(n node) bool { return float(n) && broadcasts(n.shape, m.nodes[c].shape) })
		if x < 0 {
			return "", nil, nil
		}
		y := m.pick(func(n node) bool {
			return float(n) && broadcasts(n.shape, bcast(m.nodes[c].shape, m.nodes[x].shape))
		})
		if y < 0 {
			y = x
		}
		return "Where", &step{
			code: "tensor.Where(%[1]s, %[2]s, %[3]s)", exact: true, op: func(in []*T) *T { return tensor.Where(in[0], in[1], in[2]) },
			ref: func(in []Array) Array {
				return build(bcast(in[0].Shape, in[1].Shape, in[2].Shape), func(at []int) float64 {
					if in[0].get(at) != 0 {
						return in[1].get(at)
					}
					return in[2].get(at)
				})
			},
		}, []int{c, x, y}
	}
	x := m.pick(func(n node) bool { return float(n) && len(n.shape) == 2 && count(n.shape) <= 2000 })
	if x < 0 {
		return "", nil, nil
	}
	switch m.r.IntN(3) {
	case 0:
		return "ArgMax", &step{code: "%[1]s.ArgMax(1)", exact: true, op: unary(func(x *T) *T { return x.ArgMax(1) }), ref: byName["ArgMax"].Ref}, []int{x}
	case 1:
		return "Sort", &step{code: "values(%[1]s.Sort(1, true))", exact: true, op: unary(func(x *T) *T { return first(x.Sort(1, true)) }), ref: refSort(true, false, 0)}, []int{x}
	}
	return "Sort", &step{code: "indices(%[1]s.Sort(1, false))", exact: true, op: unary(func(x *T) *T { return second(x.Sort(1, false)) }), ref: refSort(false, true, 0)}, []int{x}
}

// casts draws a step from one type to another.
func (m *maker) casts() (name string, s *step, in []int) {
	x := m.pick(func(n node) bool { return n.dt != tensor.F32 || m.r.IntN(3) == 0 })
	if x < 0 {
		return "", nil, nil
	}
	to := tensor.F32
	if m.nodes[x].dt == tensor.F32 {
		to = []tensor.DType{tensor.I32, tensor.Bool}[m.r.IntN(2)]
	}
	return "Cast", cast(m.nodes[x].dt, to), []int{x}
}

func cast(from, to tensor.DType) *step {
	ref := func(x float64) float64 { return x }
	switch to {
	case tensor.I32:
		ref = math.Trunc
	case tensor.Bool:
		ref = func(x float64) float64 { return bit(x != 0) }
	}
	code, op := "%[1]s", func(x *T) *T { return x }
	if !from.IsFloat() || !to.IsFloat() { // it has no gradient, and the reference's is zero
		code, op = "%[1]s.Detach()", (*T).Detach
	}
	return &step{
		code: code + ".Cast(tensor." + strings.ToUpper(to.String()[:1]) + to.String()[1:] + ")", exact: true,
		op: unary(func(x *T) *T { return op(x).Cast(to) }), ref: each(ref),
	}
}
