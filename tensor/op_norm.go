package tensor

import "genview/tensor/internal/ir"

// normalize subtracts the mean along axes from x and divides by the standard deviation.
func (x *Tensor) normalize(eps float64, axes ...int) *Tensor {
	d := x.Sub(x.MeanKeep(axes...))
	return d.Mul(d.Square().MeanKeep(axes...).Shift(eps).Rsqrt())
}

// channels reshapes v [C] so that it broadcasts to x [B, C, ...].
func (x *Tensor) channels(v *Tensor) *Tensor {
	for range max(x.Rank()-2, 0) {
		v = v.Unsqueeze(-1)
	}
	return v
}

// affine scales the channels of x [B, C, ...] by weight [C] and adds bias [C]; both may be nil.
func (x *Tensor) affine(weight, bias *Tensor) *Tensor {
	if weight != nil {
		x = x.Mul(x.channels(weight))
	}
	if bias != nil {
		x = x.Add(x.channels(bias))
	}
	return x
}

// LayerNorm subtracts the mean of the last axis from x [..., D] and divides by the standard deviation. Then it scales by weight [D] and
// adds bias [D], which may be nil (Ba et al. 2016, eq. 4), as torch.nn.functional.layer_norm does.
func (x *Tensor) LayerNorm(weight, bias *Tensor, eps float64) *Tensor {
	y := x.normalize(eps, -1).Mul(weight)
	if bias != nil {
		y = y.Add(bias)
	}
	return y
}

// RMSNorm divides x [..., D] by the root of the mean square of its last axis and scales by weight [D] (Zhang & Sennrich 2019, eq. 4).
func (x *Tensor) RMSNorm(weight *Tensor, eps float64) *Tensor {
	return x.Mul(x.Square().MeanKeep(-1).Shift(eps).Rsqrt()).Mul(weight)
}

// BatchNorm normalizes the channels of x [B, C, ...] with the given mean [C] and variance [C]. Then it scales by weight [C] and adds bias
// [C], which may be nil (Ioffe & Szegedy 2015, algorithms 1 and 2). In training, BatchStatistics gives the mean and variance.
func (x *Tensor) BatchNorm(mean, variance, weight, bias *Tensor, eps float64) *Tensor {
	return x.affine(nil, mean.Neg()).affine(variance.Shift(eps).Rsqrt(), nil).affine(weight, bias)
}

// BatchStatistics returns the mean [C] and the variance [C], without Bessel's correction, of the channels of x [B, C, ...].
func (x *Tensor) BatchStatistics() (mean, variance *Tensor) {
	if x.err == nil && x.Rank() < 2 {
		bad := fail("BatchStatistics", []*Tensor{x}, "it takes [B, C, ...]")
		return bad, bad
	}
	if x.err != nil {
		return x, x
	}
	// One pass over x: first the statistics of each example's channel, which is then still in the cache, then those of all examples
	// together (Chan et al. 1979, eq. 2.1).
	n := float64(x.Len() / x.Dim(1))
	each, all := ir.Counting(2, x.Rank()-2), append([]int{0}, ir.Counting(2, x.Rank()-2)...)
	means, squares := x, Full(0)
	if len(each) > 0 {
		means = x.MeanKeep(each...)
		squares = x.Sub(means).Square().SumKeep(each...)
	}
	mean = means.Mean(all...).withGrad(func(dy *Tensor) []*Tensor {
		return []*Tensor{x.channels(dy.Scale(1 / n)).Expand(x.op.Shape...)}
	}, x)
	between := means.Sub(means.channels(mean)).Square().Scale(n / float64(means.Len()/means.Dim(1)))
	variance = squares.Add(between).Sum(all...).Scale(1/n).withGrad(func(dy *Tensor) []*Tensor {
		return []*Tensor{x.Sub(x.channels(mean)).Mul(x.channels(dy.Scale(2 / n)))}
	}, x)
	return mean, variance
}

// GroupNorm splits the channels of x [B, C, ...] into groups and normalizes each group by its mean and standard deviation. Then it scales
// by weight [C] and adds bias [C]; both may be nil (Wu & He 2018).
func (x *Tensor) GroupNorm(groups int, weight, bias *Tensor, eps float64) *Tensor {
	if x.err == nil && (x.Rank() < 2 || groups < 1 || x.Dim(1)%groups != 0) {
		return fail("GroupNorm", []*Tensor{x}, "%d groups do not divide the channels", groups)
	}
	return x.Reshape(x.Dim(0), groups, -1).normalize(eps, 2).Reshape(x.Shape()...).affine(weight, bias)
}

// InstanceNorm is GroupNorm with a group for each channel (Ulyanov et al. 2016).
func (x *Tensor) InstanceNorm(weight, bias *Tensor, eps float64) *Tensor {
	return x.GroupNorm(x.Dim(1), weight, bias, eps)
}

// SpectralNorm divides weight [O, ...] by its largest singular value, which it estimates from u [O] by steps of power iteration (Miyato
// et al. 2018, algorithm 1). It also returns the new u, for the next call; no gradient passes through u.
func SpectralNorm(weight, u *Tensor, steps int, eps float64) (normed, next *Tensor) {
	w := weight.Reshape(weight.Dim(0), -1)
	still := w.Detach()
	normalized := func(v *Tensor) *Tensor { return v.Div(v.Norm(2).Maximum(Full(eps))) }
	u = u.Detach().Unsqueeze(1)
	var v *Tensor
	for range max(steps, 1) {
		v = normalized(still.T().MatMul(u))
		u = normalized(still.MatMul(v))
	}
	sigma := u.T().MatMul(w).MatMul(v)
	return weight.Div(sigma.Reshape()), u.Squeeze(1)
}
