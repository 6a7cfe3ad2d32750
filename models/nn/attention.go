package nn

import (
	"math"

	"genview/tensor"
)

// MultiheadAttention lets each place of a sequence take from all places of another, or of its own, in several ways at once
// (Vaswani et al. 2017, section 3.2.2).
type MultiheadAttention struct {
	In    *Linear // [3·E, E]: queries, keys and values, one below the other
	Out   *Linear // [E, E]
	Heads int     // divides E
	Drop  *Dropout
	Name  string // of the tap on the shares
}

// NewMultiheadAttention makes a MultiheadAttention with the names and the first values of torch.nn.MultiheadAttention, tapped under
// the scope's path.
func NewMultiheadAttention(s *Scope, dim, heads int, drop *Dropout) *MultiheadAttention {
	in := &Linear{Weight: s.Var("in_proj_weight", XavierUniform(dim, 3*dim), 3*dim, dim), Bias: s.Var("in_proj_bias", Zeros(), 3*dim)}
	out := NewLinear(s.Sub("out_proj"), dim, dim)
	return &MultiheadAttention{In: in, Out: out, Heads: heads, Drop: drop, Name: s.Path()}
}

// Forward maps x [B, T, E] to the same shape; each place takes from the places of memory [B, S, E], which is x itself for
// self-attention. mask, of Bool, is true where a place must not look, and broadcasts to [B, Heads, T, S]; nil is none.
func (a *MultiheadAttention) Forward(x, memory, mask *tensor.Tensor) *tensor.Tensor {
	e := x.Dim(-1)
	var heads []*tensor.Tensor // of queries, keys and values
	if x == memory {
		heads = a.In.Forward(x).Split(-1, e, e, e)
	} else {
		heads = append([]*tensor.Tensor{a.In.rows(0, e).Forward(x)}, a.In.rows(e, 3*e).Forward(memory).Split(-1, e, e)...)
	}
	for i := range heads {
		heads[i] = a.split(heads[i])
	}
	y := a.attend(heads[0], heads[1], heads[2], mask)
	return a.Out.Forward(y.Permute(0, 2, 1, 3).Reshape(x.Shape()...))
}

// attend is scaled dot-product attention (Vaswani et al. 2017, eq. 1): queries q [B, H, T, D] take from values v [B, H, S, D] in the
// shares softmax(q·kᵀ/√D) [B, H, T, S]. A query that may look nowhere looks everywhere alike.
func (a *MultiheadAttention) attend(q, k, v, mask *tensor.Tensor) *tensor.Tensor {
	scores := q.MatMul(k.T()).Scale(1 / math.Sqrt(float64(q.Dim(-1))))
	if mask != nil {
		scores = scores.MaskedFill(mask, -1e9)
	}
	return a.Drop.Forward(tensor.Tap(a.Name, scores.Softmax(-1))).MatMul(v)
}

// split maps [B, T, E] to [B, Heads, T, E/Heads].
func (a *MultiheadAttention) split(x *tensor.Tensor) *tensor.Tensor {
	return x.Reshape(x.Dim(0), x.Dim(1), a.Heads, -1).Permute(0, 2, 1, 3)
}
