package transformer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"genview/models/nn"
	"genview/tensor"
)

// Without is what a model does without a head, or with all of them.
type Without struct {
	Loss float64   // mean in nats per token
	Next []float32 // the probability of each token after the prompt of a GPT
	Said []int32   // the translation of the prompt of an encoder–decoder
}

// Losses returns the losses of measurements.
func Losses(all []Without) []float64 {
	var losses []float64
	for _, w := range all {
		losses = append(losses, w.Loss)
	}
	return losses
}

// ablatedGPT is a program that computes a batch of windows without some heads.
type ablatedGPT struct {
	*nn.Ablation
	program               *tensor.Program
	tokens, targets, loss *tensor.Tensor
	logits                *tensor.Tensor // of the first window [1, Context, Vocab]
}

// ablated compiles the program when it is first needed.
func (t *Generator) ablated() (*ablatedGPT, error) {
	if t.without != nil {
		return t.without, nil
	}
	n := t.config.Context
	rows := max(1, evalTokens/n)
	m := &ablatedGPT{tokens: tensor.Input("tokens", tensor.I32, rows, n), targets: tensor.Input("targets", tensor.I32, rows, n)}
	counts := m.targets.NotEqual(tensor.Const([]int32{noTarget})).Cast(tensor.F32)
	m.Ablation = nn.NewAblation(func(string) *tensor.Tensor { return counts })
	logits := t.model.Forward(m.Pass(), m.tokens)
	m.loss = logits.CrossEntropy(m.targets, tensor.CrossEntropyOptions{IgnoreIndex: noTarget})
	m.logits = logits.Slice(0, 0, 1)
	var err error
	if m.program, err = t.Program(tensor.Outputs{Fetch: append(m.Sums(), m.loss, m.logits)}); err != nil {
		return nil, err
	}
	t.without = m
	return m, nil
}

// Without returns what the model does with all heads, and then without the head of each cut: the loss of a text, measured as Loss does, and
// the probability of each next token after a prompt of at most Context tokens; an empty prompt has none. Mean outputs are those over the text.
// heard, if not nil, receives how many of the measurements are done.
func (t *Generator) Without(ctx context.Context, text, prompt []int32, cuts []nn.Cut, heard func(done, all int)) ([]Without, error) {
	if len(text) < 2 || len(prompt) > t.config.Context {
		return nil, fmt.Errorf("transformer: a text of %d tokens and a prompt of %d: give 2 or more, and at most %d", len(text), len(prompt), t.config.Context)
	}
	m, err := t.ablated()
	if err != nil {
		return nil, err
	}
	return nn.Measure(m.Ablation, cuts, heard, func(feed tensor.Feed, ran func(*tensor.Program) error) (w Without, err error) {
		if err := windows(text, m.tokens.Len(), func(tokens, targets []int32, n int) error {
			feed[m.tokens], feed[m.targets] = tokens, targets
			var v [1]float32
			if err := run(ctx, m.program, feed, m.loss, v[:]); err != nil {
				return err
			}
			w.Loss += float64(v[0]) * float64(n) / float64(len(text)-1)
			return ran(m.program)
		}); err != nil || len(prompt) == 0 {
			return w, err
		}
		w.Next, err = m.next(ctx, feed, prompt)
		return w, err
	})
}

// next returns the probability of each token after a prompt.
func (m *ablatedGPT) next(ctx context.Context, feed tensor.Feed, prompt []int32) ([]float32, error) {
	tokens, logits := make([]int32, m.tokens.Len()), make([]float32, m.logits.Len())
	copy(tokens, prompt)
	feed[m.tokens], feed[m.targets] = tokens, make([]int32, m.targets.Len())
	if err := run(ctx, m.program, feed, m.logits, logits); err != nil {
		return nil, err
	}
	vocab := m.logits.Dim(2)
	return probabilities(logits[(len(prompt)-1)*vocab : len(prompt)*vocab]), nil
}

// probabilities returns softmax(logits).
func probabilities(logits []float32) []float32 {
	top, sum := float64(slices.Max(logits)), 0.0
	p := make([]float32, len(logits))
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	for i, v := range logits {
		p[i] = float32(math.Exp(float64(v)-top) / sum)
	}
	return p
}

// logProbability returns the logarithm of a token's probability, which does not underflow as the probability itself does.
func logProbability(logits []float32, token int32) float64 {
	top, sum := float64(slices.Max(logits)), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return float64(logits[token]) - top - math.Log(sum)
}

// ablatedTranslator is a program that computes a batch of pairs without some heads.
type ablatedTranslator struct {
	*nn.Ablation
	program              *tensor.Program
	source, target, loss *tensor.Tensor
	logits               *tensor.Tensor // of the first pair [1, Target, Vocab]
}

// ablated compiles the program when it is first needed.
func (t *Translator) ablated() (*ablatedTranslator, error) {
	if t.without != nil {
		return t.without, nil
	}
	c := t.config
	m := &ablatedTranslator{source: tensor.Input("source", tensor.I32, greedyBatch, c.Source), target: tensor.Input("target", tensor.I32, greedyBatch, c.Target+1)}
	read, wanted := m.target.Slice(1, 0, c.Target), m.target.Slice(1, 1, c.Target+1)
	real := func(tokens *tensor.Tensor) *tensor.Tensor {
		return tokens.NotEqual(tensor.Const([]int32{Pad})).Cast(tensor.F32)
	}
	m.Ablation = nn.NewAblation(func(layer string) *tensor.Tensor {
		if strings.HasPrefix(layer, "encoder.") {
			return real(m.source)
		}
		return real(wanted)
	})
	pass := m.Pass()
	logits := t.model.Decode(pass, read, m.source, t.model.Encode(pass, m.source))
	m.loss = logits.CrossEntropy(wanted, tensor.CrossEntropyOptions{IgnoreIndex: Pad})
	m.logits = logits.Slice(0, 0, 1)
	var err error
	if m.program, err = t.Program(tensor.Outputs{Fetch: append(m.Sums(), m.loss, m.logits)}); err != nil {
		return nil, err
	}
	t.without = m
	return m, nil
}

// Without returns what the model does with all heads, and then without the head of each cut: the loss of pairs of sources and targets, each
// token of a target and End predicted from those before, and the translation of a prompt; an empty prompt has none. Mean outputs are those
// over the pairs. heard, if not nil, receives how many of the measurements are done.
func (t *Translator) Without(ctx context.Context, sources, targets [][]int32, prompt []int32, cuts []nn.Cut, heard func(done, all int)) ([]Without, error) {
	if len(sources) == 0 || len(sources) != len(targets) {
		return nil, fmt.Errorf("transformer: %d sources with %d targets: give one pair or more", len(sources), len(targets))
	}
	m, err := t.ablated()
	if err != nil {
		return nil, err
	}
	return nn.Measure(m.Ablation, cuts, heard, func(feed tensor.Feed, ran func(*tensor.Program) error) (w Without, err error) {
		tokens := 0.0
		for at := 0; at < len(sources); at += greedyBatch {
			end := min(at+greedyBatch, len(sources))
			n, err := m.fill(feed, sources[at:end], targets[at:end])
			if err != nil {
				return w, err
			}
			var v [1]float32
			if err := run(ctx, m.program, feed, m.loss, v[:]); err != nil {
				return w, err
			}
			if err := ran(m.program); err != nil {
				return w, err
			}
			w.Loss += float64(v[0]) * n
			tokens += n
		}
		w.Loss /= tokens
		if len(prompt) > 0 {
			w.Said, err = m.translate(ctx, feed, prompt)
		}
		return w, err
	})
}

// fill feeds pairs and returns the number of tokens to predict.
func (m *ablatedTranslator) fill(feed tensor.Feed, sources, targets [][]int32) (float64, error) {
	s, n, count := m.source.Dim(1), m.target.Dim(1), 0
	source, target := make([]int32, m.source.Len()), make([]int32, m.target.Len())
	for i := range sources {
		whole := slices.Concat([]int32{Begin}, targets[i], []int32{End})
		if err := errors.Join(filled(source[i*s:(i+1)*s], sources[i]), filled(target[i*n:(i+1)*n], whole)); err != nil {
			return 0, err
		}
		count += len(whole) - 1
	}
	feed[m.source], feed[m.target] = source, target
	return float64(count), nil
}

// translate returns the likeliest tokens one after the other, up to End.
func (m *ablatedTranslator) translate(ctx context.Context, feed tensor.Feed, prompt []int32) (said []int32, err error) {
	source, target, logits := make([]int32, m.source.Len()), make([]int32, m.target.Len()), make([]float32, m.logits.Len())
	if err := filled(source[:m.source.Dim(1)], prompt); err != nil {
		return nil, err
	}
	feed[m.source], feed[m.target] = source, target
	target[0] = Begin
	vocab := m.logits.Dim(2)
	for at := range m.logits.Dim(1) {
		if err := run(ctx, m.program, feed, m.logits, logits); err != nil {
			return nil, err
		}
		next := argmax(logits[at*vocab : (at+1)*vocab])
		if next == End {
			break
		}
		said, target[at+1] = append(said, next), next
	}
	return said, nil
}
