package tensor

import (
	"fmt"
	"math"
	"slices"

	"genview/tensor/internal/codegen"
	"genview/tensor/internal/ir"
)

// AttentionOptions says who looks where. Zero is what torch.nn.functional.scaled_dot_product_attention does by default.
type AttentionOptions struct {
	Mask    *Tensor // true where a place may look, or f32 to be added to the scores; broadcasts to [..., H, T, S]; nil: everywhere
	Causal  bool    // no place looks at later ones
	Scale   float64 // of the scores; 0 means 1/√D
	Dropout float64 // of the shares, drawn from RNG
	RNG     *RNG
	Tap     string // names the shares [..., H, T, S] before any is dropped, for a viewer to ask for: they lie beside the result
}

// attentionBlock is how many keys are looked at at once where there are more than twice as many.
const attentionBlock = 256

// ScaledDotProductAttention lets queries q [..., H, T, D] take from values v [..., H, S, E] in the shares softmax(q·kᵀ/√D) that their
// products with the keys k [..., H, S, D] give them (Vaswani et al. 2017, eq. 1): [..., H, T, E]. k and v may have fewer heads than q,
// each for as many of q's in a row (Ainslie et al. 2023).
//
// Memory grows with T + S and not with T·S: long keys are taken in blocks, whose shares are made again for the gradient (Dao et al.
// 2022, algorithms 1 and 4). On GPUs, kernels of their own do so for keys of any number, where D and E are at most 128; masks and
// dropout are in them. Only a tap that is fetched, and the gradient of a mask as large, have T·S elements. What is dropped depends on
// where it is in [..., H, T, S], and not on how it is computed; places 2³² apart are dropped together. A query that may look nowhere
// gets NaN, as in PyTorch 1.13.
func ScaledDotProductAttention(q, k, v *Tensor, o AttentionOptions) *Tensor {
	in := []*Tensor{q, k, v}
	for _, x := range in {
		if x.err != nil {
			return x
		}
		if x.op.DType != F32 || x.Rank() < 2 || x.Rank() != q.Rank() {
			return fail("ScaledDotProductAttention", in, "it takes f32 of as many axes each, [..., H, T, D]")
		}
	}
	if q.Dim(-1) != k.Dim(-1) || k.Dim(-2) != v.Dim(-2) {
		return fail("ScaledDotProductAttention", in, "queries and keys differ in size, or keys and values in number")
	}
	heads := k.Dim(-3)
	if q.Rank() >= 3 && heads != q.Dim(-3) && (q.Dim(-3)%heads != 0 || v.Dim(-3) != heads) {
		return fail("ScaledDotProductAttention", in, "%d heads of keys do not serve %d heads of queries", heads, q.Dim(-3))
	}
	if m := o.Mask; m != nil && m.err == nil && m.op.DType != F32 && m.op.DType != Bool {
		return fail("ScaledDotProductAttention", in, "its mask is bool or f32, not %s", m.op.DType)
	}
	if o.Scale == 0 {
		o.Scale = 1 / math.Sqrt(float64(q.Dim(-1)))
	}
	q, k, v = q.alias(), k.alias(), v.alias() // one may be another, or made of it
	xs := []*Tensor{q, k, v}
	if o.Mask != nil {
		o.Mask = o.Mask.alias()
		xs = append(xs, o.Mask)
	}
	if o.Dropout > 0 {
		o.RNG = o.RNG.branch()
	}
	y := composed(q, k, v, o)
	if y.err != nil {
		return y
	}
	if fused, runs := fusedAttention(q, k, v, o); fused != nil {
		fused = fused.Reshape(y.op.Shape...)
		plain := y
		y = plain.or(runs, fused).withGrad(func(dy *Tensor) []*Tensor {
			grads := vjp(plain, dy, xs, xs)
			for i, g := range vjp(fused, dy, xs[:3], xs) {
				grads[i] = grads[i].or(runs, g)
			}
			return grads
		}, xs...)
	}
	if o.Tap != "" {
		y.taps = merge(y.taps, []*Tensor{Tap(o.Tap, newAttention(q, k, v, o).shares())})
	}
	return y
}

// batchOf returns the axes before the last two of what the products of matrices xs, some of which may be nil, have.
func batchOf(xs ...*Tensor) []int {
	var batch []int
	for _, x := range xs {
		if x != nil {
			batch, _ = broadcast(batch, x.op.Shape[:max(x.Rank()-2, 0)])
		}
	}
	return batch
}

// spread repeats matrices x along the axes of a batch.
func (x *Tensor) spread(batch []int) *Tensor {
	return x.Expand(append(slices.Clone(batch), x.Dim(-2), x.Dim(-1))...)
}

// composed is attention made of products and what is between them.
func composed(q, k, v *Tensor, o AttentionOptions) *Tensor {
	a := newAttention(q, k, v, o)
	if k.Dim(-2) <= 2*attentionBlock {
		return a.whole()
	}
	return a.blocks()
}

// fusedAttention is attention made by one kernel, with a gradient made by two, which has none itself: the second is that of the
// composed one. It tells where they run; nil: nowhere. Heads of keys that serve several of queries are read in place.
func fusedAttention(q, k, v *Tensor, o AttentionOptions) (y *Tensor, runs func(on ir.Target) bool) {
	if max(q.Dim(-1), v.Dim(-1)) > ir.AttentionWidth {
		return nil, nil
	}
	heads := min(q.Rank()-2, 1)
	mask := o.Mask
	if n := k.Dim(-3); heads > 0 && n != q.Dim(-3) {
		grouped := func(x *Tensor) *Tensor { // [..., H, T, D] as [..., n, H/n, T, D]
			shape := x.Shape()
			h, groups := len(shape)-3, min(n, shape[len(shape)-3])
			return x.Reshape(slices.Concat(shape[:h], []int{groups, shape[h] / groups}, shape[h+1:])...)
		}
		if mask != nil && mask.Rank() >= 3 {
			mask = grouped(mask)
		}
		q, k, v, heads = grouped(q), k.Unsqueeze(-3), v.Unsqueeze(-3), 2
	}
	batch := batchOf(q, k, v, mask)
	t, s, d, e := q.Dim(-2), k.Dim(-2), q.Dim(-1), v.Dim(-1)
	q, k, v = q.spread(batch), k.spread(batch), v.spread(batch)
	l := &flash{ir.Attention{
		Batch: batch, Heads: heads, T: t, S: s, D: d, E: e, Scale: o.Scale, Causal: o.Causal, Masked: mask != nil, Dropout: o.Dropout,
	}}
	var more []*Tensor
	if mask != nil {
		more = append(more, mask.Expand(append(slices.Clone(batch), t, s)...).Detach())
	}
	if o.Dropout > 0 {
		l.Stream = o.RNG.streams // a branch has one
		more = append(more, o.RNG.State)
	}
	r := l.forward(q, k, v, more...)
	if r.y.err != nil { // its results have too many elements together
		return nil, nil
	}
	y = r.y.withGrad(func(dy *Tensor) []*Tensor {
		inner := dy.Mul(y).SumKeep(-1)
		if mask == nil || mask.op.DType != Bool {
			return l.backward(q, k, v, dy, r, inner, more...)
		}
		// Scores that a bool mask leaves out have no gradient, also where it leaves out all: as in PyTorch, a query that looks nowhere
		// makes that of the values NaN, and no other.
		nowhere := r.sum.Equal(Full(0))
		looking := flashResult{r.y, r.largest, Where(nowhere, Full(1), r.sum)}
		grads := l.backward(q, k, v, dy, looking, Where(nowhere, Full(0), inner), more...)
		grads[2] = grads[2].Add(Where(nowhere, Full(math.NaN()), Full(0)).SumKeep(-2))
		return grads
	}, q, k, v)
	of := 0
	if o.Mask != nil {
		of = o.Mask.Len()
	}
	return y, func(on ir.Target) bool { return codegen.AttentionRuns(on, &l.Attention, of) }
}

// A flash builds the graph of an attention that is made by kernels of its own.
type flash struct{ ir.Attention }

// op is one of its kernels, with a flat result of n elements.
func (a *flash) op(name string, pass ir.AttentionPass, n int) Op {
	k := a.Attention
	k.Pass = pass
	return Op{Name: name, Shape: []int{n}, DType: F32, Attr: fmt.Sprint(k), kernel: &k}
}

// part is the result [batch…, n, width] that begins at an element of flat.
func (a *flash) part(flat *Tensor, at, n, width int) *Tensor {
	shape, back := a.Layout(n, width)
	return flat.Slice(0, at, at+ir.Size(shape)).Reshape(shape...).Permute(back...)
}

// flashResult is what the forward pass gives: the values that the queries take, [batch…, T, E], and, for the gradient, each query's
// largest score and its sum of e^(score − largest), [batch…, T, 1].
type flashResult struct{ y, largest, sum *Tensor }

// forward computes it; more are the mask and the state of the generator, where there are such.
func (a *flash) forward(q, k, v *Tensor, more ...*Tensor) flashResult {
	values, n := a.Count(a.T, a.E), a.Count(a.T, 1)
	all := a.op("Attention", ir.AttentionForward, values+2*n).On(append([]*Tensor{q, k, v}, more...)...)
	each := func(at int) *Tensor { return all.Slice(0, at, at+n).Reshape(append(slices.Clone(a.Batch), a.T, 1)...) }
	return flashResult{a.part(all, 0, a.T, a.E), each(values), each(values + n)}
}

// backward returns the gradients of the queries, keys and values from that of the result, and inner, its sums of products with the
// result.
func (a *flash) backward(q, k, v, dy *Tensor, r flashResult, inner *Tensor, more ...*Tensor) []*Tensor {
	keys := a.Count(a.S, a.D)
	more = append([]*Tensor{r.largest, r.sum, inner}, more...)
	dq := a.op("AttentionQueries", ir.AttentionQueries, a.Count(a.T, a.D)).On(append([]*Tensor{q, dy, k, v}, more...)...)
	dkv := a.op("AttentionKeys", ir.AttentionKeys, keys+a.Count(a.S, a.E)).On(append([]*Tensor{k, v, q, dy}, more...)...)
	return []*Tensor{a.part(dq, 0, a.T, a.D), a.part(dkv, 0, a.S, a.D), a.part(dkv, keys, a.S, a.E)}
}

// repeatHeads gives axis −3 more elements, each of its own as many times in a row.
func (x *Tensor) repeatHeads(n int) *Tensor {
	shape := x.Shape()
	h := len(shape) - 3
	wide := append(append(append([]int{}, shape[:h+1]...), n/shape[h]), shape[h+1:]...)
	shape[h] = n
	return x.Unsqueeze(-3).Expand(wide...).Reshape(shape...)
}

type attention struct {
	q, k, v *Tensor // of as many heads each
	AttentionOptions
	anew  bool      // scores are made once more
	first []*Tensor // what is computed before they are
}

// later is x, to be read when scores are made.
func (a *attention) later(x *Tensor) *Tensor {
	switch {
	case a.anew:
		return x.after("anew", a.first...)
	case a.first != nil:
		return x.after("", a.first...)
	}
	return x
}

func newAttention(q, k, v *Tensor, o AttentionOptions) *attention {
	if q.Rank() >= 3 && k.Dim(-3) != q.Dim(-3) {
		k, v = k.repeatHeads(q.Dim(-3)), v.repeatHeads(q.Dim(-3))
	}
	return &attention{q: q, k: k, v: v, AttentionOptions: o}
}

// scores returns those of some keys, which are those from the place lo on, −∞ where a query must not look.
func (a *attention) scores(k *Tensor, lo int) *Tensor {
	n := k.Dim(-2)
	s := a.q.MatMul(a.later(k).T()).Scale(a.Scale)
	if m := a.Mask; m != nil {
		if m.Dim(-1) > 1 {
			m = m.Slice(-1, lo, lo+n)
		}
		if m.op.DType == Bool {
			s = Where(m, s, Full(math.Inf(-1)))
		} else {
			s = s.Add(m)
		}
	}
	if a.Causal {
		t := a.q.Dim(-2)
		keys, queries := Iota(1, t, n).Shift(float64(lo)), a.later(Iota(0, t, n))
		s = s.MaskedFill(keys.Greater(queries), math.Inf(-1))
	}
	return s
}

// drop drops some of x, shares of keys, which are those from the place lo on, or their gradient.
func (a *attention) drop(x *Tensor, lo int) *Tensor {
	if a.Dropout == 0 {
		return x
	}
	x = x.spread(batchOf(x, a.v)) // each result has its own
	rng := &RNG{State: a.later(a.RNG.State), streams: a.RNG.streams}
	return a.RNG.keep(rng.part(x.op.Shape, lo, a.k.Dim(-2)), x, a.Dropout)
}

func (a *attention) shares() *Tensor { return a.scores(a.k, 0).Softmax(-1) }

func (a *attention) whole() *Tensor { return a.drop(a.shares(), 0).MatMul(a.v) }

// A softmax is what is known of the scores of each query: the largest, 0 where that is −∞, and the sum of e^(score − largest).
type softmax struct{ largest, sum *Tensor }

// blocks goes over the keys block by block and keeps, for each query, what is known of the scores yet, and the values that they weigh.
// Each block is computed after the one before, so that only one is in memory.
func (a *attention) blocks() *Tensor {
	batch := batchOf(a.q, a.k, a.v, a.Mask)
	a.q, a.k, a.v = a.q.spread(batch), a.k.spread(batch), a.v.spread(batch)
	var known softmax
	var top, y *Tensor
	n := a.k.Dim(-2)
	for lo := 0; lo < n; lo += attentionBlock {
		hi := min(lo+attentionBlock, n)
		k, v := a.k.Slice(-2, lo, hi), a.v.Slice(-2, lo, hi)
		s := a.scores(k, lo)
		best := s.MaxKeep(-1).Detach()
		if y != nil {
			best = best.Maximum(top).Detach()
		}
		finite := Where(best.Equal(Full(math.Inf(-1))), Full(0), best)
		p := s.Sub(finite).Exp()
		sum, values := p.SumKeep(-1), a.drop(p, lo).MatMul(v)
		if y != nil {
			less := top.Sub(finite).Exp()
			sum, values = known.sum.Mul(less).Add(sum), y.Mul(less).Add(values)
		}
		known, top, y = softmax{finite, sum}, best, values
		a.first = []*Tensor{top, sum, y}
	}
	return a.again(y.Div(known.sum), known)
}

// again is y, what attention gives, with a gradient that makes the shares again, block by block. What it makes again has another name
// than what the forward pass made, which would be kept for it otherwise.
func (a *attention) again(y *Tensor, known softmax) *Tensor {
	xs := []*Tensor{a.q, a.k, a.v}
	if a.Mask != nil {
		xs = append(xs, a.Mask)
	}
	var out *Tensor
	grad := func(dy *Tensor) []*Tensor {
		inner := dy.Mul(out).SumKeep(-1)
		b := *a
		b.anew, b.first = true, []*Tensor{inner}
		var dq, dmask *Tensor
		var dk, dv []*Tensor
		n := a.k.Dim(-2)
		for lo := 0; lo < n; lo += attentionBlock {
			hi := min(lo+attentionBlock, n)
			k, v := a.k.Slice(-2, lo, hi), a.v.Slice(-2, lo, hi)
			scores := b.scores(k, lo)
			p := scores.Sub(known.largest).Exp().Div(known.sum)
			dscores := p.Mul(b.drop(dy.MatMul(v.T()), lo).Sub(inner))
			ds := dscores.Scale(a.Scale)
			dq = plus(dq, ds.MatMul(k))
			dk, dv = append(dk, ds.T().MatMul(a.q)), append(dv, b.drop(p, lo).T().MatMul(dy))
			if a.Mask != nil && a.Mask.op.DType == F32 {
				dmask = plus(dmask, vjp(scores, dscores, xs[3:], slices.Concat(xs, b.first))[0])
			}
			b.first = []*Tensor{dq, dk[len(dk)-1], dv[len(dv)-1]}
		}
		return []*Tensor{dq, Concat(-2, dk...), Concat(-2, dv...), dmask}[:len(xs)]
	}
	out = y.withGrad(grad, xs...)
	return out
}

// Rotary returns the cosines and sines [n, dim] that [Tensor.Rotate] turns n places by: pair i of a place turns by place·base^(−2i/dim)
// (Su et al. 2021, section 3.2.2). dim must be even.
func Rotary(n, dim int, base float64) (cos, sin *Tensor) {
	half := dim / 2
	c, s := make([]float32, n*dim), make([]float32, n*dim)
	for t := range n {
		for i := range 2 * half {
			angle := float64(t) * math.Pow(base, -2*float64(i%half)/float64(dim))
			c[t*dim+i], s[t*dim+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
		}
	}
	return Const(c, n, dim), Const(s, n, dim)
}

// Rotate turns x [..., T, D] by angles of cosines and sines [T, D]: element i of the first half with element i of the second, as in
// Hugging Face's models.
func (x *Tensor) Rotate(cos, sin *Tensor) *Tensor {
	if x.err == nil && x.Dim(-1)%2 != 0 {
		return fail("Rotate", []*Tensor{x}, "its last axis has no halves")
	}
	half := x.Dim(-1) / 2
	turned := Concat(-1, x.Slice(-1, half, 2*half).Neg(), x.Slice(-1, 0, half))
	return x.Mul(cos).Add(turned.Mul(sin))
}
