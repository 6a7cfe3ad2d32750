package translate_test

import (
	"fmt"

	"genview/models/transformer/translate"
)

// A family has presets with their settings.
func ExampleSettings() {
	p := translate.Family.Presets[0]
	s := p.Settings().(*translate.Settings)
	s.Schedule(600)
	fmt.Println(p.Name, s.Title(), s.Model.Width, s.Optim.Decay)
	// Output: translate Transformer 128 600
}
