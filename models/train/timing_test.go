package train

import (
	"slices"
	"testing"
	"time"

	"genview/models/watch"
)

// TestKernelsOfAStep: the kernels of a step are timed when they are wanted, of the first step never, and of no other.
func TestKernelsOfAStep(t *testing.T) {
	rt := runtimeOf(t)
	if rt.Device().Info().TimestampBits == 0 {
		t.Skip("the device keeps no times")
	}
	r, m := create(t), newCounter(t, rt)
	var asked, told, untimed int
	o := Options{Steps: 6}
	o.WantKernels = func() bool {
		asked++
		return asked == 2 || asked == 4
	}
	var ops []string
	o.OnKernels = func(kernels []watch.Kernel) {
		told++
		for _, k := range kernels {
			if k.MS <= 0 || k.Calls != 1 {
				t.Errorf("a kernel is %+v", k)
			}
			ops = append(ops, k.Ops)
		}
	}
	o.OnStep = func(_ int, _ time.Duration) {
		if _, err := m.step.Timings(); err != nil {
			untimed++
		}
	}
	if _, err := runLoop(t.Context(), t, r, m, 0, o); err != nil {
		t.Fatal(err)
	}
	if asked != 5 || told != 2 || untimed != 6 || len(ops) != 2 || !slices.Contains([]string{"Shift", "Add"}, ops[0]) {
		t.Errorf("of six steps it asked for %d, told the kernels of %d, %q, and %d have no times afterwards", asked, told, ops, untimed)
	}
}
