package gan

import (
	"genview/models/nn"
	"genview/tensor"
)

// discriminatorLoss returns the discriminator's loss from its logits [B, 1] of real and generated pictures. The non-saturating loss is that
// of Goodfellow et al. 2014, section 3; the relativistic loss pairs each real picture with a generated one (Jolicoeur-Martineau 2018; Huang
// et al. 2024, eq. 2).
func discriminatorLoss(pairing string, real, fake *tensor.Tensor) *tensor.Tensor {
	if pairing == "relativistic" {
		return fake.Sub(real).Softplus().Mean()
	}
	return real.Neg().Softplus().Mean().Add(fake.Softplus().Mean())
}

// generatorLoss returns the generator's loss.
func generatorLoss(pairing string, real, fake *tensor.Tensor) *tensor.Tensor {
	if pairing == "relativistic" {
		return real.Sub(fake).Softplus().Mean()
	}
	return fake.Neg().Softplus().Mean()
}

// penalty returns ½·E‖∇ₓ D(x)‖² of slopes ∇ₓ D(x) [B, ...] (R1 at real examples: Mescheder et al. 2018, eq. 9; R2 at generated ones).
func penalty(slopes *tensor.Tensor) *tensor.Tensor {
	return slopes.Square().Sum().Scale(0.5 / float64(slopes.Dim(0)))
}

// verdict holds a discriminator's outputs for real and for generated examples.
type verdict struct {
	onReal, onFake *tensor.Tensor // logits [B, 1]
	r1, r2         *tensor.Tensor // gradient penalties; they cost nothing unless used
}

// judge runs the discriminator on real and generated examples. Without batch norm they are one batch, which needs half as many dispatches;
// with batch norm they are two, as in DCGAN.
func judge(p *nn.Pass, d network, real, fake *tensor.Tensor) verdict {
	slopes := func(logits, x *tensor.Tensor) *tensor.Tensor { return tensor.Grad(logits.Sum(), x)[0] }
	if _, normed := d.(*downward); normed {
		onReal, onFake := d.forward(p, real), d.forward(p, fake)
		return verdict{onReal, onFake, penalty(slopes(onReal, real)), penalty(slopes(onFake, fake))}
	}
	n, both := real.Dim(0), tensor.Concat(0, real, fake)
	logits := d.forward(p, both)
	g := slopes(logits, both)
	return verdict{logits.Slice(0, 0, n), logits.Slice(0, n, 2*n), penalty(g.Slice(0, 0, n)), penalty(g.Slice(0, n, 2*n))}
}
