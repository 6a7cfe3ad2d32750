package text_test

import (
	"fmt"

	"genview/models/transformer/text"
)

// A setting that does not fit is named.
func ExampleSettings() {
	s := text.DefaultSettings()
	fmt.Println(s.Title(), s.Validate())
	// Output: GPT data.name is missing: say what text to learn from
}
