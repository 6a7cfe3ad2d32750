package vae

import (
	"fmt"
	"slices"

	"genview/models/nn"
)

// Config describes a VAE.
type Config struct {
	Arch     string  // "mlp" or "conv"
	Z        int     // latent size
	Hidden   int     // mlp: units of the hidden layers; conv: channels at half the pictures' size, doubled at a quarter
	Size     int     // pictures are Size × Size
	Channels int     // of the pictures
	Beta     float64 // weight of the KL term (Higgins et al. 2017); 1 gives the ELBO
}

// Defaults returns the MLP of the PyTorch examples for MNIST: 784-400-20-400-784.
func Defaults() Config {
	return Config{Arch: "mlp", Z: 20, Hidden: 400, Size: 28, Channels: 1, Beta: 1}
}

// ConvDefaults returns the convolutional network for MNIST.
func ConvDefaults() Config {
	return Config{Arch: "conv", Z: 20, Hidden: 32, Size: 28, Channels: 1, Beta: 1}
}

// Validate returns an error that says what is wrong with c and how to correct it.
func (c Config) Validate() error {
	if !slices.Contains([]string{"mlp", "conv"}, c.Arch) {
		return fmt.Errorf(`vae: there is no architecture %q: choose "mlp" or "conv"`, c.Arch)
	}
	if err := nn.CheckSizes("vae", map[string]nn.Size{
		"Z": {Value: c.Z, Most: nn.MostUnits}, "Hidden": {Value: c.Hidden, Most: nn.MostUnits},
		"Size": {Value: c.Size, Most: nn.MostSide}, "Channels": {Value: c.Channels, Most: nn.MostUnits},
	}); err != nil {
		return err
	}
	if c.Arch == "conv" && c.Size%4 != 0 {
		return fmt.Errorf("vae: Size is %d and must be a multiple of 4, as 28 and 32 are: conv halves it twice", c.Size)
	}
	if !(c.Beta >= 0) { // also refuses NaN
		return fmt.Errorf("vae: Beta is %v and must be at least 0", c.Beta)
	}
	return nil
}
