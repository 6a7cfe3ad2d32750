package tensor_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/bits"
	"testing"

	"genview/shaders/spirv/virtual"
	"genview/tensor"
	"genview/vk/vktest"
)

// draws are the first numbers of each distribution for one seed.
func draws(n int) []*T {
	rng := tensor.NewRNG("rng", 0x123456789abcdef)
	return []*T{
		rng.Uniform(n), rng.Normal(n), rng.TruncatedNormal(-2, 2, n), rng.TruncatedNormal(1, 5, n),
		rng.Categorical(tensor.Full(0, n/16, 16)).Cast(tensor.F32), rng.Dropout(tensor.Full(1, n), 0.3),
	}
}

// TestRandomBits checks the bits of each kind of random numbers, on the device and on one that fuses products and sums into one rounding.
func TestRandomBits(t *testing.T) {
	const n = 2000 // not a multiple of a workgroup's elements
	want := []string{
		"[3f385022 3f2dca14 3f77ce29 3f2c3078]… 1c2f32cebdd7488e",
		"[beadf296 bf8e8bb0 bf70a85b bf69626b]… ded46ba5938daf20",
		"[3f271fd3 3e80e7b6 bfd282c6 3ff5c582]… b184e0cf499552d6",
		"[3fa5b47d 3f80113e 3ff45dbc 3fca6122]… bdd3848253542c21",
		"[40e00000 3f800000 40a00000 41500000]… a2c7284384bb9375",
		"[3fb6db6e 3fb6db6e 3fb6db6e 3fb6db6e]… c0e2137e87b7e3c5",
	}
	check := func(t *testing.T, read func(x *T) []float32, xs []*T) {
		t.Helper()
		for i, x := range xs {
			h := fnv.New64a()
			var first []string
			for j, v := range read(x) {
				if j < 4 {
					first = append(first, fmt.Sprintf("%08x", math.Float32bits(v)))
				}
				h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
			if got := fmt.Sprintf("%s… %016x", first, h.Sum64()); got != want[i] {
				t.Errorf("%v draws %s, want %s", x, got, want[i])
			}
		}
	}
	for _, family := range []tensor.Family{tensor.ForGPU, tensor.ForLavapipe} {
		dev := vktest.Open(t)
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
		if err != nil && family == tensor.ForLavapipe && !dev.Info().Lavapipe {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(rt.Close)
		xs := draws(n)
		p := compile(t, rt, tensor.Outputs{Fetch: xs})
		if err := p.Run(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		check(t, func(x *T) []float32 {
			v := make([]float32, x.Len())
			if err := p.Fetch(x, v); err != nil {
				t.Fatal(err)
			}
			return v
		}, xs)
		gpu := tensor.NewVirtualGPU(virtual.Options{Subgroup: dev.Info().SubgroupSize, Contract: true, Forgiving: family == tensor.ForLavapipe})
		faults, found, err := gpu.Run(p)
		if err != nil || len(faults) > 0 {
			t.Fatal(err, faults)
		}
		check(t, func(x *T) []float32 {
			v, err := found(x)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}, xs)
	}
}

// TestRandomBound compares the numbers with their definition, computed from the random bits of Philox.
func TestRandomBound(t *testing.T) {
	const n = 1 << 18
	const seed = 0x123456789abcdef
	if got := philox(0, 0, 0); got != [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8} { // Random123's known answer
		t.Fatalf("the reference is wrong: %x", got)
	}
	rt := tensor.NewRuntime(vktest.Open(t))
	defer rt.Close()
	rng := tensor.NewRNG("rng", seed)
	xs := []*T{rng.Uniform(n), rng.Normal(n)}
	open := func(u uint32) float64 { return float64(u>>8|1) / (1 << 24) }
	reference := []func(u [4]uint32) float64{
		func(u [4]uint32) float64 { return float64(u[0]>>8) / (1 << 24) },
		func(u [4]uint32) float64 {
			angle := float64(int32(u[1]<<2)>>8)/(1<<24) + float64((u[1]+1<<29)>>30) // quarters
			return math.Sqrt(-2*math.Log(open(u[0]))) * math.Cos(angle*math.Pi/2)
		},
	}
	for i, bound := range []float64{0, 1.0 / (1 << 21)} {
		worst := 0.0
		for at, got := range floats(t, rt, xs[i]) {
			want := reference[i](philox(seed, uint32(at), uint32(i)))
			worst = max(worst, math.Abs(float64(got)-want)/max(math.Abs(want), bound))
		}
		if !(worst <= bound) {
			t.Errorf("%v: off by up to %g of its size", xs[i], worst)
		}
	}
}

// philox is Philox4x32-10 of the counter (at, stream, 0, 0).
func philox(key uint64, at, stream uint32) [4]uint32 {
	k0, k1, c := uint32(key), uint32(key>>32), [4]uint32{at, stream, 0, 0}
	for range 10 {
		hi0, lo0 := bits.Mul32(c[0], 0xD2511F53)
		hi1, lo1 := bits.Mul32(c[2], 0xCD9E8D57)
		c = [4]uint32{hi1 ^ c[1] ^ k0, lo1, hi0 ^ c[3] ^ k1, lo0}
		k0, k1 = k0+0x9E3779B9, k1+0xBB67AE85
	}
	return c
}
