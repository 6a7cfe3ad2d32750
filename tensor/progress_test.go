package tensor_test

import (
	"errors"
	"sync"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// TestProgress checks that compiling and warming up report every kernel, and that they end if the callback returns an error.
func TestProgress(t *testing.T) {
	dev := vktest.Open(t)
	var mu sync.Mutex
	var heard [][2]int
	var answer error
	rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Without: []tensor.Pass{tensor.Fuse}, Progress: func(done, all int) error {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, [2]int{done, all})
		return answer
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	x := tensor.Input("x", tensor.F32, 3, 5)
	out := tensor.Outputs{Fetch: []*tensor.Tensor{x.Exp().Sin().Tanh().Shift(1)}}
	if _, err := rt.Floats(tensor.Full(1, 2).Shift(1)); err != nil { // the first program also tries which kernels are right
		t.Fatal(err)
	}
	heard = nil
	p, err := rt.Compile(out)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	counted := func(what string, upTo int) {
		t.Helper()
		all := p.Dispatches()
		if len(heard) != upTo || all < 4 {
			t.Errorf("%s: heard %v, of a program of %d kernels", what, heard, all)
		}
		for i, h := range heard {
			if h != [2]int{i + 1, all} {
				t.Errorf("%s: heard %v, of a program of %d kernels", what, heard, all)
			}
		}
		heard = nil
	}
	counted("Compile", p.Dispatches())
	warmed := 0
	if dev.Info().Lavapipe {
		warmed = p.Dispatches()
	}
	if err := tensor.Warm(t.Context(), p); err != nil {
		t.Error(err)
	}
	counted("Warm", warmed)
	answer = errors.New("enough")
	if q, err := rt.Compile(out); !errors.Is(err, answer) {
		t.Errorf("Compile gave %v, %v; want %v", q, err, answer)
	}
	counted("Compile that is ended", 1)
	if err := tensor.Warm(t.Context(), p); warmed > 0 && !errors.Is(err, answer) {
		t.Errorf("Warm gave %v, want %v", err, answer)
	}
	counted("Warm that is ended", min(warmed, 1))
}
