package codegen

import (
	"maps"
	"slices"

	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

// A walker writes the code by which some lanes process one row: they reduce it, and compute what depends on the results.
type walker struct {
	*emitter
	u         *fuse.Unit
	lanes     int
	perStore  int // consecutive quads that a lane stores at once
	lane, row spirv.ID
	local     int      // invocations of the workgroup
	id        spirv.ID // the number of this invocation among them
	held      []quad   // this lane's quads of a row that fits into registers; nil: each reduction reads the row again
	columns   []quad   // values that are the same in all rows, read before the first row; nil: none were
}

// A quad holds the values computed so far for four consecutive elements, as the fields of the same names of an emitter.
type quad struct {
	base   spirv.ID
	values map[*ir.Node]spirv.ID
	views  map[string]spirv.ID
}

// processRow computes the unit's outputs for one row, and stores them if the row exists. An invocation without a row computes the last one
// again, because all invocations must reach the barriers. Outputs with one value for each row are stored first.
func (w *walker) processRow(outs []spirv.Mem, row spirv.ID) {
	b, rows := w.b, w.u.Node.Shape[0]
	valid := b.Less(row, b.Index(rows))
	w.row = b.Min(row, b.Index(rows-1))
	w.holdRow()
	for _, t := range w.u.Outs {
		if t.Len() == rows {
			w.computeRowValue(t)
		} else {
			w.computeRowValues(t)
		}
	}
	b.If(b.And(b.Equal(w.lane, b.Index(0)), valid), func() {
		for i, t := range w.u.Outs {
			if t.Len() == rows {
				w.store(outs[i], t, w.row, w.rows[t])
			}
		}
	})
	if slices.ContainsFunc(w.u.Outs, func(t *ir.Node) bool { return t.Len() > rows }) {
		w.storeElements(outs, valid)
	}
}

// holdRow prepares to keep all values of this lane's part of the row in registers, if that part is few quads. Then nothing is read or
// computed twice.
func (w *walker) holdRow() {
	_, k := w.u.RowShape()
	w.held = w.quads(w.b.Mul(w.row, w.b.Index(k)))
	for i, c := range w.columns {
		maps.Copy(w.held[i].views, c.views)
	}
}

// quads returns this lane's quads of the row that begins at the element start, or nil if the row is too long to be held. The lanes take
// turns: each takes perStore consecutive quads, then the next lane does.
func (w *walker) quads(start spirv.ID) (all []quad) {
	b := w.b
	_, k := w.u.RowShape()
	start = b.Add(start, b.Mul(w.lane, b.Index(4*w.perStore)))
	for i := range quadsPerLane(w.on, w.lanes, k) {
		base := b.Bitcast(b.Add(start, b.Index(4*(i/w.perStore*w.perStore*w.lanes+i%w.perStore))), spirv.Uint)
		all = append(all, quad{base, map[*ir.Node]spirv.ID{}, map[string]spirv.ID{}})
	}
	return all
}

// quadsPerLane returns how many quads of a row of k elements each lane holds in registers. It returns 0 if these would be too many, or if
// the lanes cannot divide the row evenly.
func quadsPerLane(on ir.Target, lanes, k int) int {
	few := 16
	if !on.CPU {
		few = 4
	}
	if n := k / (4 * lanes); n <= few && k%(4*lanes) == 0 {
		return n
	}
	return 0
}

// moveTo moves the emitter to the elements of a quad, with the values that were computed for them before.
func (w *walker) moveTo(f quad) { w.base, w.whole, w.values, w.views = f.base, true, f.values, f.views }

// loadColumns reads the inputs whose rows are all the same, such as the weight of a layer norm, once before the first row.
func (w *walker) loadColumns() {
	rows, k := w.u.RowShape()
	w.n, w.columns = rows*k, w.quads(w.b.Index(0))
	for _, c := range w.columns {
		w.moveTo(c)
		for _, t := range w.u.Elems {
			for _, x := range t.In {
				if p := w.Where[x]; x.Len() == rows*k && w.stops[p.Base] && p.View.SameRows(rows) {
					w.through(p)
				}
			}
		}
	}
}

// computeRowValues computes everything that has one element for each row and that t is computed from, t itself included.
func (w *walker) computeRowValues(t *ir.Node) {
	rows, _ := w.u.RowShape()
	seen := map[*ir.Node]bool{}
	var walk func(t *ir.Node)
	walk = func(t *ir.Node) {
		if seen[t] || w.stops[t] {
			return
		}
		seen[t] = true
		switch {
		case t.Reduce != nil || t.Len() == rows && w.own[t]:
			w.computeRowValue(t)
		default:
			for _, x := range t.In {
				walk(w.Where[x].Base)
			}
		}
	}
	walk(w.Where[t].Base)
}

// computeRowValue computes t, which has one element for each row: a reduction, or an expression of reductions.
func (w *walker) computeRowValue(t *ir.Node) {
	if _, ok := w.rows[t]; ok {
		return
	}
	for _, x := range t.In {
		w.computeRowValues(x)
	}
	rows, k := w.u.RowShape()
	if t.Reduce != nil {
		w.n = rows * k
		w.rows[t] = w.combineLanes(t.Reduce, combineComponents(w.b, t.Reduce, w.reduce(t.In[0], t.Reduce)))
		return
	}
	w.n = rows
	w.at(w.b.Bitcast(w.row, spirv.Uint), false)
	w.rows[t] = w.b.Component(w.value(t), 0)
}

// combineLanes combines the values v of all lanes of the row, and returns the result to all of them. Lanes of one subgroup shuffle on
// lavapipe. On a GPU they go through shared memory: few lanes all read what all others have stored; many lanes first reduce in subgroups,
// or, where the device cannot do that, in a tree.
func (w *walker) combineLanes(r *ir.Reduction, v spirv.ID) spirv.ID {
	b := w.b
	if w.on.CPU {
		for mask := 1; mask < w.lanes; mask *= 2 {
			v = r.Combine(b, v, b.ShuffleXor(v, mask))
		}
		return v
	}
	shared := b.Shared(w.local, b.TypeOf(v))
	at := func(i int) spirv.ID { return b.LoadShared(shared, b.Add(b.Sub(w.id, w.lane), b.Index(i))) }
	switch {
	case w.lanes <= maxSharing:
		b.StoreShared(shared, w.id, v)
		b.Barrier()
		total := at(0)
		for i := 1; i < w.lanes; i++ {
			total = r.Combine(b, total, at(i))
		}
		return total
	case w.on.Info.Arithmetic: // this works with subgroups of any size, and does not depend on which invocations they consist of
		v = r.Subgroup(b, v)
		b.If(b.Elect(), func() { b.StoreShared(shared, b.Subgroup(), v) })
		b.Barrier()
		total := b.Cell(b.LoadShared(shared, b.Index(0)))
		b.For(b.Index(1), b.Subgroups(), 1, func(i spirv.ID) {
			b.Set(total, r.Combine(b, b.Get(total), b.LoadShared(shared, i)))
		})
		return b.Get(total)
	}
	b.StoreShared(shared, w.id, v)
	w.tree(r, shared, w.id, w.lane, w.lanes, 1)
	b.Barrier()
	return at(0)
}

// tree combines in shared memory what n invocations, whose numbers lie so far apart, have stored there at their numbers id. The first of
// them, at place 0, finds the result at its own.
func (e *emitter) tree(r *ir.Reduction, shared spirv.Shared, id, place spirv.ID, n, apart int) {
	b := e.b
	for half := n / 2; half > 0; half /= 2 {
		b.Barrier()
		b.If(b.Less(place, b.Index(half)), func() {
			b.StoreShared(shared, id, r.Combine(b, b.LoadShared(shared, id), b.LoadShared(shared, b.Add(id, b.Index(half*apart)))))
		})
	}
}

// storeElements computes and stores the outputs that are as long as the row. It stores nothing if valid is false: then the row does not
// exist.
func (w *walker) storeElements(outs []spirv.Mem, valid spirv.ID) {
	const unroll = 4
	b := w.b
	rows, k := w.u.RowShape()
	w.n = rows * k
	if w.held != nil {
		for i := 0; i < len(w.held); i += w.perStore {
			at := b.Shr(b.Bitcast(w.held[i].base, spirv.Int), 1+w.perStore)
			for j, t := range w.u.Outs {
				if t.Len() == rows {
					continue
				}
				var values []spirv.ID
				for h := range w.perStore {
					w.moveTo(w.held[i+h])
					values = append(values, w.value(t))
				}
				w.storeLater(outs[j], t, at, valid, values...)
			}
		}
		w.flush()
		return
	}
	quads := k / 4
	start := b.Mul(w.row, b.Index(quads))
	store := func(q, valid spirv.ID) {
		at := b.Add(start, q)
		w.at(b.Bitcast(b.Shl(at, 2), spirv.Uint), true)
		for i, t := range w.u.Outs {
			if t.Len() > rows {
				w.storeLater(outs[i], t, at, valid, w.value(t))
			}
		}
	}
	full := quads / w.lanes
	unrolled := full / unroll * unroll
	if unrolled > 0 {
		b.For(b.Index(0), b.Index(unrolled*w.lanes), unroll*w.lanes, func(i spirv.ID) {
			for j := range unroll {
				store(b.Add(b.Add(i, w.lane), b.Index(j*w.lanes)), valid)
			}
			w.flush()
		})
	}
	for i := unrolled; i < full; i++ {
		store(b.Add(w.lane, b.Index(i*w.lanes)), valid)
	}
	if full*w.lanes < quads {
		q := b.Add(w.lane, b.Index(full*w.lanes))
		store(b.Min(q, b.Index(quads-1)), b.And(valid, b.Less(q, b.Index(quads))))
	}
	w.flush()
}

// reduce combines this lane's elements of x, four at a time, into one vector, whose components are still to be combined.
func (w *walker) reduce(x *ir.Node, r *ir.Reduction) spirv.ID {
	b := w.b
	_, k := w.u.RowShape()
	if w.held != nil {
		var total spirv.ID
		for i, f := range w.held {
			w.moveTo(f)
			if v := w.value(x); i == 0 {
				total = v
			} else {
				total = r.Combine(b, total, v)
			}
		}
		return total
	}
	start := b.Mul(w.row, b.Index(k))
	t := spirv.Type{Elem: x.DType.Value(), N: 4}
	read := func(q spirv.ID) spirv.ID {
		w.at(b.Bitcast(b.Add(start, b.Shl(q, 2)), spirv.Uint), k%4 == 0)
		return w.value(x)
	}
	total := b.Cell(w.identity(r, t))
	const unroll = 4
	lanes := w.lanes
	full := k / (4 * lanes) // rounds in which every lane has a whole quad
	unrolled := full / unroll * unroll
	if unrolled > 0 {
		b.For(b.Index(0), b.Index(unrolled*lanes), unroll*lanes, func(i spirv.ID) {
			q := b.Add(i, w.lane)
			sum := read(q)
			for j := 1; j < unroll; j++ {
				sum = r.Combine(b, sum, read(b.Add(q, b.Index(j*lanes))))
			}
			b.Set(total, r.Combine(b, b.Get(total), sum))
		})
	}
	for i := unrolled; i < full; i++ {
		b.Set(total, r.Combine(b, b.Get(total), read(b.Add(w.lane, b.Index(i*lanes)))))
	}
	if full*4*lanes < k {
		q := b.Add(w.lane, b.Index(full*lanes))
		v := read(b.Min(q, b.Index(ir.Up(k, 4)-1))) // elements beyond the row may lie beyond the memory, too
		in := b.Less(b.Add(b.Splat(b.Shl(q, 2)), b.Lanes()), b.Int(k))
		b.Set(total, r.Combine(b, b.Get(total), b.Select(in, v, w.identity(r, t))))
	}
	return b.Get(total)
}

// combineComponents combines the four components of a vector.
func combineComponents(b *spirv.Block, r *ir.Reduction, v spirv.ID) spirv.ID {
	xy := r.Combine(b, b.Component(v, 0), b.Component(v, 1))
	return r.Combine(b, xy, r.Combine(b, b.Component(v, 2), b.Component(v, 3)))
}
