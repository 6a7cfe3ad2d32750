package tensor_test

import (
	"context"
	"fmt"
	"log"

	"genview/tensor"
	"genview/vk"
)

// A gradient is a tensor like any other and can be differentiated again: the gradient of x³ is 3x², and the gradient of that is 6x.
func ExampleGrad() {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	rt := tensor.NewRuntime(dev)
	defer rt.Close()

	x := tensor.Const([]float32{1, 2, 3}, 3)
	first := tensor.Grad(x.Mul(x).Mul(x).Sum(), x)[0]
	second := tensor.Grad(first.Sum(), x)[0]
	p, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{first, second}})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if err := p.Run(context.Background(), nil); err != nil {
		log.Fatal(err)
	}
	for _, g := range []*tensor.Tensor{first, second} {
		values := make([]float32, 3)
		if err := p.Fetch(g, values); err != nil {
			log.Fatal(err)
		}
		fmt.Println(values)
	}
	// Output:
	// [3 12 27]
	// [6 12 18]
}
