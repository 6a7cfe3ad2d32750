package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"genview/models/data"
	"genview/models/transformer"
	"genview/models/watch"
)

// reader is a Transformer, which can show how it reads a text.
type reader interface {
	subject
	attend(ctx context.Context, text string) (*watch.HeatMaps, error)
}

// translation is an encoder–decoder that learns to write dates.
type translation struct {
	*transformer.Translator
	config     config
	console    *console
	dates      *data.Dates
	vocabulary *data.Vocabulary
	step       int
	text       string // that is attended to

	sources, targets []int32 // of a batch
	source, target   []byte  // of an example
	tokens           []int32 // of one of the two
}

const (
	onlyTranslations = "this takes one made by genview train translate"
	heldOut          = 8 // examples to look at
)

func newTranslation(s *session) (*translation, error) {
	m := &translation{config: s.config, console: s.console, dates: data.NewDates(s.config.Seed)}
	m.vocabulary = data.NewVocabulary(m.dates.Characters(), transformer.Special)
	m.text = m.dates.Test()[0].Source
	source, target := m.dates.Longest()
	target += 2 // one for End; a multiple of 4, which is read faster
	c := s.config.Model
	var err error
	m.Translator, err = transformer.NewTranslator(s.rt, transformer.Config{
		Vocab: m.vocabulary.Len(), Width: c.Width, Heads: c.Heads, Layers: c.Layers, Hidden: c.Hidden, Dropout: c.Dropout,
		Source: source, Target: target,
	}, s.config.transformer())
	if err != nil {
		return nil, err
	}
	m.sources, m.targets = make([]int32, s.config.Batch*source), make([]int32, s.config.Batch*(target+1))
	return m, nil
}

func (m *translation) begin(_ context.Context, step int) (string, error) {
	m.step = step
	return fmt.Sprintf("%s held out", countOf(len(m.dates.Test()), "date")), nil
}

// Step trains on the next dates. The rest of each row stays Pad, which is 0.
func (m *translation) Step(ctx context.Context) error {
	c := m.Config()
	clear(m.sources)
	clear(m.targets)
	var err error
	for i := range m.config.Batch {
		m.source, m.target = m.dates.Train(m.step*m.config.Batch+i, m.source[:0], m.target[:0])
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

func (m *translation) dummy() func(ctx context.Context) error { return m.Step }

// encode numbers a sentence, and says what is wrong with one that cannot be read.
func (m *translation) encode(text string) ([]int32, error) {
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

// translate returns what the model makes of texts.
func (m *translation) translate(ctx context.Context, texts []string) ([]string, error) {
	var sources [][]int32
	for _, t := range texts {
		tokens, err := m.encode(t)
		if err != nil {
			return nil, err
		}
		sources = append(sources, tokens)
	}
	out, err := m.Translate(ctx, sources)
	if err != nil {
		return nil, err
	}
	var results []string
	for _, tokens := range out {
		results = append(results, m.vocabulary.Decode(tokens))
	}
	return results, nil
}

// attend returns how a text is read. A text that cannot be read is no error, but a problem that is said.
func (m *translation) attend(ctx context.Context, text string) (*watch.HeatMaps, error) {
	source, err := m.encode(text)
	if err != nil {
		return attention(&watch.Prompt{Text: text, Problem: strings.TrimPrefix(err.Error(), "data: ")}), nil
	}
	out, err := m.Translate(ctx, [][]int32{source})
	if err != nil {
		return nil, err
	}
	all, err := m.Attention(ctx, source, out[0])
	if err != nil {
		return nil, err
	}
	a := attention(&watch.Prompt{Text: text, Output: m.vocabulary.Decode(out[0])})
	read, said := m.names(source), m.names(out[0])
	for _, s := range all {
		from, to := read, read
		switch {
		case strings.HasSuffix(s.Name, ".multihead_attn"):
			to = append(slices.Clone(said), "end")
		case strings.HasPrefix(s.Name, "decoder."):
			from, to = append([]string{"begin"}, said...), append(slices.Clone(said), "end")
		}
		a.Maps = append(a.Maps, watch.Map{Name: s.Name, Heads: s.Heads, Rows: to[:s.To], Cols: from[:s.From], Values: s.Weights})
	}
	return a, nil
}

// names are tokens as they are shown; a model that has learned little may say special ones.
func (m *translation) names(tokens []int32) []string {
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
func (m *translation) examples(ctx context.Context, from, to int) ([]watch.Example, error) {
	test := m.dates.Test()[from:to]
	var texts []string
	for _, p := range test {
		texts = append(texts, p.Source)
	}
	out, err := m.translate(ctx, texts)
	if err != nil {
		return nil, err
	}
	var all []watch.Example
	for i, p := range test {
		all = append(all, watch.Example{Input: p.Source, Output: out[i], Want: p.Target})
	}
	return all, nil
}

// Look translates held-out dates and reads the text that is attended to.
func (m *translation) Look(ctx context.Context) ([]watch.View, error) {
	examples, err := m.examples(ctx, 0, heldOut)
	if err != nil {
		return nil, err
	}
	a, err := m.attend(ctx, m.text)
	if err != nil {
		return nil, err
	}
	return []watch.View{&watch.Texts{Name: "Examples", Examples: examples}, a}, nil
}

// Answer takes the text to attend to.
func (m *translation) Answer(_ context.Context, r watch.Request) (look bool) {
	a, ok := r.(watch.Attend)
	if ok {
		m.text = a.Text
	}
	return ok
}

// attention is the view of how a prompt is read, before it was.
func attention(p *watch.Prompt) *watch.HeatMaps {
	return &watch.HeatMaps{Name: "Attention", Prompt: p, Words: [2]string{"takes", "from"}}
}

// prose is a GPT that goes on with a text.
type prose struct {
	*transformer.Generator
	session    *session
	config     config
	vocabulary *data.Vocabulary
	learned    *data.Text // what the model learns from
	train      int        // characters of it to train on; the rest is held out
	step       int
	text       string // that is attended to; "": what was generated last
}

const (
	onlyProse  = "this takes one made by genview train text"
	sampleSize = 160 // characters of a sample
)

func newProse(s *session) (*prose, error) {
	m := &prose{session: s, config: s.config, vocabulary: data.NewVocabulary(string(s.config.Data.Characters), 0)}
	if m.vocabulary.Len() < 2 {
		return nil, fmt.Errorf("%s: the text is made of %d different characters; to learn from it takes two at least", s.config.Data.Name, m.vocabulary.Len())
	}
	c := s.config.Model
	var err error
	m.Generator, err = transformer.NewGenerator(s.rt, transformer.GPTConfig{
		Vocab: m.vocabulary.Len(), Context: c.Context, Width: c.Width, Heads: c.Heads, Layers: c.Layers, Dropout: c.Dropout, Bias: c.Bias,
	}, s.config.transformer())
	return m, err
}

// open reads the text.
func (m *prose) open(ctx context.Context) error {
	text, err := m.session.text(ctx)
	if err != nil {
		return err
	}
	if _, err := m.vocabulary.Encode(text.Characters); err != nil {
		return fmt.Errorf("%s is not the text that the run began with: %w", m.config.Data.Name, err)
	}
	m.learned = text
	m.train, err = text.Split(m.config.Model.Context)
	return err
}

// test returns the tokens of the held-out part and the one before it, from which the first is judged.
func (m *prose) test() ([]int32, error) {
	n := m.learned.Len() - m.train + 1
	return m.vocabulary.Append(make([]int32, 0, n), m.learned.Slice(m.train-1, n))
}

func (m *prose) begin(ctx context.Context, step int) (string, error) {
	m.step = step
	if err := m.open(ctx); err != nil {
		return "", err
	}
	return countOf(m.learned.Len(), "character"), nil
}

// Step trains on the next batch of stretches of the text, which begin anywhere.
func (m *prose) Step(ctx context.Context) error {
	n := m.config.Model.Context + 1
	batch := make([]int32, m.config.Batch*n)
	rng := rand.New(rand.NewPCG(m.config.Seed, uint64(m.step)))
	for i := range m.config.Batch {
		at := rng.IntN(m.train - n + 1)
		if _, err := m.vocabulary.Append(batch[i*n:i*n], m.learned.Slice(at, n)); err != nil {
			return err
		}
	}
	m.step++
	return m.Generator.Step(context.WithoutCancel(ctx), batch)
}

func (m *prose) dummy() func(ctx context.Context) error {
	batch := make([]int32, m.config.Batch*(m.config.Model.Context+1))
	for i := range batch {
		batch[i] = int32(i * 7 % m.vocabulary.Len())
	}
	return func(ctx context.Context) error { return m.Generator.Step(ctx, batch) }
}

// encode numbers a prompt, and says what is wrong with one that cannot be read.
func (m *prose) encode(prompt string) ([]int32, error) {
	tokens, err := m.vocabulary.Encode(m.plain(prompt))
	if err == nil && len(tokens) == 0 {
		return nil, fmt.Errorf("the prompt is empty: give one character at least")
	}
	return tokens, err
}

// plain is a prompt with the line ends that the model knows.
func (m *prose) plain(prompt string) string {
	return data.Normalise(prompt, string(m.config.Data.Characters))
}

// opening is what a sample goes on from: a new line, where the text has any.
func (m *prose) opening() string {
	if _, err := m.vocabulary.Encode("\n"); err == nil {
		return "\n"
	}
	return m.vocabulary.Decode([]int32{0})
}

// generate goes on with a prompt by n characters, handing each to emit.
func (m *prose) generate(ctx context.Context, prompt string, n int, o transformer.Sampling, seed uint64, emit func(character string) error) error {
	tokens, err := m.encode(prompt)
	if err != nil {
		return err
	}
	return m.Generate(ctx, tokens, n, o, rand.New(rand.NewPCG(seed, 0)), func(token int32) error {
		return emit(m.vocabulary.Decode([]int32{token}))
	})
}

// attend returns how a text is read; of one that is longer than the context, its end.
func (m *prose) attend(ctx context.Context, text string) (*watch.HeatMaps, error) {
	text = m.plain(text)
	tokens, err := m.encode(text)
	if err != nil {
		return attention(&watch.Prompt{Text: text, Problem: strings.TrimPrefix(err.Error(), "data: ")}), nil
	}
	unread := max(0, len(tokens)-m.config.Model.Context)
	tokens = tokens[unread:]
	all, err := m.Attention(ctx, tokens)
	if err != nil {
		return nil, err
	}
	a := attention(&watch.Prompt{Text: text, Unread: unread})
	const ahead = 12
	if err := m.generate(ctx, text, ahead, transformer.Sampling{}, 0, func(c string) error { a.Prompt.Output += c; return nil }); err != nil {
		return nil, err
	}
	read := strings.Split(m.vocabulary.Decode(tokens), "")
	for _, s := range all {
		a.Maps = append(a.Maps, watch.Map{Name: s.Name, Heads: s.Heads, Rows: read, Cols: read, Values: s.Weights})
	}
	return a, nil
}

// Look draws a sample and reads the text that is attended to.
func (m *prose) Look(ctx context.Context) ([]watch.View, error) {
	var sample strings.Builder
	if err := m.generate(ctx, m.opening(), sampleSize, transformer.Sampling{Temperature: 0.8}, 1, func(c string) error {
		_, err := sample.WriteString(c)
		return err
	}); err != nil {
		return nil, err
	}
	text := m.text
	if text == "" {
		text = firstRunes(strings.TrimSpace(sample.String()), min(m.config.Model.Context, 32))
	}
	a, err := m.attend(ctx, text)
	if err != nil {
		return nil, err
	}
	return []watch.View{&watch.Texts{Name: "Sample", Examples: []watch.Example{{Input: m.opening(), Output: sample.String()}}}, a}, nil
}

func firstRunes(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}

// Answer takes the text to attend to.
func (m *prose) Answer(_ context.Context, r watch.Request) (look bool) {
	a, ok := r.(watch.Attend)
	if ok {
		m.text = a.Text
	}
	return ok
}
