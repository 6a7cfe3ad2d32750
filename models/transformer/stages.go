package transformer

import (
	"context"
	"strings"

	"genview/models/nn"
	"genview/tensor"
)

// dissected is a program that computes one sequence, and keeps what its attention layers compute inside.
type dissected struct {
	nn.Dissection
	program *tensor.Program
	inputs  []*tensor.Tensor
}

// dissect compiles the program. forward computes a model's outputs.
func dissect(program func(tensor.Outputs) (*tensor.Program, error), forward func(p *nn.Pass), inputs ...*tensor.Tensor) (*dissected, error) {
	d := &dissected{inputs: inputs}
	forward(d.Pass())
	var err error
	d.program, err = program(tensor.Outputs{Fetch: d.Parts()})
	return d, err
}

// run computes sequences, one an input.
func (d *dissected) run(ctx context.Context, sequences ...[]int32) error {
	feed := tensor.Feed{}
	for i, tokens := range sequences {
		whole := make([]int32, d.inputs[i].Len())
		if err := filled(whole, tokens); err != nil {
			return err
		}
		feed[d.inputs[i]] = whole
	}
	return d.program.Run(ctx, feed)
}

// Stages returns the stages of a head's attention to at most Context tokens. Its layer is named as in [Shares], and head counts from 0.
func (t *Generator) Stages(ctx context.Context, tokens []int32, layer string, head int) (*nn.Stages, error) {
	if t.dissected == nil {
		in := tensor.Input("tokens", tensor.I32, 1, t.config.Context)
		d, err := dissect(t.Program, func(p *nn.Pass) { t.model.Forward(p, in) }, in)
		if err != nil {
			return nil, err
		}
		t.dissected = d
	}
	if err := t.dissected.run(ctx, tokens); err != nil {
		return nil, err
	}
	return t.dissected.Head(t.dissected.program, layer, head, len(tokens), len(tokens))
}

// Stages returns the stages of a head's attention while a source is translated to a target, as [Translator.Attention] returns its weights.
func (t *Translator) Stages(ctx context.Context, source, target []int32, layer string, head int) (*nn.Stages, error) {
	c := t.config
	if t.dissected == nil {
		from, to := tensor.Input("source", tensor.I32, 1, c.Source), tensor.Input("target", tensor.I32, 1, c.Target)
		d, err := dissect(t.Program, func(p *nn.Pass) { t.model.Decode(p, to, from, t.model.Encode(p, from)) }, from, to)
		if err != nil {
			return nil, err
		}
		t.dissected = d
	}
	target = c.read(target)
	if err := t.dissected.run(ctx, source, target); err != nil {
		return nil, err
	}
	rows, cols := used(layer, len(source), len(target))
	return t.dissected.Head(t.dissected.program, layer, head, rows, cols)
}

// read returns what the decoder reads of a target: Begin and then its tokens, as many as there is room for.
func (c Config) read(target []int32) []int32 {
	target = append([]int32{Begin}, target...)
	return target[:min(len(target), c.Target)]
}

// used returns the number of queries and of keys of an attention layer for a source and what the decoder reads.
func used(layer string, source, target int) (rows, cols int) {
	switch {
	case strings.HasPrefix(layer, "encoder."):
		return source, source
	case strings.HasSuffix(layer, ".self_attn"):
		return target, target
	}
	return target, source
}
