package train

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"genview/models/nn"
	"genview/tensor"
)

// TestLoadingTakesOneTensor loads a checkpoint of 24 tensors of 1 MiB and measures the memory every millisecond: it must be that of a few
// tensors, and not that of the file.
func TestLoadingTakesOneTensor(t *testing.T) {
	rt, r := runtimeOf(t), create(t)
	var state []nn.Named
	values, zeros := make([]float32, 512*512), make([]float32, 512*512)
	write := func(x *tensor.Tensor, v []float32) {
		if err := rt.Write(x, v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 24 {
		x := tensor.Var("x", tensor.Full(0, 512, 512))
		values[0], values[len(values)-1] = float32(i), float32(i)
		write(x, values)
		state = append(state, nn.Named{Name: fmt.Sprint(i), Tensor: x})
	}
	if err := r.Save(rt, state, 1); err != nil {
		t.Fatal(err)
	}
	for _, n := range state {
		write(n.Tensor, zeros)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // so that little of the measured memory is garbage
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	began, most := m.HeapAlloc, uint64(0)
	done := make(chan error, 1)
	go func() {
		_, err := r.Load(rt, state)
		done <- err
	}()
	for tick, loading := time.NewTicker(time.Millisecond), true; loading; {
		select {
		case err := <-done:
			if loading = false; err != nil {
				t.Fatal(err)
			}
			tick.Stop()
		case <-tick.C:
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if most > began+8<<20 {
		t.Errorf("loading took %d MiB beside the %d that there were", (most-began)>>20, began>>20)
	}
	for i, n := range state {
		if err := rt.Read(n.Tensor, values); err != nil || values[0] != float32(i) || values[len(values)-1] != float32(i) {
			t.Fatalf("%s came back as %v, %v", n.Name, values[0], err)
		}
	}
}

// TestNothingIsWrittenOfWhatDoesNotFit has a checkpoint whose last tensor holds a number that float32 does not.
func TestNothingIsWrittenOfWhatDoesNotFit(t *testing.T) {
	rt, r := runtimeOf(t), create(t)
	state := []nn.Named{{Name: "a", Tensor: tensor.Var("a", tensor.Full(1, 1))}, {Name: "b", Tensor: tensor.Var("b", tensor.Full(1, 1))}}
	const head = `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}}`
	for _, c := range []struct {
		b    float64
		want string // of the error
		a    float32
	}{{1e300, "too large for float32", 1}, {3, "", 2}} {
		p := append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
		p = binary.LittleEndian.AppendUint32(p, math.Float32bits(2))
		p = binary.LittleEndian.AppendUint64(p, math.Float64bits(c.b))
		if err := os.MkdirAll(filepath.Dir(r.Checkpoint(1)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.Checkpoint(1), p, 0o644); err != nil {
			t.Fatal(err)
		}
		err := r.LoadStep(rt, state, 1)
		if got := fmt.Sprint(err); (c.want == "") != (err == nil) || !strings.Contains(got, c.want) {
			t.Errorf("%v: got %s, want %q", c.b, got, c.want)
		}
		var a [1]float32
		if err := rt.Read(state[0].Tensor, a[:]); err != nil || a[0] != c.a {
			t.Errorf("%v: the other tensor is %v, want %v (%v)", c.b, a[0], c.a, err)
		}
	}
}
