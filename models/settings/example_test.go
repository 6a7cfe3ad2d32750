package settings_test

import (
	"fmt"

	"genview/models/settings"
)

// Settings are a struct whose tags say all that is known of them.
func Example() {
	var s struct {
		Model struct {
			Z    int    `yaml:"z" doc:"dimensions of the latent space" range:"[1,1024]"`
			Arch string `yaml:"arch" oneof:"mlp,conv"`
		} `yaml:"model"`
	}
	fmt.Println(settings.Decode([]byte("model:\n  z: 20\n  arch: conf\n"), &s))
	fmt.Println(settings.Check(s))
	fmt.Println(settings.Set("model.z", "2.5", &s))
	for _, one := range settings.List(s) {
		fmt.Println(one.Key, one.Value, one.Allowed)
	}
	// Output:
	// <nil>
	// model.arch is "conf" and must be mlp or conv; did you mean conv?
	// model.z takes a whole number, not 2.5
	// model.z 20 from 1 to 1024
	// model.arch conf mlp or conv
}
