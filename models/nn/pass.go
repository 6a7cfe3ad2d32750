package nn

import "genview/tensor"

// A Pass is what a network's forward passes of one program are for: training or evaluation. Layers to which that makes a difference take
// it, as the first argument of Forward. It keeps what they want to have updated when the program runs; it is for one goroutine.
type Pass struct {
	training bool
	rng      *tensor.RNG
	updates  []tensor.Update
}

// Train returns a pass for training: BatchNorm2d normalises by the batch, and Dropout drops what rng draws, which may be nil
// where nothing is dropped. It is what module.train() is to PyTorch.
func Train(rng *tensor.RNG) *Pass { return &Pass{training: true, rng: rng} }

// Eval returns a pass for evaluation: BatchNorm2d normalises by its running statistics, and Dropout does nothing. It is what
// module.eval() is to PyTorch.
func Eval() *Pass { return &Pass{} }

// Updates returns the updates of buffers, such as running statistics, that the layers of the pass ask for. A program that leaves them out
// leaves the buffers as they are.
func (p *Pass) Updates() []tensor.Update { return p.updates }

// update replaces what a buffer will be. A layer that is passed twice goes on from the first time, as it does in PyTorch.
func (p *Pass) update(v *tensor.Tensor, next func(old *tensor.Tensor) *tensor.Tensor) {
	for i, u := range p.updates {
		if u.Var == v {
			p.updates[i].Value = next(u.Value)
			return
		}
	}
	p.updates = append(p.updates, tensor.Update{Var: v, Value: next(v)})
}
