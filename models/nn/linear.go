package nn

import (
	"strconv"

	"genview/tensor"
)

// Linear is an affine map.
type Linear struct {
	Weight *tensor.Tensor // [out, in]
	Bias   *tensor.Tensor // [out]; may be nil
}

// NewLinear makes a Linear with PyTorch's initial values: both from [−1/√in, 1/√in).
func NewLinear(s *Scope, in, out int) *Linear {
	return &Linear{
		Weight: s.Var("weight", KaimingUniform(in), out, in),
		Bias:   s.Var("bias", KaimingUniform(in), out),
	}
}

// Forward maps x [..., in] to x·Weightᵀ + Bias [..., out].
func (l *Linear) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := x.MatMul(l.Weight.T())
	if l.Bias != nil {
		y = y.Add(l.Bias)
	}
	return y
}

// rows returns the part of a Linear with the outputs lo ≤ i < hi.
func (l *Linear) rows(lo, hi int) *Linear {
	part := &Linear{Weight: l.Weight.Slice(0, lo, hi)}
	if l.Bias != nil {
		part.Bias = l.Bias.Slice(0, lo, hi)
	}
	return part
}

// MLP is linear layers with a ReLU between them.
type MLP struct {
	Layers []*Linear // fc1, fc2, …
}

// NewMLP makes an MLP with these sizes of inputs, hidden layers and outputs.
func NewMLP(s *Scope, sizes ...int) *MLP {
	m := &MLP{}
	for i := 1; i < len(sizes); i++ {
		m.Layers = append(m.Layers, NewLinear(s.Sub("fc"+strconv.Itoa(i)), sizes[i-1], sizes[i]))
	}
	return m
}

// Forward maps x [..., first size] to [..., last size].
func (m *MLP) Forward(x *tensor.Tensor) *tensor.Tensor {
	for i, l := range m.Layers {
		if i > 0 {
			x = x.ReLU()
		}
		x = l.Forward(x)
	}
	return x
}
