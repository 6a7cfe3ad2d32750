package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"genview/models/train"
	"genview/vk"
	"genview/vk/vktest"
)

// A fault is what a test has a device's calls fail with.
type fault struct {
	call   string
	result int32
	staged bool // the device's memory is not mapped, so that uploads are submissions
	always bool // once it has failed, it always does

	mu    sync.Mutex
	armed int // the call of that many is the first to fail; 0: none does
	lost  bool
	count int
}

const outOfDeviceMemory, deviceLost = -2, -4

// fail is [vk.Options.Fail]: one call fails, or, if the device is lost, all do until it is opened anew.
func (f *fault) fail(call string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if call == "vkCreateDevice" {
		f.lost = false
	}
	if call == f.call && f.armed > 0 {
		if f.armed--; f.armed == 0 {
			f.count++
			f.lost = f.result == deviceLost
			if call == "vkWaitForFences" { // a device that is lost computes no more
				time.Sleep(100 * time.Millisecond)
			}
			return &vk.Error{Call: call, Result: f.result}
		}
	}
	if f.always && f.count > 0 && call == f.call {
		return &vk.Error{Call: call, Result: f.result}
	}
	if f.lost {
		return &vk.Error{Call: call, Result: deviceLost}
	}
	return nil
}

func (f *fault) counted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

func (f *fault) arm(at int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = at
}

// on returns a host whose devices have the fault.
func (f *fault) on(t *testing.T) Host {
	h := host(t)
	h.Options = func(o *vk.Options) {
		o.Fail, o.ForceStaging = f.fail, f.staged
		if f.call != "vkWaitForFences" { // the validation layer does not know that the device is lost, and computes no more
			*o = vktest.Options(t, *o)
		}
	}
	return h
}

func bitsOf(t *testing.T, dir string) []byte {
	t.Helper()
	folder, err := train.OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	path, _, err := folder.Newest()
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFaultsInTraining: the device is lost, or has no memory, when something is compiled, allocated, mapped, recorded, uploaded, submitted or
// waited for in training. A lost device is opened anew. Without memory training goes on without what there is none for, or ends with one line that says
// what can be made smaller, and goes on later. The bits are always those of a run without faults.
func TestFaultsInTraining(t *testing.T) {
	set := []string{"eval.every=4", "save.every=3"}
	o := train.Options{LogEvery: 2, SampleEvery: 4}
	whole := filepath.Join(t.TempDir(), "whole")
	undisturbed, err := host(t).Create(t.Context(), whole, small(t, 8, set...))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(undisturbed.Train(t.Context(), o), undisturbed.Close()); err != nil {
		t.Fatal(err)
	}
	want := bitsOf(t, whole)
	const uploads = "uploads: "
	for _, name := range []string{
		"vkCreateComputePipelines", "vkAllocateMemory", "vkMapMemory", "vkAllocateCommandBuffers", "vkQueueSubmit", "vkWaitForFences",
		uploads + "vkQueueSubmit",
	} {
		for _, result := range []int32{deviceLost, outOfDeviceMemory} {
			t.Run(name+map[int32]string{deviceLost: " lost", outOfDeviceMemory: " memory"}[result], func(t *testing.T) {
				call, staged := strings.CutPrefix(name, uploads)
				f := &fault{call: call, result: result, staged: staged}
				h, said, dir := f.on(t), "", filepath.Join(t.TempDir(), "run")
				h.Notice = func(line string) { said += line + "\n" }
				training, err := h.Create(t.Context(), dir, small(t, 8, set...))
				if err != nil {
					t.Fatal(err)
				}
				o := o
				o.OnStep = func(step int, _ time.Duration) {
					if once := f.counted() == 0; once && (step == 5 || step == 3 && (call != "vkQueueSubmit" && call != "vkWaitForFences")) {
						f.arm(1) // of the looks at step 4, or of step 6
					}
				}
				err = training.Train(t.Context(), o)
				closed := training.Close()
				if f.counted() == 0 {
					t.Fatalf("%s was not called", call)
				}
				switch {
				case err == nil && closed == nil && said == "":
					t.Error("nothing was said")
				case result == deviceLost && err != nil:
					t.Errorf("a lost device ends the training: %v", err)
				case err != nil:
					for _, part := range []string{"out of device memory", "held ", "free at most ", "checkpoint is of step ", "model.hidden=8"} {
						if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), part) {
							t.Errorf("got the error %q, want %q in it", err, part)
						}
					}
					resume(t, dir)
				}
				if !bytes.Equal(bitsOf(t, dir), want) {
					t.Errorf("the bits are not those of a run without faults; it said %s (%v)", said, err)
				}
			})
		}
	}
}

// resume goes on with a run to its end.
func resume(t *testing.T, dir string) {
	t.Helper()
	c, folder, err := Read(dir, Place{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := host(t).Resume(t.Context(), folder, c, Newest, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(again.Train(t.Context(), train.Options{}), again.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestFaultsInTheBeginning: a device that is lost or has no memory before the first step is one error, and nothing is left of the run.
func TestFaultsInTheBeginning(t *testing.T) {
	for _, call := range []string{"vkCreateComputePipelines", "vkAllocateMemory", "vkMapMemory", "vkAllocateCommandBuffers"} {
		for _, result := range []int32{deviceLost, outOfDeviceMemory} {
			f := &fault{call: call, result: result, armed: 1, always: true}
			h, dir := f.on(t), filepath.Join(t.TempDir(), "run")
			training, err := h.Create(t.Context(), dir, small(t, 8))
			if err == nil { // nothing needed the device before the first step
				err = errors.Join(training.Train(t.Context(), train.Options{}), training.Close())
				if result == deviceLost && err == nil {
					continue
				}
			} else if gone := train.CheckNew(dir); gone != nil {
				t.Errorf("%s: %v is left behind: %v", call, dir, gone)
			}
			switch {
			case f.count == 0:
				t.Errorf("%s was not called", call)
			case err == nil:
				t.Errorf("%s with %d: no error", call, result)
			case result == deviceLost && !errors.Is(err, vk.ErrDeviceLost):
				t.Errorf("%s: got %v, want that the device is lost", call, err)
			case result == outOfDeviceMemory && (!errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "held ") || !strings.Contains(err.Error(), "model.hidden=8")):
				t.Errorf("%s: got %v, want what is held, and the settings that can be made smaller", call, err)
			}
		}
	}
}
