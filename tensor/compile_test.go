package tensor

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"genview/shaders/spirv"
	"genview/tensor/internal/codegen"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/vk"
	"genview/vk/vktest"
)

// TestFirstKernelsErrorIsReturned compiles programs in which several kernels cannot be made, at the same time as others can.
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
				kernel: block{name, local},
			}.On())
		}
		if _, err := rt.Compile(Outputs{Fetch: fetch}); err == nil || !strings.Contains(err.Error(), "kernel no4.") {
			t.Fatalf("got %v, want the error of kernel no4", err)
		}
	}
}

// A block is a kernel that does nothing, in workgroups of a given size.
type block struct {
	name  string
	local int
}

func (block) Reads(int, View) bool { return true }
func (block) Joins() bool          { return false }
func (k block) Write(*fuse.Fusion, *fuse.Unit, ir.Target) codegen.Generated {
	return codegen.Generated{Module: spirv.NewBlock(k.name, k.local, 1, 1).Module(), Groups: 1}
}

// TestWrongKernelsAreNotUsed checks that a runtime finds out that the kernels for lavapipe are wrong.
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
			rt.trial = func(*Runtime) error { return ErrWrong }
		}
		got, err := rt.Floats(Const([]float32{1, 2, 3, 4}, 4).Sum())
		if err != nil || got[0] != 10 || rt.target.CPU == wrong {
			t.Errorf("wrong %t: got %v (%v), kernels for lavapipe: %t", wrong, got, err, rt.target.CPU)
		}
		rt.Close()
	}
}

// TestPassingErrorsChooseNoKernels fails each driver call of the first compilation once, one after the other. The error must leave
// nothing behind, and the next compilation must take the same kernels as without it.
func TestPassingErrorsChooseNoKernels(t *testing.T) {
	var left atomic.Int64 // calls until one fails
	var failed atomic.Pointer[vk.Error]
	fail := func(call string) error {
		if call == "vkQueueWaitIdle" || left.Add(-1) != 0 {
			return nil
		}
		const outOfDeviceMemory = -2
		e := &vk.Error{Call: call, Result: outOfDeviceMemory}
		failed.Store(e)
		return e
	}
	seen := map[string]bool{}
	for n := int64(1); ; n++ {
		dev := vktest.OpenWith(t, vk.Options{Fail: fail}) // it has no kernels yet
		want := ForGPU
		if dev.Info().Lavapipe {
			want = ForLavapipe
		}
		rt := NewRuntime(dev)
		failed.Store(nil)
		left.Store(n)
		_, err := rt.Floats(Const([]float32{1, 2, 3, 4}, 4).Sum())
		e := failed.Load()
		if e == nil {
			rt.Close()
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		seen[e.Call] = true
		if again := err == nil && (e.Call == "vkAllocateMemory" || e.Call == "vkMapMemory"); !errors.Is(err, e) && !again { // a smaller memory block may be enough
			t.Errorf("call %d, %s, fails, and the error is %v", n, e.Call, err)
		}
		got, err := rt.Floats(Const([]float32{1, 2, 3, 4}, 4).Sum())
		if err != nil || got[0] != 10 {
			t.Errorf("after call %d, %s, failed once, the sum is %v (%v), want 10", n, e.Call, got, err)
		}
		if f, err := rt.Family(); f != want || err != nil {
			t.Errorf("after call %d, %s, failed once, the kernels are those for %s (%v), want %s", n, e.Call, f, err, want)
		}
		rt.Close()
		if open := dev.Memory().Buffers; open != 0 {
			t.Fatalf("after call %d, %s, failed once, %d buffers are left", n, e.Call, open)
		}
	}
	for _, call := range []string{"vkAllocateMemory", "vkCreateComputePipelines", "vkQueueSubmit", "vkWaitForFences"} {
		if !seen[call] {
			t.Errorf("%s was never made to fail", call)
		}
	}
}

// TestUnfitKernelsAreNotUsed checks that a missing feature, or a kernel that the driver does not compile, is no passing error.
func TestUnfitKernelsAreNotUsed(t *testing.T) {
	dev := vktest.Open(t)
	if !dev.Info().Lavapipe {
		t.Skip("on lavapipe only")
	}
	for _, err := range []error{ErrWrong, &vk.LimitError{Asked: "too much"}, &vk.Error{Call: "vkCreateComputePipelines", Result: -13}} {
		rt := NewRuntime(dev)
		rt.trial = func(*Runtime) error { return err }
		if f, got := rt.Family(); f != ForGPU || got != nil {
			t.Errorf("after %v the kernels are those for %s (%v), want gpu", err, f, got)
		}
		rt.Close()
		asked, made := NewRuntimeWith(dev, Options{Family: ForLavapipe})
		if made != nil {
			t.Fatal(made)
		}
		asked.trial = func(*Runtime) error { return err }
		if _, got := asked.Family(); !errors.Is(got, err) {
			t.Errorf("kernels that were asked for are unfit, and Family returns %v, want %v", got, err)
		}
		asked.Close()
	}
}
