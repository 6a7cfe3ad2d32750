package tensor

// LayerNorm takes the mean and the standard deviation of the last axis out of x [..., D], then scales by weight [D] and adds bias [D]
// (Ba et al. 2016, eq. 4), as torch.nn.functional.layer_norm does; bias may be nil.
func (x *Tensor) LayerNorm(weight, bias *Tensor, eps float64) *Tensor {
	d := x.Sub(x.MeanKeep(-1))
	y := d.Mul(d.Square().MeanKeep(-1).Shift(eps).Rsqrt()).Mul(weight)
	if bias != nil {
		y = y.Add(bias)
	}
	return y
}
