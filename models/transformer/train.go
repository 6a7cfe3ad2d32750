package transformer

import (
	"context"
	"fmt"
	"slices"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/watch"
	"genview/tensor"
)

// trainer is what training an encoder–decoder and a GPT have in common.
type trainer struct {
	rt    *tensor.Runtime
	scope *nn.Scope
	noise *tensor.RNG
	adam  *optim.Adam

	loss, norm *tensor.Tensor
	step       *tensor.Program
	programs   []*tensor.Program // all others
}

func newTrainer(rt *tensor.Runtime, o TrainConfig) *trainer {
	return &trainer{rt: rt, scope: nn.NewScope(o.Seed), noise: tensor.NewRNG("rng", o.Seed)}
}

// compileStep makes the training step: forward pass, backward pass, clipping and AdamW in one submission.
func (t *trainer) compileStep(loss *tensor.Tensor, o TrainConfig) error {
	t.loss = loss
	o.Adam.Decays = func(v *tensor.Tensor) bool { return v.Rank() >= 2 }
	t.adam = optim.NewAdamW(o.Adam, t.scope.Vars())
	t.adam.LR = optim.Cosine{Peak: o.Adam.LR, Min: o.MinLR, Warmup: o.Warmup, Decay: o.Decay}.At(t.adam.Steps())
	grads := t.adam.Flat(tensor.Grad(loss, t.scope.Vars()...))
	clipped, norm := optim.ClipGlobalNorm(grads, o.Clip)
	if t.norm = norm; o.Clip > 0 {
		grads = clipped
	}
	updates := append(t.adam.UpdateFlat(grads), t.noise.Advance())
	var err error
	t.step, err = t.rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{t.loss, t.norm}, Update: updates})
	return err
}

// compile makes a program for evaluation.
func (t *trainer) compile(o tensor.Outputs) (*tensor.Program, error) {
	p, err := t.rt.Compile(o)
	if err == nil {
		t.programs = append(t.programs, p)
	}
	return p, err
}

// Close frees the programs; the weights stay with the runtime.
func (t *trainer) Close() {
	if t.step != nil {
		t.step.Close()
	}
	for _, p := range t.programs {
		p.Close()
	}
}

// Programs returns the training step.
func (t *trainer) Programs() []*tensor.Program { return []*tensor.Program{t.step} }

// Parameters returns how many numbers are trained.
func (t *trainer) Parameters() int { return t.scope.Parameters() }

// Metrics waits for the newest step and returns its loss, in nats per token, and the norm of its gradients before they were clipped.
func (t *trainer) Metrics() (watch.Metrics, error) {
	loss, err := t.step.Float(t.loss)
	if err != nil {
		return nil, err
	}
	norm, err := t.step.Float(t.norm)
	return watch.Metrics{{Name: "loss", Value: loss}, {Name: "grad_norm", Value: norm}}, err
}

// State lists all that a checkpoint must hold.
func (t *trainer) State() []nn.Named {
	all := append(t.scope.Named(), nn.Under("optim.", t.adam.State())...)
	return append(all, nn.Named{Name: "rng.state", Tensor: t.noise.State})
}

// Shares are one attention layer's: for each head how much each place of the one sequence takes from each of the other.
type Shares struct {
	Name     string // of the tap, as "decoder.layers.0.multihead_attn"
	Heads    int
	To, From int
	Weights  []float32 // [Heads, To, From]
}

// shares fetches a tap [1, Heads, T, S] and cuts it to the places that are used.
func shares(p *tensor.Program, tap *tensor.Tensor, to, from int) (Shares, error) {
	all := make([]float32, tap.Len())
	if err := p.Fetch(tap, all); err != nil {
		return Shares{}, err
	}
	s := Shares{Name: tap.Name(), Heads: tap.Dim(1), To: to, From: from}
	for row := range tap.Dim(1) * tap.Dim(2) {
		if row%tap.Dim(2) < to {
			s.Weights = append(s.Weights, all[row*tap.Dim(3):row*tap.Dim(3)+from]...)
		}
	}
	return s, nil
}

// filled copies tokens to dst and pads the rest.
func filled(dst, tokens []int32) error {
	if len(tokens) > len(dst) {
		return fmt.Errorf("transformer: a sequence of %d tokens; %d is the longest", len(tokens), len(dst))
	}
	clear(dst[copy(dst, tokens):])
	return nil
}

// run runs a program and fetches one result.
func run(ctx context.Context, p *tensor.Program, f tensor.Feed, want *tensor.Tensor, dst []float32) error {
	if err := p.Run(ctx, f); err != nil {
		return err
	}
	return p.Fetch(want, dst)
}

// argmax returns the index of the largest value.
func argmax(v []float32) int32 {
	return int32(slices.Index(v, slices.Max(v)))
}
