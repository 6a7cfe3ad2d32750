package text

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"genview/models/data"
	"genview/models/family"
	"genview/models/nn"
	"genview/models/transformer"
	"genview/models/watch"
)

// model is a GPT of characters.
type model struct {
	*transformer.Generator
	env        family.Env
	settings   *Settings
	vocabulary *data.Vocabulary
	learned    *data.Text // the text that the model learns from
	train      int        // number of characters to train on; the rest is held out
	step       int
	text       string         // the text whose attention is shown; "": the newest sample
	cut        watch.Ablate   // the head without which the model is shown, too
	inside     watch.Dissect  // the head whose stages are shown, too
	goOn       watch.Generate // how to go on with that text; zero: a little, with the likeliest
}

const (
	sampleSize = 160 // characters of a sample
	mostRows   = 256 // of the maps that are looked at: those of 2,048 tokens take 16 MB for each head
)

// Build makes the model.
func (s *Settings) Build(_ context.Context, e family.Env) (family.Model, error) {
	m := &model{env: e, settings: s, vocabulary: data.NewVocabulary(string(s.Data.Characters), 0)}
	if m.vocabulary.Len() < 2 {
		return nil, fmt.Errorf("%s: the text is made of %d different characters; to learn from it takes two at least", s.Data.Name, m.vocabulary.Len())
	}
	var err error
	m.Generator, err = transformer.NewGenerator(e.Runtime, s.config(m.vocabulary.Len()), transformer.TrainConfig{
		Batch: e.Batch, Adam: s.Optim.Config(), MinLR: s.Optim.MinLR, Warmup: s.Optim.Warmup, Decay: s.Optim.Decay, Clip: s.Optim.Clip, Seed: e.Seed,
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// open reads the text.
func (m *model) open(ctx context.Context) error {
	text, err := m.settings.text(ctx)
	if err != nil {
		return err
	}
	if _, err := m.vocabulary.Encode(text.Characters); err != nil {
		return fmt.Errorf("%s is not the text that the run began with: %w", m.settings.Data.Name, err)
	}
	m.learned = text
	m.train, err = text.Split(m.settings.Model.Context)
	return err
}

// test returns the tokens of the held-out part, and the one before it, from which the first is predicted.
func (m *model) test() ([]int32, error) {
	n := m.learned.Len() - m.train + 1
	return m.vocabulary.Append(make([]int32, 0, n), m.learned.Slice(m.train-1, n))
}

// Begin reads the text, which may be long.
func (m *model) Begin(ctx context.Context, step int) (string, error) {
	m.step = step
	if err := m.open(ctx); err != nil {
		return "", err
	}
	return family.CountOf(m.learned.Len(), "character"), nil
}

// Step trains on the next batch of windows, which begin anywhere in the text.
func (m *model) Step(ctx context.Context) error {
	n := m.settings.Model.Context + 1
	batch := make([]int32, m.env.Batch*n)
	rng := rand.New(rand.NewPCG(m.env.Seed, uint64(m.step)))
	for i := range m.env.Batch {
		at := rng.IntN(m.train - n + 1)
		if _, err := m.vocabulary.Append(batch[i*n:i*n], m.learned.Slice(at, n)); err != nil {
			return err
		}
	}
	m.step++
	return m.Generator.Step(context.WithoutCancel(ctx), batch)
}

// Rehearse returns steps on a made-up text.
func (m *model) Rehearse() func(ctx context.Context) error {
	batch := make([]int32, m.env.Batch*(m.settings.Model.Context+1))
	for i := range batch {
		batch[i] = int32(i * 7 % m.vocabulary.Len())
	}
	return func(ctx context.Context) error { return m.Generator.Step(ctx, batch) }
}

// encode converts a prompt to tokens, or returns an error that says why the model cannot read it.
func (m *model) encode(prompt string) ([]int32, error) {
	tokens, err := m.vocabulary.Encode(m.plain(prompt))
	if err == nil && len(tokens) == 0 {
		return nil, fmt.Errorf("the prompt is empty: give one character at least")
	}
	return tokens, err
}

// plain returns a prompt with the line ends that the model knows.
func (m *model) plain(prompt string) string {
	return data.Normalise(prompt, string(m.settings.Data.Characters))
}

// Prompt returns a prompt as the model reads it.
func (m *model) Prompt(text string) (string, error) {
	_, err := m.encode(text)
	return m.plain(text), err
}

// Opening returns the prompt of a sample: a new line, if the text has any.
func (m *model) Opening() string {
	if _, err := m.vocabulary.Encode("\n"); err == nil {
		return "\n"
	}
	return m.vocabulary.Decode([]int32{0})
}

// Generate continues a prompt by n characters and passes each to emit.
func (m *model) Generate(ctx context.Context, prompt string, n int, o family.Sampling, emit func(character string) error) error {
	tokens, err := m.encode(prompt)
	if err != nil {
		return err
	}
	how := transformer.Sampling{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP}
	return m.Generator.Generate(ctx, tokens, n, how, rand.New(rand.NewPCG(o.Seed, 0)), func(token int32) error {
		return emit(m.vocabulary.Decode([]int32{token}))
	})
}

// Attend returns the attention to a text, or to the end of one that is longer than the context.
func (m *model) Attend(ctx context.Context, text string) (*watch.HeatMaps, error) {
	return m.attend(ctx, text, m.settings.Model.Context)
}

// attend is Attend with maps of at most that many rows: those of longer texts are pooled.
func (m *model) attend(ctx context.Context, text string, rows int) (*watch.HeatMaps, error) {
	text = m.plain(text)
	tokens, err := m.encode(text)
	if err != nil {
		return family.Attention(&watch.Prompt{Text: text, Problem: strings.TrimPrefix(err.Error(), "data: ")}), nil
	}
	unread := max(0, len(tokens)-m.settings.Model.Context)
	tokens = tokens[unread:]
	pool := (len(tokens) + rows - 1) / rows
	all, err := m.Generator.Pooled(ctx, tokens, pool)
	if err != nil {
		return nil, err
	}
	const ahead = 12
	n, how := ahead, family.Sampling{}
	if o := m.goOn; o != (watch.Generate{}) {
		n, how = min(o.Tokens, watch.MostGenerated), family.Sampling{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, Seed: o.Seed}
	}
	a := family.Attention(&watch.Prompt{Text: text, Unread: unread, Drawn: m.goOn})
	if err := m.Generate(ctx, text, n, how, func(c string) error { a.Prompt.Output += c; return nil }); err != nil {
		return nil, err
	}
	next, err := m.Next(ctx, tokens)
	if err != nil {
		return nil, err
	}
	a.Prompt.Next = m.likeliest(next)
	var read []string
	for i := 0; i < len(tokens); i += pool {
		read = append(read, m.vocabulary.Decode(tokens[i:i+1]))
	}
	if pool == 1 {
		pool = 0
	}
	for _, s := range all {
		a.Maps = append(a.Maps, watch.Map{Name: s.Name, Heads: s.Heads, Rows: read, Cols: read, Self: true, Values: s.Weights, Pool: pool})
	}
	return a, nil
}

// Look draws a sample, and shows the attention to the chosen text.
func (m *model) Look(ctx context.Context) ([]watch.View, error) {
	var sample strings.Builder
	if err := m.Generate(ctx, m.Opening(), sampleSize, family.Sampling{Temperature: 0.8, Seed: 1}, func(c string) error {
		_, err := sample.WriteString(c)
		return err
	}); err != nil {
		return nil, err
	}
	text := m.text
	if text == "" {
		text = firstRunes(strings.TrimSpace(sample.String()), min(m.settings.Model.Context, 32))
	}
	a, err := m.attend(ctx, text, mostRows)
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
	return []watch.View{&watch.Texts{Name: "Sample", Examples: []watch.Example{{Input: m.Opening(), Output: sample.String()}}}, a}, nil
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// Answer sets the text whose attention is shown, the heads to do without and to look into, and how to go on with the text.
func (m *model) Answer(_ context.Context, r watch.Request) (look bool) {
	switch r := r.(type) {
	case watch.Attend:
		m.text = r.Text
	case watch.Ablate:
		m.cut = r
	case watch.Dissect:
		m.inside = r
	case watch.Generate:
		m.goOn = r
	default:
		return false
	}
	return true
}

// Trace passes the text whose attention is shown through the layers or, if nobody typed one, the beginning of what is held out.
func (m *model) Trace() *nn.Trace {
	return m.Generator.Trace(func(ctx context.Context) (string, []int32, error) {
		if m.text != "" {
			tokens, err := m.encode(m.text)
			return "the text that is read", tokens, err
		}
		if m.learned == nil {
			if err := m.open(ctx); err != nil {
				return "", nil, err
			}
		}
		tokens, err := m.vocabulary.Append(nil, m.learned.Slice(m.train, min(m.settings.Model.Context, m.learned.Len()-m.train)))
		return "the held-out text", tokens, err
	})
}

// measured is the number of held-out characters that are measured in training.
const measured = 4096

// Measure measures the loss, in nats per character, and the perplexity of held-out text.
func (m *model) Measure(ctx context.Context) (watch.Metrics, error) {
	text, err := m.heldOut(ctx, measured)
	if err != nil {
		return nil, err
	}
	loss, _, err := m.Loss(ctx, text, nil)
	return watch.Metrics{{Name: "held_out_loss", Value: loss}, {Name: bestBy, Value: math.Exp(loss)}}, err
}

const bestBy = "held_out_perplexity"

// Best names the perplexity.
func (m *model) Best() (metric string, higher bool) { return bestBy, false }

// Epoch returns the number of steps in which as many characters are seen as the text has; 0 before Begin.
func (m *model) Epoch() int {
	if m.learned == nil {
		return 0
	}
	return max(1, m.train/(m.env.Batch*m.settings.Model.Context))
}

// perplexity is the result of evaluating a GPT.
type perplexity struct {
	Loss       float64 `json:"val_loss"` // nats per character
	Perplexity float64 `json:"perplexity"`
	Split      string  `json:"split"`
	Examples   int     `json:"examples"` // characters
}

func (e perplexity) String() string {
	return fmt.Sprintf("loss %.4f nats per character, perplexity %.3f, on %d held-out characters", e.Loss, e.Perplexity, e.Examples)
}

// Scores returns the loss and the perplexity.
func (e perplexity) Scores() family.Scores {
	return family.Scores{
		Measures: watch.Metrics{{Name: "val_loss", Value: e.Loss}, {Name: "perplexity", Value: e.Perplexity}},
		Split:    e.Split, Examples: e.Examples,
	}
}

// Evaluate measures the held-out text: as many windows as examples are asked for, or all.
func (m *model) Evaluate(ctx context.Context, o family.Evaluation) (family.Evaluated, error) {
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	text, err := m.test()
	if err != nil {
		return nil, err
	}
	if n, window := o.Examples, m.settings.Model.Context; n > 0 && n <= (len(text)-1)/window {
		text = text[:n*window+1]
	}
	loss, count, err := m.Loss(ctx, text, m.env.Counter("characters"))
	return perplexity{loss, math.Exp(loss), "the text's last tenth", count}, err
}
