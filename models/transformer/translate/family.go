// Package translate is the family of Transformers that translate: they learn to read dates in the styles of people.
package translate

import (
	"genview/models/data"
	"genview/models/family"
	"genview/models/optim"
	"genview/models/settings"
	"genview/models/transformer"
	"genview/models/watch"
)

// Family is the family of encoder–decoders that read dates.
var Family = family.Family{
	Kind: "translate",
	Presets: []family.Preset{
		{
			Name:  "translate",
			About: "a Transformer that learns to read dates as people write them",
			Choice: &watch.Choice{
				Title: "Dates by a Transformer",
				About: "A Transformer learns to read dates as people write them. Type your own, and see what each of its heads looks at.",
			},
			Steps: 1200, Batch: 64, // a few minutes on a CPU
			Settings: func() family.Settings {
				s := preset(transformer.Defaults(), 2e-3, 100)
				s.Optim.MinLR, s.Optim.Decay = 1e-5, 1200
				return s
			},
		},
		{
			Name:  "paper",
			About: "the same with the base model of Vaswani et al. 2017",
			Steps: 20000, Batch: 64, Long: true,
			Settings: func() family.Settings { // with another schedule than the paper's, which falls with the root of the step from the same peak, width^−½·warmup^−½
				s := preset(transformer.PaperDefaults(), 7e-4, 4000)
				s.Optim.Decay = 20000
				return s
			},
		},
	},
	New: func() family.Settings { return new(Settings) },
}

// Settings are the settings of a run.
type Settings struct {
	Data  data.SourceSettings `yaml:"data"`
	Model struct {
		Hidden  int     `yaml:"hidden,omitempty" doc:"units of the feed-forward layers" range:"[1,)" large:"yes"`
		Width   int     `yaml:"width,omitempty" doc:"size of the vectors, d_model; a multiple of heads" range:"[1,)" large:"yes"`
		Heads   int     `yaml:"heads,omitempty" doc:"heads of each attention layer" range:"[1,)" large:"yes"`
		Layers  int     `yaml:"layers,omitempty" doc:"layers of the encoder, and of the decoder" range:"[1,128]" large:"yes"`
		Dropout float64 `yaml:"dropout,omitempty" doc:"dropout probability in training" range:"[0,1)"`
	} `yaml:"model"`
	Optim struct {
		optim.ScheduleSettings `yaml:",inline"`

		Smoothing float64 `yaml:"smoothing,omitempty" doc:"label smoothing: probability that is spread over all tokens" range:"[0,1)"`
	} `yaml:"optim"`
}

func preset(c transformer.Config, lr float64, warmup int) *Settings {
	s := &Settings{Data: data.SourceSettings{Name: "dates"}}
	m := &s.Model
	m.Hidden, m.Width, m.Heads, m.Layers, m.Dropout = c.Hidden, c.Width, c.Heads, c.Layers, c.Dropout
	s.Optim.AdamSettings = optim.AdamSettings{LR: lr, Beta1: 0.9, Beta2: 0.98}
	s.Optim.Warmup, s.Optim.Clip, s.Optim.Smoothing = warmup, 1, 0.1
	return s
}

// Title describes the network.
func (s *Settings) Title() string { return "Transformer" }

// Task returns the task's name on the Hugging Face Hub.
func (s *Settings) Task() string { return "text2text-generation" }

// Source returns the settings of the dates, which are generated.
func (s *Settings) Source() family.Source { return &s.Data }

// config returns the description of the network for the data's sizes.
func (s *Settings) config(vocabulary, source, target int) transformer.Config {
	m := s.Model
	return transformer.Config{
		Vocab: vocabulary, Width: m.Width, Heads: m.Heads, Layers: m.Layers, Hidden: m.Hidden, Dropout: m.Dropout, Source: source, Target: target,
	}
}

// Validate returns an error if the settings are wrong.
func (s *Settings) Validate() error {
	if s.Data.Name != "dates" {
		return settings.Errorf("data.name", "is %s and must be dates, which is what translations are of", s.Data.Name)
	}
	if err := s.Data.Validate(); err != nil {
		return err
	}
	if err := s.Optim.Validate(); err != nil {
		return err
	}
	return s.config(transformer.Special+1, 1, 1).Validate() // the sizes that depend on the data are 1 here
}

// Schedule makes the fall of the learning rate, if there is one, as long as the training.
func (s *Settings) Schedule(steps int) {
	if s.Optim.Decay > 0 {
		s.Optim.Decay = steps
	}
}
