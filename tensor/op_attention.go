package tensor

import (
	"fmt"
	"math"
	"slices"

	"genview/tensor/internal/codegen"
	"genview/tensor/internal/ir"
)

// AttentionOptions are the options of attention. The zero value is the default of torch.nn.functional.scaled_dot_product_attention.
type AttentionOptions struct {
	Mask    *Tensor // Bool: true where a query may attend to a key; or F32: added to the scores; broadcasts to [..., H, T, S]; nil: no mask
	Causal  bool    // no query attends to later keys
	Scale   float64 // factor of the scores; 0 means 1/√D
	Dropout float64 // the probability with which an attention weight is dropped, by RNG
	RNG     *RNG
	Tap     string // the name of a tap of the attention weights [..., H, T, S] before dropout; the result does not use the tap
}

// attentionBlock is the number of keys in a block. There are blocks if there are more than twice as many keys.
const attentionBlock = 256

// ScaledDotProductAttention returns softmax(q·kᵀ/√D)·v [..., H, T, E] of queries q [..., H, T, D], keys k [..., H, S, D] and values v
// [..., H, S, E] (Vaswani et al. 2017, eq. 1). k and v may have fewer heads than q; each then serves as many consecutive heads of q
// (Ainslie et al. 2023).
//
// Memory grows with T + S and not with T·S: long keys are processed in blocks, whose attention weights are computed again for the
// gradient (Dao et al. 2022, algorithms 1 and 4). On GPUs, dedicated kernels do this for any number of keys if D and E are at most 128,
// with masks and dropout. Only a tap that is fetched, and the gradient of a mask of that size, take T·S elements. Dropout depends only on
// the position in [..., H, T, S], not on how the attention is computed; positions 2³² apart are dropped together. A query that may attend
// to no key gets NaN, as in PyTorch 1.13.
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
	q, k, v = q.alias(), k.alias(), v.alias() // separate nodes, because one may be another, or be computed from it
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
		y = plain.replacedOn(runs, fused).withGrad(func(dy *Tensor) []*Tensor {
			grads := vjp(plain, dy, xs, xs)
			for i, g := range vjp(fused, dy, xs[:3], xs) {
				grads[i] = grads[i].replacedOn(runs, g)
			}
			return grads
		}, xs...)
	}
	if o.Tap != "" {
		y.taps = merge(y.taps, []*Tensor{Tap(o.Tap, newAttention(q, k, v, o).shares())})
	}
	return y
}

// batchOf returns the batch axes of the product of the matrices xs: the broadcast of all axes before the last two. Entries of xs may be
// nil.
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

// composed returns attention as products and the ops between them.
func composed(q, k, v *Tensor, o AttentionOptions) *Tensor {
	a := newAttention(q, k, v, o)
	if k.Dim(-2) <= 2*attentionBlock {
		return a.whole()
	}
	return a.blocks()
}

// fusedAttention returns attention as one kernel, whose gradient is two kernels. The gradient's own gradient is that of composed
// attention. fusedAttention also returns the condition for targets that run the kernels, or nil if none does. Heads of keys that serve
// several heads of queries are read in place.
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
		l.Stream = o.RNG.streams // a branch has one stream
		more = append(more, o.RNG.State)
	}
	r := l.forward(q, k, v, more...)
	if r.y.err != nil { // the kernel's results together have too many elements
		return nil, nil
	}
	y = r.y.withGrad(func(dy *Tensor) []*Tensor {
		inner := dy.Mul(y).SumKeep(-1)
		if mask == nil || mask.op.DType != Bool {
			return l.backward(q, k, v, dy, r, inner, more...)
		}
		// Scores that a Bool mask excludes have no gradient, even if it excludes all of a query: as in PyTorch, such a query makes the
		// gradient of the values NaN, and no other.
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

// A flash builds the graph of an attention that has dedicated kernels.
type flash struct{ ir.Attention }

// op returns one of the kernels as an op, with a flat result of n elements.
func (a *flash) op(name string, pass ir.AttentionPass, n int) Op {
	k := a.Attention
	k.Pass = pass
	return Op{Name: name, Shape: []int{n}, DType: F32, Attr: fmt.Sprint(k), kernel: &k}
}

// part returns the result [batch…, n, width] that begins at an element of flat.
func (a *flash) part(flat *Tensor, at, n, width int) *Tensor {
	shape, back := a.Layout(n, width)
	return flat.Slice(0, at, at+ir.Size(shape)).Reshape(shape...).Permute(back...)
}

// flashResult is the result of the forward pass: y [batch…, T, E] and, for the gradient, each query's largest score and its sum of
// e^(score − largest), both [batch…, T, 1].
type flashResult struct{ y, largest, sum *Tensor }

// forward computes the result. more holds the mask and the state of the generator, if there are any.
func (a *flash) forward(q, k, v *Tensor, more ...*Tensor) flashResult {
	values, n := a.Count(a.T, a.E), a.Count(a.T, 1)
	all := a.op("Attention", ir.AttentionForward, values+2*n).On(append([]*Tensor{q, k, v}, more...)...)
	each := func(at int) *Tensor { return all.Slice(0, at, at+n).Reshape(append(slices.Clone(a.Batch), a.T, 1)...) }
	return flashResult{a.part(all, 0, a.T, a.E), each(values), each(values + n)}
}

// backward returns the gradients of queries, keys and values from dy and inner, the inner products of dy and y.
func (a *flash) backward(q, k, v, dy *Tensor, r flashResult, inner *Tensor, more ...*Tensor) []*Tensor {
	keys := a.Count(a.S, a.D)
	more = append([]*Tensor{r.largest, r.sum, inner}, more...)
	dq := a.op("AttentionQueries", ir.AttentionQueries, a.Count(a.T, a.D)).On(append([]*Tensor{q, dy, k, v}, more...)...)
	dkv := a.op("AttentionKeys", ir.AttentionKeys, keys+a.Count(a.S, a.E)).On(append([]*Tensor{k, v, q, dy}, more...)...)
	return []*Tensor{a.part(dq, 0, a.T, a.D), a.part(dkv, 0, a.S, a.D), a.part(dkv, keys, a.S, a.E)}
}

// repeatHeads repeats each element of axis −3 several times in a row.
func (x *Tensor) repeatHeads(n int) *Tensor {
	shape := x.Shape()
	h := len(shape) - 3
	wide := append(append(append([]int{}, shape[:h+1]...), n/shape[h]), shape[h+1:]...)
	shape[h] = n
	return x.Unsqueeze(-3).Expand(wide...).Reshape(shape...)
}

type attention struct {
	q, k, v *Tensor // all with the same number of heads
	AttentionOptions
	anew  bool      // the pass that computes the scores again
	first []*Tensor // the tensors that must be computed before the scores
}

// later returns x with the constraint that it is read when the scores are computed again.
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

// scores returns the scores of a range of keys that starts at the key lo. They are −∞ where a query may not attend.
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

// drop applies dropout to x: attention weights of a range of keys that starts at the key lo, or their gradient.
func (a *attention) drop(x *Tensor, lo int) *Tensor {
	if a.Dropout == 0 {
		return x
	}
	x = x.spread(batchOf(x, a.v)) // each batch element of the result has its own mask
	rng := &RNG{State: a.later(a.RNG.State), streams: a.RNG.streams}
	return a.RNG.keep(rng.part(x.op.Shape, lo, a.k.Dim(-2)), x, a.Dropout)
}

func (a *attention) shares() *Tensor { return a.scores(a.k, 0).Softmax(-1) }

func (a *attention) whole() *Tensor { return a.drop(a.shares(), 0).MatMul(a.v) }

// A softmax is the state of each query's softmax: the largest score, or 0 if that is −∞, and the sum of e^(score − largest).
type softmax struct{ largest, sum *Tensor }

// blocks processes the keys block by block. For each query it keeps the state of its softmax so far, and the weighted sum of values. Each
// block is computed after the previous one, so only one is in memory.
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

// again returns y, the result of attention, with a gradient that computes the attention weights again, block by block. Their nodes have
// other names than those of the forward pass. With equal names they would be merged with those, and the weights would be kept in memory.
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

// Rotary returns the cosines and sines [n, dim] by which [Tensor.Rotate] turns n positions. It turns elements i and i + dim/2 of position
// p by the angle p·base^(−2i/dim) (Su et al. 2021, section 3.2.2). dim must be even.
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

// Rotate turns x [..., T, D] by angles with the given cosines and sines [T, D]. It turns element i together with element i + D/2, as in
// Hugging Face's models.
func (x *Tensor) Rotate(cos, sin *Tensor) *Tensor {
	if x.err == nil && x.Dim(-1)%2 != 0 {
		return fail("Rotate", []*Tensor{x}, "its last axis has no halves")
	}
	half := x.Dim(-1) / 2
	turned := Concat(-1, x.Slice(-1, half, 2*half).Neg(), x.Slice(-1, 0, half))
	return x.Mul(cos).Add(turned.Mul(sin))
}
