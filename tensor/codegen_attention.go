package tensor

import (
	"fmt"
	"math"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/tensor/internal/expr"
	"genview/tensor/internal/ir"
)

// A flash is attention in kernels that keep no scores: of queries [batch…, T, D], keys [batch…, S, D] and values [batch…, S, E].
type flash struct {
	batch      []int
	heads      int // the last axes of the batch, which lie side by side in results: [batch…, T, heads…, E]
	t, s, d, e int
	scale      float64
	causal     bool
	masked     bool    // there is one more input, the mask [batch…, T, S]
	dropout    float64 // if there is, the last input is the state of the generator
	stream     int
}

// lies returns the shape in which a result [batch…, n, width] lies in memory, and the permutation that gives it back.
func (a *flash) lies(n, width int) (shape, back []int) {
	front := len(a.batch) - a.heads
	shape = slices.Concat(a.batch[:front], []int{n}, a.batch[front:], []int{width})
	return shape, slices.Concat(ir.Counting(0, front), ir.Counting(front+1, a.heads), []int{front, len(a.batch) + 1})
}

// part is the result [batch…, n, width] that begins at an element of flat.
func (a *flash) part(flat *Tensor, at, n, width int) *Tensor {
	shape, back := a.lies(n, width)
	return flat.Slice(0, at, at+ir.Size(shape)).Reshape(shape...).Permute(back...)
}

// count is the number of elements of [batch…, n, width].
func (a *flash) count(n, width int) int { return ir.Size(a.batch) * n * width }

func (a *flash) op(name string, n int, kernel func(f *fusion, u *unit, on Target) generated) Op {
	return Op{
		Name: name, Shape: []int{n}, DType: F32, Attr: fmt.Sprint(*a),
		Kernel: kernel,
		Reads:  func(_ int, v View) bool { return v.Lo == nil },
	}
}

// flashResult is what the forward pass gives: the values that the queries take, [batch…, T, E], and, for the gradient, each query's
// largest score and its sum of e^(score − largest), [batch…, T, 1].
type flashResult struct{ y, largest, sum *Tensor }

// forward computes it; more are the mask and the state of the generator, where there are such.
func (a *flash) forward(q, k, v *Tensor, more ...*Tensor) flashResult {
	values, n := a.count(a.t, a.e), a.count(a.t, 1)
	all := a.op("Attention", values+2*n, a.kernel).On(append([]*Tensor{q, k, v}, more...)...)
	each := func(at int) *Tensor { return all.Slice(0, at, at+n).Reshape(append(slices.Clone(a.batch), a.t, 1)...) }
	return flashResult{a.part(all, 0, a.t, a.e), each(values), each(values + n)}
}

// backward returns the gradients of the queries, keys and values from that of the result, and inner, its sums of products with the
// result.
func (a *flash) backward(q, k, v, dy *Tensor, r flashResult, inner *Tensor, more ...*Tensor) []*Tensor {
	keys := a.count(a.s, a.d)
	more = append([]*Tensor{r.largest, r.sum, inner}, more...)
	dq := a.op("AttentionQueries", a.count(a.t, a.d), a.queries).On(append([]*Tensor{q, dy, k, v}, more...)...)
	dkv := a.op("AttentionKeys", keys+a.count(a.s, a.e), a.keys).On(append([]*Tensor{k, v, q, dy}, more...)...)
	return []*Tensor{a.part(dq, 0, a.t, a.d), a.part(dkv, 0, a.s, a.d), a.part(dkv, keys, a.s, a.e)}
}

const (
	attentionLanes  = 256       // in a workgroup
	attentionOthers = 32        // rows that it goes over at a time
	attentionWidth  = 128       // of queries, keys and values at most
	attentionMemory = 16 * 1024 // bytes that a workgroup shares at most, which every device has
)

// runs tells whether the kernels run on a target; lavapipe does the same better in products. mask is nil where there is none.
func (a *flash) runs(on Target, mask *Tensor) bool {
	l := on.Info.Limits
	binds := func(elements ...int) (n int) {
		for _, e := range elements {
			n += ir.Up(F32.Bytes(e)+12, on.room(0))
		}
		return n
	}
	q, k, v, y, sums := a.count(a.t, a.d), a.count(a.s, a.d), a.count(a.s, a.e), a.count(a.t, a.e), a.count(a.t, 1)
	more := 0
	if mask != nil {
		more += binds(mask.Len())
	}
	if a.dropout > 0 {
		more += binds(4)
	}
	in := binds(q, k, v, y, y+2*sums, sums) + more
	return !on.CPU && l.MaxInvocations >= attentionLanes && l.MaxGroupSize[0] >= attentionLanes && l.SharedMemory >= attentionMemory &&
		max(binds(q, k, v, y+2*sums)+more, in+binds(q), in+2*binds(k+v)) <= l.MaxBuffers
}

// attentionRows is how many rows an invocation has scores of, where a workgroup owns some of n and keeps sums of so many columns: one
// where there are few, or so many columns that registers would be.
func attentionRows(n, columns int) int {
	if n <= attentionLanes/8 || columns > attentionWidth {
		return 1
	}
	return 2
}

func (a *flash) kernel(f *fusion, u *unit, on Target) generated {
	w := a.writer(f, u, on)
	w.rows("OwnA", 0)
	w.rows("OtherA", 1)
	w.rows("OtherB", 2)
	w.more(3)
	w.result("result", 0, a.t, a.e)
	w.holes = append(w.holes, w.hole("sums", func(x []spirv.ID) spirv.ID {
		b, n := w.b, a.count(a.t, 1)
		at := b.Add(b.Add(b.Mul(x[0], b.Index(a.t)), x[1]), b.Index(a.count(a.t, a.e)))
		b.Store(w.out(u.node, 1), at, x[2])
		b.Store(w.out(u.node, 1), b.Add(at, b.Index(n)), x[3])
		return 0
	}))
	return w.finish(shaders.Attention, a.t, a.e, a.d+a.e, false)
}

func (a *flash) queries(f *fusion, u *unit, on Target) generated {
	w := a.gradient(f, u, on)
	w.result("resultA", 0, a.t, a.d)
	return w.finish(shaders.AttentionGrad, a.t, a.d, 2*a.d+a.e, false)
}

func (a *flash) keys(f *fusion, u *unit, on Target) generated {
	w := a.gradient(f, u, on)
	w.result("resultA", 0, a.s, a.d)
	w.result("resultB", a.count(a.s, a.d), a.s, a.e)
	return w.finish(shaders.AttentionGrad, a.s, a.d+a.e, 2*a.d+2*a.e, true)
}

// A flashWriter writes one of the kernels.
type flashWriter struct {
	*emitter
	*flash
	u     *unit
	holes []spirv.Hole
}

func (a *flash) writer(f *fusion, u *unit, on Target) *flashWriter {
	return &flashWriter{emitter: f.newEmitter(u, on, u.node.Len(), 1), flash: a, u: u}
}

// gradient begins a kernel that reads rows that it owns, others, and three numbers for each query.
func (a *flash) gradient(f *fusion, u *unit, on Target) *flashWriter {
	w := a.writer(f, u, on)
	for i, name := range []string{"OwnA", "OwnB", "OtherA", "OtherB"} {
		w.rows(name, i)
	}
	for i, name := range []string{"largest", "sum", "inner"} {
		o := w.operand(4 + i)
		w.holes = append(w.holes, w.hole(name, func(x []spirv.ID) spirv.ID { return w.b.Load(w.mem(o.base, 1), w.begins(o)(x)) }))
	}
	w.more(7)
	return w
}

// more fills the holes that a mask and a generator take, which are the inputs from one on.
func (w *flashWriter) more(input int) {
	if w.masked {
		o, dt := w.operand(input), w.u.node.in[input].op.DType
		w.holes = append(w.holes, w.hole("added", func(x []spirv.ID) spirv.ID {
			b := w.b
			v := b.Load(w.mem(o.base, 1), b.Add(w.begins(o)(x), offset(b, o.inner, x[2])))
			if dt != Bool {
				return v
			}
			zero := b.Zero(spirv.Type{Elem: spirv.Float, N: 1})
			return b.Select(b.NotEqual(v, b.Index(0)), zero, b.Same(zero, math.Inf(-1)))
		}))
		input++
	}
	if w.dropout > 0 {
		state := w.where[w.u.node.in[input]].base
		w.holes = append(w.holes, w.hole("state", func([]spirv.ID) spirv.ID {
			b, m := w.b, w.mem(state, 1)
			return b.Vec(b.Load(m, b.Index(0)), b.Load(m, b.Index(1)), b.Load(m, b.Index(2)), b.Load(m, b.Index(3)))
		}), w.hole("kept", func(x []spirv.ID) spirv.ID {
			b := w.b
			var words [4]spirv.ID
			for i := range words {
				words[i] = b.Bitcast(b.Component(x[1], i), spirv.Uint)
			}
			u := expr.Unit(b, expr.Philox(b, w.stream, b.Bitcast(x[0], spirv.Uint), words)[0])
			return b.Select(b.LessEqual(b.Same(u, w.dropout), u), b.Index(1), b.Index(0))
		}))
	}
}

// operand says where the rows of an input [batch…, n, width] lie.
func (w *flashWriter) operand(input int) operand {
	p, nb := w.where[w.u.node.in[input]], len(w.batch)
	o := operand{p.base, p.view.Part(0, nb), p.view.Part(nb, 1), p.view.Part(nb+1, 1)}
	o.batch.Offset = p.view.Offset
	return o
}

// rows fills the holes that read rows of an input: where one begins, and four of its elements, zero beyond its end.
func (w *flashWriter) rows(name string, input int) {
	o, n := w.operand(input), w.u.node.in[input].Dim(-1)
	load := func(x []spirv.ID) spirv.ID {
		return w.four(o.base, x[0], o.inner, x[1], ir.Fours(o.inner, o.batch, o.outer))
	}
	if n%4 != 0 {
		load = func(x []spirv.ID) spirv.ID {
			b := w.b
			var v [4]spirv.ID
			mem, last := w.mem(o.base, 1), b.Index(n-1)
			for j := range v {
				at := b.Add(x[1], b.Index(j))
				v[j] = b.Load(mem, b.Add(x[0], offset(b, o.inner, b.Min(at, last))))
				v[j] = b.Select(b.LessEqual(at, last), v[j], b.Zero(b.TypeOf(v[j])))
			}
			return b.Vec(v[0], v[1], v[2], v[3])
		}
	}
	w.holes = append(w.holes, w.hole("row"+name, w.begins(o)), w.hole("load"+name, load))
}

// result fills the hole that takes four elements of a row of a result [batch…, n, width] that begins at an element of the node's.
func (w *flashWriter) result(name string, begin, n, width int) {
	shape, back := w.lies(n, width)
	v, nb, y := ir.RowMajor(shape).Permute(back), len(w.batch), w.u.node
	o := operand{batch: v.Part(0, nb), outer: v.Part(nb, 1)}
	o.batch.Offset = begin
	w.holes = append(w.holes, w.hole(name, func(x []spirv.ID) spirv.ID {
		b := w.b
		at := b.Add(w.begins(o)(x), x[2])
		if width%4 == 0 && begin%4 == 0 {
			b.Store(w.out(y, 4), b.Shr(at, 2), x[3])
			return 0
		}
		mem := w.out(y, 1)
		for j := range 4 {
			b.If(b.Less(b.Add(x[2], b.Index(j)), b.Index(width)), func() { b.Store(mem, b.Add(at, b.Index(j)), b.Component(x[3], j)) })
		}
		return 0
	}))
}

// finish fills a kernel whose workgroups own some of n rows, of queries or keys, with sums of so many columns, and for each pair of a
// query and a key multiply and add so many numbers.
func (w *flashWriter) finish(kernel *spirv.Module, n, columns, each int, keys bool) generated {
	r, pairs := attentionRows(n, columns), float64(w.t)*float64(w.s)
	if w.causal {
		pairs = 0
		for t := range w.t {
			pairs += float64(min(t+1, w.s))
		}
	}
	z, rows := ir.Size(w.batch), r*attentionLanes/8
	g := generated{
		module: kernel.Fill(w.u.title(), w.holes...), binds: w.binds, groups: ir.Up(n, rows) * z,
		form: fmt.Sprintf("tiles %d×%d", rows, attentionOthers), flops: 2 * float64(z) * pairs * float64(each),
	}
	for i, v := range []uint32{uint32(z), uint32(w.t), uint32(w.s), uint32(w.d), uint32(w.e), math.Float32bits(float32(w.scale)), bit(w.causal), uint32(r), bit(w.dropout > 0), bit(keys), math.Float32bits(float32(1 - w.dropout))} {
		g.consts = append(g.consts, spirv.Const{ID: i, Value: v})
	}
	return g
}
