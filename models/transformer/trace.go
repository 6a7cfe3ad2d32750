package transformer

import (
	"context"

	"genview/models/nn"
	"genview/tensor"
)

const tracedTokens = 64 // of a text at most, whose values are still seen one by one

// Trace passes a text through the layers: the last tokens of what next returns.
func (t *Generator) Trace(next func(ctx context.Context) (name string, tokens []int32, err error)) *nn.Trace {
	n := min(t.config.Context, tracedTokens)
	in, pass := tensor.Input("tokens", tensor.I32, 1, n), nn.Eval()
	t.model.Forward(pass, in)
	out := &nn.Trace{Next: func(ctx context.Context) (*nn.Traced, error) {
		name, tokens, err := next(ctx)
		if err != nil {
			return nil, err
		}
		tokens = tokens[max(0, len(tokens)-n):]
		padded := make([]int32, n)
		return &nn.Traced{Name: name, Feed: tensor.Feed{in: padded}, Length: copy(padded, tokens)}, nil
	}}
	out.Add("", pass)
	return out
}

// Trace passes a source through the layers, and the target that next returns with it, which begins with [Begin].
func (t *Translator) Trace(next func(ctx context.Context) (name string, source, target []int32, err error)) *nn.Trace {
	c, pass := t.config, nn.Eval()
	from, to := tensor.Input("source", tensor.I32, 1, c.Source), tensor.Input("target", tensor.I32, 1, c.Target)
	t.model.Decode(pass, to, from, t.model.Encode(pass, from))
	out := &nn.Trace{Next: func(ctx context.Context) (*nn.Traced, error) {
		name, source, target, err := next(ctx)
		if err != nil {
			return nil, err
		}
		sources, targets := make([]int32, c.Source), make([]int32, c.Target)
		if err := filled(sources, source); err != nil {
			return nil, err
		}
		if err := filled(targets, target[:min(len(target), c.Target)]); err != nil {
			return nil, err
		}
		return &nn.Traced{Name: name, Feed: tensor.Feed{from: sources, to: targets}}, nil
	}}
	out.Add("", pass)
	return out
}
