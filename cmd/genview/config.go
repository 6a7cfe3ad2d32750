package main

import (
	"bytes"
	"fmt"
	"strings"

	"genview/models/vae"

	"github.com/goccy/go-yaml"
)

// config is a run's configuration, as config.yaml keeps it and --set changes it.
type config struct {
	Kind  string      `yaml:"kind"` // vae
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
	Arch   string  `yaml:"arch"` // mlp or conv
	Z      int     `yaml:"z"`
	Hidden int     `yaml:"hidden"`
	Beta   float64 `yaml:"beta"`
}

type optimConfig struct {
	LR float64 `yaml:"lr"`
}

func defaults() config {
	v := vae.Defaults()
	return config{
		Kind: "vae", Seed: 1, Steps: 2000, Batch: 128,
		Data:  dataConfig{Name: "glyphs", Size: v.Size, Channels: 1, Binarize: true},
		Model: modelConfig{Arch: v.Arch, Z: v.Z, Hidden: v.Hidden, Beta: v.Beta},
		Optim: optimConfig{LR: 1e-3},
	}
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
		return usageError{fmt.Errorf("--set %s: there is no such key, or the value does not fit; keys are seed, steps, batch, data.name, data.dir, data.size, data.channels, data.binarize, model.arch, model.z, model.hidden, model.beta, optim.lr", assignment)}
	}
	*c = changed
	return nil
}

func (c *config) check() error {
	switch {
	case c.Kind != "vae":
		return fmt.Errorf("the kind of model is %q; vae is known", c.Kind)
	case c.Steps < 1:
		return usageError{fmt.Errorf("--steps %d: give 1 or more", c.Steps)}
	case c.Batch < 1:
		return usageError{fmt.Errorf("--batch %d: give 1 or more", c.Batch)}
	case !(c.Optim.LR > 0):
		return usageError{fmt.Errorf("optim.lr is %v and must be above 0", c.Optim.LR)}
	}
	return c.vae().Validate()
}

func (c *config) vae() vae.Config {
	return vae.Config{
		Arch: c.Model.Arch, Z: c.Model.Z, Hidden: c.Model.Hidden, Beta: c.Model.Beta,
		Size: c.Data.Size, Channels: c.Data.Channels,
	}
}
