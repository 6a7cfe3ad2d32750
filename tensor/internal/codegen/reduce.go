package codegen

import (
	"maps"
	"math"

	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// reduce writes the shader of a reduction [A, K, N] → [A, N].
func reduce(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	switch {
	case u.Node.Shape[1] > 1:
		return reduceColumns(f, u, on)
	case u.Node.In[0].Shape[1] <= fewTerms:
		return reduceShortRows(f, u, on)
	}
	return reduceRows(f, u, on)
}

// identity returns the neutral element of a reduction as a value of type t.
func (e *emitter) identity(r *ir.Reduction, t spirv.Type) spirv.ID {
	if t.Elem == spirv.Int && math.IsInf(r.Identity, 0) { // int32 has no infinity
		if r.Identity > 0 {
			return e.b.Same(e.b.Zero(t), 1<<31-1)
		}
		return e.b.Same(e.b.Zero(t), -1<<31)
	}
	return e.b.Same(e.b.Zero(t), r.Identity)
}

// outs declares the memory of the tensors that a reduction's unit writes.
func (e *emitter) outs(u *fuse.Unit, width int) []spirv.Mem {
	var mems []spirv.Mem
	for _, t := range u.Outs {
		mems = append(mems, e.out(t, width))
	}
	return mems
}

// results returns four consecutive elements of each of the unit's outputs, from the flat index start on. reduced has those of the
// reduction, which the outputs are computed from. whole tells that start is a multiple of 4.
func (e *emitter) results(u *fuse.Unit, start spirv.ID, whole bool, reduced spirv.ID) []spirv.ID {
	e.stops, e.n = nil, u.Node.Len()
	e.at(e.b.Bitcast(start, spirv.Uint), whole)
	e.values[u.Node] = reduced
	var out []spirv.ID
	for _, t := range u.Outs {
		out = append(out, e.value(t))
	}
	return out
}

// fewTerms is the length of the longest rows that one invocation combines alone, four at a time. The code is unrolled, so they must be
// short.
const fewTerms = 8

// reduceShortRows writes a reduction of short rows: each invocation combines four consecutive rows of k elements, which it reads as k
// quads, and stores the four results as one quad.
func reduceShortRows(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	x, r := u.Node.In[0], u.Node.Reduce
	rows, k := x.Shape[0], x.Shape[1]
	items := ir.Up(rows, 4)
	local := 64
	if on.CPU && items < 64*16 {
		local = on.Lanes
	}
	groups := ir.Up(items, local)
	e := newEmitter(f, u, on, x.Len(), local)
	b := e.b
	outs := e.outs(u, 4)
	item := b.Add(b.Mul(group(b, on, groups), b.Index(local)), b.LocalID(0))
	b.If(b.Less(item, b.Index(items)), func() {
		first := b.Mul(item, b.Index(4*k))
		var quads []spirv.ID
		for i := range k {
			e.at(b.Bitcast(b.Add(first, b.Index(4*i)), spirv.Uint), rows%4 == 0)
			quads = append(quads, e.value(x))
		}
		var total [4]spirv.ID
		for row := range total {
			total[row] = b.Component(quads[row*k/4], row*k%4)
			for i := row*k + 1; i < (row+1)*k; i++ {
				total[row] = r.Combine(b, total[row], b.Component(quads[i/4], i%4))
			}
		}
		totals := b.Vec(total[0], total[1], total[2], total[3])
		for i, v := range e.results(u, b.Shl(item, 2), true, totals) {
			e.store(outs[i], u.Outs[i], item, v)
		}
	})
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
}

// maxSharing is the largest number of lanes of a row that shares its workgroup with other rows. A row with more lanes has a workgroup of
// its own.
const maxSharing = 32

// divideRows decides how workgroups divide rows of k elements: lanes process a row together, a workgroup has local invocations, and it
// processes each rows one after the other. On a GPU there are enough lanes to keep a row's values in registers, and more if there are few
// rows. On lavapipe a subgroup processes many rows if each fits into its registers: the code stays in the cache, and values that are the
// same in all rows are read once.
func divideRows(on ir.Target, rows, k int) (lanes, local, each int) {
	if on.CPU {
		const busy, many = 128, 32 // workgroups that keep all cores busy; most rows of a workgroup
		lanes, local, each = on.Lanes, 64, min(rows/busy, many)
		switch {
		case each >= many/2 && quadsPerLane(on, lanes, k) > 0:
			return lanes, lanes, each
		case rows*lanes < 64*16:
			local = lanes
		}
		return lanes, local, 1
	}
	const few, busy = 4, 1 << 14 // quads that a lane keeps in registers; invocations that keep a GPU busy
	most, quads := on.Invocations(512), ir.Up(k, 4)
	for lanes = 4; lanes < most && (lanes < maxSharing && lanes < quads || lanes*few < quads || rows*lanes < busy && lanes < quads/2); {
		lanes *= 2
	}
	if lanes > maxSharing {
		return lanes, lanes, 1
	}
	return lanes, 128, 1
}

// reduceRows writes a reduction in which several lanes share a row: a subgroup on lavapipe, a workgroup or a part of one on a GPU. If the
// row does not fit into their registers, they read it once for each reduction, and once more for the outputs that are as long as the row.
func reduceRows(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	rows, k := u.RowShape()
	lanes, local, each := divideRows(on, rows, k)
	groups := ir.Up(rows*lanes, local*each)
	e := newEmitter(f, u, on, rows*k, local)
	b := e.b
	e.stops, e.rows = loads(f, u), map[*ir.Node]spirv.ID{}
	var outs []spirv.Mem
	w := walker{emitter: e, u: u, lanes: lanes, perStore: 1}
	if n := quadsPerLane(on, lanes, k); n > 0 {
		w.perStore = quadsPerStore(on, u, n)
	}
	for _, t := range u.Outs {
		outs = append(outs, e.out(t, min(4*w.perStore, t.Len()/rows)))
	}
	e.loadScalars(u)
	w.id, w.local = b.LocalID(0), local
	w.lane, w.row = w.id, group(b, on, groups)
	if lanes < local {
		w.lane = b.And(w.id, b.Index(lanes-1))
		w.row = b.Add(b.Mul(w.row, b.Index(local/lanes)), b.Shr(w.id, log2(lanes)))
	}
	if each == 1 {
		w.processRow(outs, w.row)
	} else {
		first := b.Mul(w.row, b.Index(each))
		w.loadColumns()
		b.Barrier() // lavapipe has one copy of the code between two barriers
		b.For(b.Index(0), b.Index(each), 1, func(i spirv.ID) { w.processRow(outs, b.Add(first, i)) })
	}
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
}

// loads returns the set of tensors that a unit along rows reads from memory: those that its reductions read, and those of its elementwise
// nodes' inputs that neither the unit itself nor an expression without inputs computes.
func loads(f *fuse.Fusion, u *fuse.Unit) map[*ir.Node]bool {
	loads := maps.Clone(u.Stops)
	for _, t := range u.Elems {
		for _, x := range t.In {
			if b := f.Where[x].Base; !u.Own[b] && (!b.Inlined() || f.Stored[b]) {
				loads[b] = true
			}
		}
	}
	return loads
}
