package classifier

import (
	"strconv"

	"genview/models/nn"
	"genview/tensor"
)

// A Classifier is a network that maps pictures to logits.
type Classifier struct {
	config Config
	net    network
}

// A network maps [B, C, S, S] to logits [B, Classes].
type network interface {
	forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor
}

// New makes a Classifier. Its error is that of [Config.Validate].
func New(s *nn.Scope, c Config) (*Classifier, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Arch == "vit" {
		return &Classifier{c, newViT(s, c)}, nil
	}
	return &Classifier{c, newCNN(s, c)}, nil
}

// Config returns the classifier's configuration.
func (m *Classifier) Config() Config { return m.config }

// Forward maps pictures x [B, C, S, S] in [0, 1] to logits [B, Classes].
func (m *Classifier) Forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor {
	return m.net.forward(p, x.Scale(2).Shift(-1))
}

// cnn is convolutions of 3×3 with batch norm and ReLU, two of which halve the picture, followed by the mean over the picture: the plain
// network in He et al. 2015, section 3.3.
type cnn struct {
	convs []*nn.Conv2d
	norms []*nn.BatchNorm2d
	drop  nn.Dropout
	last  *nn.Linear
}

func newCNN(s *nn.Scope, c Config) *cnn {
	m := &cnn{drop: nn.Dropout{P: c.Dropout}}
	in := c.Channels
	for i, l := range []struct{ out, stride int }{{c.Hidden, 1}, {2 * c.Hidden, 2}, {2 * c.Hidden, 1}, {4 * c.Hidden, 2}, {4 * c.Hidden, 1}} {
		n := strconv.Itoa(i + 1)
		m.convs = append(m.convs, nn.NewConv2d(s.Sub("conv"+n), in, l.out, nn.ConvConfig{Kernel: 3, Stride: l.stride, Padding: 1, NoBias: true}))
		m.norms = append(m.norms, nn.NewBatchNorm2d(s.Sub("norm"+n), l.out)) // takes any bias away again
		in = l.out
	}
	m.last = nn.NewLinear(s.Sub("fc"), in, c.Classes)
	return m
}

func (m *cnn) forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor {
	for i, c := range m.convs {
		x = p.Layer("conv"+strconv.Itoa(i+1), m.norms[i].Forward(p, c.Forward(x)).ReLU())
	}
	return p.Layer("fc", m.last.Forward(m.drop.Forward(p, x.Mean(2, 3))))
}

// vit has the names, the initial values and the order of torchvision.models.VisionTransformer: norms come before attention and feed-forward
// layers.
type vit struct {
	config  Config
	patches *nn.Conv2d     // a window for each patch
	class   *tensor.Tensor // [1, 1, Width]: the class token, which comes before the patches and whose output is classified
	places  *tensor.Tensor // position embeddings [1, 1+patches, Width]
	layers  []*layer
	norm    *nn.LayerNorm
	head    *nn.Linear
	drop    *nn.Dropout
}

type layer struct {
	norm1, norm2 *nn.LayerNorm
	attention    *nn.MultiheadAttention
	forth, back  *nn.Linear
	drop         *nn.Dropout
}

func newViT(s *nn.Scope, c Config) *vit {
	m := &vit{config: c, drop: &nn.Dropout{P: c.Dropout}}
	patches := (c.Size / c.Patch) * (c.Size / c.Patch)
	m.class = s.Var("class_token", nn.Zeros(), 1, 1, c.Width)
	m.patches = nn.NewConv2d(s.Sub("conv_proj"), c.Channels, c.Width, nn.ConvConfig{Kernel: c.Patch, Stride: c.Patch})
	e := s.Sub("encoder")
	m.places = e.Var("pos_embedding", nn.Normal(0, 0.02), 1, 1+patches, c.Width)
	for i := range c.Layers {
		m.layers = append(m.layers, newLayer(e.Sub("layers.encoder_layer_"+strconv.Itoa(i)), c, m.drop))
	}
	m.norm = norm(e.Sub("ln"), c.Width)
	head := s.Sub("heads.head")
	m.head = &nn.Linear{Weight: head.Var("weight", nn.Zeros(), c.Classes, c.Width), Bias: head.Var("bias", nn.Zeros(), c.Classes)}
	return m
}

func newLayer(s *nn.Scope, c Config, drop *nn.Dropout) *layer {
	linear := func(s *nn.Scope, in, out int) *nn.Linear {
		return &nn.Linear{Weight: s.Var("weight", nn.XavierUniform(in, out), out, in), Bias: s.Var("bias", nn.Normal(0, 1e-6), out)}
	}
	return &layer{
		norm1: norm(s.Sub("ln_1"), c.Width), attention: nn.NewMultiheadAttention(s.Sub("self_attention"), c.Width, c.Heads, drop),
		norm2: norm(s.Sub("ln_2"), c.Width), forth: linear(s.Sub("mlp.0"), c.Width, c.Hidden), back: linear(s.Sub("mlp.3"), c.Hidden, c.Width),
		drop: drop,
	}
}

func norm(s *nn.Scope, width int) *nn.LayerNorm {
	l := nn.NewLayerNorm(s, width)
	l.Eps = 1e-6
	return l
}

func (m *vit) forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor {
	b, width := x.Dim(0), m.config.Width
	x = p.Layer("conv_proj", m.patches.Forward(x))
	x = x.Reshape(b, width, -1).Permute(0, 2, 1)
	x = m.drop.Forward(p, tensor.Concat(1, m.class.Expand(b, 1, width), x).Add(m.places))
	for i, l := range m.layers {
		x = l.forward(p, x, "encoder.layers.encoder_layer_"+strconv.Itoa(i))
	}
	return p.Layer("heads.head", m.head.Forward(p.Layer("encoder.ln", m.norm.Forward(x.Slice(1, 0, 1).Reshape(b, width)))))
}

// forward names what its parts make under a path.
func (l *layer) forward(p *nn.Pass, x *tensor.Tensor, path string) *tensor.Tensor {
	y := p.Layer(path+".ln_1", l.norm1.Forward(x))
	x = x.Add(l.drop.Forward(p, p.Layer(path+".self_attention", l.attention.Forward(p, y, y, tensor.AttentionOptions{}))))
	y = p.Layer(path+".mlp.0", l.forth.Forward(p.Layer(path+".ln_2", l.norm2.Forward(x))).GELU())
	return x.Add(l.drop.Forward(p, p.Layer(path+".mlp.3", l.back.Forward(l.drop.Forward(p, y)))))
}
