package inspect_test

import (
	"context"
	"fmt"
	"log"

	"genview/models/inspect"
	"genview/models/nn"
	"genview/tensor"
	"genview/vk"
)

// The parameters of a layer, with their shapes.
func ExampleNew() {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	scope := nn.NewScope(1)
	nn.NewLinear(scope.Sub("fc"), 3, 2)

	in, err := inspect.New(rt, scope.Named(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	v, err := in.Look(context.Background(), 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range v.Layers {
		fmt.Println(p.Name, p.Shape)
	}
	// Output:
	// fc.weight [2 3]
	// fc.bias [2]
}
