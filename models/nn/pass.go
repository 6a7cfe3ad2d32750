package nn

import "genview/tensor"

// A Pass is the purpose of the forward passes of one program: training or evaluation. Layers that behave differently take it as the first
// argument of Forward. It collects the updates that layers need when the program runs; it is for one goroutine.
type Pass struct {
	training bool
	rng      *tensor.RNG
	updates  []tensor.Update
	layers   []Activation
	heads    func(layer string, y *tensor.Tensor) *tensor.Tensor // nil for nothing

	attention func(layer string, q, k, v *tensor.Tensor, o tensor.AttentionOptions) // hears of each attention layer; nil for nobody
}

// An Activation is what a layer makes of a pass's input.
type Activation struct {
	Name  string         // of the layer
	Value *tensor.Tensor // [N, ...]
}

// Train returns a pass for training: BatchNorm2d normalises with the batch's statistics, and Dropout drops elements with rng, which may be
// nil if nothing is dropped. It corresponds to PyTorch's module.train().
func Train(rng *tensor.RNG) *Pass { return &Pass{training: true, rng: rng} }

// Eval returns a pass for evaluation: BatchNorm2d normalises with its running statistics, and Dropout does nothing. It corresponds to
// PyTorch's module.eval().
func Eval() *Pass { return &Pass{} }

// Updates returns the updates of buffers, such as running statistics, that layers of the pass need. A program that omits them leaves the
// buffers unchanged.
func (p *Pass) Updates() []tensor.Update { return p.updates }

// Layer names what a layer makes, for those who look into a network, and returns it. It corresponds to PyTorch's forward hooks.
func (p *Pass) Layer(name string, x *tensor.Tensor) *tensor.Tensor {
	p.layers = append(p.layers, Activation{name, x})
	return x
}

// Heads has each attention layer go on with what f makes of the outputs of its heads, y [B, Heads, T, E/Heads]. A layer has the name of the
// tap on its weights.
func (p *Pass) Heads(f func(layer string, y *tensor.Tensor) *tensor.Tensor) { p.heads = f }

func (p *Pass) ofHeads(layer string, y *tensor.Tensor) *tensor.Tensor {
	if p.heads == nil {
		return y
	}
	return p.heads(layer, y)
}

// Layers returns what the layers of the pass made, in their order.
func (p *Pass) Layers() []Activation { return p.layers }

// update sets a buffer's next value. A layer that is applied twice continues from the first application, as in PyTorch.
func (p *Pass) update(v *tensor.Tensor, next func(old *tensor.Tensor) *tensor.Tensor) {
	for i, u := range p.updates {
		if u.Var == v {
			p.updates[i].Value = next(u.Value)
			return
		}
	}
	p.updates = append(p.updates, tensor.Update{Var: v, Value: next(v)})
}
