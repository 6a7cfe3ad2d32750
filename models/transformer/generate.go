package transformer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"genview/models/nn"
	"genview/models/step"
	"genview/tensor"
)

// A Generator trains a GPT on one device, and generates with it. A step takes sequences [B, Context+1]. It is for one goroutine.
type Generator struct {
	*step.Trainer
	config GPTConfig
	model  *GPT

	eval    *evaluator
	without *ablatedGPT

	dissected *dissected
	readings  map[readingKey]*reading
}

// NewGenerator builds and compiles the training step.
func NewGenerator(rt *tensor.Runtime, c GPTConfig, o TrainConfig) (*Generator, error) {
	t := &Generator{Trainer: step.New(rt, o.Seed), config: c}
	var err error
	if t.model, err = NewGPT(t.Scope, c); err != nil {
		return nil, err
	}
	n := c.Context
	tokens := tensor.Input("tokens", tensor.I32, o.Batch, n+1)
	t.Inputs(tokens)
	pass := nn.Train(t.Noise)
	loss := t.model.Forward(pass, tokens.Slice(1, 0, n)).CrossEntropy(tokens.Slice(1, 1, n+1), tensor.CrossEntropyDefaults())
	t.Descend(loss, o.descent(), pass.Updates())
	return t, t.Compile()
}

// Drawn returns all weights, which Generate and Attention need.
func (t *Generator) Drawn() []nn.Named { return t.Scope.Named() }

// Config returns the model's configuration.
func (t *Generator) Config() GPTConfig { return t.config }

// evaluator measures the loss of a batch of windows of a text. The batch size depends on Context alone, so that the loss does not depend on
// the batch size of training.
type evaluator struct {
	program               *tensor.Program
	tokens, targets, loss *tensor.Tensor
	windows               int
}

const (
	evalTokens = 1024 // tokens in a batch of windows, about
	noTarget   = -100 // ignored by the loss; it fills up the last batch
)

// evaluator compiles the program that evaluates, when it is first needed.
func (t *Generator) evaluator() (*evaluator, error) {
	if t.eval != nil {
		return t.eval, nil
	}
	n := t.config.Context
	e := &evaluator{windows: max(1, evalTokens/n)}
	e.tokens, e.targets = tensor.Input("tokens", tensor.I32, e.windows, n), tensor.Input("targets", tensor.I32, e.windows, n)
	e.loss = t.model.Forward(nn.Eval(), e.tokens).CrossEntropy(e.targets, tensor.CrossEntropyOptions{IgnoreIndex: noTarget})
	var err error
	if e.program, err = t.Program(tensor.Outputs{Fetch: []*tensor.Tensor{e.loss}}); err != nil {
		return nil, err
	}
	t.eval = e
	return e, nil
}

// Loss returns the mean loss in nats per token over all tokens of a text but the first, and their number. Each token counts once. The text
// is read in windows of Context that do not overlap: a token is predicted from those before it in its window, and the first token of a
// window from the last one of the previous window. heard, if not nil, receives how many tokens are done.
func (t *Generator) Loss(ctx context.Context, text []int32, heard func(done, all int)) (loss float64, count int, err error) {
	if len(text) < 2 {
		return 0, 0, fmt.Errorf("transformer: %d tokens are too few to measure a loss: it takes one and one before it", len(text))
	}
	e, err := t.evaluator()
	if err != nil {
		return 0, 0, err
	}
	sum, done := 0.0, 0
	err = windows(text, e.tokens.Len(), func(tokens, targets []int32, n int) error {
		var v [1]float32
		if err := run(ctx, e.program, tensor.Feed{e.tokens: tokens, e.targets: targets}, e.loss, v[:]); err != nil {
			return err
		}
		sum += float64(v[0]) * float64(n)
		if done += n; heard != nil {
			heard(done, len(text)-1)
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return sum / float64(len(text)-1), len(text) - 1, nil
}

// windows passes on the tokens of a text, size at a time, and those to predict from them. The text has n of each; the last targets may be
// noTarget.
func windows(text []int32, size int, read func(tokens, targets []int32, n int) error) error {
	tokens, targets := make([]int32, size), make([]int32, size)
	for at := 0; at < len(text)-1; at += size {
		n := min(size, len(text)-1-at)
		clear(tokens[copy(tokens, text[at:at+n]):])
		for i := copy(targets, text[at+1:at+1+n]); i < len(targets); i++ {
			targets[i] = noTarget
		}
		if err := read(tokens, targets, n); err != nil {
			return err
		}
	}
	return nil
}

// A reading is a program that reads one sequence.
type reading struct {
	program *tensor.Program
	tokens  *tensor.Tensor
	fetched []*tensor.Tensor // the logits, or the attention weights of all layers
}

// shortText is how many tokens the smaller of two programs reads: most texts are shorter than a long context, and the time that attention
// takes grows with the square of what a program reads.
const shortText = 256

// reading compiles the program that reads n tokens, and fetches the logits or the attention weights, when it is first needed.
func (t *Generator) reading(n int, weights bool) (*reading, error) {
	size := t.config.Context
	if n <= shortText {
		size = min(size, shortText)
	}
	key := readingKey{size, weights}
	if r := t.readings[key]; r != nil {
		return r, nil
	}
	r := &reading{tokens: tensor.Input("tokens", tensor.I32, 1, size)}
	logits := t.model.Forward(nn.Eval(), r.tokens)
	r.fetched = []*tensor.Tensor{logits}
	if weights {
		r.fetched = tensor.Taps(logits)
	}
	var err error
	if r.program, err = t.Program(tensor.Outputs{Fetch: r.fetched}); err != nil {
		return nil, err
	}
	if t.readings == nil {
		t.readings = map[readingKey]*reading{}
	}
	t.readings[key] = r
	return r, nil
}

type readingKey struct {
	size    int // tokens
	weights bool
}

// run reads tokens. A model does not look at what follows them.
func (r *reading) run(ctx context.Context, tokens []int32) error {
	window := make([]int32, r.tokens.Len())
	if err := filled(window, tokens); err != nil {
		return err
	}
	return r.program.Run(ctx, tensor.Feed{r.tokens: window})
}

// Sampling says how to draw the next token. The zero value takes the likeliest.
type Sampling struct {
	Temperature float64 // divides the logits; 0: always the likeliest
	TopK        int     // draw from the K likeliest only; 0: from all
	TopP        float64 // draw from the fewest likeliest that together have this probability (Holtzman et al. 2020); 0 or 1: from all
}

// Generate continues tokens, at least one, by n tokens and passes each to emit; an error of emit ends it. It reads at most the Context
// newest tokens.
func (t *Generator) Generate(ctx context.Context, tokens []int32, n int, o Sampling, rng *rand.Rand, emit func(token int32) error) error {
	if len(tokens) == 0 {
		return fmt.Errorf("transformer: there is nothing to go on with: give one token at least")
	}
	tokens = slices.Clone(tokens)
	vocab := t.config.Vocab
	for range n {
		tokens = tokens[max(0, len(tokens)-t.config.Context):]
		logits, err := t.logits(ctx, tokens)
		if err != nil {
			return err
		}
		next := o.draw(logits[(len(tokens)-1)*vocab:len(tokens)*vocab], rng)
		if err := emit(next); err != nil {
			return err
		}
		tokens = append(tokens, next)
	}
	return nil
}

// logits returns the logits after each of at most Context tokens.
func (t *Generator) logits(ctx context.Context, tokens []int32) ([]float32, error) {
	r, err := t.reading(len(tokens), false)
	if err != nil {
		return nil, err
	}
	if err := r.run(ctx, tokens); err != nil {
		return nil, err
	}
	logits := make([]float32, r.fetched[0].Len())
	return logits, r.program.Fetch(r.fetched[0], logits)
}

// Next returns the probability of each next token after at least one token and at most Context.
func (t *Generator) Next(ctx context.Context, tokens []int32) ([]float32, error) {
	logits, err := t.logits(ctx, tokens)
	if err != nil {
		return nil, err
	}
	vocab := t.config.Vocab
	return probabilities(logits[(len(tokens)-1)*vocab : len(tokens)*vocab]), nil
}

// Likeliest returns the tokens that can be drawn, the likeliest first, and their probabilities: softmax(logits/Temperature) among the TopK
// likeliest and, of these, the fewest that have TopP.
func (o Sampling) Likeliest(logits []float32) (tokens []int32, p []float64) {
	if o.Temperature == 0 {
		return []int32{argmax(logits)}, []float64{1}
	}
	tokens = make([]int32, len(logits))
	for i := range tokens {
		tokens[i] = int32(i)
	}
	slices.SortStableFunc(tokens, func(a, b int32) int { return cmp.Compare(logits[b], logits[a]) })
	if o.TopK > 0 {
		tokens = tokens[:min(o.TopK, len(tokens))]
	}
	for _, token := range tokens {
		p = append(p, math.Exp(float64(logits[token]-logits[tokens[0]])/o.Temperature))
	}
	normalise(p)
	if o.TopP > 0 && o.TopP < 1 {
		n, sum := 0, 0.0
		for ; n < len(p) && sum < o.TopP; n++ {
			sum += p[n]
		}
		tokens, p = tokens[:n], p[:n]
		normalise(p)
	}
	return tokens, p
}

// normalise divides numbers by their sum.
func normalise(p []float64) {
	sum := 0.0
	for _, v := range p {
		sum += v
	}
	for i := range p {
		p[i] /= sum
	}
}

// draw draws a token.
func (o Sampling) draw(logits []float32, rng *rand.Rand) int32 {
	tokens, p := o.Likeliest(logits)
	at := rng.Float64()
	for i, v := range p {
		if at -= v; at < 0 {
			return tokens[i]
		}
	}
	return tokens[len(tokens)-1]
}

// Attention returns the attention weights of all layers, in order, for at most Context tokens.
func (t *Generator) Attention(ctx context.Context, tokens []int32) ([]Shares, error) {
	return t.Pooled(ctx, tokens, 1)
}

// Pooled is Attention with the greatest of each side × side weights in place of all: of T tokens there are ⌈T/side⌉ rows and columns.
func (t *Generator) Pooled(ctx context.Context, tokens []int32, side int) ([]Shares, error) {
	r, err := t.reading(len(tokens), true)
	if err != nil {
		return nil, err
	}
	if err := r.run(ctx, tokens); err != nil {
		return nil, err
	}
	var all []Shares
	for _, tap := range r.fetched { // one after the other: a layer's weights of a long text take many megabytes
		s, err := shares(r.program, tap, len(tokens), len(tokens))
		if err != nil {
			return nil, err
		}
		all = append(all, s.pooled(side))
	}
	return all, nil
}

// pooled returns the greatest of each side × side weights.
func (s Shares) pooled(side int) Shares {
	if side <= 1 {
		return s
	}
	rows, cols := (s.To+side-1)/side, (s.From+side-1)/side
	out := Shares{Name: s.Name, Heads: s.Heads, To: rows, From: cols, Weights: make([]float32, s.Heads*rows*cols)}
	for i, w := range s.Weights {
		head, row, col := i/(s.To*s.From), i/s.From%s.To, i%s.From
		to := &out.Weights[(head*rows+row/side)*cols+col/side]
		*to = max(*to, w)
	}
	return out
}
