package tensor

import (
	"fmt"
	"math"

	"genview/shaders"
	"genview/shaders/spirv"
)

// A flash is attention in one kernel: queries [batch…, T, D], keys [batch…, S, D] and values [batch…, S, E] give, one behind the
// other, the values that each query takes, with the last axes of the batch, its heads, side by side, [batch…, T, heads…, E], and the
// logarithm of the sum of its scores' exponentials, [batch…, T].
type flash struct {
	batch      []int
	heads      int // axes of the batch
	t, s, d, e int
	scale      float64
	causal     bool
}

// order is that of the axes of [batch…, T, E] in which the values lie.
func (a *flash) order() []int {
	n := len(a.batch)
	axes := counting(0, n-a.heads)
	axes = append(axes, n)
	return append(append(axes, counting(n-a.heads, a.heads)...), n+1)
}

// shape is that of the values, as they lie.
func (a *flash) shape() []int {
	all := append(append([]int{}, a.batch...), a.t, a.e)
	var out []int
	for _, axis := range a.order() {
		out = append(out, all[axis])
	}
	return out
}

// back is the permutation of [shape…] that gives [batch…, T, E].
func (a *flash) back() []int {
	out := make([]int, len(a.batch)+2)
	for i, axis := range a.order() {
		out[axis] = i
	}
	return out
}

// values and sums are how many numbers of each kind there are.
func (a *flash) values() int { return size(a.batch) * a.t * a.e }

func (a *flash) sums() int { return size(a.batch) * a.t }

// on returns the values and the logarithms.
func (a *flash) on(q, k, v *Tensor) (y, total *Tensor) {
	n := a.values()
	both := Op{
		Name: "Attention", Shape: []int{n + a.sums()}, DType: F32, Attr: fmt.Sprint(*a),
		Kernel: a.kernel,
		Reads:  func(_ int, v View) bool { return v.Lo == nil },
	}.On(q, k, v)
	return both.Slice(0, 0, n).Reshape(a.shape()...).Permute(a.back()...), both.Slice(0, n, n+a.sums()).Reshape(append(append([]int{}, a.batch...), a.t, 1)...)
}

const (
	attentionLanes  = 128       // in a workgroup
	attentionWidth  = 128       // of queries, keys and values at most
	attentionMemory = 16 * 1024 // bytes that a workgroup shares at most, which every device has
)

// runs tells whether there is a kernel for a target: of what lavapipe does best, there is none.
func (a *flash) runs(on Target) bool {
	l, z := on.Info.Limits, size(a.batch)
	binds := 0
	for _, n := range []int{z * a.t * a.d, z * a.s * a.d, z * a.s * a.e, a.values() + a.sums(), a.values() + a.sums()} {
		binds += up(F32.bytes(n)+12, on.room(0))
	}
	return !on.CPU && binds <= l.MaxBuffers && l.MaxInvocations >= attentionLanes && l.SharedMemory >= attentionMemory
}

// rows is how many queries an invocation keeps the values of: more share what is read, and take registers.
func (a *flash) rows() int {
	if a.e <= 64 && a.t > 32 {
		return 8
	}
	return 4
}

func (a *flash) kernel(f *fusion, u *unit, on Target) generated {
	e := f.newEmitter(u, on, u.node.Len(), 1)
	nb := len(a.batch)
	var holes []spirv.Hole
	for i, name := range []string{"Q", "K", "V"} {
		p := f.where[u.node.in[i]]
		o := operand{p.base, p.view.part(0, nb), p.view.part(nb, 1), p.view.part(nb+1, 1)}
		o.batch.Offset = p.view.Offset
		n := u.node.in[i].Dim(-1)
		holes = append(holes, e.hole("row"+name, e.begins(o)), e.hole("load"+name, func(x []spirv.ID) spirv.ID { return e.within(o, n, x[0], x[1]) }))
	}
	out := contiguous(a.shape()).permute(a.back())
	y := operand{u.node, out.part(0, nb), out.part(nb, 1), out.part(nb+1, 1)}
	holes = append(holes, e.hole("result", func(x []spirv.ID) spirv.ID {
		b := e.b
		at := b.Add(b.Add(y.batch.at(b, x[0]), y.outer.at(b, x[1])), x[2])
		if a.e%4 == 0 {
			b.Store(e.out(u.node, 4), b.Shr(at, 2), x[3])
			return 0
		}
		mem := e.out(u.node, 1)
		for j := range 4 {
			b.If(b.Less(b.Add(x[2], b.Index(j)), b.Index(a.e)), func() { b.Store(mem, b.Add(at, b.Index(j)), b.Component(x[3], j)) })
		}
		return 0
	}), e.hole("logSum", func(x []spirv.ID) spirv.ID {
		b := e.b
		b.Store(e.out(u.node, 1), b.Add(b.Add(b.Mul(x[0], b.Index(a.t)), x[1]), b.Index(a.values())), x[2])
		return 0
	}))
	g := generated{module: shaders.Attention.Fill(u.title(), holes...), binds: e.binds, form: fmt.Sprintf("%d queries × 32 keys", 8*a.rows())}
	g.groups = up(a.t, 8*a.rows()) * size(a.batch)
	g.flops = 2 * float64(a.sums()) * float64(a.s) * float64(a.d+a.e)
	if a.causal {
		seen := 0.0
		for t := range a.t {
			seen += float64(min(t+1, a.s))
		}
		g.flops *= seen / float64(a.t) / float64(a.s)
	}
	for i, v := range []int{size(a.batch), a.t, a.s, a.d, a.e, int(math.Float32bits(float32(a.scale))), int(bit(a.causal)), a.rows()} {
		g.consts = append(g.consts, spirv.Const{ID: i, Value: uint32(v)})
	}
	return g
}

// within reads elements at to at + 3 of a row that begins at base and has n; those beyond are zero.
func (e *emitter) within(o operand, n int, base, at spirv.ID) spirv.ID {
	b := e.b
	if n%4 == 0 {
		return e.four(o.base, base, o.inner, at, fours(o.inner, o.batch, o.outer))
	}
	var x [4]spirv.ID
	mem, last := e.mem(o.base, 1), b.Index(n-1)
	for j := range x {
		i := b.Add(at, b.Index(j))
		v := b.Load(mem, b.Add(base, o.inner.at(b, b.Min(i, last))))
		x[j] = b.Select(b.LessEqual(i, last), v, b.Zero(b.TypeOf(v)))
	}
	return b.Vec(x[0], x[1], x[2], x[3])
}
