package gan

import "genview/tensor"

// discriminatorLoss is what the discriminator lowers, from its logits [B, 1] of real and generated pictures. The non-saturating loss
// is that of Goodfellow et al. 2014, section 3; the relativistic one pairs each real picture with a generated one
// (Jolicoeur-Martineau 2018; Huang et al. 2024, eq. 2).
func discriminatorLoss(pairing string, real, fake *tensor.Tensor) *tensor.Tensor {
	if pairing == "relativistic" {
		return fake.Sub(real).Softplus().Mean()
	}
	return real.Neg().Softplus().Mean().Add(fake.Softplus().Mean())
}

// generatorLoss is what the generator lowers.
func generatorLoss(pairing string, real, fake *tensor.Tensor) *tensor.Tensor {
	if pairing == "relativistic" {
		return real.Sub(fake).Softplus().Mean()
	}
	return fake.Neg().Softplus().Mean()
}

// penalty is ½·E‖∇ₓ D(x)‖² (R1 at real pictures: Mescheder et al. 2018, eq. 9; R2 at generated ones).
func penalty(logits, x *tensor.Tensor) *tensor.Tensor {
	g := tensor.Grad(logits.Sum(), x)[0]
	return g.Square().Sum().Scale(0.5 / float64(x.Dim(0)))
}
