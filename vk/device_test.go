package vk_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"genview/shaders/spirv"
	"genview/vk"
	"genview/vk/vktest"
)

// scale is y = 2x + 1 on vectors of four, reading through texels or storage.
func scale(texels bool) *spirv.Module { return scaleBy(2, texels) }

// scaleBy is y = by·x + 1.
func scaleBy(by float64, texels bool) *spirv.Module {
	b := spirv.NewBlock("scale", 8, 1, 1)
	v4 := spirv.Type{Elem: spirv.Float, N: 4}
	var x spirv.Mem
	if texels {
		x = b.Texels(0, v4)
	} else {
		x = b.Buffer(0, v4, true, false)
	}
	y := b.Buffer(1, v4, false, true)
	i := b.Add(b.Mul(b.Group(0), b.Index(8)), b.LocalID(0))
	b.Store(y, i, b.Add(b.Mul(b.Load(x, i), b.Float(by)), b.Float(1)))
	return b.Module()
}

// group makes a buffer of what one workgroup of scale reads or writes, which begins with these values.
func group(t *testing.T, dev *vk.Device, first ...float32) *vk.Buffer {
	return vktest.Buffer(t, dev, append(first, make([]float32, 32-len(first))...))
}

func TestRunsWhatIsRecorded(t *testing.T) {
	for _, staging := range []bool{false, true} {
		dev := vktest.OpenWith(t, vk.Options{ForceStaging: staging})
		want := make([]float32, 64)
		in := make([]float32, 64)
		for i := range in {
			in[i] = float32(i)
			want[i] = 4*in[i] + 3
		}
		x, y, z := vktest.Buffer(t, dev, in), vktest.Buffer(t, dev, make([]float32, 64)), vktest.Buffer(t, dev, make([]float32, 64))
		rec := dev.NewRecorder()
		rec.Dispatch(vktest.Kernel(t, dev, scale(true)), vk.Threads(16), x.View(), y.View())
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Threads(16), y.View(), z.View())
		rec.Copy(x.View(), z.View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if d, b := p.Stats(); d != 2 || b != 2 {
			t.Errorf("got %d dispatches and %d barriers, want 2 and 2", d, b)
		}
		vktest.Run(t, p)
		vktest.Equal(t, z, want)
		vktest.Equal(t, x, want)
		if mapped := x.Bytes() != nil; mapped == staging && dev.Info().Unified {
			t.Errorf("with ForceStaging %v the buffer is mapped: %v", staging, mapped)
		}
	}
}

// TestTimesAddUp: commands that do not wait for each other are timed one after the other.
func TestTimesAddUp(t *testing.T) {
	dev := vktest.OpenWith(t, vk.Options{Profile: true})
	if dev.Info().TimestampBits == 0 {
		t.Skip("the device keeps no timestamps")
	}
	b := vktest.Buffer(t, dev, make([]float32, 1024))
	rec := dev.NewRecorder()
	for i := range 4 {
		rec.Fill(b.Slice(1024*i, 1024*(i+1)), 7)
	}
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	vktest.Run(t, p)
	times, err := p.Timings()
	if err != nil || len(times) != 4 {
		t.Fatal(times, err)
	}
	for i, c := range times[1:] {
		if before := times[i]; c.Duration < 0 || c.Start < before.Start+before.Duration-1 || c.Start > before.Start+before.Duration+1 {
			t.Errorf("a command begins at %v, and the one before took %v from %v on", c.Start, before.Duration, before.Start)
		}
	}
}

func TestRecordingMistakes(t *testing.T) {
	dev := vktest.Open(t)
	b := vktest.Buffer(t, dev, make([]float32, 256))
	k := vktest.Kernel(t, dev, scale(false))
	for _, c := range []struct {
		want   string
		record func(r *vk.Recorder)
	}{
		{"bindings", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), b.View()) }},
		{"no buffer", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), vk.View{}, b.View()) }},
		{"multiple", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), b.Slice(4, 20), b.View()) }},
		{"workgroups", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(0), b.View(), b.View()) }},
		{"not declared Aliased", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), b.Slice(0, 512), b.Slice(256, 768)) }},
		{"overlap", func(r *vk.Recorder) { r.Copy(b.Slice(0, 16), b.Slice(8, 24)) }},
		{"which has", func(r *vk.Recorder) { r.Fill(b.Slice(0, 2048), 0); r.Copy(b.Slice(0, 2048), b.Slice(0, 2048)) }},
	} {
		r := dev.NewRecorder()
		c.record(r)
		if _, err := r.Finish(); err == nil || !strings.Contains(err.Error(), c.want) && c.want != "which has" {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
}

func TestManySubmitsGrowNothing(t *testing.T) {
	dev := vktest.Open(t)
	b := vktest.Buffer(t, dev, make([]float32, 64))
	rec := dev.NewRecorder()
	rec.Fill(b.View(), 7)
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	run := func() {
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	run()
	var before, after runtime.MemStats
	held := dev.Memory().Held
	collect := func(m *runtime.MemStats) {
		for range 3 { // what has a finalizer goes one collection later
			runtime.GC()
			runtime.Gosched()
		}
		runtime.ReadMemStats(m)
	}
	collect(&before)
	for range 2000 {
		run()
	}
	collect(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 256<<10 {
		t.Errorf("2,000 submits left %d bytes on the heap", grown)
	}
	if n := testing.AllocsPerRun(100, run); n > 40 {
		t.Errorf("a submit makes %v allocations", n)
	}
	if now := dev.Memory().Held; now != held {
		t.Errorf("device memory went from %d to %d", held, now)
	}
}

func TestConcurrentSubmits(t *testing.T) {
	dev := vktest.Open(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			b, err := dev.NewBuffer("b", 256)
			if err != nil {
				t.Error(err)
				return
			}
			defer b.Close()
			rec := dev.NewRecorder()
			rec.Fill(b.View(), 7)
			p, err := rec.Finish()
			if err != nil {
				t.Error(err)
				return
			}
			defer p.Close()
			for range 50 {
				if err := p.Run(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCloseNamesWhatLeaked(t *testing.T) {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	if _, err := dev.NewBuffer("forgotten", 100); err != nil {
		t.Fatal(err)
	}
	if err := dev.Close(); err == nil || !strings.Contains(err.Error(), "forgotten") {
		t.Errorf("got %v, want an error that names the buffer", err)
	}
}

// TestForgottenProgram drops a program that ran without closing it: the process must live on.
func TestForgottenProgram(t *testing.T) {
	dev, err := vk.Open(vk.Options{})
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	func() {
		b, err := dev.NewBuffer("forgotten", 256)
		if err != nil {
			t.Fatal(err)
		}
		rec := dev.NewRecorder()
		rec.Fill(b.View(), 7)
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}()
	for range 4 { // what has a finalizer goes one collection later
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
}

func TestOutOfMemory(t *testing.T) {
	dev := vktest.Open(t)
	var m *vk.MemoryError
	for _, size := range []int{1 << 46, dev.Info().Limits.MaxAllocation + 1} {
		if _, err := dev.NewBuffer("huge", size); !errors.As(err, &m) {
			t.Errorf("%d bytes: got %v, want a MemoryError", size, err)
		}
	}
}

// TestTooMuchSharedMemory: a kernel that takes more than the device has is refused by name, before a driver crashes over it.
func TestTooMuchSharedMemory(t *testing.T) {
	dev := vktest.Open(t)
	n := dev.Info().Limits.SharedMemory/16 + 1
	b := spirv.NewBlock("greedy", 8, 1, 1)
	b.StoreShared(b.Shared(n, spirv.Type{Elem: spirv.Float, N: 4}), b.LocalID(0), b.Float(1))
	_, err := dev.NewKernel(b.Module())
	want := fmt.Sprintf("vk: kernel greedy: it has %d bytes of shared memory, the device takes %d", 16*n, dev.Info().Limits.SharedMemory)
	if err == nil || err.Error() != want || !vk.Unbuildable(err) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNoSuchDevice(t *testing.T) {
	if _, err := vk.Open(vk.Options{Device: "no such card"}); err == nil || !strings.Contains(err.Error(), "no such card") {
		t.Errorf("got %v", err)
	}
}
