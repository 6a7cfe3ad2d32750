package gan

import (
	"strconv"

	"genview/models/nn"
	"genview/tensor"
)

// A network maps [B, Z] to pictures in [−1, 1], or pictures to logits [B, 1].
type network interface {
	forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor
	last() string // the name of the layer whose output that of the network is
}

const slope = 0.2 // of LeakyReLU, as in DCGAN

// sharp is the slope of LeakyReLU in the generator of points, which must separate modes with nothing between them: with ReLU 96 % of its
// samples are on a mode after 8,000 steps, with the slope 0.2 only 55 % (grid25).
const sharp = 0

func newGenerator(s *nn.Scope, c Config) network {
	switch c.Arch {
	case "dcgan":
		return newUpward(s, c)
	case "points":
		return &mlp{MLP: nn.NewMLP(s, c.Z, c.Hidden, c.Hidden, c.Hidden, 2), shape: c.shape(), slope: sharp, free: true}
	}
	return &mlp{MLP: nn.NewMLP(s, c.Z, c.Hidden, c.Hidden, c.Channels*c.Size*c.Size), shape: c.shape(), slope: slope}
}

func newDiscriminator(s *nn.Scope, c Config) network {
	switch c.Arch {
	case "dcgan":
		return newDownward(s, c)
	case "points":
		return &mlp{MLP: nn.NewMLP(s, 2, c.Hidden, c.Hidden, c.Hidden, 1), slope: slope}
	}
	return &mlp{MLP: nn.NewMLP(s, c.Channels*c.Size*c.Size, c.Hidden, c.Hidden, 1), slope: slope}
}

// mlp is linear layers with LeakyReLU between them.
type mlp struct {
	*nn.MLP
	shape []int // of an example; nil for a discriminator
	slope float64
	free  bool // examples are not limited to [−1, 1]
}

func (m *mlp) forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor {
	x = x.Flatten(1)
	for i, l := range m.Layers {
		if i > 0 {
			x = p.Layer("fc"+strconv.Itoa(i), x.LeakyReLU(m.slope))
		}
		x = l.Forward(x)
	}
	if m.shape == nil {
		return x
	}
	if !m.free {
		x = x.Tanh()
	}
	return x.Reshape(append([]int{x.Dim(0)}, m.shape...)...)
}

func (m *mlp) last() string { return "fc" + strconv.Itoa(len(m.Layers)) }

// halvings returns how often dcgan halves a picture.
const halvings = 3

// upward is DCGAN's generator: a projection to Size/8, then layers that double the size.
type upward struct {
	z     int
	first *nn.ConvTranspose2d
	convs []layer
	norms []*nn.BatchNorm2d
}

type layer interface {
	Forward(x *tensor.Tensor) *tensor.Tensor
}

// resized is a convolution of pictures that are enlarged before, which leaves no checkerboard patterns (Odena et al. 2016).
type resized struct {
	enlarge nn.Upsample
	conv    *nn.Conv2d
}

// Forward maps x [N, in, H, W] to [N, out, 2·H, 2·W].
func (l *resized) Forward(x *tensor.Tensor) *tensor.Tensor {
	return l.conv.Forward(l.enlarge.Forward(x))
}

// newDouble makes a layer that doubles the size: a transposed convolution, or with a mode one of pictures that are resized.
func newDouble(s *nn.Scope, mode string, in, out int, noBias bool) layer {
	if mode == "" {
		return nn.NewConvTranspose2d(s, in, out, nn.ConvConfig{Kernel: 4, Stride: 2, Padding: 1, NoBias: noBias})
	}
	return &resized{nn.Upsample{Scale: 2, Mode: mode}, nn.NewConv2d(s, in, out, nn.ConvConfig{Kernel: 3, Padding: 1, NoBias: noBias})}
}

func newUpward(s *nn.Scope, c Config) *upward {
	m := &upward{z: c.Z}
	out := c.Hidden << (halvings - 1)
	m.first = nn.NewConvTranspose2d(s.Sub("conv1"), c.Z, out, nn.ConvConfig{Kernel: c.Size >> halvings, NoBias: true})
	for i := range halvings {
		m.norms = append(m.norms, nn.NewBatchNorm2d(s.Sub("norm"+strconv.Itoa(i+1)), out))
		in, last := out, i == halvings-1
		if out /= 2; last {
			out = c.Channels
		}
		m.convs = append(m.convs, newDouble(s.Sub("conv"+strconv.Itoa(i+2)), c.Upsample, in, out, !last)) // BatchNorm2d removes a bias anyway
	}
	return m
}

func (m *upward) forward(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor {
	x := m.first.Forward(z.Reshape(-1, m.z, 1, 1))
	for i, c := range m.convs {
		x = c.Forward(p.Layer("conv"+strconv.Itoa(i+1), m.norms[i].Forward(p, x).ReLU()))
	}
	return x.Tanh()
}

func (m *upward) last() string { return "conv" + strconv.Itoa(halvings+1) }

// downward is DCGAN's discriminator: convolutions that halve the size, and a last one over the remaining picture.
type downward struct {
	convs []*nn.Conv2d
	norms []*nn.BatchNorm2d // from the second convolution on
	judge *nn.Conv2d        // over what is left of the picture
}

func newDownward(s *nn.Scope, c Config) *downward {
	m := &downward{}
	in, out := c.Channels, c.Hidden
	for i := range halvings {
		m.convs = append(m.convs, nn.NewConv2d(s.Sub("conv"+strconv.Itoa(i+1)), in, out, nn.ConvConfig{Kernel: 4, Stride: 2, Padding: 1, NoBias: i > 0}))
		if i > 0 {
			m.norms = append(m.norms, nn.NewBatchNorm2d(s.Sub("norm"+strconv.Itoa(i+1)), out))
		}
		in, out = out, 2*out
	}
	m.judge = nn.NewConv2d(s.Sub("conv"+strconv.Itoa(halvings+1)), in, 1, nn.ConvConfig{Kernel: c.Size >> halvings})
	return m
}

func (m *downward) forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor {
	for i, c := range m.convs {
		x = c.Forward(x)
		if i > 0 {
			x = m.norms[i-1].Forward(p, x)
		}
		x = p.Layer("conv"+strconv.Itoa(i+1), x.LeakyReLU(slope))
	}
	return m.judge.Forward(x).Flatten(1)
}

func (m *downward) last() string { return "conv" + strconv.Itoa(halvings+1) }
