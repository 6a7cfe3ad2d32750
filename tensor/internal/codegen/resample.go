package codegen

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// resample writes the kernel of ir.Resample: x [R, M, N], at [T, K], weight [T, K] → [R, K, N]. Each invocation computes four consecutive
// elements if either N or, where N is 1, K is a multiple of 4, and one element otherwise.
func resample(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	x, at, weight := f.Where[u.Node.In[0]].Base, f.Where[u.Node.In[1]].Base, f.Where[u.Node.In[2]].Base
	shape, taps := u.Node.Shape, u.Node.In[1].Shape[0]
	m, k, n := u.Node.In[0].Shape[1], shape[1], shape[2]
	width, across := 1, 1 // elements that an invocation computes along N, and along K
	switch {
	case n%4 == 0:
		width = 4
	case n == 1 && k%4 == 0:
		across = 4
	}
	const local = 64
	items := u.Node.Len() / width / across
	groups := ir.Up(items, local)
	e := newEmitter(f, u, on, items, local)
	b := e.b
	from, places, weights := e.mem(x, width), e.mem(at, 1), e.mem(weight, 1)
	out := e.out(u.Node, width*across)
	item := b.Add(b.Mul(group(b, on, groups), b.Index(local)), b.LocalID(0))
	b.If(b.Less(item, b.Index(items)), func() {
		c := split(b, b.Bitcast(item, spirv.Uint), []int{shape[0], k / across, n / width})
		row := b.Mul(c[0], b.Index(m))
		sum := func(k0 spirv.ID) spirv.ID { // the result at k0
			var total spirv.ID
			for t := range taps {
				tap := b.Add(k0, b.Index(t*k))
				v := b.Load(from, b.Add(b.Mul(b.Add(row, b.Load(places, tap)), b.Index(n/width)), c[2]))
				w := b.Load(weights, tap)
				if width == 4 {
					w = b.Splat(w)
				}
				if term := b.Mul(v, w); t == 0 {
					total = term
				} else {
					total = b.Add(total, term)
				}
			}
			return total
		}
		if across == 1 {
			e.store(out, u.Node, item, sum(c[1]))
			return
		}
		first := b.Mul(c[1], b.Index(4))
		e.store(out, u.Node, item, b.Vec(sum(first), sum(b.Add(first, b.Index(1))), sum(b.Add(first, b.Index(2))), sum(b.Add(first, b.Index(3)))))
	})
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups, Form: "resample", FLOPs: 2 * float64(taps*u.Node.Len())}
}
