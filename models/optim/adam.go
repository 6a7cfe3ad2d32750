package optim

import (
	"math"

	"genview/tensor"
)

// AdamConfig holds the constants of Adam and AdamW.
type AdamConfig struct {
	LR           float64
	Beta1, Beta2 float64 // decay rates of the moments
	Eps          float64 // added to the root of the second moment
	WeightDecay  float64
	Decays       func(v *tensor.Tensor) bool // which variables WeightDecay applies to; nil for all
}

// AdamDefaults returns PyTorch's defaults: LR 1e-3, Beta1 0.9, Beta2 0.999, Eps 1e-8, WeightDecay 0.
func AdamDefaults() AdamConfig {
	return AdamConfig{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
}

// AdamWDefaults returns PyTorch's defaults: those of Adam with WeightDecay 0.01.
func AdamWDefaults() AdamConfig {
	c := AdamDefaults()
	c.WeightDecay = 0.01
	return c
}

// Adam scales each element's step by estimates of its gradient's first two moments.
type Adam struct {
	LR *tensor.Tensor // scalar: a variable, unless a schedule replaces it before Update

	config    AdamConfig
	decoupled bool
	vars      []*tensor.Tensor
	step      *tensor.Tensor // an f32, as in PyTorch: exact to 2²⁴
	avg       []*tensor.Tensor
	avgSq     []*tensor.Tensor
	groups    []group
}

// A group is variables with the same treatment, concatenated, and their moments.
type group struct {
	index            []int // of the variables
	decay            float64
	vars, avg, avgSq *tensor.Tensor
}

// NewAdam makes the state for training vars with Adam (Kingma & Ba 2014): WeightDecay·θ is added to the gradient. It places its variables
// one behind the other in memory, so a variable can have only one optimizer, which must be made before the first program.
func NewAdam(c AdamConfig, vars []*tensor.Tensor) *Adam {
	o := &Adam{
		LR: scalarVar("lr", c.LR), config: c, vars: vars,
		step: scalarVar("step", 0), avg: slots("exp_avg", vars), avgSq: slots("exp_avg_sq", vars),
	}
	var decayed, plain []int
	for i, v := range vars {
		if c.WeightDecay != 0 && (c.Decays == nil || c.Decays(v)) {
			decayed = append(decayed, i)
		} else {
			plain = append(plain, i)
		}
	}
	o.group("decayed", decayed, c.WeightDecay)
	o.group("plain", plain, 0)
	return o
}

// group adds a group of the parameters with these indices. Flat variables over all of them let one kernel update the group.
func (o *Adam) group(name string, index []int, decay float64) {
	if len(index) == 0 {
		return
	}
	flat := func(what string, all []*tensor.Tensor) *tensor.Tensor {
		var some []*tensor.Tensor
		for _, i := range index {
			some = append(some, all[i])
		}
		return tensor.Flat(what+"."+name, some...)
	}
	o.groups = append(o.groups, group{index, decay, flat("params", o.vars), flat("exp_avg", o.avg), flat("exp_avg_sq", o.avgSq)})
}

// NewAdamW makes the state for training vars with AdamW (Loshchilov & Hutter 2017): each step subtracts LR·WeightDecay·θ from θ, without
// effect on the moments.
func NewAdamW(c AdamConfig, vars []*tensor.Tensor) *Adam {
	o := NewAdam(c, vars)
	o.decoupled = true
	return o
}

// Vars returns the variables that it trains.
func (o *Adam) Vars() []*tensor.Tensor { return o.vars }

// ScaleRate multiplies the learning rate by a scalar, in the updates that are made afterwards, and returns the product.
func (o *Adam) ScaleRate(by *tensor.Tensor) *tensor.Tensor {
	o.LR = o.LR.Mul(by)
	return o.LR
}

// Steps returns the number of steps taken, a scalar tensor, for a schedule of LR.
func (o *Adam) Steps() *tensor.Tensor { return o.step }

// Params returns the updated variables: one tensor for each group with the same treatment. There is one group unless only some variables
// have weight decay.
func (o *Adam) Params() []*tensor.Tensor {
	var flat []*tensor.Tensor
	for _, g := range o.groups {
		flat = append(flat, g.vars)
	}
	return flat
}

// Flat concatenates the gradients of the variables, given in their order: one tensor for each group.
func (o *Adam) Flat(grads []*tensor.Tensor) []*tensor.Tensor {
	mustMatch(o.vars, grads)
	var flat []*tensor.Tensor
	for _, g := range o.groups {
		var parts []*tensor.Tensor
		for _, i := range g.index {
			parts = append(parts, grads[i])
		}
		flat = append(flat, tensor.LikeFlat(g.vars, parts...))
	}
	return flat
}

// Update returns the updates of one step from the gradients of the variables, in their order.
func (o *Adam) Update(grads []*tensor.Tensor) []tensor.Update { return o.UpdateFlat(o.Flat(grads)) }

// UpdateFlat returns the updates of one step from the result of Flat.
func (o *Adam) UpdateFlat(grads []*tensor.Tensor) []tensor.Update {
	c := o.config
	step := o.step.Shift(1)
	rate := o.LR.Div(oneMinusPow(c.Beta1, step))
	root := oneMinusPow(c.Beta2, step).Sqrt()
	updates := []tensor.Update{{Var: o.step, Value: step}}
	for i, p := range o.groups {
		g, kept := grads[i], p.vars
		switch {
		case p.decay == 0:
		case o.decoupled:
			kept = kept.Sub(kept.Mul(o.LR.Scale(p.decay)))
		default:
			g = decayed(g, p.vars, p.decay)
		}
		m := p.avg.Add(g.Sub(p.avg).Scale(1 - c.Beta1))
		s := p.avgSq.Scale(c.Beta2).Add(g.Square().Scale(1 - c.Beta2))
		next := kept.Sub(m.Div(s.Sqrt().Div(root).Shift(c.Eps)).Mul(rate))
		updates = append(updates,
			tensor.Update{Var: p.avg, Value: m},
			tensor.Update{Var: p.avgSq, Value: s},
			tensor.Update{Var: p.vars, Value: next})
	}
	return updates
}

// State returns what a checkpoint must hold so that training continues unchanged: step, exp_avg.<variable> and exp_avg_sq.<variable>.
func (o *Adam) State() []Named { return named([]*tensor.Tensor{o.step}, o.avg, o.avgSq) }

// oneMinusPow returns 1 − βᵗ for a scalar t ≥ 1. For βᵗ near 1 the difference would keep few of f32's digits (three for 1 − 0.999, with an
// exp accurate to 4 ulp). So with y = −t·log β it is summed as y − y²/2 + y³/6 − … for y < ½, accurate to 2⁻²⁴.
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
