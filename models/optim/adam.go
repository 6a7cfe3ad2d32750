package optim

import (
	"math"

	"genview/tensor"
)

// AdamConfig holds the constants of Adam and AdamW.
type AdamConfig struct {
	LR           float64
	Beta1, Beta2 float64 // how much of the moments stays at each step
	Eps          float64 // added to the root of the second moment
	WeightDecay  float64
}

// AdamDefaults returns PyTorch's: LR 1e-3, Beta1 0.9, Beta2 0.999, Eps 1e-8, WeightDecay 0.
func AdamDefaults() AdamConfig {
	return AdamConfig{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
}

// AdamWDefaults returns PyTorch's: those of Adam with WeightDecay 0.01.
func AdamWDefaults() AdamConfig {
	c := AdamDefaults()
	c.WeightDecay = 0.01
	return c
}

// Adam scales each element's step by estimates of its gradient's first two moments.
type Adam struct {
	LR     *tensor.Tensor              // scalar: a variable, unless a schedule is put in its place before Update
	Decays func(v *tensor.Tensor) bool // which variables WeightDecay is for; nil for all

	config    AdamConfig
	decoupled bool
	vars      []*tensor.Tensor
	step      *tensor.Tensor // counted in f32, as PyTorch does: exact to 2²⁴
	avg       []*tensor.Tensor
	avgSq     []*tensor.Tensor
}

// NewAdam makes the state for training vars with Adam (Kingma & Ba 2014): WeightDecay·θ is added to the gradient.
func NewAdam(c AdamConfig, vars []*tensor.Tensor) *Adam {
	return &Adam{
		LR: scalarVar("lr", c.LR), config: c, vars: vars,
		step: scalarVar("step", 0), avg: slots("exp_avg", vars), avgSq: slots("exp_avg_sq", vars),
	}
}

// NewAdamW makes the state for training vars with AdamW (Loshchilov & Hutter 2017): each step takes LR·WeightDecay·θ away from θ,
// and the moments know nothing of it.
func NewAdamW(c AdamConfig, vars []*tensor.Tensor) *Adam {
	o := NewAdam(c, vars)
	o.decoupled = true
	return o
}

// Steps is how many steps were taken, a scalar: what a schedule for LR is made of.
func (o *Adam) Steps() *tensor.Tensor { return o.step }

// Update returns the updates of one step from the gradients of the variables, in their order.
func (o *Adam) Update(grads []*tensor.Tensor) []tensor.Update {
	mustMatch(o.vars, grads)
	c := o.config
	step := o.step.Shift(1)
	rate := o.LR.Div(oneMinusPow(c.Beta1, step))
	root := oneMinusPow(c.Beta2, step).Sqrt()
	updates := []tensor.Update{{Var: o.step, Value: step}}
	for i, v := range o.vars {
		g, kept := grads[i], v
		switch {
		case o.Decays != nil && !o.Decays(v) || c.WeightDecay == 0:
		case o.decoupled:
			kept = v.Sub(v.Mul(o.LR.Scale(c.WeightDecay)))
		default:
			g = decayed(g, v, c.WeightDecay)
		}
		m := o.avg[i].Add(g.Sub(o.avg[i]).Scale(1 - c.Beta1))
		s := o.avgSq[i].Scale(c.Beta2).Add(g.Square().Scale(1 - c.Beta2))
		next := kept.Sub(m.Div(s.Sqrt().Div(root).Shift(c.Eps)).Mul(rate))
		updates = append(updates,
			tensor.Update{Var: o.avg[i], Value: m},
			tensor.Update{Var: o.avgSq[i], Value: s},
			tensor.Update{Var: v, Value: next})
	}
	return updates
}

// State returns what a checkpoint must hold for training to go on as if it had not stopped: step, exp_avg.<variable> and
// exp_avg_sq.<variable>.
func (o *Adam) State() []Named { return named([]*tensor.Tensor{o.step}, o.avg, o.avgSq) }

// oneMinusPow returns 1 − βᵗ of a scalar t ≥ 1. Where βᵗ is near 1 the difference would keep few of f32's digits (three, of
// 1 − 0.999, with an exp good to 4 ulp), so with y = −t·log β it is summed as y − y²/2 + y³/6 − … below y = ½, to within 2⁻²⁴.
func oneMinusPow(beta float64, t *tensor.Tensor) *tensor.Tensor {
	if beta == 0 {
		return tensor.Full(1)
	}
	const terms = 8
	y := t.Scale(-math.Log(beta))
	series := tensor.Full(1)
	for n := terms; n >= 2; n-- { // 1 − y/2·(1 − y/3·(1 − …))
		series = y.Mul(series).Scale(-1 / float64(n)).Shift(1)
	}
	return tensor.Where(y.Less(tensor.Full(0.5)), y.Mul(series), y.Neg().Exp().Neg().Shift(1))
}
