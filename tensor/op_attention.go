package tensor

import (
	"math"
	"slices"
)

// AttentionOptions says who looks where. Zero is what torch.nn.functional.scaled_dot_product_attention does by default.
type AttentionOptions struct {
	Mask    *Tensor // true where a place may look, or f32 to be added to the scores; broadcasts to [..., H, T, S]; nil: everywhere
	Causal  bool    // no place looks at later ones
	Scale   float64 // of the scores; 0 means 1/√D
	Dropout float64 // of the shares, drawn from RNG
	RNG     *RNG
	Tap     string // names the shares [..., H, T, S], so that a viewer can ask for them; all are in memory then
}

// attentionBlock is how many keys are looked at at once where nobody asks for the shares.
const attentionBlock = 256

// ScaledDotProductAttention lets queries q [..., H, T, D] take from values v [..., H, S, E] in the shares softmax(q·kᵀ/√D) that their
// products with the keys k [..., H, S, D] give them (Vaswani et al. 2017, eq. 1): [..., H, T, E]. k and v may have fewer heads than q,
// each for as many of q's in a row (Ainslie et al. 2023).
//
// Memory grows with T + S and not with T·S: long keys are taken in blocks, whose shares are made again for the gradient (Dao et al.
// 2022, algorithms 1 and 4). On GPUs, kernels of their own do so where there is neither a mask nor dropout nor a tap, and D and E are
// at most 128. A query that may look nowhere gets NaN, as in PyTorch.
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
	if o.Scale == 0 {
		o.Scale = 1 / math.Sqrt(float64(q.Dim(-1)))
	}
	q, k, v = q.alias(), k.alias(), v.alias() // one may be another, or made of it
	y := composed(q, k, v, o)
	if y.err != nil || o.Mask != nil || o.Dropout > 0 || o.Tap != "" || max(q.Dim(-1), v.Dim(-1)) > attentionWidth {
		return y
	}
	fused, runs := fusedAttention(q, k, v, o)
	if fused.err != nil { // its results have too many elements together
		return y
	}
	fused = fused.Reshape(y.op.Shape...)
	return y.or(runs, fused).withGrad(func(dy *Tensor) []*Tensor {
		grads := VJP(y, dy, q, k, v)
		for i, g := range VJP(fused, dy, q, k, v) {
			grads[i] = grads[i].or(runs, g)
		}
		return grads
	}, q, k, v)
}

// composed is attention made of products and what is between them.
func composed(q, k, v *Tensor, o AttentionOptions) *Tensor {
	if q.Rank() >= 3 && k.Dim(-3) != q.Dim(-3) {
		k, v = k.repeatHeads(q.Dim(-3)), v.repeatHeads(q.Dim(-3))
	}
	a := &attention{q: q, k: k, v: v, AttentionOptions: o}
	if k.Dim(-2) <= 2*attentionBlock || o.Tap != "" {
		return a.whole()
	}
	return a.blocks()
}

// fusedAttention is attention made by one kernel, with a gradient made by two, which has none itself: the second is that of the
// composed one. It tells where they run. Heads of keys that serve several of queries are read in place.
func fusedAttention(q, k, v *Tensor, o AttentionOptions) (y *Tensor, runs func(on Target) bool) {
	heads := min(q.Rank()-2, 1)
	if n := k.Dim(-3); heads > 0 && n != q.Dim(-3) {
		shape := q.Shape()
		h := len(shape) - 3
		shape = append(append(append([]int{}, shape[:h]...), n, shape[h]/n), shape[h+1:]...)
		q, k, v, heads = q.Reshape(shape...), k.Unsqueeze(-3), v.Unsqueeze(-3), 2
	}
	var batch []int
	for _, x := range []*Tensor{q, k, v} {
		batch, _ = broadcast(batch, x.op.Shape[:x.Rank()-2]) // as in the products
	}
	spread := func(x *Tensor) *Tensor { return x.Expand(append(slices.Clone(batch), x.Dim(-2), x.Dim(-1))...) }
	q, k, v = spread(q), spread(k), spread(v)
	l := &flash{batch: batch, heads: heads, t: q.Dim(-2), s: k.Dim(-2), d: q.Dim(-1), e: v.Dim(-1), scale: o.Scale, causal: o.Causal}
	y, total := l.forward(q, k, v)
	var out *Tensor
	out = y.withGrad(func(dy *Tensor) []*Tensor {
		return l.backward(q, k, v, dy, total, dy.Mul(out).SumKeep(-1))
	}, q, k, v)
	return out, l.runs
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
	q, k, v *Tensor
	AttentionOptions
}

// scores returns those of the keys from lo to hi, −∞ where a query must not look.
func (a *attention) scores(lo, hi int) *Tensor {
	s := a.q.MatMul(a.k.Slice(-2, lo, hi).T()).Scale(a.Scale)
	if m := a.Mask; m != nil {
		if m.Dim(-1) > 1 {
			m = m.Slice(-1, lo, hi)
		}
		if m.op.DType == Bool {
			s = Where(m, s, Full(math.Inf(-1)))
		} else {
			s = s.Add(m)
		}
	}
	if a.Causal {
		t := a.q.Dim(-2)
		later := Iota(1, t, hi-lo).Shift(float64(lo)).Greater(Iota(0, t, hi-lo))
		s = s.MaskedFill(later, math.Inf(-1))
	}
	return s
}

func (a *attention) drop(shares *Tensor) *Tensor {
	if a.Dropout == 0 {
		return shares
	}
	return a.RNG.Dropout(shares, a.Dropout)
}

func (a *attention) whole() *Tensor {
	shares := a.scores(0, a.k.Dim(-2)).Softmax(-1)
	if a.Tap != "" {
		shares = Tap(a.Tap, shares)
	}
	return a.drop(shares).MatMul(a.v)
}

// blocks goes over the keys block by block and keeps, for each query, the largest score yet, the sum of the exponentials, and the
// values that they weigh.
func (a *attention) blocks() *Tensor {
	n := a.k.Dim(-2)
	var all []block
	var top, sum, y *Tensor
	for lo := 0; lo < n; lo += attentionBlock {
		b := block{lo: lo, hi: min(lo+attentionBlock, n)}
		s := a.scores(b.lo, b.hi)
		if a.Dropout > 0 {
			b.drop = a.RNG.Dropout(Full(1, s.op.Shape...), a.Dropout)
		}
		all = append(all, b)
		best := s.MaxKeep(-1).Detach()
		if top != nil {
			best = best.Maximum(top).Detach()
		}
		finite := Where(best.Equal(Full(math.Inf(-1))), Full(0), best)
		p := s.Sub(finite).Exp()
		weighed := p
		if b.drop != nil {
			weighed = p.Mul(b.drop)
		}
		mine, values := p.SumKeep(-1), weighed.MatMul(a.v.Slice(-2, b.lo, b.hi))
		if top != nil {
			less := top.Sub(finite).Exp()
			mine, values = mine.Add(sum.Mul(less)), values.Add(y.Mul(less))
		}
		top, sum, y = best, mine, values
	}
	y = y.Div(sum)
	total := top.Add(sum.Log())                  // log Σ e^score
	if a.Mask != nil && a.Mask.op.DType == F32 { // what is added to the scores may be learned: as the ops have it
		return y
	}
	return a.again(y, total, all)
}

// A block is the keys lo ≤ s < hi.
type block struct {
	lo, hi int
	drop   *Tensor // what the shares are multiplied by; nil: nothing
}

// again is y, what attention gives, with a gradient that makes the shares again, block by block, from total = log Σ e^score.
func (a *attention) again(y, total *Tensor, all []block) *Tensor {
	var out *Tensor
	grad := func(dy *Tensor) []*Tensor {
		inner := dy.Mul(out).SumKeep(-1)
		var dq *Tensor
		var dk, dv []*Tensor
		for _, b := range all {
			k, v := a.k.Slice(-2, b.lo, b.hi), a.v.Slice(-2, b.lo, b.hi)
			p := a.scores(b.lo, b.hi).Sub(total).Exp()
			dp, weighed := dy.MatMul(v.T()), p
			if b.drop != nil {
				dp, weighed = dp.Mul(b.drop), p.Mul(b.drop)
			}
			ds := p.Mul(dp.Sub(inner)).Scale(a.Scale)
			dq = plus(dq, ds.MatMul(k))
			dk, dv = append(dk, ds.T().MatMul(a.q)), append(dv, weighed.T().MatMul(dy))
		}
		return []*Tensor{dq, Concat(-2, dk...), Concat(-2, dv...)}
	}
	out = y.withGrad(grad, a.q, a.k, a.v)
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
