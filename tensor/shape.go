package tensor

import "slices"

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// broadcast returns the shape that both expand to, by the rules of NumPy and PyTorch.
func broadcast(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, n := range b {
		k := len(a) - len(b) + i
		switch {
		case out[k] == n || n == 1:
		case out[k] == 1:
			out[k] = n
		default:
			return nil, false
		}
	}
	return out, true
}

// axis returns i counted from the front, and whether x has it.
func (x *Tensor) axis(i int) (int, bool) {
	if i < 0 {
		i += x.Rank()
	}
	return i, i >= 0 && i < x.Rank()
}
