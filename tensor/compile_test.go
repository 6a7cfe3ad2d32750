package tensor

import (
	"errors"
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

// TestWrongKernelsAreNotUsed has a runtime find out that the kernels for lavapipe are wrong.
func TestWrongKernelsAreNotUsed(t *testing.T) {
	dev := vktest.Open(t)
	if !dev.Info().Lavapipe {
		t.Skip("on lavapipe only")
	}
	for _, wrong := range []bool{false, true} {
		rt := NewRuntime(dev)
		if err := rt.try(); err != nil {
			t.Fatal(err)
		}
		if wrong {
			rt.trial = func(*Runtime) error { return errors.New("wrong") }
		}
		got, err := rt.Floats(Const([]float32{1, 2, 3, 4}, 4).Sum())
		if err != nil || got[0] != 10 || rt.target.CPU == wrong {
			t.Errorf("wrong %t: got %v (%v), kernels for lavapipe: %t", wrong, got, err, rt.target.CPU)
		}
		rt.Close()
	}
}
