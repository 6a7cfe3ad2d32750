package inspect

import (
	"context"
	"slices"
	"strings"

	"genview/models/nn"
	"genview/models/watch"
	"genview/tensor"
)

// TraceOf returns the trace of a model that has one; nil: it does not show what its layers make.
func TraceOf(model any) *nn.Trace {
	if m, ok := model.(interface{ Trace() *nn.Trace }); ok {
		return m.Trace()
	}
	return nil
}

// A probe passes an example through the layers of a model. A nil probe does nothing.
type probe struct {
	rt      *tensor.Runtime
	trace   *nn.Trace
	layers  []nn.Activation
	program *tensor.Program // nil until the first look
	sampled *tensor.Tensor  // some values of each layer, one after another
	chosen  string          // the layer of which all values are shown; "": none
}

// newProbe returns a probe of the layers that have parameters in state.
func newProbe(rt *tensor.Runtime, state []nn.Named, trace *nn.Trace) *probe {
	if trace == nil {
		return nil
	}
	p := &probe{rt: rt, trace: trace}
	for _, l := range trace.Layers {
		if slices.ContainsFunc(state, func(n nn.Named) bool { return within(n.Name, l.Name) }) {
			p.layers = append(p.layers, l)
		}
	}
	return p
}

// within tells whether a parameter belongs to a layer.
func within(parameter, layer string) bool { return strings.HasPrefix(parameter, layer+".") }

// of returns the layer whose parameter has that name; "": none of those that are looked at.
func (p *probe) of(parameter string) (layer string) {
	if p == nil {
		return ""
	}
	for _, l := range p.layers {
		if within(parameter, l.Name) && len(l.Name) > len(layer) {
			layer = l.Name
		}
	}
	return layer
}

// compile makes the program.
func (p *probe) compile() error {
	fetch := make([]*tensor.Tensor, len(p.layers))
	some := make([]*tensor.Tensor, len(p.layers))
	for i, l := range p.layers {
		fetch[i], some[i] = l.Value, thinned(l.Value)
	}
	p.sampled = tensor.Concat(0, some...)
	var err error
	p.program, err = p.rt.Compile(tensor.Outputs{Fetch: append(fetch, p.sampled)})
	return err
}

// look passes an example through the layers, and adds to a view what they make of it. An example that cannot be had is told in the view.
func (p *probe) look(ctx context.Context, v *watch.Layers) error {
	if p == nil {
		return nil
	}
	if p.chosen != "" && !slices.ContainsFunc(p.layers, func(l nn.Activation) bool { return l.Name == p.chosen }) {
		v.Features = &watch.Features{Layer: p.chosen, Step: v.Step, Problem: "the recording has no weights of it"} // elsewhere all are known
	}
	if len(p.layers) == 0 {
		return nil
	}
	x, err := p.trace.Next(ctx)
	if err != nil {
		v.Problem = err.Error()
		return ctx.Err()
	}
	if p.program == nil {
		if err := p.compile(); err != nil {
			return err
		}
	}
	if err := p.program.Run(ctx, x.Feed); err != nil {
		return err
	}
	values := make([]float32, p.sampled.Len())
	if err := p.program.Fetch(p.sampled, values); err != nil {
		return err
	}
	v.Example = x.Name
	for _, l := range p.layers {
		n, shape := thinned(l.Value).Len(), shapeOf(l.Value, x.Length)
		used := (product(shape) + every(l.Value) - 1) / every(l.Value) // the others are of padding
		v.Activations = append(v.Activations, watch.Activation{Layer: l.Name, Shape: shape, Values: histogram(values[:used])})
		values = values[n:]
		if l.Name == p.chosen {
			all := make([]float32, l.Value.Len())
			if err := p.program.Fetch(l.Value, all); err != nil {
				return err
			}
			v.Features = &watch.Features{Layer: l.Name, Step: v.Step, Shape: shape, Values: all[:product(shape)]}
		}
	}
	return nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// shapeOf returns the shape of what a layer makes of one example, or of some, a row for each. Of a sequence the first length tokens count.
func shapeOf(x *tensor.Tensor, length int) []int {
	shape := x.Shape()
	if len(shape) == 0 {
		return []int{1}
	}
	switch n := shape[0]; {
	case n > 1:
		shape = []int{n, x.Len() / n}
	case len(shape) > 1:
		shape = shape[1:]
	}
	if length > 0 && len(shape) == 2 {
		shape = []int{length, shape[1]}
	}
	for len(shape) > 2 && shape[len(shape)-1] == 1 && shape[len(shape)-2] == 1 { // a picture of one pixel has no places
		shape = shape[:len(shape)-2]
	}
	return slices.Clone(shape)
}

// close frees the program.
func (p *probe) close() {
	if p != nil && p.program != nil {
		p.program.Close()
	}
}

// thinned returns at most as many values of a tensor as are looked at, evenly spaced.
func thinned(t *tensor.Tensor) *tensor.Tensor {
	return t.Reshape(t.Len()).SliceStep(0, 0, t.Len(), every(t))
}

// every returns the distance of the values that are looked at.
func every(t *tensor.Tensor) int { return (t.Len() + most - 1) / most }
