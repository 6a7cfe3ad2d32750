package tensor

import (
	"fmt"
	"math"
	"slices"

	"genview/shaders"
	"genview/shaders/spirv"
)

// A flash is attention in kernels that keep no scores: of queries [batch…, T, D], keys [batch…, S, D] and values [batch…, S, E].
type flash struct {
	batch      []int
	heads      int // the last axes of the batch, which lie side by side in results: [batch…, T, heads…, E]
	t, s, d, e int
	scale      float64
	causal     bool
}

// lies returns the shape in which a result [batch…, n, width] lies in memory, and the permutation that gives it back.
func (a *flash) lies(n, width int) (shape, back []int) {
	front := len(a.batch) - a.heads
	shape = slices.Concat(a.batch[:front], []int{n}, a.batch[front:], []int{width})
	return shape, slices.Concat(counting(0, front), counting(front+1, a.heads), []int{front, len(a.batch) + 1})
}

// part is the result [batch…, n, width] that begins at an element of flat.
func (a *flash) part(flat *Tensor, at, n, width int) *Tensor {
	shape, back := a.lies(n, width)
	return flat.Slice(0, at, at+size(shape)).Reshape(shape...).Permute(back...)
}

// count is the number of elements of [batch…, n, width].
func (a *flash) count(n, width int) int { return size(a.batch) * n * width }

func (a *flash) op(name string, n int, kernel func(f *fusion, u *unit, on Target) generated) Op {
	return Op{
		Name: name, Shape: []int{n}, DType: F32, Attr: fmt.Sprint(*a),
		Kernel: kernel,
		Reads:  func(_ int, v View) bool { return v.Lo == nil },
	}
}

// forward returns the values that the queries take, [batch…, T, E], and the logarithms of the sums of their scores' exponentials,
// [batch…, T, 1].
func (a *flash) forward(q, k, v *Tensor) (y, total *Tensor) {
	values, sums := a.count(a.t, a.e), a.count(a.t, 1)
	both := a.op("Attention", values+sums, a.kernel).On(q, k, v)
	return a.part(both, 0, a.t, a.e), both.Slice(0, values, values+sums).Reshape(append(slices.Clone(a.batch), a.t, 1)...)
}

// backward returns the gradients of the queries, keys and values from that of the result, and inner, its sums of products with the
// result.
func (a *flash) backward(q, k, v, dy, total, inner *Tensor) []*Tensor {
	keys := a.count(a.s, a.d)
	dq := a.op("AttentionQueries", a.count(a.t, a.d), a.queries).On(q, dy, k, v, total, inner)
	dkv := a.op("AttentionKeys", keys+a.count(a.s, a.e), a.keys).On(k, v, q, dy, total, inner)
	return []*Tensor{a.part(dq, 0, a.t, a.d), a.part(dkv, 0, a.s, a.d), a.part(dkv, keys, a.s, a.e)}
}

const (
	attentionLanes  = 128       // in a workgroup
	attentionWidth  = 128       // of queries, keys and values at most
	attentionMemory = 16 * 1024 // bytes that a workgroup shares at most, which every device has
)

// runs tells whether the kernels run on a target; lavapipe does the same better in products.
func (a *flash) runs(on Target) bool {
	l := on.Info.Limits
	binds := func(elements ...int) (n int) {
		for _, e := range elements {
			n += up(F32.bytes(e)+12, on.room(0))
		}
		return n
	}
	q, k, v, y, sums := a.count(a.t, a.d), a.count(a.s, a.d), a.count(a.s, a.e), a.count(a.t, a.e), a.count(a.t, 1)
	in := binds(q, k, v, y, y+sums, sums)
	return !on.CPU && l.MaxInvocations >= attentionLanes && l.SharedMemory >= attentionMemory &&
		max(binds(q, k, v, y+sums, y+sums), in+binds(q), in+2*binds(k+v)) <= l.MaxBuffers
}

// attentionRows is how many of n rows an invocation keeps the sums of, of so many columns: more share what is read, and take registers.
func attentionRows(n, width int) int {
	if width <= 64 && n > 32 {
		return 8
	}
	return 4
}

func (a *flash) kernel(f *fusion, u *unit, on Target) generated {
	w := a.writer(f, u, on)
	w.rows("Q", 0)
	w.rows("K", 1)
	w.rows("V", 2)
	w.result("result", 0, a.t, a.e)
	w.holes = append(w.holes, w.hole("logSum", func(x []spirv.ID) spirv.ID {
		b := w.b
		b.Store(w.out(u.node, 1), b.Add(b.Add(b.Mul(x[0], b.Index(a.t)), x[1]), b.Index(a.count(a.t, a.e))), x[2])
		return 0
	}))
	return w.finish(shaders.Attention, a.t, a.e, a.d+a.e)
}

func (a *flash) queries(f *fusion, u *unit, on Target) generated {
	w := a.gradient(f, u, on)
	w.result("resultA", 0, a.t, a.d)
	w.holes = append(w.holes, w.hole("resultB", func([]spirv.ID) spirv.ID { return 0 }))
	return w.finish(shaders.AttentionGrad, a.t, max(a.d, a.e), 2*a.d+a.e, 0)
}

func (a *flash) keys(f *fusion, u *unit, on Target) generated {
	w := a.gradient(f, u, on)
	w.result("resultA", 0, a.s, a.d)
	w.result("resultB", a.count(a.s, a.d), a.s, a.e)
	return w.finish(shaders.AttentionGrad, a.s, max(a.d, a.e), 2*a.d+2*a.e, 1)
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

// gradient begins a kernel that reads rows that it owns, others, and two numbers for each query.
func (a *flash) gradient(f *fusion, u *unit, on Target) *flashWriter {
	w := a.writer(f, u, on)
	for i, name := range []string{"OwnA", "OwnB", "OtherA", "OtherB"} {
		w.rows(name, i)
	}
	for i, name := range []string{"total", "inner"} {
		o := w.operand(4 + i)
		w.holes = append(w.holes, w.hole(name, func(x []spirv.ID) spirv.ID { return w.b.Load(w.mem(o.base, 1), w.begins(o)(x)) }))
	}
	return w
}

// operand says where the rows of an input [batch…, n, width] lie.
func (w *flashWriter) operand(input int) operand {
	p, nb := w.where[w.u.node.in[input]], len(w.batch)
	o := operand{p.base, p.view.part(0, nb), p.view.part(nb, 1), p.view.part(nb+1, 1)}
	o.batch.Offset = p.view.Offset
	return o
}

// rows fills the holes that read rows of an input: where one begins, and four of its elements, zero beyond its end.
func (w *flashWriter) rows(name string, input int) {
	o, n := w.operand(input), w.u.node.in[input].Dim(-1)
	load := func(x []spirv.ID) spirv.ID {
		return w.four(o.base, x[0], o.inner, x[1], fours(o.inner, o.batch, o.outer))
	}
	if n%4 != 0 {
		load = func(x []spirv.ID) spirv.ID {
			b := w.b
			var v [4]spirv.ID
			mem, last := w.mem(o.base, 1), b.Index(n-1)
			for j := range v {
				at := b.Add(x[1], b.Index(j))
				v[j] = b.Load(mem, b.Add(x[0], o.inner.at(b, b.Min(at, last))))
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
	v, nb, y := contiguous(shape).permute(back), len(w.batch), w.u.node
	o := operand{batch: v.part(0, nb), outer: v.part(nb, 1)}
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

// finish fills a kernel whose workgroups own some of n rows, with sums of so many columns, and for each pair of a query and a key
// multiply and add so many numbers.
func (w *flashWriter) finish(kernel *spirv.Module, n, width, each int, more ...uint32) generated {
	rows, pairs := attentionRows(n, width), float64(w.t)*float64(w.s)
	if w.causal {
		pairs = 0
		for t := range w.t {
			pairs += float64(min(t+1, w.s))
		}
	}
	z := size(w.batch)
	g := generated{
		module: kernel.Fill(w.u.title(), w.holes...), binds: w.binds, groups: up(n, 8*rows) * z,
		form: fmt.Sprintf("tiles %d×32", 8*rows), flops: 2 * float64(z) * pairs * float64(each),
	}
	consts := []uint32{uint32(z), uint32(w.t), uint32(w.s), uint32(w.d), uint32(w.e), math.Float32bits(float32(w.scale)), bit(w.causal), uint32(rows)}
	for i, v := range append(consts, more...) {
		g.consts = append(g.consts, spirv.Const{ID: i, Value: v})
	}
	return g
}
