package optim_test

import (
	"math"
	"testing"

	"genview/models/optim"
	"genview/tensor"
	"genview/vk/vktest"
)

func TestCosine(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	for _, c := range []optim.Cosine{{Peak: 1e-3, Min: 1e-4, Warmup: 10, Decay: 50}, {Peak: 2, Decay: 40}, {Peak: 3, Warmup: 5}, {Peak: 1}} {
		for _, step := range []int{0, 1, 9, 10, 25, 49, 50, 80} {
			got, err := rt.Floats(c.At(tensor.Full(float64(step))))
			if err != nil {
				t.Fatal(err)
			}
			want := c.Peak
			if c.Decay > 0 {
				way := min(max(float64(step-c.Warmup)/float64(c.Decay-c.Warmup), 0), 1)
				want = c.Min + (c.Peak-c.Min)*(1+math.Cos(math.Pi*way))/2
			}
			if step < c.Warmup {
				want = c.Peak * float64(step+1) / float64(c.Warmup+1)
			}
			if math.Abs(float64(got[0])-want) > 1e-6*c.Peak {
				t.Errorf("%+v at step %d: got %v, want %v", c, step, got[0], want)
			}
		}
	}
}
