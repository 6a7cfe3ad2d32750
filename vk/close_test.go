package vk_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"genview/shaders/spirv"
	"genview/vk"
	"genview/vk/vktest"
)

// failing fails the calls of one name while it is on.
type failing struct {
	call string
	with error
	on   atomic.Bool
	hits atomic.Int64
}

func (f *failing) fail(call string) error {
	if call != f.call || !f.on.Load() {
		return nil
	}
	f.hits.Add(1)
	return f.with
}

func outOf(call string) *failing {
	const outOfHostMemory = -1
	return &failing{call: call, with: &vk.Error{Call: call, Result: outOfHostMemory}}
}

// running makes a buffer and a program that has been run.
func running(t *testing.T, dev *vk.Device) (*vk.Buffer, *vk.Program) {
	t.Helper()
	b, err := dev.NewBuffer("b", 256)
	if err != nil {
		t.Fatal(err)
	}
	rec := dev.NewRecorder()
	rec.Fill(b.View(), 7)
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	vktest.Run(t, p)
	return b, p
}

// TestCloseAfterDevice closes in the wrong order: nothing that the device has freed may be used, and each call returns its error.
func TestCloseAfterDevice(t *testing.T) {
	dev := vktest.OpenUnclosed(t, vk.Options{})
	b, p := running(t, dev)
	other, err := dev.NewBuffer("other", 256)
	if err != nil {
		t.Fatal(err)
	}
	k := vktest.Kernel(t, dev, scale(false))
	if err := dev.Close(); err == nil || !strings.Contains(err.Error(), "1 programs were still open") || !strings.Contains(err.Error(), "b (256 B)") {
		t.Errorf("the device's Close returns %v, want an error that tells of the program and the buffer", err)
	}
	p.Close()
	b.Close()
	rec := dev.NewRecorder()
	rec.Dispatch(k, vk.Groups(1), b.View(), other.View())
	_, finish := rec.Finish()
	_, submit := p.Submit()
	_, timings := p.Timings()
	_, read := b.ReadAt(make([]byte, 4), 0)
	_, write := b.WriteAt(make([]byte, 4), 0)
	_, buffer := dev.NewBuffer("late", 4)
	_, kernel := dev.NewKernel(scale(true))
	for name, err := range map[string]error{
		"Finish": finish, "Submit": submit, "Timings": timings, "ReadAt": read, "WriteAt": write, "NewBuffer": buffer, "NewKernel": kernel,
	} {
		if err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("%s after Close returns %v, want an error that says closed", name, err)
		}
	}
	if b.Bytes() != nil {
		t.Error("the memory of a closed buffer can still be reached")
	}
	if err := dev.Close(); err != nil {
		t.Errorf("a second Close returns %v", err)
	}
}

// TestFailedWaitFreesNothing: while it is unknown whether a run has ended, its objects stay until the device is idle. The validation layer
// reports objects that are freed too early or never.
func TestFailedWaitFreesNothing(t *testing.T) {
	for _, call := range []string{"vkWaitForFences", "vkQueueWaitIdle"} {
		f := outOf(call)
		dev := vktest.OpenUnclosed(t, vk.Options{Fail: f.fail})
		b, p := running(t, dev)
		if _, err := p.Submit(); err != nil {
			t.Fatal(err)
		}
		f.on.Store(true)
		p.Close()
		b.Close()
		if f.hits.Load() == 0 {
			t.Errorf("closing does not call %s: this test shows nothing", call)
		}
		wantOpen := call == "vkQueueWaitIdle"
		if open := dev.Memory().Buffers == 1; open != wantOpen {
			t.Errorf("after %s has failed the buffer is there: %t, want %t", call, open, wantOpen)
		}
		if err := dev.Close(); wantOpen && err == nil {
			t.Error("the device's Close hides that the device did not become idle")
		}
	}
}

// TestFailedWaits: neither wait of a program's Close says that its run has ended. The device's Close frees it.
func TestFailedWaits(t *testing.T) {
	var on atomic.Bool
	broken := &vk.Error{Call: "any", Result: -1}
	dev := vktest.OpenUnclosed(t, vk.Options{Fail: func(call string) error {
		if on.Load() && strings.Contains(call, "Wait") {
			return broken
		}
		return nil
	}})
	b, p := running(t, dev)
	if _, err := p.Submit(); err != nil {
		t.Fatal(err)
	}
	on.Store(true)
	p.Close()
	b.Close()
	on.Store(false)
	if got := dev.OpenPrograms(); got != 1 {
		t.Errorf("%d programs are kept for the device's Close, want 1", got)
	}
	if err := dev.Close(); err != nil {
		t.Errorf("the device's Close returns %v for what was closed", err)
	}
}

// TestLostDeviceFreesAll: a lost device runs nothing any more, so that everything can be freed.
func TestLostDeviceFreesAll(t *testing.T) {
	const deviceLost = -4
	f := &failing{call: "vkWaitForFences", with: &vk.Error{Call: "vkWaitForFences", Result: deviceLost}}
	dev := vktest.OpenUnclosed(t, vk.Options{Fail: f.fail})
	b, p := running(t, dev)
	f.on.Store(true)
	if err := p.Run(t.Context()); !errors.Is(err, vk.ErrDeviceLost) {
		t.Errorf("Run returns %v, want %v", err, vk.ErrDeviceLost)
	}
	_ = dev.Memory()
	p.Close()
	if got := dev.OpenPrograms(); got != 0 {
		t.Errorf("%d programs are left", got)
	}
	f.on.Store(false)
	b.Close()
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}

// TestKernelsAreLetGo: a bounded number of unused kernels is kept, and those of open programs stay.
func TestKernelsAreLetGo(t *testing.T) {
	dev := vktest.Open(t)
	x, y := group(t, dev, 1, 2, 3, 4), group(t, dev)
	k, err := dev.NewKernel(scale(false))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := dev.NewKernel(scale(false)); same != k || err != nil {
		t.Errorf("equal shaders have two kernels (%v)", err)
	}
	k.Close()
	rec := dev.NewRecorder()
	rec.Dispatch(k, vk.Groups(1), x.View(), y.View())
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	churn := func(from int) {
		for i := range vk.IdleKernels + 10 {
			b := spirv.NewBlock("churn", 8, 1, 1)
			b.Store(b.Buffer(0, spirv.Type{Elem: spirv.Float, N: 4}, false, true), b.LocalID(0), b.Float(float64(from+i)))
			other, err := dev.NewKernel(b.Module())
			if err != nil {
				t.Fatal(err)
			}
			other.Close()
		}
	}
	churn(0)
	if n := dev.OpenKernels(); n != vk.IdleKernels+1 {
		t.Errorf("%d kernels are kept, want %d and that of the program", n, vk.IdleKernels)
	}
	vktest.Run(t, p)
	vktest.Equal(t, y, []float32{3, 5, 7, 9})
	p.Close()
	churn(1000)
	if n := dev.OpenKernels(); n != vk.IdleKernels {
		t.Errorf("%d kernels are kept, want %d", n, vk.IdleKernels)
	}
	rec = dev.NewRecorder()
	rec.Dispatch(k, vk.Groups(1), x.View(), y.View())
	if _, err := rec.Finish(); err == nil || !strings.Contains(err.Error(), "the kernel scale is closed") {
		t.Errorf("got %v, want an error that says closed", err)
	}
}

// TestKernelsAreBuiltAgain: a kernel that could not be built for a passing reason can be asked for again; one that the device does not
// take cannot.
func TestKernelsAreBuiltAgain(t *testing.T) {
	const initializationFailed = -3
	for _, c := range []struct {
		with  error
		again bool
	}{
		{&vk.Error{Call: "vkCreateComputePipelines", Result: -1}, true},
		{&vk.Error{Call: "vkCreateComputePipelines", Result: initializationFailed}, false},
	} {
		f := &failing{call: "vkCreateComputePipelines", with: c.with}
		dev := vktest.OpenWith(t, vk.Options{Fail: f.fail})
		m := scale(false)
		f.on.Store(true)
		if _, err := dev.NewKernel(m); !errors.Is(err, c.with) || vk.Unbuildable(err) == c.again {
			t.Errorf("got %v, unbuildable %t, want %v", err, vk.Unbuildable(err), c.with)
		}
		f.on.Store(false)
		if _, err := dev.NewKernel(m); (err == nil) != c.again {
			t.Errorf("after %v the kernel gives %v", c.with, err)
		}
	}
}
