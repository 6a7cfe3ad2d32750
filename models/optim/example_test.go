package optim_test

import (
	"context"
	"fmt"
	"log"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk"
)

// Adam finds the least of (x − 3)².
func ExampleNewAdam() {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()

	x := tensor.Var("x", tensor.Full(0, 1))
	loss := x.Shift(-3).Square().Sum()
	adam := optim.NewAdam(optim.AdamConfig{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, []*tensor.Tensor{x})
	step, err := rt.Compile(tensor.Outputs{Update: adam.Update(tensor.Grad(loss, x))})
	if err != nil {
		log.Fatal(err)
	}
	defer step.Close()
	for range 300 {
		if err := step.Run(context.Background(), nil); err != nil {
			log.Fatal(err)
		}
	}
	found, err := rt.Floats(x)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", found[0])
	// Output: 3.00
}
