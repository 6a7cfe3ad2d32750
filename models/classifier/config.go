package classifier

import (
	"fmt"
	"slices"

	"genview/models/nn"
	"genview/models/step"
)

// Config describes a classifier.
type Config struct {
	Arch     string // "cnn" or "vit"
	Classes  int
	Size     int // pictures are Size × Size
	Channels int // of the pictures
	Hidden   int // cnn: channels at full size, doubled at each of two halvings; vit: units of the feed-forward layers
	Dropout  float64

	Patch  int // vit only, like the following: patches are Patch × Patch
	Width  int // of the vectors
	Heads  int
	Layers int
}

// CNNDefaults returns a network of five convolutions for pictures like MNIST's. Classes depends on the data.
func CNNDefaults() Config {
	return Config{Arch: "cnn", Size: 28, Channels: 1, Hidden: 16}
}

// ViTDefaults returns a small Vision Transformer for pictures like MNIST's. Classes depends on the data.
func ViTDefaults() Config {
	return Config{Arch: "vit", Size: 28, Channels: 1, Hidden: 128, Patch: 4, Width: 64, Heads: 4, Layers: 4}
}

// Validate returns an error that says what is wrong with c and how to correct it.
func (c Config) Validate() error {
	if !slices.Contains([]string{"cnn", "vit"}, c.Arch) {
		return fmt.Errorf(`classifier: there is no architecture %q: choose "cnn" or "vit"`, c.Arch)
	}
	sizes := map[string]nn.Size{
		"Size": {Value: c.Size, Most: nn.MostSide}, "Channels": {Value: c.Channels, Most: nn.MostUnits},
		"Hidden": {Value: c.Hidden, Most: nn.MostUnits},
	}
	if c.Arch == "vit" {
		sizes["Patch"] = nn.Size{Value: c.Patch, Most: nn.MostSide}
		sizes["Width"], sizes["Heads"] = nn.Size{Value: c.Width, Most: nn.MostUnits}, nn.Size{Value: c.Heads, Most: nn.MostUnits}
		sizes["Layers"] = nn.Size{Value: c.Layers, Most: nn.MostLayers}
	}
	if err := nn.CheckSizes("classifier", sizes); err != nil {
		return err
	}
	switch {
	case c.Classes < 2 || c.Classes > nn.MostUnits:
		return fmt.Errorf("classifier: there are %d classes: give pictures of 2 or more", c.Classes)
	case c.Arch == "vit" && c.Size%c.Patch != 0:
		return fmt.Errorf("classifier: Size is %d and must be a multiple of Patch, %d", c.Size, c.Patch)
	case c.Arch == "vit" && c.Width%c.Heads != 0:
		return fmt.Errorf("classifier: Width is %d and must be a multiple of Heads, %d", c.Width, c.Heads)
	case !(c.Dropout >= 0 && c.Dropout < 1): // also refuses NaN
		return fmt.Errorf("classifier: Dropout is %v and must be from 0 to below 1", c.Dropout)
	}
	return nil
}

// TrainConfig says how a classifier is trained.
type TrainConfig struct {
	Batch     int
	Descent   step.Descent
	Smoothing float64 // of labels (Szegedy et al. 2015, section 7)
	Seed      uint64  // of the initial weights and of dropout
}
