package tensor_test

import (
	"context"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"genview/tensor"
	"genview/vk"
	"genview/vk/vktest"
)

func runtimeOf(t *testing.T, o vk.Options) *tensor.Runtime {
	t.Helper()
	rt := tensor.NewRuntime(vktest.OpenWith(t, o))
	t.Cleanup(rt.Close)
	return rt
}

func compile(t *testing.T, rt *tensor.Runtime, o tensor.Outputs) *tensor.Program {
	t.Helper()
	p, err := rt.Compile(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// TestUpdates swaps two variables. This only works if both read the values from before the run, with and without mapped memory.
func TestUpdates(t *testing.T) {
	for _, staging := range []bool{false, true} {
		rt := runtimeOf(t, vk.Options{ForceStaging: staging})
		a, b := tensor.Var("a", tensor.Full(1, 5)), tensor.Var("b", tensor.Full(2, 5))
		x := tensor.Input("x", tensor.F32, 5)
		sum := a.Add(b).Add(x)
		p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{sum}, Update: []tensor.Update{{Var: a, Value: b}, {Var: b, Value: a.Add(x)}}})
		for range 3 {
			if err := p.Run(context.Background(), tensor.Feed{x: []float32{1, 2, 3, 4, 5}}); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]float32, 5)
		if err := rt.Read(a, got); err != nil {
			t.Fatal(err)
		}
		// a, b = 1, 2 → 2, 1+x → 1+x, 2+x → 2+x, 1+2x
		if want := []float32{3, 4, 5, 6, 7}; !slices.Equal(got, want) {
			t.Errorf("a is %v, want %v", got, want)
		}
		if err := p.Fetch(sum, got); err != nil {
			t.Fatal(err)
		}
		if want := []float32{6, 9, 12, 15, 18}; !slices.Equal(got, want) { // (1+x) + (2+x) + x
			t.Errorf("the sum is %v, want %v", got, want)
		}
	}
}

// TestUpdatesInPlace overwrites three variables in place, for lavapipe and for GPUs. Their sizes leave the last workgroup with full,
// nearly full and hardly any work.
func TestUpdatesInPlace(t *testing.T) {
	for _, family := range []tensor.Family{tensor.ForLavapipe, tensor.ForGPU} {
		rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(rt.Close)
		for _, n := range []int{3, 1000, 4100, 16_384, 16_391, 65_540, 70_012} {
			a, b, c := tensor.Var("a", tensor.Iota(0, n).Cast(tensor.F32)), tensor.Var("b", tensor.Full(1, n)), tensor.Var("c", tensor.Full(2, n))
			p := compile(t, rt, tensor.Outputs{Update: []tensor.Update{
				{Var: a, Value: a.Add(b)}, {Var: b, Value: b.Mul(c)}, {Var: c, Value: c.Add(b)},
			}})
			const runs = 3
			for range runs {
				if err := p.Run(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
			got := [3][]float32{floats(t, rt, a), floats(t, rt, b), floats(t, rt, c)}
			for i := range n {
				want := [3]float32{float32(i), 1, 2}
				for range runs {
					want = [3]float32{want[0] + want[1], want[1] * want[2], want[2] + want[1]}
				}
				if have := [3]float32{got[0][i], got[1][i], got[2][i]}; have != want {
					t.Fatalf("%v, %d elements: element %d is %v, want %v", family, n, i, have, want)
				}
			}
		}
	}
}

func TestRandom(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	rng := tensor.NewRNG("rng", 42)
	const n = 100_000
	u, z := rng.Uniform(n), rng.Normal(n)
	coin := rng.Bernoulli(tensor.Full(0.3, n))
	cut := rng.TruncatedNormal(-1, 2, n)
	class := rng.Categorical(tensor.Const([]float32{0, float32(math.Log(3))}, 2).Expand(n, 2)).Cast(tensor.F32) // 1 with probability 3/4
	p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{u, z, coin, cut, class}, Update: []tensor.Update{rng.Advance()}})
	draw := func(x *tensor.Tensor) []float32 {
		out := make([]float32, n)
		if err := p.Fetch(x, out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	moments := func(v []float32) (mean, variance float64) {
		for _, x := range v {
			mean += float64(x) / n
		}
		for _, x := range v {
			variance += (float64(x) - mean) * (float64(x) - mean) / n
		}
		return
	}
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	first := draw(u)
	for _, c := range []struct {
		what           string
		x              *tensor.Tensor
		mean, variance float64
	}{{"uniform", u, 0.5, 1.0 / 12}, {"normal", z, 0, 1}, {"Bernoulli", coin, 0.3, 0.21}, {"truncated normal", cut, 0.2296, 0.5196}, {"categorical", class, 0.75, 0.1875}} {
		mean, variance := moments(draw(c.x))
		// Five standard deviations of the estimates.
		if math.Abs(mean-c.mean) > 5*math.Sqrt(c.variance/n) || math.Abs(variance-c.variance) > 5*c.variance*math.Sqrt(2.0/n) {
			t.Errorf("%s: mean %v and variance %v, want %v and %v", c.what, mean, variance, c.mean, c.variance)
		}
	}
	if slices.Min(first) < 0 || slices.Max(first) >= 1 {
		t.Errorf("uniform numbers from %v to %v", slices.Min(first), slices.Max(first))
	}
	if v := draw(cut); slices.Min(v) < -1 || slices.Max(v) > 2 {
		t.Errorf("truncated normal numbers from %v to %v", slices.Min(v), slices.Max(v))
	}
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(first, draw(u)) {
		t.Error("the next step draws the same numbers")
	}
	if err := rt.Write(rng.State, []int32{42, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first, draw(u)) {
		t.Error("the same seed and step draw other numbers")
	}
}

func TestPermutation(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	rng := tensor.NewRNG("rng", 1)
	const n = 100
	got, err := rt.Floats(rng.Permutation(n).Cast(tensor.F32))
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for i, v := range got {
		if int(v) != i {
			moved++
		}
	}
	slices.Sort(got)
	for i, v := range got {
		if int(v) != i {
			t.Fatalf("%d is not in the permutation", i)
		}
	}
	if moved < n/2 {
		t.Errorf("only %d of %d are in another place", moved, n)
	}
}

func TestTaps(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	x := tensor.Const([]float32{1, 2}, 2)
	y := tensor.Tap("middle", x.Scale(2)).Shift(1)
	taps := tensor.Taps(y)
	if len(taps) != 1 || taps[0].Name() != "middle" {
		t.Fatalf("got %v", taps)
	}
	if got := floats(t, rt, taps[0]); !slices.Equal(got, []float32{2, 4}) {
		t.Errorf("the tap is %v", got)
	}
	plain := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{x.Scale(2).Shift(1)}})
	tapped := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{y}})
	if plain.Dispatches() != tapped.Dispatches() {
		t.Errorf("a tap that nobody reads costs %d dispatches", tapped.Dispatches()-plain.Dispatches())
	}
}

func TestFirstErrorNamesOpShapesAndLine(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	a, b := tensor.Full(1, 64, 784), tensor.Full(1, 512, 10)
	for _, c := range []struct {
		y    *tensor.Tensor
		want []string
	}{
		{a.MatMul(b).ReLU().Sum().Add(b), []string{"MatMul", "[64 784] × [512 10]", "784 and 512", "program_test.go:"}},
		{a.Add(b), []string{"Add", "broadcast"}},
		{a.Reshape(3, -1), []string{"Reshape", "50176"}},
		{a.Slice(0, 5, 5), []string{"Slice", "axis 0"}},
		{a.Sum(2), []string{"Sum", "axis 2"}},
		{a.Permute(0, 0), []string{"Permute"}},
		{a.Less(b.Slice(0, 0, 1)), []string{"Less"}},
		{tensor.Grad(a, a)[0], []string{"Grad", "sum it first"}},
		{tensor.Input("x", tensor.F32, 3, 0), []string{"Input", "at least 1"}},
		{a.Cast(tensor.I32).Exp(), []string{"Exp", "i32"}},
	} {
		_, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{c.y}})
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("got %v, want it to say %q", err, w)
			}
		}
	}
}

func TestFeedIsChecked(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	x := tensor.Input("pictures", tensor.F32, 4)
	p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{x.Exp()}})
	for _, f := range []tensor.Feed{nil, {x: []float32{1}}, {x: []int32{1, 2, 3, 4}}} {
		if err := p.Run(context.Background(), f); err == nil || !strings.Contains(err.Error(), "pictures") {
			t.Errorf("feeding %v gives %v", f, err)
		}
	}
}

// TestConvolutionsOfManyPictures compares convolutions whose windows exceed one buffer with convolutions of fewer pictures.
func TestConvolutionsOfManyPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("large")
	}
	rt := runtimeOf(t, vk.Options{})
	const batch = 10
	rng := tensor.NewRNG("rng", 3)
	x, w := tensor.Var("x", rng.Normal(batch, 64, 48, 48)), tensor.Var("w", rng.Normal(2, 64, 5, 5))
	for _, c := range []struct {
		name string
		conv func(x *tensor.Tensor) *tensor.Tensor
	}{
		{"Conv2d", func(x *tensor.Tensor) *tensor.Tensor { return x.Conv2d(w, tensor.ConvOptions{Padding: []int{2, 2}}) }},
		{"ConvTranspose2d", func(x *tensor.Tensor) *tensor.Tensor {
			return x.Slice(1, 0, 2).ConvTranspose2d(w, tensor.ConvTransposeOptions{})
		}},
	} {
		whole := c.conv(x)
		var few []*tensor.Tensor
		for i := 0; i < batch; i += 2 {
			few = append(few, c.conv(x.Slice(0, i, i+2)))
		}
		parts := tensor.Concat(0, few...)
		of := func(y *tensor.Tensor) []*tensor.Tensor {
			return append(tensor.Grad(y.Square().Mean(), x, w), y)
		}
		for i, want := range of(parts) {
			got := of(whole)[i]
			worst := got.Sub(want).Abs().Max()
			p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{worst}})
			if err := p.Run(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			d, err := p.Float(worst)
			if err != nil || d > 1e-3 {
				t.Errorf("%s, result %d: differs by %v (%v)", c.name, i, d, err)
			}
		}
	}
}

// TestGarbageCollection runs programs while the garbage collector runs all the time: it may not move or free memory that Vulkan reads.
func TestGarbageCollection(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			runtime.GC()
		}
	})
	defer wg.Wait()
	defer stop()
	for n := 1; n <= 24; n++ {
		x, y := tensor.Full(0.5, 8*n, 16*n), tensor.Full(2, 16*n, 4*n)
		p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{x.Shift(float64(n)).MatMul(y).Sum()}})
		if err := p.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFusionKeepsApart checks that a node that reads a value at other positions than it is written at is not in the same dispatch, even
// if both have as many elements and a third node reads them in place.
func TestFusionKeepsApart(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	const n = 64
	v := make([]float32, n*n)
	for i := range v {
		v[i] = float32(i%97) / 97
	}
	a := tensor.Const(v, n, n).Exp()
	got, err := rt.Floats(a.T().Shift(1).Add(a))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range n {
			want := math.Exp(float64(v[i*n+j])) + math.Exp(float64(v[j*n+i])) + 1
			if math.Abs(want-float64(got[i*n+j])) > 1e-5 {
				t.Fatalf("at %d, %d: got %v, want %v", i, j, got[i*n+j], want)
			}
		}
	}
}

// TestDropout checks the fraction that is dropped, the scale of the rest, and that the gradient uses the same mask.
func TestDropout(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	rng := tensor.NewRNG("rng", 7)
	x := tensor.Full(3, 100, 100)
	y := rng.Dropout(x, 0.25)
	dx := tensor.Grad(y.Sum(), x)[0]
	got, err := rt.Floats(tensor.Concat(0, y, dx))
	if err != nil {
		t.Fatal(err)
	}
	dropped := 0
	for i, v := range got[:x.Len()] {
		g := got[x.Len()+i]
		switch {
		case v == 0 && g == 0:
			dropped++
		case v != 4 || math.Abs(float64(g)-4.0/3) > 1e-6:
			t.Fatalf("element %d is %v with gradient %v, want 0 and 0, or 4 and 4/3", i, v, g)
		}
	}
	if share := float64(dropped) / float64(x.Len()); math.Abs(share-0.25) > 0.02 {
		t.Errorf("%.3f of the elements were dropped, want 0.25", share)
	}
	if rng.Dropout(x, 0) != x {
		t.Error("dropping nothing makes a new node")
	}
}

// TestRunClosed: a program that is closed says so, whether or not it has inputs.
func TestRunClosed(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	x, v := tensor.Input("x", tensor.F32, 4), tensor.Var("v", tensor.Full(1, 4))
	for _, value := range []*tensor.Tensor{v.Add(x), v.Shift(1)} {
		p := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{value}})
		p.Close()
		if err := p.Run(t.Context(), tensor.Feed{x: make([]float32, 4)}); err == nil || !strings.Contains(err.Error(), "the program is closed") {
			t.Errorf("the error is %v", err)
		}
	}
}
