package nn_test

import (
	"context"
	"fmt"
	"log"

	"genview/models/nn"
	"genview/models/optim"
	"genview/tensor"
	"genview/vk"
)

// A network learns to multiply two numbers: the program of the README.
func Example() {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()

	scope := nn.NewScope(1)
	net := nn.NewMLP(scope, 2, 32, 1)
	rng := tensor.NewRNG("rng", 1)
	x := rng.Normal(256, 2)
	target := x.Slice(1, 0, 1).Mul(x.Slice(1, 1, 2))
	loss := net.Forward(x).MSE(target).Mean()
	adam := optim.NewAdam(optim.AdamDefaults(), scope.Vars())
	step, err := rt.Compile(tensor.Outputs{
		Fetch:  []*tensor.Tensor{loss},
		Update: append(adam.Update(tensor.Grad(loss, scope.Vars()...)), rng.Advance()),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer step.Close()
	for range 2000 {
		if err := step.Run(context.Background(), nil); err != nil {
			log.Fatal(err)
		}
	}
	v, err := step.Float(loss)
	fmt.Println(v < 0.1, err)
	// Output: true <nil>
}
