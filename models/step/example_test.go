package step_test

import (
	"context"
	"fmt"
	"log"

	"genview/models/nn"
	"genview/models/optim"
	"genview/models/step"
	"genview/tensor"
	"genview/vk"
)

// A trainer learns y = 2x from batches that it is fed.
func ExampleTrainer() {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()

	t := step.New(rt, 1)
	defer t.Close()
	x, y := tensor.Input("x", tensor.F32, 4, 1), tensor.Input("y", tensor.F32, 4, 1)
	t.Inputs(x, y)
	loss := nn.NewLinear(t.Scope, 1, 1).Forward(x).MSE(y).Mean()
	adam := optim.NewAdam(optim.AdamConfig{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, t.Scope.Vars())
	t.Optimizer("", adam)
	t.Part([]step.Metric{{Name: "loss", Value: loss}}, adam.Update(tensor.Grad(loss, t.Scope.Vars()...)))
	if err := t.Compile(); err != nil {
		log.Fatal(err)
	}
	for range 300 {
		if err := t.Step(context.Background(), []float32{-1, 0, 1, 2}, []float32{-2, 0, 2, 4}); err != nil {
			log.Fatal(err)
		}
	}
	metrics, err := t.Metrics()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(metrics[0].Name, metrics[0].Value < 1e-3)
	// Output: loss true
}
