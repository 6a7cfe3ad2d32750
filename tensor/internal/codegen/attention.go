package codegen

import (
	"fmt"
	"math"

	"genview/shaders"
	"genview/shaders/spirv"
	"genview/tensor/internal/expr"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
)

const (
	attentionLanes  = 256       // invocations of a workgroup
	attentionOthers = 32        // rows that a workgroup processes at a time
	attentionMemory = 16 * 1024 // most bytes of shared memory: the limit that every device has
)

// AttentionRuns tells whether the kernels run on a target. They do not on lavapipe, where products are faster. mask is the number of
// elements of the mask.
func AttentionRuns(on ir.Target, a *ir.Attention, mask int) bool {
	l := on.Info.Limits
	binds := func(elements ...int) (n int) {
		for _, e := range elements {
			n += ir.Up(ir.F32.Bytes(e)+12, on.Room(0))
		}
		return n
	}
	q, k, v, y, sums := a.Count(a.T, a.D), a.Count(a.S, a.D), a.Count(a.S, a.E), a.Count(a.T, a.E), a.Count(a.T, 1)
	more := 0
	if mask > 0 {
		more += binds(mask)
	}
	if a.Dropout > 0 {
		more += binds(4)
	}
	in := binds(q, k, v, y, y+2*sums, sums) + more
	return !on.CPU && l.MaxInvocations >= attentionLanes && l.MaxGroupSize[0] >= attentionLanes && l.SharedMemory >= attentionMemory &&
		max(binds(q, k, v, y+2*sums)+more, in+binds(q), in+2*binds(k+v)) <= l.MaxBuffers
}

// attentionRows returns the number of rows for which an invocation keeps scores, in a workgroup that owns some of the n rows of one of z
// matrices and keeps sums of so many columns. It is one if there are few rows, or so many columns that registers would spill. It is also one
// if each matrix would have a single workgroup, and these would leave most processors of a large GPU without work.
func attentionRows(z, n, columns int) int {
	const lanes, few = attentionLanes / 8, 128 // the rows of a workgroup that keeps one each; workgroups
	if n <= lanes || n <= 2*lanes && z < few || columns > ir.AttentionWidth {
		return 1
	}
	return 2
}

// attention writes the kernel of a pass.
func attention(f *fuse.Fusion, u *fuse.Unit, on ir.Target, a *ir.Attention) Generated {
	switch a.Pass {
	case ir.AttentionQueries:
		return attentionQueries(f, u, on, a)
	case ir.AttentionKeys:
		return attentionKeys(f, u, on, a)
	}
	return attentionForward(f, u, on, a)
}

func attentionForward(f *fuse.Fusion, u *fuse.Unit, on ir.Target, a *ir.Attention) Generated {
	w := newFlashWriter(f, u, on, a)
	w.rows("OwnA", 0)
	w.rows("OtherA", 1)
	w.rows("OtherB", 2)
	w.more(3)
	w.result("result", 0, a.T, a.E)
	w.holes = append(w.holes, w.hole("sums", func(x []spirv.ID) spirv.ID {
		b, n := w.b, a.Count(a.T, 1)
		at := b.Add(b.Add(b.Mul(x[0], b.Index(a.T)), x[1]), b.Index(a.Count(a.T, a.E)))
		b.Store(w.out(u.Node, 1), at, x[2])
		b.Store(w.out(u.Node, 1), b.Add(at, b.Index(n)), x[3])
		return 0
	}))
	return w.finish(shaders.Attention, a.T, a.E, a.D+a.E, false)
}

func attentionQueries(f *fuse.Fusion, u *fuse.Unit, on ir.Target, a *ir.Attention) Generated {
	w := flashGradient(f, u, on, a)
	w.result("resultA", 0, a.T, a.D)
	return w.finish(shaders.AttentionGrad, a.T, a.D, 2*a.D+a.E, false)
}

func attentionKeys(f *fuse.Fusion, u *fuse.Unit, on ir.Target, a *ir.Attention) Generated {
	w := flashGradient(f, u, on, a)
	w.result("resultA", 0, a.S, a.D)
	w.result("resultB", a.Count(a.S, a.D), a.S, a.E)
	return w.finish(shaders.AttentionGrad, a.S, a.D+a.E, 2*a.D+2*a.E, true)
}

// A flashWriter writes one of the attention kernels.
type flashWriter struct {
	*emitter
	*ir.Attention
	u     *fuse.Unit
	holes []spirv.Hole
}

func newFlashWriter(f *fuse.Fusion, u *fuse.Unit, on ir.Target, a *ir.Attention) *flashWriter {
	return &flashWriter{emitter: newEmitter(f, u, on, u.Node.Len(), 1), Attention: a, u: u}
}

// flashGradient begins a gradient kernel. It reads rows that it owns, other rows, and three numbers for each query.
func flashGradient(f *fuse.Fusion, u *fuse.Unit, on ir.Target, a *ir.Attention) *flashWriter {
	w := newFlashWriter(f, u, on, a)
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

// more fills the holes for a mask and a generator, whose inputs begin at the given one.
func (w *flashWriter) more(input int) {
	if w.Masked {
		o, dt := w.operand(input), w.u.Node.In[input].DType
		w.holes = append(w.holes, w.hole("added", func(x []spirv.ID) spirv.ID {
			b := w.b
			v := b.Load(w.mem(o.base, 1), b.Add(w.begins(o)(x), offset(b, o.inner, x[2])))
			if dt != ir.Bool {
				return v
			}
			zero := b.Zero(spirv.Type{Elem: spirv.Float, N: 1})
			return b.Select(b.NotEqual(v, b.Index(0)), zero, b.Same(zero, math.Inf(-1)))
		}))
		input++
	}
	if w.Dropout > 0 {
		state := w.Where[w.u.Node.In[input]].Base
		w.holes = append(w.holes, w.hole("state", func([]spirv.ID) spirv.ID {
			b, m := w.b, w.mem(state, 1)
			return b.Vec(b.Load(m, b.Index(0)), b.Load(m, b.Index(1)), b.Load(m, b.Index(2)), b.Load(m, b.Index(3)))
		}), w.hole("kept", func(x []spirv.ID) spirv.ID {
			b := w.b
			var words [4]spirv.ID
			for i := range words {
				words[i] = b.Bitcast(b.Component(x[1], i), spirv.Uint)
			}
			u := expr.Uniform(b, expr.Philox(b, w.Stream, b.Bitcast(x[0], spirv.Uint), words)[0])
			return b.Select(b.LessEqual(b.Same(u, w.Dropout), u), b.Index(1), b.Index(0))
		}))
	}
}

// operand returns the layout of the rows of an input [batch…, n, width].
func (w *flashWriter) operand(input int) operand {
	p, nb := w.Where[w.u.Node.In[input]], len(w.Batch)
	o := operand{p.Base, p.View.Part(0, nb), p.View.Part(nb, 1), p.View.Part(nb+1, 1)}
	o.batch.Offset = p.View.Offset
	return o
}

// rows fills two holes for the rows of an input: one returns the offset of a row, the other loads four consecutive elements, with zeros
// beyond the row's end.
func (w *flashWriter) rows(name string, input int) {
	o, n := w.operand(input), w.u.Node.In[input].Dim(-1)
	load := func(x []spirv.ID) spirv.ID {
		return w.loadQuad(o.base, x[0], o.inner, x[1], ir.AlignedQuads(o.inner, o.batch, o.outer))
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

// result fills the hole that stores four consecutive elements of a row of a result [batch…, n, width]. The result begins at the element
// begin of the node.
func (w *flashWriter) result(name string, begin, n, width int) {
	shape, back := w.Layout(n, width)
	v, nb, y := ir.RowMajor(shape).Permute(back), len(w.Batch), w.u.Node
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

// finish fills a kernel whose workgroups own some of n rows, of queries or keys, with sums of so many columns. each is the number of
// multiplications and additions for one query and one key.
func (w *flashWriter) finish(kernel *spirv.Module, n, columns, each int, keys bool) Generated {
	z, pairs := ir.Size(w.Batch), float64(w.T)*float64(w.S)
	if w.Causal {
		pairs = 0
		for t := range w.T {
			pairs += float64(min(t+1, w.S))
		}
	}
	r := attentionRows(z, n, columns)
	rows := r * attentionLanes / 8
	g := Generated{
		Module: kernel.Fill(w.u.Title(), w.holes...), Binds: w.binds, Groups: ir.Up(n, rows) * z,
		Form: fmt.Sprintf("tiles %d×%d", rows, attentionOthers), FLOPs: 2 * float64(z) * pairs * float64(each),
	}
	for i, v := range []uint32{uint32(z), uint32(w.T), uint32(w.S), uint32(w.D), uint32(w.E), math.Float32bits(float32(w.Scale)), bit(w.Causal), uint32(r), bit(w.Dropout > 0), bit(keys), math.Float32bits(float32(1 - w.Dropout))} {
		g.Consts = append(g.Consts, spirv.Const{ID: i, Value: v})
	}
	return g
}
