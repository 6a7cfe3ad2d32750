package step

import (
	"genview/models/optim"
	"genview/tensor"
)

// A Descent is AdamW as Transformers are trained with it: its rate is that of [optim.Cosine] with the peak Adam.LR, and its decay is for
// matrices alone.
type Descent struct {
	Adam   optim.AdamConfig
	MinLR  float64
	Warmup int     // steps
	Decay  int     // steps; 0: the rate stays
	Clip   float64 // largest global norm of the gradients; 0: any
}

// Descend makes the step one submission that lowers a loss, with the updates that the forward pass asks for. Its metrics are loss,
// grad_norm, which is the norm of the gradients before they are clipped, and those given.
func (t *Trainer) Descend(loss *tensor.Tensor, d Descent, update []tensor.Update, metrics ...Metric) {
	vars := t.Scope.Vars()
	d.Adam.Decays = func(v *tensor.Tensor) bool { return v.Rank() >= 2 }
	adam := optim.NewAdamW(d.Adam, vars)
	adam.LR = optim.Cosine{Peak: d.Adam.LR, Min: d.MinLR, Warmup: d.Warmup, Decay: d.Decay}.At(adam.Steps())
	t.Optimizer("", adam)
	grads := adam.Flat(tensor.Grad(loss, vars...))
	clipped, norm := optim.ClipGlobalNorm(grads, d.Clip)
	if d.Clip > 0 {
		grads = clipped
	}
	t.Part(append([]Metric{{"loss", loss}, {"grad_norm", norm}}, metrics...), append(adam.UpdateFlat(grads), update...))
}
