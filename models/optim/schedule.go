package optim

import (
	"math"

	"genview/tensor"
)

// Cosine is a learning rate that rises linearly to Peak over Warmup steps, then falls along half a cosine to Min, which it reaches at step
// Decay (Loshchilov & Hutter 2016, without restarts). With Decay 0 it stays at Peak.
type Cosine struct {
	Peak, Min     float64
	Warmup, Decay int
}

// At returns the learning rate, a scalar tensor, of the step after that many steps.
func (c Cosine) At(steps *tensor.Tensor) *tensor.Tensor {
	rate := tensor.Full(c.Peak)
	if c.Decay > 0 {
		way := steps.Shift(-float64(c.Warmup)).Scale(1/float64(max(c.Decay-c.Warmup, 1))).Clamp(0, 1)
		rate = way.Scale(math.Pi).Cos().Shift(1).Scale((c.Peak - c.Min) / 2).Shift(c.Min)
	}
	if c.Warmup > 0 {
		rising := steps.Shift(1).Scale(c.Peak / float64(c.Warmup+1))
		rate = tensor.Where(steps.Less(tensor.Full(float64(c.Warmup))), rising, rate)
	}
	return rate
}
