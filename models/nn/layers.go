package nn

import (
	"math"

	"genview/tensor"
)

// LayerNorm normalises each vector along the last axis (Ba et al. 2016).
type LayerNorm struct {
	Weight *tensor.Tensor // [D], initially 1
	Bias   *tensor.Tensor // [D], initially 0; may be nil
	Eps    float64        // added to the variance
}

// NewLayerNorm makes a LayerNorm with PyTorch's Eps 1e-5.
func NewLayerNorm(s *Scope, dim int) *LayerNorm {
	return &LayerNorm{Weight: s.Var("weight", Ones(), dim), Bias: s.Var("bias", Zeros(), dim), Eps: 1e-5}
}

// Forward maps x [..., D] to the same shape.
func (l *LayerNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	return x.LayerNorm(l.Weight, l.Bias, l.Eps)
}

// Embedding is a table of vectors.
type Embedding struct {
	Weight *tensor.Tensor // [N, D]
}

// NewEmbedding makes an Embedding with these initial values; PyTorch's are Normal(0, 1).
func NewEmbedding(s *Scope, n, dim int, init Init) *Embedding {
	return &Embedding{Weight: s.Var("weight", init, n, dim)}
}

// Forward maps indices [...] of int32 to vectors [..., D].
func (l *Embedding) Forward(indices *tensor.Tensor) *tensor.Tensor {
	return tensor.Embedding(indices, l.Weight)
}

// Logits maps x [..., D] to its dot products with all vectors [..., N], for a last layer that shares the table's weights (Press & Wolf
// 2016).
func (l *Embedding) Logits(x *tensor.Tensor) *tensor.Tensor { return x.MatMul(l.Weight.T()) }

// Dropout drops elements in training and does nothing in evaluation.
type Dropout struct {
	P float64 // probability with which an element is dropped
}

// Forward maps x to the same shape.
func (l *Dropout) Forward(p *Pass, x *tensor.Tensor) *tensor.Tensor {
	if !p.training {
		return x
	}
	return p.rng.Dropout(x, l.P)
}

// attention sets the dropout of attention weights.
func (l *Dropout) attention(p *Pass, o *tensor.AttentionOptions) {
	if p.training {
		o.Dropout, o.RNG = l.P, p.rng
	}
}

// Sinusoids returns the position encoding of Vaswani et al. 2017, section 3.5: [n, dim] with sines in even and cosines in odd columns,
// whose wavelengths grow from 2π to 10,000·2π.
func Sinusoids(n, dim int) *tensor.Tensor {
	return tensor.ConstFunc(func(values []float32) {
		for i := range values {
			pos, col := float64(i/dim), i%dim
			angle := pos / math.Pow(10000, float64(col/2*2)/float64(dim))
			if col%2 == 0 {
				values[i] = float32(math.Sin(angle))
			} else {
				values[i] = float32(math.Cos(angle))
			}
		}
	}, n, dim)
}
