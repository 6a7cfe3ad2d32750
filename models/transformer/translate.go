package transformer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"genview/models/nn"
	"genview/models/step"
	"genview/tensor"
)

// A Translator trains an encoder–decoder on one device, and translates with it. A step takes sources [B, Source], each padded with Pad, and
// targets [B, Target+1], each Begin, tokens, End, and Pad. It is for one goroutine.
type Translator struct {
	*step.Trainer
	config Config
	model  *Transformer

	greedy  *greedy
	probe   *probe
	without *ablatedTranslator

	dissected *dissected
}

// NewTranslator builds and compiles the training step.
func NewTranslator(rt *tensor.Runtime, c Config, o TrainConfig) (*Translator, error) {
	t := &Translator{Trainer: step.New(rt, o.Seed), config: c}
	var err error
	if t.model, err = New(t.Scope, c); err != nil {
		return nil, err
	}
	source := tensor.Input("source", tensor.I32, o.Batch, c.Source)
	target := tensor.Input("target", tensor.I32, o.Batch, c.Target+1)
	t.Inputs(source, target)
	pass := nn.Train(t.Noise)
	logits := t.model.Decode(pass, target.Slice(1, 0, c.Target), source, t.model.Encode(pass, source))
	loss := logits.CrossEntropy(target.Slice(1, 1, c.Target+1), tensor.CrossEntropyOptions{LabelSmoothing: o.Smoothing, IgnoreIndex: Pad})
	t.Descend(loss, o.descent(), pass.Updates())
	return t, t.Compile()
}

// Drawn returns all weights, which Translate and Attention need.
func (t *Translator) Drawn() []nn.Named { return t.Scope.Named() }

// Config returns the model's configuration.
func (t *Translator) Config() Config { return t.config }

// greedy holds the programs of translation: one encodes a batch and keeps it on the device, the other computes one more token.
type greedy struct {
	encode, decode         *tensor.Program
	source, target, logits *tensor.Tensor
}

const greedyBatch = 32

// translation compiles the programs that translate, when they are first needed.
func (t *Translator) translation() (*greedy, error) {
	if t.greedy != nil {
		return t.greedy, nil
	}
	c := t.config
	g := &greedy{source: tensor.Input("source", tensor.I32, greedyBatch, c.Source), target: tensor.Input("target", tensor.I32, greedyBatch, c.Target)}
	memory := tensor.Var("memory", tensor.Full(0, greedyBatch, c.Source, c.Width))
	g.logits = t.model.Decode(nn.Eval(), g.target, g.source, memory)
	var err error
	if g.encode, err = t.Program(tensor.Outputs{Update: []tensor.Update{{Var: memory, Value: t.model.Encode(nn.Eval(), g.source)}}}); err != nil {
		return nil, err
	}
	if g.decode, err = t.Program(tensor.Outputs{Fetch: []*tensor.Tensor{g.logits}}); err != nil {
		return nil, err
	}
	t.greedy = g
	return g, nil
}

// Translate returns for each source, of at most Source tokens, the decoder's likeliest tokens one after the other, up to End, which is left
// out.
func (t *Translator) Translate(ctx context.Context, sources [][]int32) ([][]int32, error) {
	g, err := t.translation()
	if err != nil {
		return nil, err
	}
	var all [][]int32
	for len(sources) > 0 {
		n := min(len(sources), greedyBatch)
		out, err := g.run(ctx, sources[:n])
		if err != nil {
			return nil, err
		}
		all, sources = append(all, out...), sources[n:]
	}
	return all, nil
}

// Loss returns the mean loss in nats per token of targets, each token and End predicted from those before it.
func (t *Translator) Loss(ctx context.Context, sources, targets [][]int32) (float64, error) {
	if len(sources) == 0 || len(sources) != len(targets) {
		return 0, fmt.Errorf("transformer: %d sources with %d targets: give one pair or more", len(sources), len(targets))
	}
	g, err := t.translation()
	if err != nil {
		return 0, err
	}
	sum, count := 0.0, 0
	for at := 0; at < len(sources); at += greedyBatch {
		end := min(at+greedyBatch, len(sources))
		s, n, err := g.loss(ctx, sources[at:end], targets[at:end])
		if err != nil {
			return 0, err
		}
		sum, count = sum+s, count+n
	}
	return sum / float64(count), nil
}

// loss returns the sum of the losses of up to a batch of targets, and the number of tokens.
func (g *greedy) loss(ctx context.Context, sources, targets [][]int32) (sum float64, count int, err error) {
	s, n, vocab := g.source.Dim(1), g.target.Dim(1), g.logits.Dim(2)
	source, target, logits := make([]int32, g.source.Len()), make([]int32, g.target.Len()), make([]float32, g.logits.Len())
	for i := range sources {
		read := append([]int32{Begin}, targets[i]...)
		if err := errors.Join(filled(source[i*s:(i+1)*s], sources[i]), filled(target[i*n:(i+1)*n], read)); err != nil {
			return 0, 0, err
		}
	}
	if err := g.encode.Run(ctx, tensor.Feed{g.source: source}); err != nil {
		return 0, 0, err
	}
	if err := run(ctx, g.decode, tensor.Feed{g.source: source, g.target: target}, g.logits, logits); err != nil {
		return 0, 0, err
	}
	for i, t := range targets {
		for at, want := range append(slices.Clone(t), End) {
			sum -= logProbability(logits[(i*n+at)*vocab:(i*n+at+1)*vocab], want)
		}
		count += len(t) + 1
	}
	return sum, count, nil
}

// run translates up to a batch of sources, one token of each at a time, and always takes the likeliest.
func (g *greedy) run(ctx context.Context, sources [][]int32) ([][]int32, error) {
	s, n, vocab := g.source.Dim(1), g.target.Dim(1), g.logits.Dim(2)
	source, target, logits := make([]int32, g.source.Len()), make([]int32, g.target.Len()), make([]float32, g.logits.Len())
	for i, tokens := range sources {
		if err := filled(source[i*s:(i+1)*s], tokens); err != nil {
			return nil, err
		}
		target[i*n] = Begin
	}
	if err := g.encode.Run(ctx, tensor.Feed{g.source: source}); err != nil {
		return nil, err
	}
	out, ended, left := make([][]int32, len(sources)), make([]bool, len(sources)), len(sources)
	for at := 0; at < n && left > 0; at++ {
		if err := run(ctx, g.decode, tensor.Feed{g.source: source, g.target: target}, g.logits, logits); err != nil {
			return nil, err
		}
		for i := range sources {
			if ended[i] {
				continue
			}
			next := argmax(logits[(i*n+at)*vocab : (i*n+at+1)*vocab])
			if next == End {
				ended[i] = true
				left--
				continue
			}
			out[i] = append(out[i], next)
			if at+1 < n {
				target[i*n+at+1] = next
			}
		}
	}
	return out, nil
}

// probe holds the program that fetches the attention weights of all layers.
type probe struct {
	program        *tensor.Program
	source, target *tensor.Tensor
	taps           []*tensor.Tensor
}

// Attention returns the attention weights of all layers, in the order of computation, while the source is translated to the target. Source
// positions are its tokens. Decoder position i predicts target token i, or End after the last, and reads Begin and the tokens before i: its
// weights are [Heads, len(target)+1, …].
func (t *Translator) Attention(ctx context.Context, source, target []int32) ([]Shares, error) {
	c := t.config
	if t.probe == nil {
		p := &probe{source: tensor.Input("source", tensor.I32, 1, c.Source), target: tensor.Input("target", tensor.I32, 1, c.Target)}
		memory := t.model.Encode(nn.Eval(), p.source)
		p.taps = tensor.Taps(memory, t.model.Decode(nn.Eval(), p.target, p.source, memory))
		var err error
		if p.program, err = t.Program(tensor.Outputs{Fetch: p.taps}); err != nil {
			return nil, err
		}
		t.probe = p
	}
	p := t.probe
	from, to := make([]int32, c.Source), make([]int32, c.Target)
	if err := filled(from, source); err != nil {
		return nil, err
	}
	target = c.read(target)
	if err := filled(to, target); err != nil {
		return nil, err
	}
	if err := p.program.Run(ctx, tensor.Feed{p.source: from, p.target: to}); err != nil {
		return nil, err
	}
	var all []Shares
	for _, tap := range p.taps {
		rows, cols := used(tap.Name(), len(source), len(target))
		s, err := shares(p.program, tap, rows, cols)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
