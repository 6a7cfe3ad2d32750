package vk_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"genview/vk"
	"genview/vk/vktest"
)

func TestWarmComputesNothing(t *testing.T) {
	dev := vktest.Open(t)
	x, y := group(t, dev, 1, 2, 3, 4), group(t, dev)
	for _, run := range []bool{false, true} {
		rec := dev.NewRecorder()
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Groups(1), x.View(), y.View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if err := vk.Warm(t.Context(), nil, p); err != nil {
			t.Error(err)
		}
		want := make([]float32, 4)
		if run {
			vktest.Run(t, p)
			want = []float32{3, 5, 7, 9}
		}
		p.Close()
		vktest.Equal(t, y, want)
	}
}

// TestWarmAside: the device that is opened once more makes each kernel of two programs once, counts its dispatches, and computes nothing.
func TestWarmAside(t *testing.T) {
	dev := vktest.Open(t)
	x, y := group(t, dev, 1, 2, 3, 4), group(t, dev)
	program := func(kernels ...*vk.Kernel) *vk.Program {
		rec := dev.NewRecorder()
		for _, k := range kernels {
			rec.Dispatch(k, vk.Groups(1), x.View(), y.View())
		}
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		return p
	}
	plain, texels := vktest.Kernel(t, dev, scale(false)), vktest.Kernel(t, dev, scale(true))
	p, q := program(plain, texels), program(plain)
	var heard [][2]int
	made, left := vk.WarmAside(t.Context(), func(done, all int) { heard = append(heard, [2]int{done, all}) }, p, q)
	if want := [][2]int{{1, 3}, {2, 3}, {3, 3}}; made != 2 || left != 0 || !slices.Equal(heard, want) {
		t.Errorf("made %d and left %d, want 2 and 0; heard %v, want %v", made, left, heard, want)
	}
	vktest.Equal(t, y, make([]float32, 4))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if made, left := vk.WarmAside(ctx, nil, p, q); made != 0 || left != 2 {
		t.Errorf("after the end made %d and left %d, want 0 and 2", made, left)
	}
}

// TestWarmFails: if the program's own device fails, the other devices stop compiling.
func TestWarmFails(t *testing.T) {
	failed := errors.New("it fails")
	var failing atomic.Bool
	dev := vktest.OpenWith(t, vk.Options{Fail: func(string) error {
		if failing.Load() {
			return failed
		}
		return nil
	}})
	x, y := group(t, dev, 1, 2, 3, 4), group(t, dev)
	rec := dev.NewRecorder()
	for by := range 6 {
		rec.Dispatch(vktest.Kernel(t, dev, scaleBy(float64(by), false)), vk.Groups(1), x.View(), y.View())
	}
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if dev.Info().Class != vk.CPU {
		t.Skip("SKIPPED: this driver makes machine code with the kernels")
	}
	failing.Store(true)
	heard := 0
	err = vk.Warm(t.Context(), func(int, int) { heard++ }, p)
	failing.Store(false)
	if !errors.Is(err, failed) || heard > 0 {
		t.Errorf("got the error %v, and heard of %d dispatches", err, heard)
	}
}
