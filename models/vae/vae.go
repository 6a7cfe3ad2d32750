package vae

import (
	"genview/models/nn"
	"genview/tensor"
)

// A VAE is an encoder q(z|x), a normal distribution with diagonal covariance, and a decoder p(x|z), independent Bernoullis.
type VAE struct {
	config Config
	coder  coder
}

// coder holds the networks of one architecture.
type coder interface {
	// paths returns where the layers are: prefixes of the encoder's and the decoder's, and the layers that put out mean, log variance and logits.
	paths() (encoder, decoder, mu, logvar, logits string)
	// encode maps x [B, C, S, S] to mean and log variance, each [B, Z].
	encode(p *nn.Pass, x *tensor.Tensor) (mu, logvar *tensor.Tensor)
	// decode maps z [B, Z] to one logit for each element of x.
	decode(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor
}

// New makes a VAE. Its error is that of [Config.Validate].
func New(s *nn.Scope, c Config) (*VAE, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Arch == "conv" {
		return &VAE{config: c, coder: newConv(s, c)}, nil
	}
	return &VAE{config: c, coder: newMLP(s, c)}, nil
}

// Config returns the VAE's configuration.
func (m *VAE) Config() Config { return m.config }

// Encode maps x [B, C, S, S] or [B, C·S·S] to the mean and the log variance of q(z|x), each [B, Z].
func (m *VAE) Encode(p *nn.Pass, x *tensor.Tensor) (mu, logvar *tensor.Tensor) {
	return m.coder.encode(p, m.pictures(x))
}

// Decode maps z [B, Z] to the logits of p(x|z) [B, C, S, S]; their Sigmoid is the picture.
func (m *VAE) Decode(p *nn.Pass, z *tensor.Tensor) *tensor.Tensor {
	return m.pictures(m.coder.decode(p, z))
}

func (m *VAE) pictures(x *tensor.Tensor) *tensor.Tensor {
	return x.Reshape(x.Dim(0), m.config.Channels, m.config.Size, m.config.Size)
}

// Sample maps mu and logvar [B, Z] and eps ~ N(0, 1) [B, Z] to z ~ q(z|x) (Kingma & Welling 2013, section 2.4).
func Sample(mu, logvar, eps *tensor.Tensor) *tensor.Tensor {
	return mu.Add(logvar.Scale(0.5).Exp().Mul(eps))
}

// Loss returns the two terms of the negative ELBO in nats per example (Kingma & Welling 2013, eq. 10): the binary cross-entropy of
// x, and the divergence of q(z|x) from the prior N(0, 1). eps ~ N(0, 1) [B, Z].
func (m *VAE) Loss(p *nn.Pass, x, eps *tensor.Tensor) (recon, kl *tensor.Tensor) {
	perExample := 1 / float64(x.Dim(0))
	mu, logvar := m.Encode(p, x)
	logits := m.Decode(p, Sample(mu, logvar, eps))
	recon = logits.BCEWithLogits(m.pictures(x)).Sum().Scale(perExample)
	kl = mu.Square().Add(logvar.Exp()).Sub(logvar).Shift(-1).Sum().Scale(perExample / 2)
	return recon, kl
}

// LogWeights returns log p(x|z) + log p(z) − log q(z|x) [B] of one sample z for each x, drawn with eps ~ N(0, 1) [B, Z]. The
// logarithm of the mean of K such weights is a lower bound of log p(x) that tightens with K (Burda et al. 2015, eq. 8). It is a
// bound for pictures of zeros and ones only.
func (m *VAE) LogWeights(p *nn.Pass, x, eps *tensor.Tensor) *tensor.Tensor {
	mu, logvar := m.Encode(p, x)
	z := Sample(mu, logvar, eps)
	fit := m.Decode(p, z).BCEWithLogits(m.pictures(x)).Sum(1, 2, 3).Neg()
	// The two normal densities' factors of 2π cancel, and (z−mu)²/variance is eps².
	ratio := eps.Square().Add(logvar).Sub(z.Square()).Sum(1).Scale(0.5)
	return fit.Add(ratio)
}
