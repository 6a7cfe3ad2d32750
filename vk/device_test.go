package vk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

func TestWarmComputesNothing(t *testing.T) {
	dev := vktest.Open(t)
	x, y := group(t, dev, 1, 2, 3, 4), group(t, dev)
	for _, run := range []bool{false, true} {
		rec := dev.NewRecorder()
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Groups(1), nil, x.View(), y.View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Warm(t.Context(), nil); err != nil {
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

// TestWarmAside: the device that is opened once more makes each kernel once, counts its dispatches, and computes nothing.
func TestWarmAside(t *testing.T) {
	dev := vktest.Open(t)
	x, y := group(t, dev, 1, 2, 3, 4), group(t, dev)
	rec := dev.NewRecorder()
	for _, k := range []*vk.Kernel{vktest.Kernel(t, dev, scale(false)), vktest.Kernel(t, dev, scale(true)), vktest.Kernel(t, dev, scale(false))} {
		rec.Dispatch(k, vk.Groups(1), nil, x.View(), y.View())
	}
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var heard [][2]int
	made, left := p.WarmAside(t.Context(), func(done, all int) { heard = append(heard, [2]int{done, all}) })
	if want := [][2]int{{1, 3}, {2, 3}, {3, 3}}; made != 2 || left != 0 || !slices.Equal(heard, want) {
		t.Errorf("made %d and left %d, want 2 and 0; heard %v, want %v", made, left, heard, want)
	}
	vktest.Equal(t, y, make([]float32, 4))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if made, left := p.WarmAside(ctx, nil); made != 0 || left != 2 {
		t.Errorf("after the end made %d and left %d, want 0 and 2", made, left)
	}
}

// TestWarmFails: where the program's own device fails, nobody goes on making machine code for it.
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
		rec.Dispatch(vktest.Kernel(t, dev, scaleBy(float64(by), false)), vk.Groups(1), nil, x.View(), y.View())
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
	err = p.Warm(t.Context(), func(int, int) { heard++ })
	failing.Store(false)
	if !errors.Is(err, failed) || heard > 0 {
		t.Errorf("got the error %v, and heard of %d dispatches", err, heard)
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
		{"not declared Aliased", func(r *vk.Recorder) { r.Dispatch(k, vk.Groups(1), nil, b.Slice(0, 512), b.Slice(256, 768)) }},
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

func TestPipelinesAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "vk")
	use := func() (path string, loaded int, data []byte) {
		dev := vktest.OpenWith(t, vk.Options{CacheDir: dir})
		y := vktest.Buffer(t, dev, make([]float32, 64))
		rec := dev.NewRecorder()
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Threads(16), nil, vktest.Buffer(t, dev, make([]float32, 64)).View(), y.View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		vktest.Run(t, p)
		vktest.Equal(t, y, slices.Repeat([]float32{1}, 64))
		p.Close()
		return dev.CachePath(), dev.CacheLoaded(), dev.CacheData()
	}
	path, loaded, data := use()
	if loaded != 0 || len(data) < 32 {
		t.Fatalf("with an empty folder %d bytes were loaded; the cache has %d", loaded, len(data))
	}
	if err := vk.WriteCache(path, data); err != nil {
		t.Fatal(err)
	}
	if _, loaded, _ := use(); loaded != len(data) {
		t.Errorf("%d of %d bytes were loaded", loaded, len(data))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign := slices.Clone(data)
	foreign[8]++ // the vendor
	for name, spoil := range map[string]func() error{
		"damaged": func() error {
			p := slices.Clone(whole)
			p[len(p)-1]++
			return os.WriteFile(path, p, 0o644)
		},
		"cut":     func() error { return os.WriteFile(path, whole[:len(whole)-1], 0o644) },
		"tiny":    func() error { return os.WriteFile(path, whole[:9], 0o644) },
		"foreign": func() error { return vk.WriteCache(path, foreign) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, loaded, _ := use(); loaded != 0 {
			t.Errorf("%d bytes of a %s file were loaded", loaded, name)
		}
	}
}

// TestKeepingClears: what is kept takes the place of what was, and of what processes left that were killed as they wrote it.
func TestKeepingClears(t *testing.T) {
	dir := t.TempDir()
	dev := vktest.OpenWith(t, vk.Options{CacheDir: dir})
	dev.Keep("verdict", "wrong")
	names, err := filepath.Glob(filepath.Join(dir, "verdict-*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("kept as %q, %v", names, err)
	}
	left := filepath.Join(dir, "."+filepath.Base(names[0])+".abcdefgh.genview-partial")
	if err := os.WriteFile(left, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	dev.Keep("verdict", "right")
	if got := dev.Recall("verdict"); got != "right" {
		t.Errorf("recalled %q", got)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what was left half written is still there")
	}
}

func TestPipelinesAreWrittenAtClose(t *testing.T) {
	dir := t.TempDir()
	var before []byte
	for run := range 2 {
		dev, err := vk.Open(vk.Options{CacheDir: dir, Device: os.Getenv("GENVIEW_DEVICE")})
		if err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
		vktest.Kernel(t, dev, scale(false))
		path, more := dev.CachePath(), len(dev.CacheData()) > 32
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(path)
		if more == (err != nil) { // lavapipe's cache is empty
			t.Fatalf("there is something to keep: %v; the file: %v", more, err)
		}
		if run > 0 && !bytes.Equal(before, now) {
			t.Error("a run that made nothing new has written the file again")
		}
		before = now
	}
}
