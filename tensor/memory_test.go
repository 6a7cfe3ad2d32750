package tensor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk"
	"genview/vk/vktest"
)

// deep is a chain of products that keeps some values of size n × n, with an input. Its gradient reads them in reverse.
func deep(n, layers int) (x *T, vars []*T, loss *T) {
	x = tensor.Input("x", tensor.F32, n, n)
	y := x
	for range layers {
		w := tensor.Var("w", tensor.Full(1/float64(n), n, n))
		vars = append(vars, w)
		y = y.MatMul(w).Tanh()
	}
	return x, vars, y.Square().Mean()
}

// TestPeakIsWhatIsHeld compares the memory that a program reports before its first run with the memory that the device allocates, with
// and without mapped memory. It also compares the memory of values that wait for the backward pass with the least that any plan needs.
func TestPeakIsWhatIsHeld(t *testing.T) {
	const n, layers = 32, 6
	for _, staging := range []bool{false, true} {
		rt := runtimeOf(t, vk.Options{ForceStaging: staging})
		x, vars, loss := deep(n, layers)
		for _, v := range vars {
			if err := rt.Write(v, make([]float32, n*n)); err != nil {
				t.Fatal(err)
			}
		}
		before := rt.Device().Memory()
		p := compile(t, rt, tensor.Outputs{Fetch: append(tensor.Grad(loss, vars...), loss)})
		after := rt.Device().Memory()
		if took := after.Used - before.Used; took != int64(p.Peak()) {
			t.Errorf("staging %v: the program says %d bytes and takes %d", staging, p.Peak(), took)
		}
		const value = 4 * n * n
		most := 0
		for _, k := range p.Kernels() {
			most = max(most, k.Live)
		}
		if most < 2*layers*value || most > p.Peak() {
			t.Errorf("staging %v: %d bytes have to be in memory at once, of %d that the program takes and values of %d", staging, most, p.Peak(), value)
		}
		if err := p.Run(context.Background(), tensor.Feed{x: make([]float32, n*n)}); err != nil {
			t.Fatal(err)
		}
		if now := rt.Device().Memory(); now != after {
			t.Errorf("staging %v: a run takes the device's memory from %+v to %+v", staging, after, now)
		}
		p.Close()
		if now := rt.Device().Memory(); now.Used != before.Used || now.Buffers != before.Buffers {
			t.Errorf("staging %v: %+v is left of a closed program, %+v was before it", staging, now, before)
		}
	}
}

// TestProgramsShareScratch runs programs in turn whose values lie in the same memory. Each must find its own results, and together they
// take little more memory than the largest.
func TestProgramsShareScratch(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	const n = 16
	ones := slices.Repeat([]float32{1}, n*n)
	type program struct {
		*tensor.Program
		x, loss *T
		want    float64
	}
	var all []program
	own, scratch := 0, 0
	for layers := 6; layers >= 1; layers-- {
		x, vars, loss := deep(n, layers)
		grads := tensor.Grad(loss, vars...)
		p := compile(t, rt, tensor.Outputs{Fetch: []*T{loss, grads[0].Sum()}})
		if err := p.Run(context.Background(), tensor.Feed{x: ones}); err != nil {
			t.Fatal(err)
		}
		want, err := p.Float(loss)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, program{p, x, loss, want})
		if layers == 6 {
			own, scratch = int(rt.Device().Memory().Used), p.Peak()
		}
	}
	vars := 4 * n * n * (1 + 2 + 3 + 4 + 5 + 6)
	if used := int(rt.Device().Memory().Used); used > vars+scratch+6*(4*n*n+3*256) {
		t.Errorf("all programs take %d bytes, the largest %d", used, own)
	}
	for range 3 {
		for _, p := range all {
			if err := p.Run(context.Background(), tensor.Feed{p.x: ones}); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range all {
			if got, err := p.Float(p.loss); err != nil || got != p.want {
				t.Errorf("a loss is %v after others ran, %v, want %v", got, err, p.want)
			}
		}
	}
	all[0].Close() // the others still use the scratch memory
	last := all[len(all)-1]
	if err := last.Run(context.Background(), tensor.Feed{last.x: ones}); err != nil {
		t.Fatal(err)
	}
	if got, err := last.Float(last.loss); err != nil || got != last.want {
		t.Errorf("a loss is %v after another program was closed, %v, want %v", got, err, last.want)
	}
}

// TestStepAllocatesLittle limits each of 10,000 training steps to a few objects on the host. After the steps, host and device must hold
// no byte more than before.
func TestStepAllocatesLittle(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	w := tensor.Var("w", tensor.Full(0.1, 64, 64))
	x := tensor.Input("x", tensor.F32, 8, 64)
	loss := x.MatMul(w).Square().Mean()
	p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{loss}, Update: []tensor.Update{{Var: w, Value: w.Sub(tensor.Grad(loss, w)[0].Scale(0.1))}}})
	feed := tensor.Feed{x: make([]float32, 8*64)}
	step := func() {
		if err := p.Run(context.Background(), feed); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Float(loss); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 { // until the driver has settled, too
		step()
	}
	before, heap, held := rt.Device().Memory(), live(), resident(t)
	n := testing.AllocsPerRun(10_000, step)
	if n > 30 {
		t.Errorf("a step makes %v allocations", n)
	}
	t.Logf("%v allocations a step; %d bytes more on the heap, %d in the process", n, live()-heap, resident(t)-held)
	if after := rt.Device().Memory(); after != before {
		t.Errorf("device memory went from %v to %v", before, after)
	}
	if grown := live() - heap; grown > 64<<10 {
		t.Errorf("10,000 steps left %d bytes on the heap", grown)
	}
	if grown := resident(t) - held; grown > 16<<20 { // the race detector's own share is 7 MB
		t.Errorf("the process holds %d bytes more after 10,000 steps", grown)
	}
}

// live returns the bytes on the heap that are in use.
func live() int64 {
	for range 3 { // objects with a finalizer need one more collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// resident returns the bytes of the process in memory, including the driver's, or 0 if the system does not report them.
func resident(t *testing.T) int64 {
	t.Helper()
	p, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(p), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// TestMemoryIsCountedFirst checks that a program that needs more memory than there is gives an error, and that nothing was allocated for
// it.
func TestMemoryIsCountedFirst(t *testing.T) {
	dev := vktest.Open(t)
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	if _, err := rt.Family(); err != nil {
		t.Fatal(err)
	}
	before := dev.Memory()
	const gib = 1 << 28 // f32
	piece := func(i int) *T { return tensor.Var(fmt.Sprint("v", i), tensor.Full(0, gib)) }
	sum := piece(0).Sum()
	for i := range 3000 { // of variables, more than any device has
		sum = sum.Add(piece(i).Sum())
	}
	x := tensor.Input("x", tensor.F32, 1<<15, 1)
	wide := x.Mul(tensor.Full(1, 1, 1<<15)).Softmax(1) // 4 GiB, which must lie between two kernels
	var size *tensor.SizeError
	for name, y := range map[string]*T{"variables": sum, "a value": wide.MatMul(wide).Sum()} {
		_, err := rt.Compile(tensor.Outputs{Fetch: []*T{y}})
		if name == "a value" && err == nil {
			t.Logf("this device has room for 12 GiB")
			continue
		}
		if !errors.As(err, &size) || !strings.Contains(err.Error(), "GiB") && !strings.Contains(err.Error(), "TiB") {
			t.Errorf("%s: got %v, want a SizeError that says how much", name, err)
		}
	}
	if after := dev.Memory(); after != before {
		t.Errorf("memory went from %+v to %+v", before, after)
	}
}
