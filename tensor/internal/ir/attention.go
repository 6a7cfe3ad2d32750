package ir

import "slices"

// An Attention is softmax(scale·q·kᵀ)·v, or its gradient, made by kernels that do not store the scores. Its operands are queries q
// [batch…, T, D], keys k [batch…, S, D] and values v [batch…, S, E]. After the inputs of the pass come the mask and the state of the
// generator, if there are any. Results are flat.
type Attention struct {
	Pass       AttentionPass
	Batch      []int
	Heads      int // how many of the batch's last axes are heads; in results these follow the rows: [batch…, T, heads…, E]
	T, S, D, E int
	Scale      float64
	Causal     bool
	Masked     bool    // whether there is a mask [batch…, T, S]
	Dropout    float64 // the probability; above 0 there is the state of a generator
	Stream     int     // the stream of the generator
}

// AttentionPass says which of the three kernels computes.
type AttentionPass uint8

// The passes. The gradients have no gradients themselves.
const (
	AttentionForward AttentionPass = iota // from q, k, v: y [batch…, T, E], each query's largest score, and its sum of e^(score − largest)
	AttentionQueries                      // from q, dy, k, v, largest, sum, dy·y: the gradient of q
	AttentionKeys                         // from k, v, q, dy, largest, sum, dy·y: the gradients of k and v
)

// AttentionWidth is the largest D and E that the kernels support.
const AttentionWidth = 128

// Layout returns the shape of a result [batch…, n, width] in memory, and the permutation that restores its order.
func (a *Attention) Layout(n, width int) (shape, back []int) {
	front := len(a.Batch) - a.Heads
	shape = slices.Concat(a.Batch[:front], []int{n}, a.Batch[front:], []int{width})
	return shape, slices.Concat(Counting(0, front), Counting(front+1, a.Heads), []int{front, len(a.Batch) + 1})
}

// Count returns the number of elements of [batch…, n, width].
func (a *Attention) Count(n, width int) int { return Size(a.Batch) * n * width }

// Reads tells whether the kernels read a layout: it may not have padding.
func (a *Attention) Reads(_ int, v View) bool { return v.Lo == nil }

// Joins is false: the kernels take no elementwise nodes.
func (a *Attention) Joins() bool { return false }
