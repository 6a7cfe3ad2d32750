package nn

import "genview/tensor"

// BatchNorm2d normalises each channel (Ioffe & Szegedy 2015): with the batch's statistics in training, and with running statistics in
// evaluation.
type BatchNorm2d struct {
	Weight *tensor.Tensor // [C], initially 1
	Bias   *tensor.Tensor // [C], initially 0

	RunningMean *tensor.Tensor // [C], initially 0
	RunningVar  *tensor.Tensor // [C], initially 1; with Bessel's correction, unlike the variance used to normalise

	Eps      float64 // added to the variance
	Momentum float64 // weight of the newest batch in the running statistics
}

// NewBatchNorm2d makes a BatchNorm2d with PyTorch's Eps 1e-5 and Momentum 0.1, which can be changed before Forward.
func NewBatchNorm2d(s *Scope, channels int) *BatchNorm2d {
	return &BatchNorm2d{
		Weight:      s.Var("weight", Ones(), channels),
		Bias:        s.Var("bias", Zeros(), channels),
		RunningMean: s.Buffer("running_mean", Zeros(), channels),
		RunningVar:  s.Buffer("running_var", Ones(), channels),
		Eps:         1e-5,
		Momentum:    0.1,
	}
}

// Forward maps x [N, C, H, W] to the same shape. In training, [Pass.Updates] includes the new running statistics.
func (l *BatchNorm2d) Forward(p *Pass, x *tensor.Tensor) *tensor.Tensor {
	mean, variance := l.RunningMean.Reshape(-1, 1, 1), l.RunningVar.Reshape(-1, 1, 1)
	if p.training {
		mean = x.MeanKeep(0, 2, 3)
		variance = x.Sub(mean).Square().MeanKeep(0, 2, 3)
		n := float64(x.Dim(0) * x.Dim(2) * x.Dim(3))
		l.track(p, l.RunningMean, mean)
		l.track(p, l.RunningVar, variance.Scale(n/max(n-1, 1)))
	}
	scale := variance.Shift(l.Eps).Rsqrt().Mul(l.Weight.Reshape(-1, 1, 1))
	return addChannels(x.Sub(mean).Mul(scale), l.Bias)
}

func (l *BatchNorm2d) track(p *Pass, running, newest *tensor.Tensor) {
	newest = newest.Reshape(-1)
	p.update(running, func(old *tensor.Tensor) *tensor.Tensor {
		return old.Scale(1 - l.Momentum).Add(newest.Scale(l.Momentum))
	})
}
