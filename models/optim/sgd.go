package optim

import "genview/tensor"

// SGDConfig holds the constants of SGD.
type SGDConfig struct {
	LR          float64
	Momentum    float64
	WeightDecay float64 // adds WeightDecay·θ to the gradient
	Nesterov    bool    // needs a Momentum
}

// SGDDefaults returns PyTorch's defaults: LR 1e-3, everything else 0.
func SGDDefaults() SGDConfig { return SGDConfig{LR: 1e-3} }

// SGD is gradient descent with momentum (Sutskever et al. 2013, in PyTorch's form, whose momentum does not include the learning rate).
type SGD struct {
	LR *tensor.Tensor // scalar: a variable, unless a schedule replaces it before Update

	config SGDConfig
	vars   []*tensor.Tensor
	buffer []*tensor.Tensor
}

// NewSGD makes the state for training vars.
func NewSGD(c SGDConfig, vars []*tensor.Tensor) *SGD {
	o := &SGD{LR: scalarVar("lr", c.LR), config: c, vars: vars}
	if c.Momentum != 0 {
		o.buffer = slots("momentum_buffer", vars)
	}
	return o
}

// Vars returns the variables that it trains.
func (o *SGD) Vars() []*tensor.Tensor { return o.vars }

// ScaleRate multiplies the learning rate by a scalar, in the updates that are made afterwards, and returns the product.
func (o *SGD) ScaleRate(by *tensor.Tensor) *tensor.Tensor {
	o.LR = o.LR.Mul(by)
	return o.LR
}

// Update returns the updates of one step from the gradients of the variables, in their order.
func (o *SGD) Update(grads []*tensor.Tensor) []tensor.Update {
	mustMatch(o.vars, grads)
	var updates []tensor.Update
	for i, v := range o.vars {
		g := decayed(grads[i], v, o.config.WeightDecay)
		if o.buffer != nil {
			b := o.buffer[i].Scale(o.config.Momentum).Add(g)
			updates = append(updates, tensor.Update{Var: o.buffer[i], Value: b})
			if o.config.Nesterov {
				g = g.Add(b.Scale(o.config.Momentum))
			} else {
				g = b
			}
		}
		updates = append(updates, tensor.Update{Var: v, Value: v.Sub(g.Mul(o.LR))})
	}
	return updates
}

// State returns what a checkpoint must hold so that training continues unchanged: momentum_buffer.<variable>.
func (o *SGD) State() []Named { return named(o.buffer) }

func decayed(g, v *tensor.Tensor, decay float64) *tensor.Tensor {
	if decay == 0 {
		return g
	}
	return g.Add(v.Scale(decay))
}
