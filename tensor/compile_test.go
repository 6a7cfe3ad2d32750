package tensor

import (
	"fmt"
	"strings"
	"testing"

	"genview/shaders/spirv"
	"genview/vk/vktest"
)

// TestFirstKernelsErrorIsReturned compiles programs of which several kernels cannot be made, at the same time as others can.
func TestFirstKernelsErrorIsReturned(t *testing.T) {
	rt := NewRuntime(vktest.Open(t))
	defer rt.Close()
	for round := range 20 {
		var fetch []*Tensor
		for i := range 12 {
			name, local := fmt.Sprintf("no%d.", i), 1
			if i >= 4 {
				local = 1<<20 + 12*round + i
			}
			fetch = append(fetch, Op{
				Name: name, Shape: []int{4}, DType: F32,
				Kernel: func(*fusion, *unit, Target) generated {
					return generated{module: spirv.NewBlock(name, local, 1, 1).Module(), groups: 1}
				},
			}.On())
		}
		if _, err := rt.Compile(Outputs{Fetch: fetch}); err == nil || !strings.Contains(err.Error(), "kernel no4.") {
			t.Fatalf("got %v, want the error of kernel no4", err)
		}
	}
}
