package tensor_test

import (
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk"
	"genview/vk/vktest"
)

// families calls f with a runtime of each family of kernels, with and without mapped memory.
func families(t *testing.T, f func(t *testing.T, rt *tensor.Runtime)) {
	for _, c := range []struct {
		name    string
		family  tensor.Family
		staging bool
	}{{"lavapipe", tensor.ForLavapipe, false}, {"gpu", tensor.ForGPU, true}} {
		t.Run(c.name, func(t *testing.T) {
			dev := vktest.OpenWith(t, vk.Options{ForceStaging: c.staging})
			if c.family == tensor.ForLavapipe && !dev.Info().Lavapipe {
				t.Skip("on lavapipe only")
			}
			rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: c.family})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(rt.Close)
			f(t, rt)
		})
	}
}

func run(t *testing.T, p *tensor.Program, f tensor.Feed) {
	t.Helper()
	if err := p.Run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func filled(name string, v float64, shape ...int) *tensor.Tensor {
	return tensor.Var(name, tensor.Full(v, shape...))
}

// TestUpdatesReadWhatWasBefore updates variables with each other's values in one run.
func TestUpdatesReadWhatWasBefore(t *testing.T) {
	for _, n := range []int{1, 5, 64} {
		families(t, func(t *testing.T, rt *tensor.Runtime) {
			a, b, c, d := filled("a", 1, n), filled("b", 2, n), filled("c", 3, 1, n), filled("d", 4, n)
			p := compile(t, rt, tensor.Outputs{Update: []tensor.Update{
				{Var: a, Value: b}, {Var: b, Value: a}, // swapped
				{Var: c, Value: d.Reshape(1, n)}, {Var: d, Value: c.Scale(1).Reshape(n).Add(a)},
			}})
			run(t, p, nil)
			for _, w := range []struct {
				v    *tensor.Tensor
				want float32
			}{{a, 2}, {b, 1}, {c, 4}, {d, 4}} {
				if got := floats(t, rt, w.v); !slices.Equal(got, slices.Repeat([]float32{w.want}, n)) {
					t.Errorf("%s is %v, want %v everywhere", w.v.Name(), got, w.want)
				}
			}
		})
	}
}

// TestUpdatesInARing rotates the values of three variables, in both directions, and copies one of them to a fourth.
func TestUpdatesInARing(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		a, b, c, d := filled("a", 1, 6), filled("b", 2, 6), filled("c", 3, 6), filled("d", 4, 6)
		ring := compile(t, rt, tensor.Outputs{Update: []tensor.Update{{Var: a, Value: b}, {Var: b, Value: c}, {Var: c, Value: a}, {Var: d, Value: a}}})
		back := compile(t, rt, tensor.Outputs{Update: []tensor.Update{{Var: d, Value: c}, {Var: c, Value: b}, {Var: b, Value: a}, {Var: a, Value: c}}})
		run(t, ring, nil)
		want := []float32{2, 3, 1, 1}
		for range 2 {
			for i, v := range []*tensor.Tensor{a, b, c, d} {
				if got := floats(t, rt, v); got[0] != want[i] || got[5] != want[i] {
					t.Errorf("%s is %v, want %v", v.Name(), got, want[i])
				}
			}
			run(t, back, nil)
			want = []float32{1, 2, 3, 1}
		}
	})
}

// TestOldWeightsAreKept copies the old weights to other variables beside a step that is made in place: each weight alone, and as parts of
// a flat variable.
func TestOldWeightsAreKept(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		x := tensor.Input("x", tensor.F32, 5)
		for _, flat := range []bool{false, true} {
			w, old, older := filled("w", 3, 5), filled("old", 0, 5), filled("older", 0, 5)
			updated, value := w, w
			grad := tensor.Grad(w.Mul(x).Sum(), w)[0]
			if flat {
				updated = tensor.Flat("all", w)
				value, grad = updated, tensor.LikeFlat(updated, grad)
			}
			fetched := w.Scale(1)
			p := compile(t, rt, tensor.Outputs{
				Fetch:  []*tensor.Tensor{w, fetched, w.Reshape(5, 1), updated},
				Update: []tensor.Update{{Var: updated, Value: value.Sub(grad.Scale(0.5))}, {Var: older, Value: old}, {Var: old, Value: w}},
			})
			feed := tensor.Feed{x: []float32{0, 2, 4, 6, 8}}
			run(t, p, feed)
			run(t, p, feed)
			for _, c := range []struct {
				v    *tensor.Tensor
				want []float32
			}{{w, []float32{3, 1, -1, -3, -5}}, {old, []float32{3, 2, 1, 0, -1}}, {older, []float32{3, 3, 3, 3, 3}}} {
				if got := floats(t, rt, c.v); !slices.Equal(got, c.want) {
					t.Errorf("flat %t: %s is %v, want %v", flat, c.v.Name(), got, c.want)
				}
			}
		}
	})
}

// TestFetchedVariablesAreFromBefore fetches variables that the same program, or another one, updates.
func TestFetchedVariablesAreFromBefore(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		v := tensor.Var("v", tensor.Const([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
		same, whole, turned, next := v.Scale(1), v.Reshape(6), v.T(), v.Scale(10)
		all := []*tensor.Tensor{v, same, whole, turned, next}
		stepped := compile(t, rt, tensor.Outputs{Fetch: all, Update: []tensor.Update{{Var: v, Value: next}}})
		plain := compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{v}})
		want := []float32{1, 2, 3, 4, 5, 6}
		for range 2 {
			run(t, plain, nil)
			run(t, stepped, nil)
			got := make([]float32, 6)
			for _, c := range []struct {
				p *tensor.Program
				x *tensor.Tensor
			}{{plain, v}, {stepped, v}, {stepped, same}, {stepped, whole}} {
				if err := c.p.Fetch(c.x, got); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s is %v, want %v (%v)", c.x, got, want, err)
				}
			}
			if err := stepped.Fetch(turned, got); err != nil || got[1] != want[3] || got[4] != want[2] {
				t.Errorf("transposed it is %v (%v)", got, err)
			}
			for i := range want {
				want[i] *= 10
			}
			if err := stepped.Fetch(next, got); err != nil || !slices.Equal(got, want) {
				t.Errorf("its next value is %v, want %v (%v)", got, want, err)
			}
			if err := rt.Read(v, got); err != nil || !slices.Equal(got, want) {
				t.Errorf("after the run it is %v, want %v (%v)", got, want, err)
			}
		}
	})
}

// TestUpdateWithItself updates a variable with its own value, alone or beside other updates. Nothing changes.
func TestUpdateWithItself(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		a, b := filled("a", 1, 5), filled("b", 2, 5)
		run(t, compile(t, rt, tensor.Outputs{Update: []tensor.Update{{Var: a, Value: a.Scale(1)}}}), nil)
		run(t, compile(t, rt, tensor.Outputs{Update: []tensor.Update{{Var: a, Value: a}, {Var: b, Value: a}}}), nil)
		if x, y := floats(t, rt, a), floats(t, rt, b); x[4] != 1 || y[4] != 1 {
			t.Errorf("got %v and %v, want 1", x, y)
		}
	})
}

// TestMemoryIsUpdatedOnce checks that two updates of the same memory are an error.
func TestMemoryIsUpdatedOnce(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	w, v := filled("w", 1, 5), filled("v", 1, 3)
	flat := tensor.Flat("all", w, v)
	for _, updates := range [][]tensor.Update{
		{{Var: w, Value: w.Scale(2)}, {Var: w, Value: w.Scale(3)}},
		{{Var: flat, Value: flat.Scale(2)}, {Var: v, Value: v.Scale(3)}},
		{{Var: v, Value: v.Scale(3)}, {Var: flat, Value: flat.Scale(2)}},
	} {
		if _, err := rt.Compile(tensor.Outputs{Update: updates}); err == nil || !strings.Contains(err.Error(), "updated") {
			t.Errorf("updating %s and %s gives the error %v", updates[0].Var.Name(), updates[1].Var.Name(), err)
		}
	}
	run(t, compile(t, rt, tensor.Outputs{Update: []tensor.Update{{Var: w, Value: w.Scale(2)}, {Var: v, Value: v.Scale(3)}}}), nil)
}

// TestFedBooleans feeds false to memory that held numbers before.
func TestFedBooleans(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		const n = 3000
		x, mask := tensor.Input("x", tensor.F32, n), tensor.Input("mask", tensor.Bool, n)
		p, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{x.Exp()}})
		if err != nil {
			t.Fatal(err)
		}
		run(t, p, tensor.Feed{x: slices.Repeat([]float32{1.1}, n)})
		p.Close() // its feed and the next program's inputs share memory
		chosen := tensor.Where(mask, tensor.Full(1), tensor.Full(2, n))
		p = compile(t, rt, tensor.Outputs{Fetch: []*tensor.Tensor{chosen, mask}})
		run(t, p, tensor.Feed{mask: make([]bool, n)})
		got, back := make([]float32, n), slices.Repeat([]bool{true}, n)
		if err := p.Fetch(chosen, got); err != nil {
			t.Fatal(err)
		}
		if err := p.Fetch(mask, back); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if got[i] != 2 || back[i] {
				t.Fatalf("element %d is %v and %t, want 2 and false", i, got[i], back[i])
			}
		}
	})
}

// TestTablesOfKnownNumbers looks rows up in constants, in Iota, and in the first gradient of a backward pass.
func TestTablesOfKnownNumbers(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		at := tensor.Const([]int32{2, 0, -1, 1}, 4)
		x, w := filled("x", 1, 4), filled("w", 3, 3, 2)
		falling, _ := tensor.Iota(0, 4).Sort(0, true)
		equal, places := tensor.Full(5, 3).Sort(0, true)
		slope := tensor.Grad(tensor.Embedding(at, w).Square().Sum(), w)[0]
		for _, c := range []struct {
			what string
			y    *tensor.Tensor
			want []float32
		}{
			{"Embedding of Full", tensor.Embedding(at, tensor.Full(2, 3, 1)), []float32{2, 2, 0, 2}},
			{"Embedding of Iota", tensor.Embedding(at, tensor.Iota(0, 3).Reshape(3, 1)), []float32{2, 0, 0, 1}},
			{"Gather of Full", tensor.Full(2, 4).Gather(0, at), []float32{2, 2, 0, 2}},
			{"Gather of Iota", tensor.Iota(0, 4).Gather(0, at), []float32{2, 0, 0, 1}},
			{"IndexSelect of Full", tensor.Full(2, 1, 4).IndexSelect(1, at), []float32{2, 2, 0, 2}},
			{"IndexSelect of Iota", tensor.Iota(0, 4).IndexSelect(0, at), []float32{2, 0, 0, 1}},
			{"Sort of Iota", falling, []float32{3, 2, 1, 0}},
			{"Sort of Full", equal, []float32{5, 5, 5}},
			{"places of Full", places, []float32{0, 1, 2}},
			{"ScatterAdd's gradient", tensor.Grad(tensor.Full(0, 4).ScatterAdd(0, at, x).Sum(), x)[0], []float32{1, 1, 0, 1}},
			{"Embedding's gradient", slope, []float32{6, 6, 6, 6, 6, 6}},
			{"Embedding's second gradient", tensor.Grad(slope.Sum(), w)[0], []float32{2, 2, 2, 2, 2, 2}},
		} {
			if got := floats(t, rt, c.y); !slices.Equal(got, c.want) {
				t.Errorf("%s is %v, want %v", c.what, got, c.want)
			}
		}
	})
}

// TestLargeTablesOfKnownNumbers adds up rows of equal constants with the kernel for large tables.
func TestLargeTablesOfKnownNumbers(t *testing.T) {
	families(t, func(t *testing.T, rt *tensor.Runtime) {
		const rows, n = 4001, 300
		at := make([]int32, n)
		want := make([]float32, rows)
		for i := range at {
			at[i] = int32(i * i % rows)
			want[at[i]]++
		}
		w := filled("w", 3, rows, 1)
		slope := tensor.Grad(tensor.Embedding(tensor.Const(at, n), w).Sum(), w)[0]
		if got := floats(t, rt, slope); !slices.Equal(got, want) {
			t.Errorf("the gradient is %v, want %v", got, want)
		}
		square := tensor.Grad(tensor.Embedding(tensor.Const(at, n), w).Square().Sum(), w)[0]
		for i := range want {
			want[i] *= 2
		}
		if got := floats(t, rt, tensor.Grad(square.Sum(), w)[0]); !slices.Equal(got, want) {
			t.Errorf("the second gradient is %v, want %v", got, want)
		}
	})
}
