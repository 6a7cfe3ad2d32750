package nn

import "genview/tensor"

// MultiheadAttention lets each position of a sequence attend to all positions of another sequence or of its own, with several heads
// (Vaswani et al. 2017, section 3.2.2).
type MultiheadAttention struct {
	In    *Linear // [3·E, E]: the projections of queries, keys and values, stacked
	Out   *Linear // [E, E]
	Heads int     // divides E
	Drop  *Dropout
	Name  string // of the tap on the attention weights
}

// never is added to a score that a mask forbids. It is so low that the score's weight is 0.
const never = -1e9

// NewMultiheadAttention makes a MultiheadAttention with the names and the initial values of torch.nn.MultiheadAttention, tapped under the
// scope's path.
func NewMultiheadAttention(s *Scope, dim, heads int, drop *Dropout) *MultiheadAttention {
	in := &Linear{Weight: s.Var("in_proj_weight", XavierUniform(dim, 3*dim), 3*dim, dim), Bias: s.Var("in_proj_bias", Zeros(), 3*dim)}
	out := NewLinear(s.Sub("out_proj"), dim, dim)
	return &MultiheadAttention{In: in, Out: out, Heads: heads, Drop: drop, Name: s.Path()}
}

// Forward maps x [B, T, E] to the same shape. Each position attends to the positions of memory [B, S, E], which is x itself for
// self-attention. o.Mask, which broadcasts to [B, Heads, T, S], limits that; the layer sets the other fields of o.
//
// A query whose Bool mask is false everywhere attends to all positions equally, so that a sequence of padding alone gives no NaN, unlike
// with [tensor.ScaledDotProductAttention].
func (a *MultiheadAttention) Forward(p *Pass, x, memory *tensor.Tensor, o tensor.AttentionOptions) *tensor.Tensor {
	e := x.Dim(-1)
	var heads []*tensor.Tensor // queries, keys and values
	if x == memory {
		heads = a.In.Forward(x).Split(-1, e, e, e)
	} else {
		heads = append([]*tensor.Tensor{a.In.rows(0, e).Forward(x)}, a.In.rows(e, 3*e).Forward(memory).Split(-1, e, e)...)
	}
	for i := range heads {
		heads[i] = a.split(heads[i])
	}
	if o.Mask != nil && o.Mask.DType() == tensor.Bool {
		o.Mask = tensor.Where(o.Mask, tensor.Full(0), tensor.Full(never))
	}
	o.Tap = a.Name
	a.Drop.attention(p, &o)
	if p.attention != nil {
		p.attention(a.Name, heads[0], heads[1], heads[2], o)
	}
	y := p.ofHeads(a.Name, tensor.ScaledDotProductAttention(heads[0], heads[1], heads[2], o))
	return a.Out.Forward(y.Permute(0, 2, 1, 3).Reshape(x.Shape()...))
}

// split maps [B, T, E] to [B, Heads, T, E/Heads].
func (a *MultiheadAttention) split(x *tensor.Tensor) *tensor.Tensor {
	return x.Reshape(x.Dim(0), x.Dim(1), a.Heads, -1).Permute(0, 2, 1, 3)
}
