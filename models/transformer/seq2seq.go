package transformer

import (
	"math"
	"strconv"

	"genview/models/nn"
	"genview/tensor"
)

// A Transformer is an encoder–decoder. Norms come after attention and feed-forward layers, as in the paper, with one more at the end of
// each stack, as in torch.nn.Transformer. Source, target and the last layer share one table of vectors (section 3.4).
type Transformer struct {
	config    Config
	embedding *nn.Embedding
	encoder   []*encoderLayer
	decoder   []*decoderLayer
	encoded   *nn.LayerNorm
	decoded   *nn.LayerNorm
	drop      *nn.Dropout
}

// New makes a Transformer. Its error is that of [Config.Validate].
func New(s *nn.Scope, c Config) (*Transformer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m := &Transformer{config: c, drop: &nn.Dropout{P: c.Dropout}}
	m.embedding = nn.NewEmbedding(s.Sub("embedding"), c.Vocab, c.Width, nn.Normal(0, 1/math.Sqrt(float64(c.Width))))
	for i := range c.Layers {
		m.encoder = append(m.encoder, newEncoderLayer(s.Sub("encoder.layers."+strconv.Itoa(i)), c, m.drop))
	}
	m.encoded = nn.NewLayerNorm(s.Sub("encoder.norm"), c.Width)
	for i := range c.Layers {
		m.decoder = append(m.decoder, newDecoderLayer(s.Sub("decoder.layers."+strconv.Itoa(i)), c, m.drop))
	}
	m.decoded = nn.NewLayerNorm(s.Sub("decoder.norm"), c.Width)
	return m, nil
}

// Encode maps source tokens [B, S] to vectors [B, S, Width].
func (m *Transformer) Encode(p *nn.Pass, source *tensor.Tensor) *tensor.Tensor {
	x, mask := m.embed(p, source), padding(source)
	for _, l := range m.encoder {
		x = l.forward(p, x, mask)
	}
	return m.encoded.Forward(x)
}

// Decode maps target tokens [B, T], which start with Begin, and the encoded source [B, S, Width] to the logits of each next token [B, T,
// Vocab].
func (m *Transformer) Decode(p *nn.Pass, target, source, memory *tensor.Tensor) *tensor.Tensor {
	x, mask := m.embed(p, target), padding(source)
	for _, l := range m.decoder {
		x = l.forward(p, x, memory, mask)
	}
	return m.embedding.Logits(m.decoded.Forward(x))
}

func (m *Transformer) embed(p *nn.Pass, tokens *tensor.Tensor) *tensor.Tensor {
	x := m.embedding.Forward(tokens).Scale(math.Sqrt(float64(m.config.Width)))
	return m.drop.Forward(p, x.Add(nn.Sinusoids(tokens.Dim(1), m.config.Width)))
}

// padding returns the mask [B, 1, 1, S] that is true for tokens other than Pad.
func padding(tokens *tensor.Tensor) *tensor.Tensor {
	return tokens.NotEqual(tensor.Const([]int32{Pad})).Reshape(tokens.Dim(0), 1, 1, tokens.Dim(1))
}

// encoderLayer has the names of torch.nn.TransformerEncoderLayer.
type encoderLayer struct {
	path         string
	attention    *nn.MultiheadAttention
	forth, back  *nn.Linear
	norm1, norm2 *nn.LayerNorm
	drop         *nn.Dropout
}

func newEncoderLayer(s *nn.Scope, c Config, drop *nn.Dropout) *encoderLayer {
	return &encoderLayer{
		path: s.Path() + ".", attention: nn.NewMultiheadAttention(s.Sub("self_attn"), c.Width, c.Heads, drop),
		forth: nn.NewLinear(s.Sub("linear1"), c.Width, c.Hidden), back: nn.NewLinear(s.Sub("linear2"), c.Hidden, c.Width),
		norm1: nn.NewLayerNorm(s.Sub("norm1"), c.Width), norm2: nn.NewLayerNorm(s.Sub("norm2"), c.Width), drop: drop,
	}
}

func (l *encoderLayer) forward(p *nn.Pass, x, mask *tensor.Tensor) *tensor.Tensor {
	read := p.Layer(l.path+"self_attn", l.attention.Forward(p, x, x, tensor.AttentionOptions{Mask: mask}))
	x = p.Layer(l.path+"norm1", l.norm1.Forward(x.Add(l.drop.Forward(p, read))))
	return p.Layer(l.path+"norm2", l.norm2.Forward(x.Add(l.drop.Forward(p, feedForward(p, l.path, l.forth, l.back, l.drop, x)))))
}

func feedForward(p *nn.Pass, path string, forth, back *nn.Linear, drop *nn.Dropout, x *tensor.Tensor) *tensor.Tensor {
	x = p.Layer(path+"linear1", forth.Forward(x).ReLU())
	return p.Layer(path+"linear2", back.Forward(drop.Forward(p, x)))
}

// decoderLayer has the names of torch.nn.TransformerDecoderLayer.
type decoderLayer struct {
	path                string
	self, cross         *nn.MultiheadAttention
	forth, back         *nn.Linear
	norm1, norm2, norm3 *nn.LayerNorm
	drop                *nn.Dropout
}

func newDecoderLayer(s *nn.Scope, c Config, drop *nn.Dropout) *decoderLayer {
	return &decoderLayer{
		path:  s.Path() + ".",
		self:  nn.NewMultiheadAttention(s.Sub("self_attn"), c.Width, c.Heads, drop),
		cross: nn.NewMultiheadAttention(s.Sub("multihead_attn"), c.Width, c.Heads, drop),
		forth: nn.NewLinear(s.Sub("linear1"), c.Width, c.Hidden), back: nn.NewLinear(s.Sub("linear2"), c.Hidden, c.Width),
		norm1: nn.NewLayerNorm(s.Sub("norm1"), c.Width), norm2: nn.NewLayerNorm(s.Sub("norm2"), c.Width),
		norm3: nn.NewLayerNorm(s.Sub("norm3"), c.Width), drop: drop,
	}
}

func (l *decoderLayer) forward(p *nn.Pass, x, memory, mask *tensor.Tensor) *tensor.Tensor {
	read := p.Layer(l.path+"self_attn", l.self.Forward(p, x, x, tensor.AttentionOptions{Causal: true}))
	x = p.Layer(l.path+"norm1", l.norm1.Forward(x.Add(l.drop.Forward(p, read))))
	read = p.Layer(l.path+"multihead_attn", l.cross.Forward(p, x, memory, tensor.AttentionOptions{Mask: mask}))
	x = p.Layer(l.path+"norm2", l.norm2.Forward(x.Add(l.drop.Forward(p, read))))
	return p.Layer(l.path+"norm3", l.norm3.Forward(x.Add(l.drop.Forward(p, feedForward(p, l.path, l.forth, l.back, l.drop, x)))))
}
