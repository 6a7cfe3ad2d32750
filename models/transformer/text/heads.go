package text

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"genview/models/family"
	"genview/models/heads"
	"genview/models/nn"
	"genview/models/transformer"
	"genview/models/watch"
)

const (
	unit        = "nats per character"
	mostLikely  = 8    // next tokens that are shown
	lookedAt    = 1024 // held-out characters on which a look measures the model without a head
	examined    = 4096 // held-out characters on which Examine does
	mostScored  = 256  // characters of a window in which heads are scored: the weights of a longer one take long to fetch
	mostWindows = 8    // parts of the held-out text in which Examine scores heads, and repetitions
)

// likeliest returns the likeliest of the tokens that can be drawn, given the probabilities of all.
func (m *model) likeliest(all []float32) []watch.Likely {
	how := transformer.Sampling{Temperature: 1}
	if m.goOn != (watch.Generate{}) {
		how = transformer.Sampling{Temperature: m.goOn.Temperature, TopK: m.goOn.TopK, TopP: m.goOn.TopP}
	}
	logits := make([]float32, len(all))
	for i, p := range all {
		logits[i] = float32(math.Log(float64(p))) // up to a constant, which changes nothing
	}
	tokens, p := how.Likeliest(logits)
	var likely []watch.Likely
	for i := range min(mostLikely, len(tokens)) {
		likely = append(likely, watch.Likely{Token: m.vocabulary.Decode(tokens[i : i+1]), P: p[i]})
	}
	return likely
}

// heldOut returns up to n tokens of the held-out part, after the one before it.
func (m *model) heldOut(ctx context.Context, n int) ([]int32, error) {
	if m.learned == nil {
		if err := m.open(ctx); err != nil {
			return nil, err
		}
	}
	n = min(n, m.learned.Len()-m.train) + 1
	return m.vocabulary.Append(make([]int32, 0, n), m.learned.Slice(m.train-1, n))
}

// scores returns the scores of each layer's heads in windows of a text, and in as many repetitions of random tokens.
func (m *model) scores(ctx context.Context, text []int32, windows int) ([][]watch.Score, []transformer.Shares, error) {
	size := min(m.settings.Model.Context, mostScored)
	rng := rand.New(rand.NewPCG(1, 1))
	var layers []transformer.Shares
	var all [][][]watch.Score // of each layer, of each text
	add := func(tokens []int32, score func(s transformer.Shares) []watch.Score) (err error) {
		if layers, err = m.Generator.Attention(ctx, tokens); err != nil {
			return err
		}
		all = append(all, make([][][]watch.Score, len(layers)-len(all))...)
		for i, s := range layers {
			all[i] = append(all[i], score(s))
		}
		return nil
	}
	for i := range windows {
		if lo, hi := i*size, min((i+1)*size, len(text)); lo < hi {
			if err := add(text[lo:hi], func(s transformer.Shares) []watch.Score {
				names := make([]string, s.From)
				return heads.Scores(watch.Map{Heads: s.Heads, Rows: names, Cols: names, Self: true, Values: s.Weights})
			}); err != nil {
				return nil, nil, err
			}
		}
		if size < 4 { // a repetition of one token shows nothing
			continue
		}
		part := make([]int32, size/2)
		for k := range part {
			part[k] = int32(rng.IntN(m.vocabulary.Len()))
		}
		if err := add(slices.Concat(part, part), func(s transformer.Shares) []watch.Score {
			return []watch.Score{heads.Repeated(s.Weights, s.Heads, s.From)}
		}); err != nil {
			return nil, nil, err
		}
	}
	var means [][]watch.Score
	for _, of := range all {
		means = append(means, heads.Mean(of...))
	}
	return means, layers, nil
}

// look adds to the maps of a prompt how the heads score on held-out text, and what the model does without the chosen head.
func (m *model) look(ctx context.Context, a *watch.HeatMaps) error {
	if len(a.Maps) == 0 {
		return nil
	}
	text, err := m.heldOut(ctx, lookedAt)
	switch {
	case err != nil && !a.Has(m.cut.Layer, m.cut.Head) && ctx.Err() == nil: // a run whose text has moved is shown without scores
		return nil
	case err != nil:
		return err
	}
	scores, _, err := m.scores(ctx, text[1:], 1)
	if err != nil {
		return err
	}
	for i := range a.Maps {
		a.Maps[i].Scores = scores[i]
	}
	if !a.Has(m.cut.Layer, m.cut.Head) {
		return nil
	}
	prompt, err := m.encode(a.Prompt.Text)
	if err != nil {
		return err
	}
	both, err := m.Without(ctx, text, prompt[a.Prompt.Unread:], []nn.Cut{nn.Cut(m.cut)}, nil)
	if err != nil {
		return err
	}
	a.Cut = &watch.Cut{Ablate: m.cut, Loss: both[0].Loss, Lost: both[1].Loss, Unit: unit, Next: m.likeliest(both[1].Next)}
	return nil
}

// Stages returns the stages of a head's attention to a text, or to the end of one that is longer than the context.
func (m *model) Stages(ctx context.Context, text string, head watch.Dissect) (*watch.Stages, error) {
	a, err := m.Attend(ctx, text)
	if err != nil {
		return nil, err
	}
	return m.stages(ctx, a, head)
}

// stages returns the stages of a head's attention to the text of maps.
func (m *model) stages(ctx context.Context, a *watch.HeatMaps, head watch.Dissect) (*watch.Stages, error) {
	tokens, err := m.encode(a.Prompt.Text)
	if err != nil {
		return nil, err
	}
	tokens = tokens[a.Prompt.Unread:]
	s, err := family.StagesOf(a, head, func() (*nn.Stages, error) { return m.Generator.Stages(ctx, tokens, head.Layer, head.Head) })
	if err == nil {
		s.Rows = strings.Split(m.vocabulary.Decode(tokens), "") // those of the maps may be pooled
		s.Cols = s.Rows
	}
	return s, err
}

// Examine scores all heads, and measures the held-out text without each: 4096 characters, or as many windows as examples are asked for.
func (m *model) Examine(ctx context.Context, o family.Evaluation) (*heads.Report, error) {
	n := examined
	if o.Examples > 0 {
		n = o.Examples * m.settings.Model.Context
	}
	text, err := m.heldOut(ctx, n)
	if err != nil {
		return nil, err
	}
	scores, layers, err := m.scores(ctx, text[1:], mostWindows)
	if err != nil {
		return nil, err
	}
	r := &heads.Report{Unit: unit, Of: fmt.Sprintf("%s of the text's last tenth", family.CountOf(len(text)-1, "character"))}
	for i, s := range layers {
		r.Add(s.Name, s.Heads, scores[i])
	}
	var cuts []nn.Cut
	for _, c := range r.Cuts() {
		cuts = append(cuts, nn.Cut(c))
	}
	all, err := m.Without(ctx, text, nil, cuts, m.env.Counter("heads"))
	if err != nil {
		return nil, err
	}
	r.Measured(transformer.Losses(all))
	return r, nil
}
