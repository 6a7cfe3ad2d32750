package vae

import (
	"context"
	"fmt"

	"genview/models/data"
	"genview/models/family"
	"genview/models/nn"
	"genview/models/optim"
	"genview/models/watch"
	"genview/tensor"
)

// Family is the family of variational autoencoders of pictures.
var Family = family.Family{
	Kind: "vae",
	Presets: []family.Preset{{
		Name:  "vae",
		About: "a variational autoencoder of pictures",
		Choice: &watch.Choice{
			Title: "Letters by a VAE",
			About: "A variational autoencoder learns to draw letters in a minute or two. Drag through its latent space while it does.",
		},
		Steps: 2000, Batch: 128, Settings: func() family.Settings { return DefaultSettings() },
	}},
	New: func() family.Settings { return new(Settings) },
}

// Settings are the settings of a run.
type Settings struct {
	Data  data.PictureSettings `yaml:"data"`
	Model struct {
		Arch   string  `yaml:"arch,omitempty" doc:"network: mlp for fully connected layers, conv for convolutions" oneof:"mlp,conv"`
		Z      int     `yaml:"z,omitempty" doc:"dimensions of the latent space" range:"[1,)" large:"yes"`
		Hidden int     `yaml:"hidden,omitempty" doc:"mlp: units of the hidden layers; conv: channels at half the pictures' size" range:"[1,)" large:"yes"`
		Beta   float64 `yaml:"beta,omitempty" doc:"weight of the KL term; 1 gives the ELBO" range:"[0,)"`
	} `yaml:"model"`
	Optim optim.AdamSettings `yaml:"optim"`
}

// DefaultSettings returns the settings for letters.
func DefaultSettings() *Settings {
	c, adam := Defaults(), optim.AdamDefaults()
	s := &Settings{Optim: optim.AdamSettings{LR: adam.LR, Beta1: adam.Beta1, Beta2: adam.Beta2}}
	s.Data.Name, s.Data.Size, s.Data.Channels, s.Data.Binarize = "glyphs", c.Size, 1, true
	s.Model.Arch, s.Model.Z, s.Model.Hidden, s.Model.Beta = c.Arch, c.Z, c.Hidden, c.Beta
	return s
}

// Title describes the network.
func (s *Settings) Title() string {
	if s.Model.Arch == "conv" {
		return "CONV VAE"
	}
	return "MLP VAE"
}

// Task returns the task's name on the Hugging Face Hub.
func (s *Settings) Task() string { return "unconditional-image-generation" }

// Source returns the settings of the data.
func (s *Settings) Source() family.Source { return &s.Data }

// Config returns the description of the network.
func (s *Settings) Config() Config {
	return Config{Arch: s.Model.Arch, Z: s.Model.Z, Hidden: s.Model.Hidden, Beta: s.Model.Beta, Size: s.Data.Size, Channels: s.Data.Channels}
}

// Validate returns an error if the settings are wrong.
func (s *Settings) Validate() error {
	if err := s.Data.Validate(); err != nil {
		return err
	}
	return s.Config().Validate()
}

// Follow adapts the settings to the pictures and the network.
func (s *Settings) Follow(ctx context.Context, asked func(key string) bool) (string, error) {
	step, least := 1, 1
	if s.Model.Arch == "conv" {
		step, least = 4, 4
		if !asked("model.hidden") {
			s.Model.Hidden = ConvDefaults().Hidden
		}
	}
	return s.Data.Follow(ctx, asked, step, least)
}

// Build makes the model.
func (s *Settings) Build(_ context.Context, e family.Env) (family.Model, error) {
	t, err := NewTrainer(e.Runtime, s.Config(), TrainConfig{Batch: e.Batch, Adam: s.Optim.Config(), Seed: e.Seed})
	if err != nil {
		return nil, err
	}
	m := &model{family.NewPictures(e, t, &s.Data), t}
	m.Encodes()
	return m, nil
}

// model is a VAE of pictures.
type model struct {
	*family.Pictures
	trainer *Trainer
}

// Encode returns the means of the latent vectors of pictures.
func (m *model) Encode(ctx context.Context, pictures []float32) ([]float32, error) {
	return m.trainer.Encode(ctx, pictures)
}

// measured is the number of held-out pictures that are measured in training.
const measured = 500

// Measure measures the loss and the ELBO of held-out pictures, in nats per picture.
func (m *model) Measure(ctx context.Context) (watch.Metrics, error) {
	set, err := m.Open(ctx)
	if err != nil {
		return nil, err
	}
	e, err := m.trainer.Evaluate(ctx, set.Test, EvalOptions{Examples: measured, Binarize: m.Binarized()})
	loss := (m.trainer.weight-1)*e.KL - e.ELBO
	return watch.Metrics{{Name: "held_out_loss", Value: loss}, {Name: bestBy, Value: e.ELBO}}, err
}

const bestBy = "held_out_elbo"

// Best names the ELBO.
func (m *model) Best() (metric string, higher bool) { return bestBy, true }

// Trace passes a held-out picture through encoder and decoder.
func (m *model) Trace() *nn.Trace {
	c, h, w := m.Shape()
	x := tensor.Input("picture", tensor.F32, 1, c, h, w)
	return m.trainer.trace(x, func(ctx context.Context) (*nn.Traced, error) {
		picture, err := m.FirstHeldOut(ctx)
		if err != nil {
			return nil, err
		}
		return &nn.Traced{Name: "held-out picture 1", Feed: tensor.Feed{x: picture}}, nil
	})
}

// elbo is the result of evaluating a VAE.
type elbo struct {
	ELBO         float64 `json:"elbo"` // nats per example
	LogP         float64 `json:"logp"` // by importance sampling
	Samples      int     `json:"importance_samples"`
	Split        string  `json:"split"`
	Examples     int     `json:"examples"`
	Binarisation string  `json:"binarisation"`
}

func (e elbo) String() string {
	return fmt.Sprintf("ELBO %.2f nats, log p(x) ≥ %.2f nats with %d importance samples, on %d test examples (pixels: %s)",
		e.ELBO, e.LogP, e.Samples, e.Examples, e.Binarisation)
}

// Scores returns the bounds of the log-likelihood.
func (e elbo) Scores() family.Scores {
	return family.Scores{
		Measures: watch.Metrics{{Name: "elbo", Value: e.ELBO}, {Name: "logp", Value: e.LogP}},
		Higher:   true, Split: e.Split, Examples: e.Examples, Samples: e.Samples,
	}
}

// Evaluate measures the ELBO and the log-likelihood of held-out pictures.
func (m *model) Evaluate(ctx context.Context, o family.Evaluation) (family.Evaluated, error) {
	set, err := m.Open(ctx)
	if err != nil {
		return nil, err
	}
	n := o.Usual()
	binarize, pixels := m.Binarized(), "as they are, between 0 and 1"
	if binarize {
		pixels = "Bernoulli, one fixed sample a pixel"
	}
	e, err := m.trainer.Evaluate(ctx, set.Test, EvalOptions{Examples: n, Samples: o.Samples, Binarize: binarize, Heard: m.Env.Counter("passes")})
	return elbo{e.ELBO, e.LogP, e.Samples, "test", e.Examples, pixels}, err
}

const (
	betaKey  = "model.beta"
	mostBeta = 1_000_000
)

// Dials returns the weight of the KL term.
func (m *model) Dials() []watch.Dial {
	return []watch.Dial{{Key: betaKey, Name: "β, the weight of the KL term", Value: m.trainer.weight}}
}

// Turn changes the weight of the KL term. A checkpoint does not hold it.
func (m *model) Turn(key string, value float64) error {
	if key != betaKey || !(value >= 0 && value <= mostBeta) {
		return fmt.Errorf("%s cannot be %g: give a weight from 0 to %d", key, value, mostBeta)
	}
	return m.trainer.SetBeta(value)
}
