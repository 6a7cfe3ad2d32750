package vae

import (
	"genview/models/nn"
	"genview/tensor"
)

// conv halves the picture twice and doubles it twice, with kernels of 4 and strides of 2 as in DCGAN (Radford et al. 2015): the stride
// divides the kernel, so that the transposed convolutions leave no checkerboard pattern.
type conv struct {
	hidden, side int // channels at half the size; a quarter of the size

	conv1, conv2     *nn.Conv2d
	norm1, norm2     *nn.BatchNorm2d
	mu, logvar       *nn.Linear
	fc               *nn.Linear
	norm3, norm4     *nn.BatchNorm2d
	deconv1, deconv2 *nn.ConvTranspose2d
}

func newConv(s *nn.Scope, c Config) *conv {
	enc, dec := s.Sub("encoder"), s.Sub("decoder")
	side, h := c.Size/4, c.Hidden
	halve := nn.ConvConfig{Kernel: 4, Stride: 2, Padding: 1, NoBias: true} // BatchNorm2d removes a bias anyway
	last := halve
	last.NoBias = false
	return &conv{
		hidden: h, side: side,
		conv1:   nn.NewConv2d(enc.Sub("conv1"), c.Channels, h, halve),
		norm1:   nn.NewBatchNorm2d(enc.Sub("norm1"), h),
		conv2:   nn.NewConv2d(enc.Sub("conv2"), h, 2*h, halve),
		norm2:   nn.NewBatchNorm2d(enc.Sub("norm2"), 2*h),
		mu:      nn.NewLinear(enc.Sub("mu"), 2*h*side*side, c.Z),
		logvar:  nn.NewLinear(enc.Sub("logvar"), 2*h*side*side, c.Z),
		fc:      nn.NewLinear(dec.Sub("fc"), c.Z, 2*h*side*side),
		norm3:   nn.NewBatchNorm2d(dec.Sub("norm1"), 2*h),
		deconv1: nn.NewConvTranspose2d(dec.Sub("conv1"), 2*h, h, halve),
		norm4:   nn.NewBatchNorm2d(dec.Sub("norm2"), h),
		deconv2: nn.NewConvTranspose2d(dec.Sub("conv2"), h, c.Channels, last),
	}
}

func (m *conv) encode(p *nn.Pass, x *tensor.Tensor) (mu, logvar *tensor.Tensor) {
	x = p.Layer("conv1", m.norm1.Forward(p, m.conv1.Forward(x)).ReLU())
	x = p.Layer("conv2", m.norm2.Forward(p, m.conv2.Forward(x)).ReLU()).Flatten(1)
	return m.mu.Forward(x), m.logvar.Forward(x)
}

func (m *conv) decode(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor {
	x := m.fc.Forward(z).Reshape(z.Dim(0), 2*m.hidden, m.side, m.side)
	x = p.Layer("fc", m.norm3.Forward(p, x).ReLU())
	x = p.Layer("conv1", m.norm4.Forward(p, m.deconv1.Forward(x)).ReLU())
	return m.deconv2.Forward(x)
}

func (m *conv) paths() (encoder, decoder, mu, logvar, logits string) {
	return "encoder", "decoder", "encoder.mu", "encoder.logvar", "decoder.conv2"
}
