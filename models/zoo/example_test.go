package zoo_test

import (
	"fmt"

	"genview/models/zoo"
)

// The presets are what can be trained by name.
func ExamplePreset() {
	p, f, ok := zoo.Preset("dcgan")
	fmt.Println(ok, f.Kind, p.About)
	// Output: true gan a GAN of pictures, whose networks are convolutional
}
