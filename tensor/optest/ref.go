package optest

import "genview/tensor"

// The references compute in float64 with plain loops, and follow the formulas literally.

// T is a tensor.
type T = tensor.Tensor

func unary(f func(*T) *T) func([]*T) *T { return func(in []*T) *T { return f(in[0]) } }

func binary(f func(x, y *T) *T) func([]*T) *T { return func(in []*T) *T { return f(in[0], in[1]) } }

func each(f func(x float64) float64) func([]Array) Array {
	return func(in []Array) Array {
		y := newArray(in[0].Shape...)
		for i, x := range in[0].V {
			y.V[i] = f(x)
		}
		return y
	}
}

// index visits every index of a shape in row-major order.
func index(shape []int, visit func(at []int)) {
	at := make([]int, len(shape))
	for {
		visit(at)
		i := len(shape) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < shape[i] {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// get reads a at an index, counted from the last axis, with axes of size 1 repeated.
func (a Array) get(at []int) float64 {
	i := 0
	for k, n := range a.Shape {
		p := at[len(at)-len(a.Shape)+k]
		if n == 1 {
			p = 0
		}
		i = i*n + p
	}
	return a.V[i]
}

// build makes an Array from a function of the index.
func build(shape []int, f func(at []int) float64) Array {
	y := newArray(shape...)
	i := 0
	index(shape, func(at []int) {
		y.V[i] = f(at)
		i++
	})
	return y
}

// bcast returns the shape to which all shapes broadcast.
func bcast(shapes ...[]int) []int {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, s := range shapes {
			if k := i - rank + len(s); k >= 0 {
				out[i] = max(out[i], s[k])
			}
		}
	}
	return out
}

func both(f func(x, y float64) float64) func([]Array) Array {
	return func(in []Array) Array {
		return build(bcast(in[0].Shape, in[1].Shape), func(at []int) float64 { return f(in[0].get(at), in[1].get(at)) })
	}
}

func truth(f func(x, y float64) bool) func([]Array) Array {
	return both(func(x, y float64) float64 { return bit(f(x, y)) })
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// folded reduces the given axes.
func folded(first float64, f func(sum, x float64) float64, keep bool, axes ...int) func([]Array) Array {
	return func(in []Array) Array {
		x := in[0]
		hit := make([]bool, len(x.Shape))
		for _, a := range axes {
			hit[(a+len(hit))%len(hit)] = true
		}
		full := make([]int, len(x.Shape))
		var short []int
		for i, n := range x.Shape {
			full[i] = n
			if hit[i] || len(axes) == 0 {
				full[i] = 1
				if !keep {
					continue
				}
			}
			short = append(short, full[i])
		}
		y := newArray(full...)
		for i := range y.V {
			y.V[i] = first
		}
		index(x.Shape, func(at []int) {
			i := 0
			for k, n := range full {
				p := at[k]
				if n == 1 {
					p = 0
				}
				i = i*n + p
			}
			y.V[i] = f(y.V[i], x.get(at))
		})
		if short == nil {
			short = []int{}
		}
		y.Shape = short
		return y
	}
}

func add(s, x float64) float64 { return s + x }

func scaled(f func([]Array) Array, c func(in, out int) float64) func([]Array) Array {
	return func(in []Array) Array {
		y := f(in)
		for i := range y.V {
			y.V[i] *= c(len(in[0].V), len(y.V))
		}
		return y
	}
}

func average(in, out int) float64 { return float64(out) / float64(in) }
