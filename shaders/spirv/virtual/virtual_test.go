package virtual

import (
	_ "embed"
	"encoding/binary"
	"math"
	"testing"

	"genview/shaders/spirv"
)

var (
	one   = spirv.Type{Elem: spirv.Float, N: 1}
	sizes = []int{1, 4, 8, 16, 32, 64, 128}
)

// kernel assembles a kernel of 64 invocations with an input and an output of floats.
func kernel(t *testing.T, body func(b *spirv.Block, x, y spirv.Mem)) *Kernel {
	t.Helper()
	b := spirv.NewBlock("test", 64, 1, 1)
	x, y := b.Buffer(0, one, true, false), b.Buffer(1, one, true, true)
	body(b, x, y)
	return loaded(t, b.Module())
}

func loaded(t *testing.T, m *spirv.Module) *Kernel {
	t.Helper()
	k, err := Load(m)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// dispatch asks for a kernel over n floats in groups of 64. The first known floats are written.
func dispatch(k *Kernel, n, known int) *Dispatch {
	in, out := NewBuffer("in", 4*n), NewBuffer("out", 4*n)
	for i := range known {
		in.Write(4*i, binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(i))))
	}
	return &Dispatch{Kernel: k, Views: []View{{in, 0, 4 * n}, {out, 0, 4 * n}}, Groups: [3]int{(n + 63) / 64, 1, 1}}
}

func at(b *spirv.Block) spirv.ID {
	return b.Add(b.Mul(b.Group(0), b.Index(64)), b.LocalID(0))
}

// some is a number to store.
func some(b *spirv.Block) spirv.ID { return b.Component(b.Float(1), 0) }

// TestRightKernels: kernels that do nothing wrong have no faults and give the right values, with subgroups of every size.
func TestRightKernels(t *testing.T) {
	double := kernel(t, func(b *spirv.Block, x, y spirv.Mem) {
		b.If(b.Less(at(b), b.Index(100)), func() { b.Store(y, at(b), b.Add(b.Load(x, at(b)), b.Load(x, at(b)))) })
	})
	turned := kernel(t, func(b *spirv.Block, x, y spirv.Mem) { // each group of 64 backwards
		s := b.Shared(64, one)
		b.StoreShared(s, b.LocalID(0), b.Load(x, at(b)))
		b.Barrier()
		b.Store(y, at(b), b.LoadShared(s, b.Sub(b.Index(63), b.LocalID(0))))
	})
	total := kernel(t, func(b *spirv.Block, x, y spirv.Mem) { // of the group, through its subgroups
		s := b.Shared(64, one)
		sum := b.SubgroupAdd(b.Load(x, at(b)))
		b.If(b.Elect(), func() { b.StoreShared(s, b.Subgroup(), sum) })
		b.Barrier()
		all := b.Cell(b.Zero(one))
		b.For(b.Index(0), b.Subgroups(), 1, func(i spirv.ID) { b.Set(all, b.Add(b.Get(all), b.LoadShared(s, i))) })
		b.Store(y, at(b), b.Get(all))
	})
	for _, size := range sizes {
		o := Options{Subgroup: size, Seed: uint64(size), SharedMemory: 16 << 10, MaxInvocations: 128}
		check := func(name string, k *Kernel, n int, want func(i int) float32) {
			t.Helper()
			d := dispatch(k, n, n)
			for _, f := range Run(d, o) {
				t.Errorf("subgroups of %d, %s: %v", size, name, f)
			}
			for i := range n {
				if got := f32(word(d.Views[1].Buffer.Bytes, 4*i)); got != want(i) {
					t.Fatalf("subgroups of %d, %s: element %d is %v, want %v", size, name, i, got, want(i))
				}
			}
		}
		check("double", double, 100, func(i int) float32 { return float32(2 * i) })
		check("turned", turned, 192, func(i int) float32 { return float32(i/64*64 + 63 - i%64) })
		check("total", total, 128, func(i int) float32 { return float32(64*63/2 + i/64*64*64) })
	}
}

// TestContraction: a device that contracts rounds x·y + z once, but not where a kernel wants it rounded twice.
func TestContraction(t *testing.T) {
	const x = 4097 // x² is 2²⁴ + 2¹³ + 1, which is no float32
	for _, separate := range []bool{false, true} {
		k := kernel(t, func(b *spirv.Block, in, out spirv.Mem) {
			v := b.Load(in, at(b))
			write := func() {
				square := b.Same(v, x*x-1)
				b.Store(out, at(b), b.Sub(b.Mul(v, v), square))
				b.Store(out, b.Add(at(b), b.Index(2*x)), b.Sub(square, b.Mul(v, v)))
			}
			if separate {
				b.NoContraction(write)
			} else {
				write()
			}
		})
		for _, contract := range []bool{false, true} {
			d := dispatch(k, 4*x, 4*x)
			d.Groups[0] = x/64 + 1
			if faults := Run(d, Options{Subgroup: 4, Contract: contract}); len(faults) > 0 {
				t.Fatal(faults)
			}
			want := float32(0)
			if contract && !separate {
				want = 1
			}
			out := d.Views[1].Buffer.Bytes
			if got, minus := f32(word(out, 4*x)), f32(word(out, 12*x)); got != want || minus != -want {
				t.Errorf("separate %t, contracted %t: %v and %v, want %v and %v", separate, contract, got, minus, want, -want)
			}
		}
	}
}

func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		f := ofHalf(uint16(h))
		if f == f && toHalf(f) != uint16(h) {
			t.Fatalf("%#x is %v, which is %#x", h, f, toHalf(f))
		}
	}
	for f, want := range map[float32]uint16{1 + 0x1p-11: 0x3c00, 1 + 3*0x1p-11: 0x3c02, 65519: 0x7bff, 65520: 0x7c00, 0x1p-25: 0, 0x1.1p-25: 1} {
		if got := toHalf(f); got != want {
			t.Errorf("%v is %#x, want %#x", f, got, want)
		}
	}
}

// TestComparisons: ordered comparisons are false for NaN, unordered ones true.
func TestComparisons(t *testing.T) {
	nan := float32(math.NaN())
	for op, holds := range map[uint32]func(x, y float32) bool{
		180: func(x, y float32) bool { return x == y }, 182: func(x, y float32) bool { return x < y || x > y },
		184: func(x, y float32) bool { return x < y }, 186: func(x, y float32) bool { return x > y },
		188: func(x, y float32) bool { return x <= y }, 190: func(x, y float32) bool { return x >= y },
	} {
		for _, x := range []float32{1, 2, nan} {
			for _, y := range []float32{1, 2, nan} {
				unordered := x != x || y != y
				for more, want := range []bool{holds(x, y), holds(x, y) || unordered} { // the unordered one is the next opcode
					i := &instruction{op: op + uint32(more), t: &typ{kind: kBool, bits: 1}}
					if got, ok := scalar(i, bitsOf(x), bitsOf(y), 0); !ok || got != boolean(want) {
						t.Errorf("operation %d of %v and %v is %d, want %t", i.op, x, y, got, want)
					}
				}
			}
		}
	}
}

// reckonedRounds are those that a compiler shall assume for loops within no, one and more others.
func reckonedRounds(within int) float64 { return 10 * float64(1+within) }

// executed counts what a workgroup of a kernel of one input and one output executes.
func executed(k *Kernel) float64 {
	v := View{Buffer: NewBuffer("memory", 256), Hi: 256}
	return Executed(&Dispatch{Kernel: k, Views: []View{v, v}, Groups: [3]int{1, 1, 1}}, Options{Subgroup: 8}, reckonedRounds)
}

// TestExecuted: loops count with the rounds that they have, those within others with the product; compilers unroll short ones.
func TestExecuted(t *testing.T) {
	const outer, inner = 40, 50 // rounds: too many to be written out
	loops := func(b *spirv.Block, x spirv.Mem, rounds ...int) spirv.ID {
		sum := b.Cell(b.Float(0))
		var in func(n int)
		in = func(n int) {
			if n == len(rounds) {
				b.Set(sum, b.Add(b.Get(sum), b.Load(x, b.LocalID(0))))
				return
			}
			b.For(b.Index(0), b.Index(rounds[n]), 1, func(spirv.ID) { in(n + 1) })
		}
		in(0)
		return b.Get(sum)
	}
	for _, c := range []struct {
		rounds []int
		want   float64
	}{
		{nil, 1},
		{[]int{4}, 1},
		{[]int{100}, 10},
		{[]int{1000}, 100},
		{[]int{outer, inner}, outer * inner / (10 * 20.)},
		{[]int{1000, 4}, 100},
	} {
		k := kernel(t, func(b *spirv.Block, x, y spirv.Mem) { b.Store(y, b.LocalID(0), loops(b, x, c.rounds...)) })
		got := executed(k)
		if math.Abs(got-c.want) > 0.1*c.want { // what is around the loops counts, too
			t.Errorf("%v rounds are %g of what is reckoned, want %g", c.rounds, got, c.want)
		}
	}
}

// TestExecutedLong: a loop of as many instructions as a large product has is counted to its end, and what has no end is not counted.
func TestExecutedLong(t *testing.T) {
	for rounds, want := range map[int]float64{100_000: 10_000, 1 << 30: 0} {
		b := spirv.NewBlock("test", 1, 1, 1)
		x, y := b.Buffer(0, one, true, false), b.Buffer(1, one, true, true)
		sum := b.Cell(b.Float(0))
		b.For(b.Index(0), b.Index(rounds), 1, func(spirv.ID) { b.Set(sum, b.Add(b.Get(sum), b.Load(x, b.LocalID(0)))) })
		b.Store(y, b.LocalID(0), b.Get(sum))
		if got := executed(loaded(t, b.Module())); math.Abs(got-want) > 0.1*want {
			t.Errorf("%d rounds are %g of what is reckoned, want %g", rounds, got, want)
		}
	}
}

//go:embed testdata/loops.spv
var loops []byte

// TestExecutedAsWritten: a function that a loop calls is within that loop; what says that it is to be written out is no loop, however long,
// and what says that it is not is one, however short.
func TestExecutedAsWritten(t *testing.T) {
	m, err := spirv.Parse("loops", loops)
	if err != nil {
		t.Fatal(err)
	}
	for which, want := range []float64{40 * 50 / (10 * 20.), 1, 4 / 10.} {
		k, err := Load(m, spirv.Const{ID: 0, Value: uint32(which)})
		if err != nil {
			t.Fatal(err)
		}
		if got := executed(k); math.Abs(got-want) > 0.15*want { // what is around the loops counts, too
			t.Errorf("loop %d is %g of what is reckoned, want %g", which, got, want)
		}
	}
}
