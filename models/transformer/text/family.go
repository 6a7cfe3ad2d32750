// Package text is the family of GPTs that learn to continue a text, character by character.
package text

import (
	"context"

	"genview/models/data"
	"genview/models/family"
	"genview/models/optim"
	"genview/models/settings"
	"genview/models/transformer"
	"genview/models/watch"
)

// Family is the family of GPTs of characters.
var Family = family.Family{
	Kind: "text",
	Presets: []family.Preset{{
		Name: "text", Aliases: []string{"gpt"}, Argument: "FILE",
		About: "a GPT that writes like a text",
		Choice: &watch.Choice{
			Title: "A text by a GPT",
			About: "Drop a text on the window: a GPT learns to write like it, letter by letter. Write a beginning, and see how it goes on.",
		},
		Steps: 2000, Batch: 12, Settings: func() family.Settings { return DefaultSettings() },
	}},
	New: func() family.Settings { return new(Settings) },
}

// Settings are the settings of a run.
type Settings struct {
	Data  data.TextSettings `yaml:"data"`
	Model struct {
		Width   int     `yaml:"width,omitempty" doc:"size of the vectors, n_embd; a multiple of heads" range:"[1,)" large:"yes"`
		Heads   int     `yaml:"heads,omitempty" doc:"heads of each attention layer" range:"[1,)" large:"yes"`
		Layers  int     `yaml:"layers,omitempty" doc:"number of blocks of attention and feed-forward layers" range:"[1,128]" large:"yes"`
		Dropout float64 `yaml:"dropout,omitempty" doc:"dropout probability in training" range:"[0,1)"`
		Context int     `yaml:"context,omitempty" doc:"longest sequence, in characters" range:"[1,)" large:"yes"`
		Bias    bool    `yaml:"bias,omitempty" doc:"biases in linear layers and norms, as in GPT-2"`
	} `yaml:"model"`
	Optim optim.ScheduleSettings `yaml:"optim"`

	read *data.Text // nil until the text was read
}

// DefaultSettings returns nanoGPT's settings for a CPU (its README, "I only have a macbook").
func DefaultSettings() *Settings {
	c, s := transformer.GPTDefaults(), &Settings{}
	m := &s.Model
	m.Width, m.Heads, m.Layers, m.Dropout, m.Context, m.Bias = c.Width, c.Heads, c.Layers, c.Dropout, c.Context, c.Bias
	s.Optim = optim.ScheduleSettings{
		AdamSettings: optim.AdamSettings{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1},
		MinLR:        1e-4, Warmup: 100, Decay: 2000, Clip: 1,
	}
	return s
}

// Title describes the network.
func (s *Settings) Title() string { return "GPT" }

// Task returns the task's name on the Hugging Face Hub.
func (s *Settings) Task() string { return "text-generation" }

// Source returns the settings of the text.
func (s *Settings) Source() family.Source { return &s.Data }

// config returns the description of the network for a vocabulary size.
func (s *Settings) config(vocabulary int) transformer.GPTConfig {
	m := s.Model
	return transformer.GPTConfig{
		Vocab: vocabulary, Context: m.Context, Width: m.Width, Heads: m.Heads, Layers: m.Layers, Dropout: m.Dropout, Bias: m.Bias,
	}
}

// Validate returns an error if the settings are wrong.
func (s *Settings) Validate() error {
	if s.Data.Name == "" {
		return settings.Errorf("data.name", "is missing: say what text to learn from")
	}
	if err := s.Data.Validate(); err != nil {
		return err
	}
	if err := s.Optim.Validate(); err != nil {
		return err
	}
	return s.config(1).Validate() // the vocabulary's size depends on the text
}

// Schedule makes the fall of the learning rate, if there is one, as long as the training.
func (s *Settings) Schedule(steps int) {
	if s.Optim.Decay > 0 {
		s.Optim.Decay = steps
	}
}

// Read reads the text and stores its characters. A text from a pipe is kept for the model.
func (s *Settings) Read(ctx context.Context) error {
	text, err := data.ReadText(ctx, s.Data.Name, string(s.Data.Characters))
	if err != nil {
		return err
	}
	s.read, s.Data.Characters, s.Data.Pipe = text, data.Quoted(text.Characters), text.Pipe
	return nil
}

// text returns the text, which is read once.
func (s *Settings) text(ctx context.Context) (*data.Text, error) {
	if s.read == nil {
		read, err := s.Data.Open(ctx)
		if err != nil {
			return nil, err
		}
		s.read = read
	}
	s.Data.Pipe, s.Data.Identity = s.read.Pipe, s.read.Identity
	return s.read, nil
}

// Rehearse sets as many characters as tinyshakespeare has.
func (s *Settings) Rehearse() {
	s.Data.Name = "text"
	for r := range 65 {
		s.Data.Characters += data.Quoted(rune('!' + r))
	}
}
