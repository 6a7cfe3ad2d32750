package transformer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"genview/tensor"
)

// A Generator trains a GPT on one device, and generates with it. It is for one goroutine.
type Generator struct {
	*trainer
	config GPTConfig
	model  *GPT
	batch  int

	tokens *tensor.Tensor // of a step
	next   *continuation
	eval   *evaluator
}

// NewGenerator builds and compiles the training step.
func NewGenerator(rt *tensor.Runtime, c GPTConfig, o TrainConfig) (*Generator, error) {
	t := &Generator{trainer: newTrainer(rt, o), config: c, batch: o.Batch}
	var err error
	if t.model, err = NewGPT(t.scope, c, t.noise); err != nil {
		return nil, err
	}
	t.tokens = tensor.Input("tokens", tensor.I32, o.Batch, c.Context+1)
	return t, t.compileStep(t.lossOf(t.tokens), o)
}

// lossOf is the mean loss in nats of each token of tokens [B, Context+1] but the first, given those before.
func (t *Generator) lossOf(tokens *tensor.Tensor) *tensor.Tensor {
	n := t.config.Context
	return t.model.Forward(tokens.Slice(1, 0, n)).CrossEntropy(tokens.Slice(1, 1, n+1), tensor.CrossEntropyDefaults())
}

// Config returns what the model was made from.
func (t *Generator) Config() GPTConfig { return t.config }

// Step trains on sequences [B, Context+1]; it returns before the device has ended.
func (t *Generator) Step(ctx context.Context, tokens []int32) error {
	return t.step.Run(ctx, tensor.Feed{t.tokens: tokens})
}

// evaluator measures the loss of windows of a text.
type evaluator struct {
	program      *tensor.Program
	tokens, loss *tensor.Tensor
}

// Loss returns the mean loss in nats per token over a text's tokens, read in windows of Context that do not overlap, and of how many
// tokens: what fills no whole batch of windows is left out.
func (t *Generator) Loss(ctx context.Context, text []int32) (loss float64, count int, err error) {
	if t.eval == nil {
		t.scope.Eval()
		defer t.scope.Train()
		e := &evaluator{tokens: tensor.Input("tokens", tensor.I32, t.batch, t.config.Context+1)}
		e.loss = t.lossOf(e.tokens)
		if e.program, err = t.compile(tensor.Outputs{Fetch: []*tensor.Tensor{e.loss}}); err != nil {
			return 0, 0, err
		}
		t.eval = e
	}
	e, n := t.eval, t.config.Context
	batch := make([]int32, t.batch*(n+1))
	sum, batches := 0.0, (len(text)-1)/(n*t.batch)
	if batches == 0 {
		return 0, 0, fmt.Errorf("transformer: %d tokens are too few to measure a loss: a batch is %d windows of %d", len(text), t.batch, n)
	}
	for b := range batches {
		for i := range t.batch {
			first := (b*t.batch + i) * n
			copy(batch[i*(n+1):], text[first:first+n+1])
		}
		var v [1]float32
		if err := run(ctx, e.program, tensor.Feed{e.tokens: batch}, e.loss, v[:]); err != nil {
			return 0, 0, err
		}
		sum += float64(v[0])
	}
	return sum / float64(batches), batches * t.batch * n, nil
}

// continuation reads one sequence.
type continuation struct {
	program, probe *tensor.Program
	tokens, logits *tensor.Tensor
	taps           []*tensor.Tensor
}

func (t *Generator) continuation() (*continuation, error) {
	if t.next != nil {
		return t.next, nil
	}
	t.scope.Eval()
	defer t.scope.Train()
	c := &continuation{tokens: tensor.Input("tokens", tensor.I32, 1, t.config.Context)}
	c.logits = t.model.Forward(c.tokens)
	c.taps = tensor.Taps(c.logits)
	var err error
	if c.program, err = t.compile(tensor.Outputs{Fetch: []*tensor.Tensor{c.logits}}); err != nil {
		return nil, err
	}
	if c.probe, err = t.compile(tensor.Outputs{Fetch: c.taps}); err != nil {
		return nil, err
	}
	t.next = c
	return c, nil
}

// Sampling says how the next token is drawn.
type Sampling struct {
	Temperature float64 // divides the logits; 0: always the likeliest
	TopK        int     // only the K likeliest are drawn from; 0: all
}

// Generate goes on with tokens, of which it must have at least one, by n, handing each to emit as it comes; an error of emit ends it.
// It reads at most the Context newest.
func (t *Generator) Generate(ctx context.Context, tokens []int32, n int, o Sampling, rng *rand.Rand, emit func(token int32) error) error {
	c, err := t.continuation()
	if err != nil {
		return err
	}
	if len(tokens) == 0 {
		return fmt.Errorf("transformer: there is nothing to go on with: give one token at least")
	}
	tokens = slices.Clone(tokens)
	size, vocab := t.config.Context, t.config.Vocab
	window, logits := make([]int32, size), make([]float32, c.logits.Len())
	for range n {
		tokens = tokens[max(0, len(tokens)-size):]
		clear(window[copy(window, tokens):]) // what follows is not looked at
		if err := run(ctx, c.program, tensor.Feed{c.tokens: window}, c.logits, logits); err != nil {
			return err
		}
		last := len(tokens) - 1
		next := o.draw(logits[last*vocab:(last+1)*vocab], rng)
		if err := emit(next); err != nil {
			return err
		}
		tokens = append(tokens, next)
	}
	return nil
}

// draw draws a token from softmax(logits/Temperature) among the TopK likeliest.
func (o Sampling) draw(logits []float32, rng *rand.Rand) int32 {
	if o.Temperature == 0 {
		return argmax(logits)
	}
	order := make([]int32, len(logits))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(logits[b], logits[a]) })
	if o.TopK > 0 {
		order = order[:min(o.TopK, len(order))]
	}
	weights, total := make([]float64, len(order)), 0.0
	for i, token := range order {
		weights[i] = math.Exp(float64(logits[token]-logits[order[0]]) / o.Temperature)
		total += weights[i]
	}
	at := rng.Float64() * total
	for i, w := range weights {
		if at -= w; at < 0 {
			return order[i]
		}
	}
	return order[len(order)-1]
}

// Attention returns the shares of all layers as the tokens, at most Context, are read, in order.
func (t *Generator) Attention(ctx context.Context, tokens []int32) ([]Shares, error) {
	c, err := t.continuation()
	if err != nil {
		return nil, err
	}
	window := make([]int32, t.config.Context)
	if err := filled(window, tokens); err != nil {
		return nil, err
	}
	if err := c.probe.Run(ctx, tensor.Feed{c.tokens: window}); err != nil {
		return nil, err
	}
	var all []Shares
	for _, tap := range c.taps {
		s, err := shares(c.probe, tap, len(tokens), len(tokens))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
