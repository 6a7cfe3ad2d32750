package main

import (
	"bytes"
	"fmt"
	"strings"

	"genview/models/gan"
	"genview/models/optim"
	"genview/models/vae"

	"github.com/goccy/go-yaml"
)

// config is a run's configuration, as config.yaml keeps it and --set changes it.
type config struct {
	Kind  string      `yaml:"kind"` // vae or gan
	Seed  uint64      `yaml:"seed"`
	Steps int         `yaml:"steps"`
	Batch int         `yaml:"batch"`
	Data  dataConfig  `yaml:"data"`
	Model modelConfig `yaml:"model"`
	Optim optimConfig `yaml:"optim"`
}

type dataConfig struct {
	Name     string `yaml:"name"`
	Dir      string `yaml:"dir"`
	Size     int    `yaml:"size"`
	Channels int    `yaml:"channels"`
	Binarize bool   `yaml:"binarize"` // each pixel anew 1 or 0 with its value as probability, as Bernoulli likelihoods want it
}

type modelConfig struct {
	Arch    string  `yaml:"arch"` // vae: mlp or conv; gan: mlp or dcgan
	Z       int     `yaml:"z"`
	Hidden  int     `yaml:"hidden"`
	Beta    float64 `yaml:"beta"`    // vae
	Pairing string  `yaml:"pairing"` // gan, and all below
	R1      float64 `yaml:"r1"`
	R2      float64 `yaml:"r2"`
	EMA     float64 `yaml:"ema"`
	Decay   int     `yaml:"decay"` // steps over which the learning rate and the penalties fall to 0; 0: they stay
}

type optimConfig struct {
	LR    float64 `yaml:"lr"`
	Beta1 float64 `yaml:"beta1"`
	Beta2 float64 `yaml:"beta2"`
}

// presets are what train makes, by name.
var presets = map[string]func() config{"vae": defaults, "gan": ganDefaults, "dcgan": dcganDefaults, "points": pointsDefaults}

// presetNames are in the order in which they are told.
var presetNames = []string{"vae", "gan", "dcgan", "points"}

func defaults() config {
	v, adam := vae.Defaults(), optim.AdamDefaults()
	return config{
		Kind: "vae", Seed: 1, Steps: 2000, Batch: 128,
		Data:  dataConfig{Name: "glyphs", Size: v.Size, Channels: 1, Binarize: true},
		Model: modelConfig{Arch: v.Arch, Z: v.Z, Hidden: v.Hidden, Beta: v.Beta},
		Optim: optimConfig{LR: adam.LR, Beta1: adam.Beta1, Beta2: adam.Beta2},
	}
}

func ganDefaults() config { return ofGAN(gan.Defaults(), optimConfig{LR: 2e-4, Beta1: 0, Beta2: 0.99}) }

// dcganDefaults has the rates of Radford et al. 2016.
func dcganDefaults() config {
	return ofGAN(gan.DCGANDefaults(), optimConfig{LR: 2e-4, Beta1: 0.5, Beta2: 0.999})
}

// pointsDefaults has what finds all modes of points:grid25.
func pointsDefaults() config {
	c := ofGAN(gan.PointsDefaults(), optimConfig{LR: 2e-3, Beta1: 0, Beta2: 0.99})
	c.Data.Name, c.Batch, c.Steps = "points:grid25", 256, c.Model.Decay
	return c
}

func ofGAN(g gan.Config, o optimConfig) config {
	c := defaults()
	c.Kind, c.Optim = "gan", o
	c.Data.Size, c.Data.Binarize = g.Size, false
	c.Model = modelConfig{Arch: g.Arch, Z: g.Z, Hidden: g.Hidden, Pairing: g.Pairing, R1: g.R1, R2: g.R2, EMA: g.EMA, Decay: g.Decay}
	return c
}

// set changes the field that a dotted key names, as model.z=20.
func (c *config) set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return usageError{fmt.Errorf("--set %s: write key=value, as in model.z=20", assignment)}
	}
	var doc strings.Builder
	for depth, part := range strings.Split(key, ".") {
		fmt.Fprintf(&doc, "%s%s:\n", strings.Repeat("  ", depth), part)
	}
	text := strings.TrimSuffix(doc.String(), "\n") + " " + value + "\n"
	changed := *c
	if err := yaml.NewDecoder(bytes.NewReader([]byte(text)), yaml.Strict()).Decode(&changed); err != nil {
		return usageError{fmt.Errorf("--set %s: there is no such key, or the value does not fit; keys are seed, steps, batch, data.name, data.dir, data.size, data.channels, data.binarize, model.arch, model.z, model.hidden, model.beta, model.pairing, model.r1, model.r2, model.ema, model.decay, optim.lr, optim.beta1, optim.beta2", assignment)}
	}
	*c = changed
	return nil
}

func (c *config) check() error {
	switch {
	case c.Kind != "vae" && c.Kind != "gan":
		return fmt.Errorf("the kind of model is %q; vae and gan are known", c.Kind)
	case c.Steps < 1:
		return usageError{fmt.Errorf("--steps %d: give 1 or more", c.Steps)}
	case c.Batch < 1:
		return usageError{fmt.Errorf("--batch %d: give 1 or more", c.Batch)}
	case !(c.Optim.LR > 0):
		return usageError{fmt.Errorf("optim.lr is %v and must be above 0", c.Optim.LR)}
	}
	if c.points() != strings.HasPrefix(c.Data.Name, "points:") {
		return usageError{fmt.Errorf("model.arch=%s and --data %s do not fit: genview train points takes points:ring8 or points:grid25, the others pictures", c.Model.Arch, c.Data.Name)}
	}
	for _, beta := range []float64{c.Optim.Beta1, c.Optim.Beta2} {
		if !(beta >= 0 && beta < 1) {
			return usageError{fmt.Errorf("optim.beta1 and optim.beta2 are %v and %v and must be from 0 to below 1", c.Optim.Beta1, c.Optim.Beta2)}
		}
	}
	if c.Kind == "gan" {
		return c.gan().Validate()
	}
	return c.vae().Validate()
}

func (c *config) vae() vae.Config {
	return vae.Config{
		Arch: c.Model.Arch, Z: c.Model.Z, Hidden: c.Model.Hidden, Beta: c.Model.Beta,
		Size: c.Data.Size, Channels: c.Data.Channels,
	}
}

func (c *config) gan() gan.Config {
	return gan.Config{
		Arch: c.Model.Arch, Z: c.Model.Z, Hidden: c.Model.Hidden, Size: c.Data.Size, Channels: c.Data.Channels,
		Pairing: c.Model.Pairing, R1: c.Model.R1, R2: c.Model.R2, EMA: c.Model.EMA, Decay: c.Model.Decay,
	}
}

func (c *config) adam() optim.AdamConfig {
	a := optim.AdamDefaults()
	a.LR, a.Beta1, a.Beta2 = c.Optim.LR, c.Optim.Beta1, c.Optim.Beta2
	return a
}

// points tells whether the run is of points in the plane, and not of pictures.
func (c *config) points() bool { return c.Model.Arch == "points" }

// title says what is trained, as "MLP VAE".
func (c *config) title() string {
	switch {
	case c.points():
		return "GAN of points"
	case c.Model.Arch == "dcgan":
		return "DCGAN"
	}
	return strings.ToUpper(c.Model.Arch) + " " + strings.ToUpper(c.Kind)
}
