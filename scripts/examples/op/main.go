// Command op makes an op with a gradient of its own, and trains a model that has it: an autoencoder whose code is bits. A rounding has no
// useful gradient, so its own is passed straight through, as of the identity (Bengio et al. 2013).
//
//	go run ./scripts/examples/op [STEPS]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"

	"genview/models/nn"
	"genview/models/optim"
	"genview/tensor"
	"genview/vk"
)

// bits rounds values from 0 to 1 to 0 or 1. The value is that of the rounding; the gradient is that of x, for what is added to x is
// detached from the graph.
func bits(x *tensor.Tensor) *tensor.Tensor { return x.Add(x.Round().Sub(x).Detach()) }

func main() {
	steps := 1500
	if len(os.Args) > 1 {
		var err error
		if steps, err = strconv.Atoi(os.Args[1]); err != nil || steps < 1 {
			log.Fatal("usage: op [STEPS]")
		}
	}
	if err := learn(context.Background(), steps); err != nil {
		log.Fatal(err)
	}
}

func learn(ctx context.Context, steps int) (err error) {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		return err
	}
	defer func() {
		if failed := dev.Close(); err == nil {
			err = failed
		}
	}()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()

	const batch, choices, code = 64, 16, 6
	scope := nn.NewScope(1)
	encoder, decoder := nn.NewMLP(scope.Sub("encoder"), choices, 64, code), nn.NewMLP(scope.Sub("decoder"), code, 64, choices)
	rng := tensor.NewRNG("rng", 1)
	class := rng.Uniform(batch).Scale(choices).Floor().Cast(tensor.I32)
	x := class.OneHot(choices)
	written := bits(encoder.Forward(x).Sigmoid()) // 16 things in 6 bits
	loss := decoder.Forward(written).CrossEntropy(class, tensor.CrossEntropyDefaults())
	adam := optim.NewAdam(optim.AdamConfig{LR: 3e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, scope.Vars())
	step, err := rt.Compile(tensor.Outputs{
		Fetch:  []*tensor.Tensor{loss},
		Update: append(adam.Update(tensor.Grad(loss, scope.Vars()...)), rng.Advance()),
	})
	if err != nil {
		return err
	}
	defer step.Close()
	for range steps {
		if err := step.Run(ctx, nil); err != nil {
			return err
		}
	}
	last, err := step.Float(loss)
	if err != nil {
		return err
	}
	fmt.Printf("loss %.4f nats after %d steps\n", last, steps)
	return nil
}
