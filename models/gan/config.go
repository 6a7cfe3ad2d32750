package gan

import (
	"fmt"
	"slices"

	"genview/models/nn"
)

// Config describes a GAN and its losses.
type Config struct {
	Arch     string // "mlp", "dcgan" or "points"
	Z        int    // latent size
	Hidden   int    // mlp, points: units of the hidden layers; dcgan: channels at half the size, doubled at each further halving
	Size     int    // pictures are Size × Size; points are 1 × 2
	Channels int
	Upsample string // dcgan: the generator's layers are transposed convolutions (""), or convolutions of pictures that are enlarged by "nearest", "bilinear" or "bicubic" resizing

	Pairing string  // "relativistic": real against generated, in pairs; "non-saturating": each by itself
	R1, R2  float64 // weights γ of the gradient penalties at real and at generated examples; 0 for none
	EMA     float64 // decay of the moving average of the generator's weights
	Decay   int     // steps over which learning rate, R1 and R2 fall to 0 along half a cosine; 0: they stay
}

// PointsDefaults returns three hidden layers for points in the plane, to be trained for 12,000 steps.
func PointsDefaults() Config {
	return Config{
		Arch: "points", Z: 2, Hidden: 128, Size: 1, Channels: 1,
		Pairing: "relativistic", R1: 0.1, R2: 0.1, EMA: 0.999, Decay: 12000,
	}
}

// shape returns the shape of one example.
func (c Config) shape() []int {
	if c.Arch == "points" {
		return []int{1, 1, 2}
	}
	return []int{c.Channels, c.Size, c.Size}
}

// Defaults returns an MLP for 28×28 with the relativistic loss and both penalties (Huang et al. 2024).
func Defaults() Config {
	return Config{Arch: "mlp", Z: 100, Hidden: 256, Size: 28, Channels: 1, Pairing: "relativistic", R1: 1, R2: 1, EMA: 0.999}
}

// DCGANDefaults returns the DCGAN (Radford et al. 2016) for 32×32 with its own loss.
func DCGANDefaults() Config {
	return Config{Arch: "dcgan", Z: 100, Hidden: 32, Size: 32, Channels: 1, Pairing: "non-saturating", EMA: 0.999}
}

// Validate returns an error that says what is wrong with c and how to correct it.
func (c Config) Validate() error {
	if !slices.Contains([]string{"mlp", "dcgan", "points"}, c.Arch) {
		return fmt.Errorf(`gan: there is no architecture %q: choose "mlp", "dcgan" or "points"`, c.Arch)
	}
	if !slices.Contains([]string{"", "nearest", "bilinear", "bicubic"}, c.Upsample) {
		return fmt.Errorf(`gan: there is no upsampling %q: choose "nearest", "bilinear", "bicubic", or "" for transposed convolutions`, c.Upsample)
	}
	if !slices.Contains([]string{"relativistic", "non-saturating"}, c.Pairing) {
		return fmt.Errorf(`gan: there is no pairing %q: choose "relativistic" or "non-saturating"`, c.Pairing)
	}
	if err := nn.CheckSizes("gan", map[string]nn.Size{
		"Z": {Value: c.Z, Most: nn.MostUnits}, "Hidden": {Value: c.Hidden, Most: nn.MostUnits},
		"Size": {Value: c.Size, Most: nn.MostSide}, "Channels": {Value: c.Channels, Most: nn.MostUnits},
	}); err != nil {
		return err
	}
	if c.Arch == "dcgan" && (c.Size < 16 || c.Size%8 != 0) {
		return fmt.Errorf("gan: Size is %d and must be a multiple of 8 from 16 on, as 32 is: dcgan halves it three times", c.Size)
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"R1", c.R1}, {"R2", c.R2}} {
		if !(f.value >= 0) { // also refuses NaN
			return fmt.Errorf("gan: %s is %v and must be at least 0", f.name, f.value)
		}
	}
	if c.Decay < 0 {
		return fmt.Errorf("gan: Decay is %d and must be at least 0", c.Decay)
	}
	if !(c.EMA >= 0 && c.EMA < 1) {
		return fmt.Errorf("gan: EMA is %v and must be from 0 to below 1", c.EMA)
	}
	return nil
}
