package classifier_test

import (
	"fmt"
	"log"

	"genview/models/classifier"
	"genview/models/nn"
	"genview/tensor"
)

// A Vision Transformer is a graph: pictures become logits.
func ExampleNew() {
	c := classifier.ViTDefaults()
	c.Classes = 10
	m, err := classifier.New(nn.NewScope(1), c)
	if err != nil {
		log.Fatal(err)
	}
	pictures := tensor.Input("pictures", tensor.F32, 8, c.Channels, c.Size, c.Size)
	fmt.Println(m.Forward(nn.Eval(), pictures).Shape())
	// Output: [8 10]
}
