package family_test

import (
	"fmt"

	"genview/models/family"
)

// An ability is asked for; a model that lacks it is named with what it lacks.
func ExampleAs() {
	var m family.Model // of a GPT
	_, err := family.As[family.Encoder]("GPT", m)
	fmt.Println(err)
	// Output: the model is a GPT, which cannot encode pictures, as VAEs can
}
