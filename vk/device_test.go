package vk_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"genview/shaders/spirv"
	"genview/vk"
	"genview/vk/vktest"
)

// scale is y = 2x + 1 on vectors of four, reading through texels or storage.
func scale(texels bool) *spirv.Module {
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
	b.Store(y, i, b.Add(b.Mul(b.Load(x, i), b.Float(2)), b.Float(1)))
	return b.Module()
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
		rec.Dispatch(vktest.Kernel(t, dev, scale(true)), vk.Threads(16), nil, x.View(), y.View())
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Threads(16), nil, y.View(), z.View())
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

func TestRecordingMistakes(t *testing.T) {
	dev := vktest.Open(t)
	b := vktest.Buffer(t, dev, make([]float32, 256))
	k := vktest.Kernel(t, dev, scale(false))
	for _, c := range []struct {
		want   string
		record func(r *vk.Recorder)
	}{
		{"push constants", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), struct{ A int32 }{1}, b.View(), b.View()) }},
		{"bindings", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), nil, b.View()) }},
		{"no buffer", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), nil, vk.View{}, b.View()) }},
		{"multiple", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), nil, b.Slice(4, 20), b.View()) }},
		{"workgroups", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(0), nil, b.View(), b.View()) }},
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

func TestOutOfMemory(t *testing.T) {
	dev := vktest.Open(t)
	_, err := dev.NewBuffer("huge", 1<<46)
	var m *vk.MemoryError
	var e *vk.Error
	if !errors.As(err, &m) && !errors.As(err, &e) {
		t.Errorf("got %v, want a MemoryError", err)
	}
}

func TestNoSuchDevice(t *testing.T) {
	if _, err := vk.Open(vk.Options{Device: "no such card"}); err == nil || !strings.Contains(err.Error(), "no such card") {
		t.Errorf("got %v", err)
	}
}
