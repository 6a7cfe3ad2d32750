package gan

import (
	"context"

	"genview/models/data"
	"genview/models/family"
	"genview/models/optim"
	"genview/models/settings"
	"genview/models/watch"
)

// Family is the family of GANs, for pictures and for points in the plane.
var Family = family.Family{
	Kind: "gan",
	Presets: []family.Preset{
		{
			Name:  "gan",
			About: "a GAN of pictures, whose networks are MLPs",
			Steps: 2000, Batch: 128,
			Settings: func() family.Settings { return preset(Defaults(), 2e-4, 0, 0.99) },
		},
		{
			Name:  "dcgan",
			About: "a GAN of pictures, whose networks are convolutional",
			Choice: &watch.Choice{
				Title: "Letters by a GAN",
				About: "Two networks play against each other: one draws letters, the other tells them from real ones. Watch both, and walk between the pictures.",
			},
			Steps: 2000, Batch: 128,
			Settings: func() family.Settings { return preset(DCGANDefaults(), 2e-4, 0.5, 0.999) }, // learning rate of Radford et al. 2016
		},
		{
			Name:  "points",
			About: "a GAN that has to find clusters of points in the plane",
			Choice: &watch.Choice{
				Title: "Points by a GAN",
				About: "A GAN has to find 25 clusters in the plane. See the points that it makes move, and what its discriminator thinks of every place.",
			},
			Steps: PointsDefaults().Decay, Batch: 256,
			Settings: func() family.Settings { // these find all modes of points:grid25
				s := preset(PointsDefaults(), 2e-3, 0, 0.99)
				s.Data.Name = "points:grid25"
				return s
			},
		},
	},
	New: func() family.Settings { return new(Settings) },
}

// Settings are the settings of a run.
type Settings struct {
	Data  data.PictureSettings `yaml:"data"`
	Model struct {
		Arch     string  `yaml:"arch,omitempty" doc:"networks: mlp and dcgan for pictures, points for points" oneof:"mlp,dcgan,points"`
		Z        int     `yaml:"z,omitempty" doc:"dimensions of the latent space" range:"[1,)" large:"yes"`
		Hidden   int     `yaml:"hidden,omitempty" doc:"mlp, points: units of the hidden layers; dcgan: channels at half the pictures' size, doubled at each further halving" range:"[1,)" large:"yes"`
		Upsample string  `yaml:"upsample,omitempty" doc:"dcgan: how the generator enlarges pictures before convolutions; empty: transposed convolutions enlarge them" oneof:",nearest,bilinear,bicubic"`
		Pairing  string  `yaml:"pairing,omitempty" doc:"the loss: relativistic compares real and generated examples in pairs, non-saturating takes each by itself" oneof:"relativistic,non-saturating"`
		R1       float64 `yaml:"r1,omitempty" doc:"weight of the gradient penalty at real examples" range:"[0,)"`
		R2       float64 `yaml:"r2,omitempty" doc:"weight of the gradient penalty at generated examples" range:"[0,)"`
		EMA      float64 `yaml:"ema,omitempty" doc:"decay rate of the generator's moving average" range:"[0,1)"`
		Decay    int     `yaml:"decay,omitempty" doc:"steps over which the learning rate and the penalties fall to 0; 0: they do not fall" range:"[0,)"`
	} `yaml:"model"`
	Optim optim.AdamSettings `yaml:"optim"`
}

func preset(c Config, lr, beta1, beta2 float64) *Settings {
	s := &Settings{Optim: optim.AdamSettings{LR: lr, Beta1: beta1, Beta2: beta2}}
	s.Data.Name, s.Data.Size, s.Data.Channels = "glyphs", c.Size, 1
	m := &s.Model
	m.Arch, m.Z, m.Hidden, m.Upsample, m.Pairing, m.R1, m.R2, m.EMA, m.Decay = c.Arch, c.Z, c.Hidden, c.Upsample, c.Pairing, c.R1, c.R2, c.EMA, c.Decay
	return s
}

// Title describes the networks.
func (s *Settings) Title() string {
	switch s.Model.Arch {
	case "points":
		return "GAN of points"
	case "dcgan":
		return "DCGAN"
	}
	return "MLP GAN"
}

// Task returns the task's name on the Hugging Face Hub; "" for points.
func (s *Settings) Task() string {
	if s.Model.Arch == "points" {
		return ""
	}
	return "unconditional-image-generation"
}

// Source returns the settings of the data.
func (s *Settings) Source() family.Source { return &s.Data }

// Config returns the description of the networks.
func (s *Settings) Config() Config {
	m := s.Model
	return Config{
		Arch: m.Arch, Z: m.Z, Hidden: m.Hidden, Size: s.Data.Size, Channels: s.Data.Channels,
		Upsample: m.Upsample, Pairing: m.Pairing, R1: m.R1, R2: m.R2, EMA: m.EMA, Decay: m.Decay,
	}
}

// Validate returns an error if the settings are wrong.
func (s *Settings) Validate() error {
	points, isPoints := s.Model.Arch == "points", data.IsPoints(s.Data.Name)
	switch {
	case points && !isPoints:
		return settings.Errorf("data.name", "is %s and must be points:ring8, points:grid25 or a file of points, as ./shape.csv: model.arch is points", s.Data.Name)
	case !points && isPoints:
		return settings.Errorf("data.name", "is %s, which takes model.arch=points: the preset is points", s.Data.Name)
	}
	check := s.Data.Validate
	if points {
		check = s.Data.SourceSettings.Validate
	}
	if err := check(); err != nil {
		return err
	}
	return s.Config().Validate()
}

// Follow adapts the settings to the pictures and the networks.
func (s *Settings) Follow(ctx context.Context, asked func(key string) bool) (string, error) {
	step, least := 1, 1
	switch s.Model.Arch {
	case "points":
		return "", nil
	case "dcgan":
		step, least = 8, 16
		if !asked("model.hidden") {
			s.Model.Hidden = DCGANDefaults().Hidden
		}
	}
	return s.Data.Follow(ctx, asked, step, least)
}

// Schedule makes the decay of learning rate and penalties, if there is any, as long as the training.
func (s *Settings) Schedule(steps int) {
	if s.Model.Decay > 0 {
		s.Model.Decay = steps
	}
}

// Build makes the model.
func (s *Settings) Build(_ context.Context, e family.Env) (family.Model, error) {
	t, err := NewTrainer(e.Runtime, s.Config(), TrainConfig{Batch: e.Batch, Adam: s.Optim.Config(), Seed: e.Seed})
	if err != nil {
		return nil, err
	}
	if s.Model.Arch == "points" {
		return newPoints(e, t, &s.Data.SourceSettings), nil
	}
	m := &pictures{Pictures: family.NewPictures(e, t, &s.Data), trainer: t}
	m.Beside()
	return m, nil
}
