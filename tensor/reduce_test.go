package tensor_test

import (
	"fmt"
	"math"
	"testing"

	"genview/tensor"
	"genview/vk"
	"genview/vk/vktest"
)

// TestReductionsOnGPUs reduces rows and columns of all lengths at which a GPU changes its method, with and without subgroup operations,
// and compares the results with float64. NaN are among the inputs.
func TestReductionsOnGPUs(t *testing.T) {
	shapes := [][2]int{{3, 9}, {5, 16}, {17, 33}, {40, 64}, {9, 100}, {2, 255}, {300, 256}, {6, 513}, {5, 1024}, {3, 2052}, {2, 4099}, {1, 40_009}, {70, 3}, {1000, 8}, {4099, 2}}
	if testing.Short() {
		shapes = [][2]int{{17, 33}, {300, 256}, {5, 1024}, {2, 2053}, {1, 40_009}, {1000, 8}}
	}
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("without subgroups=%t", plain), func(t *testing.T) {
			t.Parallel()
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: tensor.ForGPU})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			if plain {
				rt.WithoutSubgroups()
			} else if !rt.Device().Info().Arithmetic {
				t.Skip("SKIPPED: the device's subgroups do not add up")
			}
			for _, s := range shapes {
				reductions(t, rt, s[0], s[1])
			}
		})
	}
}

func reductions(t *testing.T, rt *tensor.Runtime, rows, cols int) {
	t.Helper()
	v := make([]float32, rows*cols)
	for i := range v {
		v[i] = float32(i*i%1021)/1021 - 0.5
	}
	v[len(v)/2] = float32(math.NaN())
	x := tensor.Const(v, rows, cols)
	clean := tensor.Where(x.NotEqual(x), tensor.Full(0), x)
	y := tensor.Concat(0, x.Max(1), x.Min(1), clean.Sum(1), clean.Max(1), clean.Softmax(1).Square().Sum(1))
	z := tensor.Concat(0, x.Max(0), x.Min(0), clean.Sum(0), clean.Scale(64).Cast(tensor.I32).Min(0).Cast(tensor.F32))
	all := tensor.Concat(0, y, z)
	got := floats(t, rt, all)
	if again := floats(t, rt, all); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("%d × %d: two runs give different bits", rows, cols)
	}
	at := func(i, j int) (raw, clean float64) {
		raw = float64(v[i*cols+j])
		if math.IsNaN(raw) {
			return raw, 0
		}
		return raw, raw
	}
	want := make([]float64, 0, len(got))
	over := func(n, m int, at func(i, k int) (float64, float64), f func(raw, clean []float64) float64) {
		for i := range n {
			var raw, clean []float64
			for k := range m {
				r, c := at(i, k)
				raw, clean = append(raw, r), append(clean, c)
			}
			want = append(want, f(raw, clean))
		}
	}
	fold := func(of func(x, y float64) float64, v []float64) float64 {
		s := v[0]
		for _, x := range v[1:] {
			s = of(s, x)
		}
		return s
	}
	add := func(x, y float64) float64 { return x + y }
	most := func(raw, _ []float64) float64 { return fold(math.Max, raw) }
	least := func(raw, _ []float64) float64 { return fold(math.Min, raw) }
	sum := func(_, c []float64) float64 { return fold(add, c) }
	over(rows, cols, at, most)
	over(rows, cols, at, least)
	over(rows, cols, at, sum)
	over(rows, cols, at, func(_, c []float64) float64 { return fold(math.Max, c) })
	over(rows, cols, at, func(_, c []float64) float64 {
		e, squares := 0.0, 0.0
		for _, x := range c {
			e += math.Exp(x)
			squares += math.Exp(2 * x)
		}
		return squares / (e * e)
	})
	down := func(j, i int) (float64, float64) { return at(i, j) }
	over(cols, rows, down, most)
	over(cols, rows, down, least)
	over(cols, rows, down, sum)
	over(cols, rows, down, func(_, c []float64) float64 {
		for i := range c {
			c[i] = math.Trunc(64 * c[i])
		}
		return fold(math.Min, c)
	})
	compare(t, fmt.Sprintf("%d × %d", rows, cols), got, want, 1e-5)
}

// TestManyRows normalizes so many rows that each lane of lavapipe takes several, with an incomplete last group, and compares each row
// with float64.
func TestManyRows(t *testing.T) {
	rt := runtimeOf(t, vk.Options{})
	const rows, eps = 2051, 1e-5
	for _, cols := range []int{64, 128, 1024} {
		if testing.Short() && cols > 64 {
			break
		}
		v, w, bias := make([]float32, rows*cols), make([]float32, cols), make([]float32, cols)
		for i := range v {
			v[i] = float32(i*i%1021)/1021 - 0.25
		}
		for j := range w {
			w[j], bias[j] = float32(j%7)-2.5, float32(j%5)/8
		}
		x := tensor.Var("x", tensor.Const(v, rows, cols))
		y := x.LayerNorm(tensor.Const(w, cols), tensor.Const(bias, cols), eps)
		most := tensor.Var("most", tensor.Full(0, rows))
		for _, u := range []tensor.Update{{Var: most, Value: x.Max(1)}, {Var: x, Value: y}} {
			if err := compile(t, rt, tensor.Outputs{Update: []tensor.Update{u}}).Run(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		got, top := floats(t, rt, x), floats(t, rt, most)
		for i := range rows {
			row, mean, square, largest := v[i*cols:][:cols], 0.0, 0.0, math.Inf(-1)
			for _, a := range row {
				mean += float64(a) / float64(cols)
				largest = max(largest, float64(a))
			}
			for _, a := range row {
				square += (float64(a) - mean) * (float64(a) - mean) / float64(cols)
			}
			if float64(top[i]) != largest {
				t.Fatalf("%d columns, row %d: the largest is %v, want %v", cols, i, top[i], largest)
			}
			for j, a := range row {
				want := (float64(a)-mean)/math.Sqrt(square+eps)*float64(w[j]) + float64(bias[j])
				if math.Abs(float64(got[i*cols+j])-want) > 1e-4 {
					t.Fatalf("%d columns, row %d, column %d: got %v, want %v", cols, i, j, got[i*cols+j], want)
				}
			}
		}
	}
}
