package codegen

import (
	"maps"
	"math"
	"slices"

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

func (e *emitter) unit(r *ir.Reduction, t spirv.Type) spirv.ID {
	if t.Elem == spirv.Int && math.IsInf(r.Unit, 0) { // int32 has none
		if r.Unit > 0 {
			return e.b.Same(e.b.Zero(t), 1<<31-1)
		}
		return e.b.Same(e.b.Zero(t), -1<<31)
	}
	return e.b.Same(e.b.Zero(t), r.Unit)
}

// outs declares the memory of what a reduction's unit writes.
func (e *emitter) outs(u *fuse.Unit, width int) []spirv.Mem {
	var mems []spirv.Mem
	for _, t := range u.Outs {
		mems = append(mems, e.out(t, width))
	}
	return mems
}

// results returns four neighbouring elements, from the flat index start on, of each of the unit's outputs, made of those of the
// reduction.
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

// reduceColumns: each invocation walks down four neighbouring columns. On a GPU several go down the same ones, each to some of the
// rows, where that keeps more of them busy.
func reduceColumns(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	x, r := u.Node.In[0], u.Node.Reduce
	a, k, n := x.Shape[0], x.Shape[1], x.Shape[2]
	quads := (n + 3) / 4
	items := a * quads
	side, deep := 64, deep(on, items, k)
	if on.CPU && items < 64*16 {
		side = on.Lanes
	}
	if deep > 1 {
		side = min(side, on.Invocations(256)/deep)
	}
	groups := (items + side - 1) / side
	e := newEmitter(f, u, on, x.Len(), side*deep)
	b := e.b
	width := 4
	if n%4 != 0 {
		width = 1
	}
	outs := e.outs(u, width)
	id := b.LocalID(0)
	item, down := id, b.Index(0)
	if deep > 1 {
		item, down = b.And(id, b.Index(side-1)), b.Shr(id, log2(side))
	}
	item = b.Add(b.Mul(group(b, on, groups), b.Index(side)), item)
	// total combines the rows down, down + deep, … of four columns.
	total := func(item spirv.ID) (at []spirv.ID, v spirv.ID) {
		at = split(b, b.Bitcast(item, spirv.Uint), []int{a, quads})
		first := b.Add(b.Mul(at[0], b.Index(k*n)), b.Shl(at[1], 2))
		read := func(i spirv.ID) spirv.ID {
			e.at(b.Bitcast(b.Add(first, b.Mul(i, b.Index(n))), spirv.Uint), n%4 == 0)
			return e.value(x)
		}
		term := func(i spirv.ID) spirv.ID {
			if deep > 1 {
				i = b.Add(b.Mul(i, b.Index(deep)), down)
			}
			return read(i)
		}
		total := b.Cell(e.unit(r, spirv.Type{Elem: x.DType.Value(), N: 4}))
		const unroll = 4
		rows := k / deep
		full := rows / unroll * unroll
		if full > 0 {
			b.For(b.Index(0), b.Index(full), unroll, func(i spirv.ID) {
				sum := term(i)
				for j := 1; j < unroll; j++ {
					sum = r.Combine(b, sum, term(b.Add(i, b.Index(j))))
				}
				b.Set(total, r.Combine(b, b.Get(total), sum))
			})
		}
		for i := full; i < rows; i++ {
			b.Set(total, r.Combine(b, b.Get(total), term(b.Index(i))))
		}
		if rest := k % deep; rest > 0 {
			b.If(b.Less(down, b.Index(rest)), func() {
				b.Set(total, r.Combine(b, b.Get(total), read(b.Add(b.Index(rows*deep), down))))
			})
		}
		return at, b.Get(total)
	}
	store := func(item spirv.ID, at []spirv.ID, v spirv.ID) {
		col := b.Shl(at[1], 2)
		start := b.Add(b.Mul(at[0], b.Index(n)), col)
		results := e.results(u, start, width == 4, v)
		if width == 4 {
			for i, t := range u.Outs {
				e.store(outs[i], t, item, results[i])
			}
			return
		}
		for j := range 4 {
			b.If(b.Less(b.Add(col, b.Index(j)), b.Index(n)), func() {
				for i, t := range u.Outs {
					e.store(outs[i], t, b.Add(start, b.Index(j)), b.Component(results[i], j))
				}
			})
		}
	}
	valid := b.Less(item, b.Index(items))
	if deep == 1 {
		b.If(valid, func() {
			at, v := total(item)
			store(item, at, v)
		})
		return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
	}
	at, v := total(b.Min(item, b.Index(items-1)))
	shared := b.Shared(side*deep, b.TypeOf(v))
	b.StoreShared(shared, id, v)
	b.Barrier()
	b.If(b.And(b.Equal(down, b.Index(0)), valid), func() {
		for i := 1; i < deep; i++ {
			v = r.Combine(b, v, b.LoadShared(shared, b.Add(id, b.Index(i*side))))
		}
		store(item, at, v)
	})
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
}

// deep is how many invocations share k rows of the same columns, of which there are so many fours.
func deep(on ir.Target, items, k int) int {
	const busy, rows, most = 1 << 15, 8, 16
	deep := 1
	for !on.CPU && deep < most && items*deep < busy && k/(2*deep) >= rows {
		deep *= 2
	}
	return deep
}

// fewTerms is how long a row is at most that one invocation combines alone: it is read with three others, and all code is unrolled.
const fewTerms = 8

// reduceShortRows: each invocation takes four rows, which are as many quads as a row has elements.
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
		four := b.Vec(total[0], total[1], total[2], total[3])
		for i, v := range e.results(u, b.Shl(item, 2), true, four) {
			e.store(outs[i], u.Outs[i], item, v)
		}
	})
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
}

// reduce combines what the lane has of x along the row into one vector.
func (w *walker) reduce(x *ir.Node, r *ir.Reduction) spirv.ID {
	b := w.b
	_, k := w.u.Span()
	if w.held != nil {
		var total spirv.ID
		for i, f := range w.held {
			w.hold(f)
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
	quad := func(q spirv.ID) spirv.ID {
		w.at(b.Bitcast(b.Add(start, b.Shl(q, 2)), spirv.Uint), k%4 == 0)
		return w.value(x)
	}
	total := b.Cell(w.unit(r, t))
	const unroll = 4
	lanes := w.lanes
	full := k / (4 * lanes) // rounds in which every lane has a whole quad
	unrolled := full / unroll * unroll
	if unrolled > 0 {
		b.For(b.Index(0), b.Index(unrolled*lanes), unroll*lanes, func(i spirv.ID) {
			q := b.Add(i, w.lane)
			sum := quad(q)
			for j := 1; j < unroll; j++ {
				sum = r.Combine(b, sum, quad(b.Add(q, b.Index(j*lanes))))
			}
			b.Set(total, r.Combine(b, b.Get(total), sum))
		})
	}
	for i := unrolled; i < full; i++ {
		b.Set(total, r.Combine(b, b.Get(total), quad(b.Add(w.lane, b.Index(i*lanes)))))
	}
	if full*4*lanes < k {
		q := b.Add(w.lane, b.Index(full*lanes))
		v := quad(b.Min(q, b.Index(ir.Up(k, 4)-1))) // what lies beyond the row may be beyond the memory, too
		in := b.Less(b.Add(b.Splat(b.Shl(q, 2)), b.Lanes()), b.Int(k))
		b.Set(total, r.Combine(b, b.Get(total), b.Select(in, v, w.unit(r, t))))
	}
	return b.Get(total)
}

func horizontal(b *spirv.Block, r *ir.Reduction, v spirv.ID) spirv.ID {
	xy := r.Combine(b, b.Component(v, 0), b.Component(v, 1))
	return r.Combine(b, xy, r.Combine(b, b.Component(v, 2), b.Component(v, 3)))
}

// slice is how many lanes have a row beside others in one workgroup at most.
const slice = 32

// share says how many lanes share a row of k elements, how many a workgroup has, and how many rows they take one after the other. Of a GPU
// that are as many lanes as keep what they read of the row in registers, and more where there are few rows. On lavapipe the lanes of one
// subgroup take many rows that are held, if there are: the code stays near, and they read once what is the same in all rows.
func share(on ir.Target, rows, k int) (lanes, local, each int) {
	if on.CPU {
		const busy, many = 128, 32 // workgroups; rows
		lanes, local, each = on.Lanes, 64, min(rows/busy, many)
		switch {
		case each >= many/2 && fours(on, lanes, k) > 0:
			return lanes, lanes, each
		case rows*lanes < 64*16:
			local = lanes
		}
		return lanes, local, 1
	}
	const few, busy = 4, 1 << 14 // fours of a lane; invocations
	most, fours := on.Invocations(512), ir.Up(k, 4)
	for lanes = 4; lanes < most && (lanes < slice && lanes < fours || lanes*few < fours || rows*lanes < busy && lanes < fours/2); {
		lanes *= 2
	}
	if lanes > slice {
		return lanes, lanes, 1
	}
	return lanes, 128, 1
}

// reduceRows: the lanes share a row on lavapipe, a workgroup or a part of one on a GPU. They go over it once for each reduction, and once
// more for what is as long as the row.
func reduceRows(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated {
	rows, k := u.Span()
	lanes, local, each := share(on, rows, k)
	groups := ir.Up(rows*lanes, local*each)
	e := newEmitter(f, u, on, rows*k, local)
	b := e.b
	e.stops, e.rows = loads(f, u), map[*ir.Node]spirv.ID{}
	var outs []spirv.Mem
	w := walker{emitter: e, u: u, lanes: lanes, pair: 1}
	if n := fours(on, lanes, k); n > 0 {
		w.pair = pair(on, u, n)
	}
	for _, t := range u.Outs {
		outs = append(outs, e.out(t, min(4*w.pair, t.Len()/rows)))
	}
	e.single(u)
	w.id, w.local = b.LocalID(0), local
	w.lane, w.row = w.id, group(b, on, groups)
	if lanes < local {
		w.lane = b.And(w.id, b.Index(lanes-1))
		w.row = b.Add(b.Mul(w.row, b.Index(local/lanes)), b.Shr(w.id, log2(lanes)))
	}
	if each == 1 {
		w.along(outs, w.row)
	} else {
		first := b.Mul(w.row, b.Index(each))
		w.ahead()
		b.Barrier() // of what runs between two barriers lavapipe has the code once
		b.For(b.Index(0), b.Index(each), 1, func(i spirv.ID) { w.along(outs, b.Add(first, i)) })
	}
	return Generated{Module: b.Module(), Binds: e.binds, Groups: groups}
}

// loads lists what a unit along rows reads from memory.
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

// A walker goes along one row with some lanes.
type walker struct {
	*emitter
	u         *fuse.Unit
	lanes     int
	pair      int // fours that a lane holds side by side, and stores together
	lane, row spirv.ID
	local     int      // invocations of the workgroup
	id        spirv.ID // of this one among them
	held      []four   // of a short row; nil: the row is read anew for each reduction
	columns   []four   // what is the same in all rows, where it was read before the first
}

// A four is what was worked out of four elements.
type four struct {
	base   spirv.ID
	values map[*ir.Node]spirv.ID
	views  map[string]spirv.ID
}

// along works out the unit's outputs of one row, and stores them if there is such a row.
func (w *walker) along(outs []spirv.Mem, row spirv.ID) {
	b, rows := w.b, w.u.Node.Shape[0]
	valid := b.Less(row, b.Index(rows))
	w.row = b.Min(row, b.Index(rows-1))
	w.keep()
	for _, t := range w.u.Outs {
		if t.Len() == rows {
			w.number(t)
		} else {
			w.numbers(t)
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
		w.elements(outs, valid)
	}
}

// keep lets a lane hold all that it works out of a row where that are few fours: nothing is read or computed twice.
func (w *walker) keep() {
	_, k := w.u.Span()
	w.held = w.fours(w.b.Mul(w.row, w.b.Index(k)))
	for i, c := range w.columns {
		maps.Copy(w.held[i].views, c.views)
	}
}

// fours returns those of a row, which begins there, that the lane holds.
func (w *walker) fours(start spirv.ID) (all []four) {
	b := w.b
	_, k := w.u.Span()
	start = b.Add(start, b.Mul(w.lane, b.Index(4*w.pair)))
	for i := range fours(w.on, w.lanes, k) {
		base := b.Bitcast(b.Add(start, b.Index(4*(i/w.pair*w.pair*w.lanes+i%w.pair))), spirv.Uint)
		all = append(all, four{base, map[*ir.Node]spirv.ID{}, map[string]spirv.ID{}})
	}
	return all
}

// fours is how many fours of a row of k elements each of so many lanes holds; 0: it is too long for that, or none of whole fours.
func fours(on ir.Target, lanes, k int) int {
	few := 16
	if !on.CPU {
		few = 4
	}
	if n := k / (4 * lanes); n <= few && k%(4*lanes) == 0 {
		return n
	}
	return 0
}

// hold goes to some four elements.
func (w *walker) hold(f four) { w.base, w.whole, w.values, w.views = f.base, true, f.values, f.views }

// ahead reads what all rows have the same of.
func (w *walker) ahead() {
	rows, k := w.u.Span()
	w.n, w.columns = rows*k, w.fours(w.b.Index(0))
	for _, c := range w.columns {
		w.hold(c)
		for _, t := range w.u.Elems {
			for _, x := range t.In {
				if p := w.Where[x]; x.Len() == rows*k && w.stops[p.Base] && p.View.SameRows(rows) {
					w.through(p)
				}
			}
		}
	}
}

// numbers works out what t, an element of the row, needs of the row as a whole.
func (w *walker) numbers(t *ir.Node) {
	rows, _ := w.u.Span()
	seen := map[*ir.Node]bool{}
	var walk func(t *ir.Node)
	walk = func(t *ir.Node) {
		if seen[t] || w.stops[t] {
			return
		}
		seen[t] = true
		switch {
		case t.Reduce != nil || t.Len() == rows && w.own[t]:
			w.number(t)
		default:
			for _, x := range t.In {
				walk(w.Where[x].Base)
			}
		}
	}
	walk(w.Where[t].Base)
}

// number works out t, one number for each row.
func (w *walker) number(t *ir.Node) {
	if _, ok := w.rows[t]; ok {
		return
	}
	for _, x := range t.In {
		w.numbers(x)
	}
	rows, k := w.u.Span()
	if t.Reduce != nil {
		w.n = rows * k
		w.rows[t] = w.together(t.Reduce, horizontal(w.b, t.Reduce, w.reduce(t.In[0], t.Reduce)))
		return
	}
	w.n = rows
	w.at(w.b.Bitcast(w.row, spirv.Uint), false)
	w.rows[t] = w.b.Component(w.value(t), 0)
}

// together combines what the lanes have; all get the result.
func (w *walker) together(r *ir.Reduction, v spirv.ID) spirv.ID {
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
	case w.lanes <= slice: // all read what all of the row have
		b.StoreShared(shared, w.id, v)
		b.Barrier()
		total := at(0)
		for i := 1; i < w.lanes; i++ {
			total = r.Combine(b, total, at(i))
		}
		return total
	case w.on.Info.Arithmetic: // whatever the size of subgroups, and which invocations are in one
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
	for half := w.lanes / 2; half > 0; half /= 2 {
		b.Barrier()
		b.If(b.Less(w.lane, b.Index(half)), func() {
			b.StoreShared(shared, w.id, r.Combine(b, b.LoadShared(shared, w.id), b.LoadShared(shared, b.Add(w.id, b.Index(half)))))
		})
	}
	b.Barrier()
	return at(0)
}

// elements stores the outputs that are as long as the row, if there is such a row.
func (w *walker) elements(outs []spirv.Mem, valid spirv.ID) {
	const unroll = 4
	b := w.b
	rows, k := w.u.Span()
	w.n = rows * k
	if w.held != nil {
		for i := 0; i < len(w.held); i += w.pair {
			at := b.Shr(b.Bitcast(w.held[i].base, spirv.Int), 1+w.pair)
			for j, t := range w.u.Outs {
				if t.Len() == rows {
					continue
				}
				var values []spirv.ID
				for h := range w.pair {
					w.hold(w.held[i+h])
					values = append(values, w.value(t))
				}
				w.later(outs[j], t, at, valid, values...)
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
				w.later(outs[i], t, at, valid, w.value(t))
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
