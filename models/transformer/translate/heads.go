package translate

import (
	"context"
	"fmt"

	"genview/models/family"
	"genview/models/heads"
	"genview/models/nn"
	"genview/models/transformer"
	"genview/models/watch"
)

const (
	unit     = "nats per character"
	lookedAt = 32  // held-out dates on which a look measures the model without a head
	examined = 256 // held-out dates on which Examine does
	scored   = 16  // held-out dates in which Examine scores heads
)

// pairs returns the tokens of held-out dates.
func (m *model) pairs(n int) (sources, targets [][]int32, err error) {
	for _, p := range m.dates.Test()[:n] {
		source, err := m.encode(p.Source)
		if err != nil {
			return nil, nil, err
		}
		target, err := m.vocabulary.Encode(p.Target)
		if err != nil {
			return nil, nil, err
		}
		sources, targets = append(sources, source), append(targets, target)
	}
	return sources, targets, nil
}

// scores returns the scores of each layer's heads in held-out dates.
func (m *model) scores(ctx context.Context, dates int) ([][]watch.Score, []watch.Map, error) {
	sources, targets, err := m.pairs(dates)
	if err != nil {
		return nil, nil, err
	}
	var layers []watch.Map
	var all [][][]watch.Score // of each layer, of each date
	for d := range sources {
		if layers, err = m.maps(ctx, sources[d], targets[d]); err != nil {
			return nil, nil, err
		}
		all = append(all, make([][][]watch.Score, len(layers)-len(all))...)
		for i, s := range layers {
			all[i] = append(all[i], heads.Scores(s))
		}
	}
	var means [][]watch.Score
	for _, of := range all {
		means = append(means, heads.Mean(of...))
	}
	return means, layers, nil
}

// look adds to the maps of a prompt how the heads score in held-out dates, and what the model does without the chosen head.
func (m *model) look(ctx context.Context, a *watch.HeatMaps) error {
	if len(a.Maps) == 0 {
		return nil
	}
	const few = 4
	scores, _, err := m.scores(ctx, few)
	if err != nil {
		return err
	}
	for i := range a.Maps {
		a.Maps[i].Scores = scores[i]
	}
	if !a.Has(m.cut.Layer, m.cut.Head) {
		return nil
	}
	sources, targets, err := m.pairs(lookedAt)
	if err != nil {
		return err
	}
	prompt, err := m.encode(a.Prompt.Text)
	if err != nil {
		return err
	}
	both, err := m.Without(ctx, sources, targets, prompt, []nn.Cut{nn.Cut(m.cut)}, nil)
	if err != nil {
		return err
	}
	a.Cut = &watch.Cut{Ablate: m.cut, Loss: both[0].Loss, Lost: both[1].Loss, Unit: unit, Output: m.vocabulary.Decode(both[1].Said)}
	return nil
}

// Stages returns the stages of a head's attention while a text is translated.
func (m *model) Stages(ctx context.Context, text string, head watch.Dissect) (*watch.Stages, error) {
	a, err := m.Attend(ctx, text)
	if err != nil {
		return nil, err
	}
	return m.stages(ctx, a, head)
}

// stages returns the stages of a head's attention while the text of maps is translated.
func (m *model) stages(ctx context.Context, a *watch.HeatMaps, head watch.Dissect) (*watch.Stages, error) {
	return family.StagesOf(a, head, func() (*nn.Stages, error) {
		source, err := m.encode(a.Prompt.Text)
		if err != nil {
			return nil, err
		}
		out, err := m.Translator.Translate(ctx, [][]int32{source})
		if err != nil {
			return nil, err
		}
		return m.Translator.Stages(ctx, source, out[0], head.Layer, head.Head)
	})
}

// Examine scores all heads in held-out dates, and measures the model without each.
func (m *model) Examine(ctx context.Context, o family.Evaluation) (*heads.Report, error) {
	n := examined
	if o.Examples > 0 {
		n = o.Examples
	}
	n = min(n, len(m.dates.Test()))
	scores, layers, err := m.scores(ctx, min(n, scored))
	if err != nil {
		return nil, err
	}
	sources, targets, err := m.pairs(n)
	if err != nil {
		return nil, err
	}
	r := &heads.Report{Unit: unit, Of: fmt.Sprintf("%s held out", family.CountOf(n, "date"))}
	for i, s := range layers {
		r.Add(s.Name, s.Heads, scores[i])
	}
	var cuts []nn.Cut
	for _, c := range r.Cuts() {
		cuts = append(cuts, nn.Cut(c))
	}
	all, err := m.Without(ctx, sources, targets, nil, cuts, m.env.Counter("heads"))
	if err != nil {
		return nil, err
	}
	r.Measured(transformer.Losses(all))
	return r, nil
}
