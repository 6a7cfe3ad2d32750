package transformer

import (
	"context"
	"fmt"
	"slices"

	"genview/models/step"
	"genview/tensor"
)

// descent returns the settings of the optimizer and its schedule.
func (o TrainConfig) descent() step.Descent {
	return step.Descent{Adam: o.Adam, MinLR: o.MinLR, Warmup: o.Warmup, Decay: o.Decay, Clip: o.Clip}
}

// Shares are the attention weights of one layer: for each head, how much each position of one sequence attends to each position of the
// other.
type Shares struct {
	Name     string // of the tap, such as "decoder.layers.0.multihead_attn"
	Heads    int
	To, From int
	Weights  []float32 // [Heads, To, From]
}

// shares fetches a tap [1, Heads, T, S] and crops it to the positions in use.
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
