package tensor_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"genview/tensor"
	"genview/vk/vktest"
)

// narrow is a 16-bit type: sign, exponent and fraction.
type narrow struct {
	dt       tensor.DType
	fraction int // bits
	bias     int
}

var narrows = []narrow{{tensor.F16, 10, 15}, {tensor.BF16, 7, 127}}

// value returns the number that the bits mean.
func (n narrow) value(bits int) float64 {
	size := 1 << n.fraction
	e, f := bits&0x7fff/size, float64(bits%size)
	x := math.Ldexp(f, 1-n.bias-n.fraction)
	switch last := 0x8000/size - 1; {
	case e == last && f > 0:
		return math.NaN()
	case e == last:
		x = math.Inf(1)
	case e > 0:
		x = math.Ldexp(float64(size)+f, e-n.bias-n.fraction)
	}
	if bits >= 0x8000 {
		return math.Copysign(x, -1)
	}
	return x
}

// roundings lists all numbers of the type, the midpoint between each and the next, and the numbers just beside the midpoint, each with
// the number that it must round to.
func (n narrow) roundings() (x, want []float32) {
	add := func(v, becomes float64) { x, want = append(x, float32(v)), append(want, float32(becomes)) }
	for bits := range 0x8000 {
		v := n.value(bits)
		add(v, v)
		add(-v, -v)
		next := n.value(bits + 1)
		if math.IsNaN(v) || math.IsInf(v, 0) || bits+1 == 0x8000 {
			continue
		}
		step := next - v
		if math.IsInf(next, 0) { // as if there were one more number
			step = v - n.value(bits-1)
		}
		half := float32(v + step/2)
		even := v
		if bits%2 == 1 {
			even = next
		}
		if float64(half) == v+step/2 && !math.IsInf(float64(half), 0) { // float32 has this midpoint
			add(float64(half), even)
			add(float64(math.Nextafter32(half, 0)), v)
			add(float64(math.Nextafter32(half, math.MaxFloat32)), next)
		}
	}
	return x, want
}

// TestNarrowRounds checks that each 16-bit number rounds to itself, and numbers between two to the nearer one, or to the even one: in an
// expression, through memory, and on the host.
func TestNarrowRounds(t *testing.T) {
	dev := vktest.Open(t)
	for _, family := range []tensor.Family{tensor.ForDevice, tensor.ForGPU} {
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		for _, n := range narrows {
			x, want := n.roundings()
			c := tensor.Const(x, len(x))
			stored := tensor.Var("stored", tensor.Full(0, len(x)).Cast(n.dt))
			if err := rt.Write(stored, x); err != nil {
				t.Fatal(err)
			}
			for _, way := range []struct {
				name string
				y    *T
			}{
				{"expression", c.Cast(n.dt).Cast(tensor.F32)},
				{"memory", c.Cast(n.dt)},
				{"written by the host", stored},
				{"constant", tensor.ConstAs(n.dt, x, len(x)).Cast(tensor.F32)},
			} {
				got, err := rt.Floats(way.y)
				if err != nil {
					t.Fatal(err)
				}
				bad := 0
				for i, w := range want {
					same := math.Float32bits(got[i]) == math.Float32bits(w) || got[i] != got[i] && w != w
					if !same && bad < 5 {
						t.Errorf("%s, %s, family %d: %g (%#x) becomes %g, want %g", n.dt, way.name, family, x[i], math.Float32bits(x[i]), got[i], w)
						bad++
					}
				}
			}
		}
	}
}

// TestNarrowMemory checks that an element takes 16 bits, both in values that a program keeps and in variables.
func TestNarrowMemory(t *testing.T) {
	const n = 1 << 16
	dev := vktest.Open(t)
	rt := tensor.NewRuntime(dev)
	defer rt.Close()
	peak := func(dt tensor.DType) int {
		x := tensor.Input("x", dt, 256, n/256)
		y := x.Cast(tensor.F32).Exp().Cast(dt) // kept until the product reads it
		p, err := rt.Compile(tensor.Outputs{Fetch: []*T{y.MatMul(y.T()).Sum()}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return p.Peak()
	}
	rest := peak(tensor.F32) - 2*4*n // without x and y
	if got := peak(tensor.BF16); got != 2*2*n+rest {
		t.Errorf("a program takes %d bytes with bf16 and %d with f32", got, 2*4*n+rest)
	}
	before := dev.Memory().Used
	if err := rt.Write(tensor.Var("v", tensor.Full(0, n).Cast(tensor.F16)), make([]float32, n)); err != nil {
		t.Fatal(err)
	}
	if got := dev.Memory().Used - before; got != 2*n {
		t.Errorf("a variable of %d elements of f16 takes %d bytes", n, got)
	}
}

// TestNarrowVariables feeds, reads, writes and updates 16-bit variables, also with an odd number of elements, whose last word is half
// used.
func TestNarrowVariables(t *testing.T) {
	for _, family := range []tensor.Family{tensor.ForDevice, tensor.ForGPU} {
		rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: family})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		for _, n := range narrows {
			x := tensor.Input("x", n.dt, 7)
			v := tensor.Var("v", tensor.Full(1, 7).Cast(n.dt))
			next := v.Cast(tensor.F32).Scale(2).Add(x.Cast(tensor.F32)).Cast(n.dt)
			p, err := rt.Compile(tensor.Outputs{Fetch: []*T{x}, Update: []tensor.Update{{Var: v, Value: next}}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			feed := []float32{0, 1, 2, 3, 4, 5, 1.0001}
			for range 2 {
				if err := p.Run(context.Background(), tensor.Feed{x: feed}); err != nil {
					t.Fatal(err)
				}
			}
			got, fed := make([]float32, 7), make([]float32, 7)
			if err := rt.Read(v, got); err != nil {
				t.Fatal(err)
			}
			if err := p.Fetch(x, fed); err != nil {
				t.Fatal(err)
			}
			if want := []float32{4, 7, 10, 13, 16, 19, 7}; !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", n.dt, got, want)
			}
			if want := []float32{0, 1, 2, 3, 4, 5, 1}; !slices.Equal(fed, want) {
				t.Errorf("%s: fed %v, want %v", n.dt, fed, want)
			}
			if err := rt.Write(v, []int32{1, 2, 3, 4, 5, 6, 7}); err == nil {
				t.Errorf("ints were written to %s", v)
			}
		}
	}
}

// TestNarrowGradient checks that a cast passes the gradient unchanged, in f32, and that the gradient of a product uses the rounded
// operands.
func TestNarrowGradient(t *testing.T) {
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	x, w := tensor.Const([]float32{1.001, -2.003, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 3, 5), tensor.Iota(0, 5, 6).Cast(tensor.F32).Shift(0.1)
	xr, wr := x.Cast(tensor.BF16), w.Cast(tensor.F16)
	y := xr.MatMul(wr).Square().Sum()
	got := tensor.Grad(y, x, w, xr)
	a, b := xr.Cast(tensor.F32), wr.Cast(tensor.F32)
	want := tensor.Grad(a.MatMul(b).Square().Sum(), a, b)
	for i, g := range got {
		if g.DType() != tensor.F32 {
			t.Errorf("gradient %d is of %s", i, g.DType())
		}
		if g, w := fmt.Sprint(floats(t, rt, g)), fmt.Sprint(floats(t, rt, want[i%2])); g != w {
			t.Errorf("gradient %d: got %s, want %s", i, g, w)
		}
	}
}

func TestNarrowAsksForACast(t *testing.T) {
	x := tensor.Full(1, 4, 4).Cast(tensor.F16)
	for name, y := range map[string]*T{"Add": x.Add(x), "Exp": x.Exp(), "Sum": x.Sum(), "Neg": x.Neg(), "Softmax": x.Softmax(1), "Add of two": x.Add(tensor.Full(1))} {
		if err := y.Err(); err == nil || !strings.Contains(err.Error(), "f16") || !strings.Contains(err.Error(), "Cast") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
