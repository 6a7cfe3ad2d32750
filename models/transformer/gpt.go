package transformer

import (
	"math"
	"strconv"

	"genview/models/nn"
	"genview/tensor"
)

// GPT is a decoder-only Transformer with learned positions. Norms come before attention and feed-forward layers, and the last layer shares
// the table of tokens (Radford et al. 2019).
type GPT struct {
	tokens, places *nn.Embedding
	blocks         []*block
	norm           *nn.LayerNorm
	drop           *nn.Dropout
}

// block has the names of GPT-2.
type block struct {
	path         string
	norm1, norm2 *nn.LayerNorm
	attention    *nn.MultiheadAttention
	forth, back  *nn.Linear
	drop         *nn.Dropout
}

// NewGPT makes a GPT with GPT-2's initial values. Its error is that of [GPTConfig.Validate].
func NewGPT(s *nn.Scope, c GPTConfig) (*GPT, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m := &GPT{drop: &nn.Dropout{P: c.Dropout}}
	m.tokens = nn.NewEmbedding(s.Sub("wte"), c.Vocab, c.Width, nn.Normal(0, std))
	m.places = nn.NewEmbedding(s.Sub("wpe"), c.Context, c.Width, nn.Normal(0, std))
	for i := range c.Layers {
		m.blocks = append(m.blocks, newBlock(s.Sub("h."+strconv.Itoa(i)), c, m.drop))
	}
	m.norm = norm(s.Sub("ln_f"), c)
	return m, nil
}

const std = 0.02 // of GPT-2's initial weights

func newBlock(s *nn.Scope, c GPTConfig, drop *nn.Dropout) *block {
	// Weights of layers that add to the residual stream start smaller by the root of the number of such layers.
	added := std / math.Sqrt(2*float64(c.Layers))
	attn, mlp := s.Sub("attn"), s.Sub("mlp")
	return &block{
		path: s.Path() + ".", drop: drop, norm1: norm(s.Sub("ln_1"), c),
		attention: &nn.MultiheadAttention{
			In: linear(attn.Sub("c_attn"), c.Width, 3*c.Width, std, c), Out: linear(attn.Sub("c_proj"), c.Width, c.Width, added, c),
			Heads: c.Heads, Drop: drop, Name: attn.Path(),
		},
		norm2: norm(s.Sub("ln_2"), c),
		forth: linear(mlp.Sub("c_fc"), c.Width, 4*c.Width, std, c), back: linear(mlp.Sub("c_proj"), 4*c.Width, c.Width, added, c),
	}
}

func linear(s *nn.Scope, in, out int, std float64, c GPTConfig) *nn.Linear {
	l := &nn.Linear{Weight: s.Var("weight", nn.Normal(0, std), out, in)}
	if c.Bias {
		l.Bias = s.Var("bias", nn.Zeros(), out)
	}
	return l
}

func norm(s *nn.Scope, c GPTConfig) *nn.LayerNorm {
	l := &nn.LayerNorm{Weight: s.Var("weight", nn.Ones(), c.Width), Eps: 1e-5}
	if c.Bias {
		l.Bias = s.Var("bias", nn.Zeros(), c.Width)
	}
	return l
}

// Forward maps tokens [B, T] to the logits of each next token [B, T, Vocab].
func (m *GPT) Forward(p *nn.Pass, tokens *tensor.Tensor) *tensor.Tensor {
	places := m.places.Weight.Slice(0, 0, tokens.Dim(1))
	x := m.drop.Forward(p, m.tokens.Forward(tokens).Add(places))
	for _, b := range m.blocks {
		x = b.forward(p, x)
	}
	return m.tokens.Logits(p.Layer("ln_f", m.norm.Forward(x)))
}

func (b *block) forward(p *nn.Pass, x *tensor.Tensor) *tensor.Tensor {
	y := p.Layer(b.path+"ln_1", b.norm1.Forward(x))
	x = x.Add(b.drop.Forward(p, p.Layer(b.path+"attn", b.attention.Forward(p, y, y, tensor.AttentionOptions{Causal: true}))))
	y = p.Layer(b.path+"mlp.c_fc", b.forth.Forward(p.Layer(b.path+"ln_2", b.norm2.Forward(x))).GELUTanh())
	return x.Add(b.drop.Forward(p, p.Layer(b.path+"mlp.c_proj", b.back.Forward(y))))
}
