package translate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"genview/models/data"
	"genview/models/family"
	"genview/models/nn"
	"genview/models/transformer"
	"genview/models/watch"
)

// model is an encoder–decoder that reads dates.
type model struct {
	*transformer.Translator
	env        family.Env
	dates      *data.Dates
	vocabulary *data.Vocabulary
	step       int
	text       string        // the text whose attention is shown
	cut        watch.Ablate  // the head without which the model is shown, too
	inside     watch.Dissect // the head whose stages are shown, too

	sources, targets []int32 // of a batch
	source, target   []byte  // of an example
	tokens           []int32 // of either of the two
}

const heldOut = 8 // number of held-out examples shown

// Build makes the model.
func (s *Settings) Build(_ context.Context, e family.Env) (family.Model, error) {
	m := &model{env: e, dates: data.NewDates(e.Seed)}
	m.vocabulary = data.NewVocabulary(m.dates.Characters(), transformer.Special)
	m.text = m.dates.Test()[0].Source
	source, target := m.dates.Longest()
	target += 2 // one for End; a multiple of 4, which is faster to read
	var err error
	m.Translator, err = transformer.NewTranslator(e.Runtime, s.config(m.vocabulary.Len(), source, target), transformer.TrainConfig{
		Batch: e.Batch, Adam: s.Optim.Config(), MinLR: s.Optim.MinLR, Warmup: s.Optim.Warmup, Decay: s.Optim.Decay, Clip: s.Optim.Clip,
		Smoothing: s.Optim.Smoothing, Seed: e.Seed,
	})
	if err != nil {
		return nil, err
	}
	m.sources, m.targets = make([]int32, e.Batch*source), make([]int32, e.Batch*(target+1))
	return m, nil
}

// Begin does nothing, because dates are generated.
func (m *model) Begin(_ context.Context, step int) (string, error) {
	m.step = step
	return fmt.Sprintf("%s held out", family.CountOf(len(m.dates.Test()), "date")), nil
}

// Step trains on the next dates. The rest of each row is Pad, which is 0.
func (m *model) Step(ctx context.Context) error {
	c := m.Config()
	clear(m.sources)
	clear(m.targets)
	var err error
	for i := range m.env.Batch {
		m.source, m.target = m.dates.Train(m.step*m.env.Batch+i, m.source[:0], m.target[:0])
		if m.tokens, err = m.vocabulary.Append(m.tokens[:0], m.source); err != nil {
			return err
		}
		copy(m.sources[i*c.Source:(i+1)*c.Source], m.tokens)
		if m.tokens, err = m.vocabulary.Append(append(m.tokens[:0], transformer.Begin), m.target); err != nil {
			return err
		}
		m.tokens = append(m.tokens, transformer.End)
		copy(m.targets[i*(c.Target+1):(i+1)*(c.Target+1)], m.tokens)
	}
	m.step++
	return m.Translator.Step(context.WithoutCancel(ctx), m.sources, m.targets)
}

// Rehearse returns steps on dates, which cost no more than made-up ones.
func (m *model) Rehearse() func(ctx context.Context) error { return m.Step }

// encode converts a sentence to tokens, or returns an error that says why the model cannot read it.
func (m *model) encode(text string) ([]int32, error) {
	tokens, err := m.vocabulary.Encode(strings.TrimSuffix(data.Normalise(text, ""), "\n"))
	switch longest := m.Config().Source; {
	case err != nil:
		return nil, err
	case len(tokens) == 0:
		return nil, fmt.Errorf("there is nothing to translate: give a date, as \"3 May 1998\"")
	case len(tokens) > longest:
		return nil, fmt.Errorf("%q has %d characters; the model reads %d at most", text, len(tokens), longest)
	}
	return tokens, nil
}

// Translate returns the model's translations of texts.
func (m *model) Translate(ctx context.Context, texts []string) ([]string, error) {
	var sources [][]int32
	for _, t := range texts {
		tokens, err := m.encode(t)
		if err != nil {
			return nil, err
		}
		sources = append(sources, tokens)
	}
	out, err := m.Translator.Translate(ctx, sources)
	if err != nil {
		return nil, err
	}
	var results []string
	for _, tokens := range out {
		results = append(results, m.vocabulary.Decode(tokens))
	}
	return results, nil
}

// Attend returns the attention to a text. If the model cannot read the text, that is not an error; Prompt.Problem says why.
func (m *model) Attend(ctx context.Context, text string) (*watch.HeatMaps, error) {
	source, err := m.encode(text)
	if err != nil {
		return family.Attention(&watch.Prompt{Text: text, Problem: strings.TrimPrefix(err.Error(), "data: ")}), nil
	}
	out, err := m.Translator.Translate(ctx, [][]int32{source})
	if err != nil {
		return nil, err
	}
	a := family.Attention(&watch.Prompt{Text: text, Output: m.vocabulary.Decode(out[0])})
	a.Maps, err = m.maps(ctx, source, out[0])
	return a, err
}

// maps returns the attention of all layers while a source is translated to a target.
func (m *model) maps(ctx context.Context, source, target []int32) ([]watch.Map, error) {
	all, err := m.Attention(ctx, source, target)
	if err != nil {
		return nil, err
	}
	var maps []watch.Map
	read, said := m.names(source), m.names(target)
	for _, s := range all {
		from, to := read, read
		switch {
		case strings.HasSuffix(s.Name, ".multihead_attn"):
			to = append(slices.Clone(said), "end")
		case strings.HasPrefix(s.Name, "decoder."):
			from, to = append([]string{"begin"}, said...), append(slices.Clone(said), "end")
		}
		self := strings.HasSuffix(s.Name, ".self_attn")
		maps = append(maps, watch.Map{Name: s.Name, Heads: s.Heads, Rows: to[:s.To], Cols: from[:s.From], Self: self, Values: s.Weights})
	}
	return maps, nil
}

// names returns tokens for display; a model that has learned little may output special ones.
func (m *model) names(tokens []int32) []string {
	var names []string
	for _, t := range tokens {
		switch t {
		case transformer.Pad:
			names = append(names, "pad")
		case transformer.Begin:
			names = append(names, "begin")
		default:
			names = append(names, m.vocabulary.Decode([]int32{t}))
		}
	}
	return names
}

// examples translates held-out dates.
func (m *model) examples(ctx context.Context, from, to int) ([]watch.Example, error) {
	test := m.dates.Test()[from:to]
	var texts []string
	for _, p := range test {
		texts = append(texts, p.Source)
	}
	out, err := m.Translate(ctx, texts)
	if err != nil {
		return nil, err
	}
	var all []watch.Example
	for i, p := range test {
		all = append(all, watch.Example{Input: p.Source, Output: out[i], Want: p.Target})
	}
	return all, nil
}

// Look translates held-out dates, and shows the attention to the chosen text.
func (m *model) Look(ctx context.Context) ([]watch.View, error) {
	examples, err := m.examples(ctx, 0, heldOut)
	if err != nil {
		return nil, err
	}
	a, err := m.Attend(ctx, m.text)
	if err != nil {
		return nil, err
	}
	if err := m.look(ctx, a); err != nil {
		return nil, err
	}
	if a.Has(m.inside.Layer, m.inside.Head) {
		if a.Stages, err = m.stages(ctx, a, m.inside); err != nil {
			return nil, err
		}
	}
	return []watch.View{&watch.Texts{Name: "Examples", Examples: examples}, a}, nil
}

// Answer sets the text whose attention is shown, and the heads to do without and to look into.
func (m *model) Answer(_ context.Context, r watch.Request) (look bool) {
	switch r := r.(type) {
	case watch.Attend:
		m.text = r.Text
	case watch.Ablate:
		m.cut = r
	case watch.Dissect:
		m.inside = r
	default:
		return false
	}
	return true
}

// measured is the number of held-out dates that are measured in training.
const measured = 64

// Measure measures the loss of held-out dates, in nats per character, and the share of them that is translated without a mistake.
func (m *model) Measure(ctx context.Context) (watch.Metrics, error) {
	sources, targets, err := m.pairs(measured)
	if err != nil {
		return nil, err
	}
	loss, err := m.Loss(ctx, sources, targets)
	if err != nil {
		return nil, err
	}
	all, err := m.examples(ctx, 0, measured)
	exact := 0
	for _, e := range all {
		if e.Output == e.Want {
			exact++
		}
	}
	return watch.Metrics{{Name: bestBy, Value: loss}, {Name: "held_out_exact", Value: float64(exact) / measured}}, err
}

const bestBy = "held_out_loss"

// Best names the loss: the share of exact translations stays at 0 for long, and then at 1.
func (m *model) Best() (metric string, higher bool) { return bestBy, false }

// accuracy is the result of evaluating a translator.
type accuracy struct {
	Exact    float64 `json:"exact"`          // share of held-out texts translated without a mistake
	Tokens   float64 `json:"token_accuracy"` // share of characters that are right and in their place
	Split    string  `json:"split"`
	Examples int     `json:"examples"`
}

func (e accuracy) String() string {
	return fmt.Sprintf("%.2f %% of %d held-out dates exactly right, %.2f %% of their characters", 100*e.Exact, e.Examples, 100*e.Tokens)
}

// Scores returns the shares of texts and of characters that are right.
func (e accuracy) Scores() family.Scores {
	return family.Scores{
		Measures: watch.Metrics{{Name: "exact", Value: e.Exact}, {Name: "token_accuracy", Value: e.Tokens}},
		Higher:   true, Split: e.Split, Examples: e.Examples,
	}
}

// Evaluate translates held-out dates.
func (m *model) Evaluate(ctx context.Context, o family.Evaluation) (family.Evaluated, error) {
	n := o.Usual()
	n = min(n, len(m.dates.Test()))
	var all []watch.Example
	for len(all) < n {
		const some = 128
		m.env.Heard("dates", len(all), n)
		more, err := m.examples(ctx, len(all), min(len(all)+some, n))
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	exact, right, total := 0, 0, 0
	for _, e := range all {
		if e.Output == e.Want {
			exact++
		}
		got, want := []rune(e.Output), []rune(e.Want)
		for i := range want {
			if i < len(got) && got[i] == want[i] {
				right++
			}
		}
		total += len(want)
	}
	return accuracy{float64(exact) / float64(len(all)), float64(right) / float64(total), "held-out days", len(all)}, nil
}

// Trace passes the text whose attention is shown through the layers, with its translation.
func (m *model) Trace() *nn.Trace {
	return m.Translator.Trace(func(ctx context.Context) (string, []int32, []int32, error) {
		source, err := m.encode(m.text)
		if err != nil {
			return "", nil, nil, err
		}
		out, err := m.Translator.Translate(ctx, [][]int32{source})
		if err != nil {
			return "", nil, nil, err
		}
		return m.text, source, append([]int32{transformer.Begin}, out[0]...), nil
	})
}
