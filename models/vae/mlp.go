package vae

import (
	"genview/models/nn"
	"genview/tensor"
)

// mlp has the layers and names of the PyTorch examples' VAE.
type mlp struct {
	fc1, fc21, fc22, fc3, fc4 *nn.Linear
}

func newMLP(s *nn.Scope, c Config) *mlp {
	pixels := c.Channels * c.Size * c.Size
	return &mlp{
		fc1:  nn.NewLinear(s.Sub("fc1"), pixels, c.Hidden),
		fc21: nn.NewLinear(s.Sub("fc21"), c.Hidden, c.Z),
		fc22: nn.NewLinear(s.Sub("fc22"), c.Hidden, c.Z),
		fc3:  nn.NewLinear(s.Sub("fc3"), c.Z, c.Hidden),
		fc4:  nn.NewLinear(s.Sub("fc4"), c.Hidden, pixels),
	}
}

func (m *mlp) encode(p *nn.Pass, x *tensor.Tensor) (mu, logvar *tensor.Tensor) {
	h := p.Layer("fc1", m.fc1.Forward(x.Flatten(1)).ReLU())
	return m.fc21.Forward(h), m.fc22.Forward(h)
}

func (m *mlp) decode(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor {
	return m.fc4.Forward(p.Layer("fc3", m.fc3.Forward(z).ReLU()))
}

func (m *mlp) paths() (encoder, decoder, mu, logvar, logits string) {
	return "", "", "fc21", "fc22", "fc4"
}
