package transformer_test

import (
	"fmt"
	"log"

	"genview/models/nn"
	"genview/models/transformer"
	"genview/tensor"
)

// A GPT is a graph: tokens become logits.
func ExampleNewGPT() {
	c := transformer.GPTDefaults()
	c.Vocab = 65
	m, err := transformer.NewGPT(nn.NewScope(1), c)
	if err != nil {
		log.Fatal(err)
	}
	tokens := tensor.Input("tokens", tensor.I32, 8, c.Context)
	fmt.Println(m.Forward(nn.Eval(), tokens).Shape())
	// Output: [8 64 65]
}
