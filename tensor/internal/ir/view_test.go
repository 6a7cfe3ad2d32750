package ir

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestViews applies random chains of view operations, and compares the elements with the same operations on an array of numbers.
func TestViews(t *testing.T) {
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		v := RowMajor([]int{2 + rng.IntN(3), 1 + rng.IntN(4), 2 + rng.IntN(3)})
		want := make([]int, Size(v.Shape)) // the number of the element plus 1; 0 is padding
		for i := range want {
			want[i] = i + 1
		}
		for range 5 {
			a := rng.IntN(len(v.Shape))
			n := v.Shape[a]
			old, before := v, want
			read := func(at []int) int { return before[flatten(old.Shape, at)] }
			switch rng.IntN(5) {
			case 0:
				axes := rng.Perm(len(v.Shape))
				v = v.Permute(axes)
				want = gather(v.Shape, func(at []int) int {
					back := make([]int, len(at))
					for i, x := range axes {
						back[x] = at[i]
					}
					return read(back)
				})
			case 1:
				lo, hi := rng.IntN(3), rng.IntN(2)
				v = v.Pad(a, lo, hi)
				want = gather(v.Shape, func(at []int) int {
					if at[a] < lo || at[a] >= lo+n {
						return 0
					}
					at = slices.Clone(at)
					at[a] -= lo
					return read(at)
				})
			case 2:
				start, step := rng.IntN(n), 1+rng.IntN(2)
				if rng.IntN(2) == 0 {
					step = -step
				}
				count := (n-1-start)/max(step, 1) + 1
				if step < 0 {
					count = start/-step + 1
				}
				v = v.Slice(a, start, count, step)
				want = gather(v.Shape, func(at []int) int {
					at = slices.Clone(at)
					at[a] = start + at[a]*step
					return read(at)
				})
			case 3:
				if shape := append([]int{Size(v.Shape[:2])}, v.Shape[2:]...); len(v.Shape) > 2 {
					if w, ok := v.Reshape(append(shape, 1)); ok {
						v = w
					}
				}
			case 4:
				if n == 1 {
					shape := slices.Clone(v.Shape)
					shape[a] = 3
					v = v.Expand(shape)
					want = gather(v.Shape, func(at []int) int {
						at = slices.Clone(at)
						at[a] = 0
						return read(at)
					})
				}
			}
		}
		for _, u := range []View{v, v.Collapse()} {
			if got := gather(u.Shape, func(at []int) int { return lookup(u, at) }); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %+v reads %v, want %v", seed, u, got, want)
			}
		}
	}
}

func lookup(v View, at []int) int {
	p := v.Offset
	for i, x := range at {
		if v.Lo != nil && (x < v.Lo[i] || x >= v.Hi[i]) {
			return 0
		}
		p += x * v.Strides[i]
	}
	return p + 1
}

func flatten(shape, at []int) int {
	p := 0
	for i, n := range shape {
		p = p*n + at[i]
	}
	return p
}

func gather(shape []int, f func(at []int) int) []int {
	var out []int
	at := make([]int, len(shape))
	for i := range Size(shape) {
		for k := len(shape) - 1; k >= 0; k-- {
			at[k] = i % shape[k]
			i /= shape[k]
		}
		out = append(out, f(at))
	}
	return out
}
