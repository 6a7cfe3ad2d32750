package ir

import "slices"

// An Attention is softmax(scale·q·kᵀ)·v made by kernels that keep no scores, or its gradient: of queries q [batch…, T, D], keys
// k [batch…, S, D] and values v [batch…, S, E]. After the inputs of its pass come the mask and the state of the generator, where there are
// such. Results are flat.
type Attention struct {
	Pass       AttentionPass
	Batch      []int
	Heads      int // the last axes of the batch, which lie side by side in results: [batch…, T, heads…, E]
	T, S, D, E int
	Scale      float64
	Causal     bool
	Masked     bool    // there is a mask [batch…, T, S]
	Dropout    float64 // if it is above 0, there is the state of a generator
	Stream     int     // of the generator
}

// AttentionPass says which of the three kernels it is.
type AttentionPass uint8

// The passes. Gradients have none themselves.
const (
	AttentionForward AttentionPass = iota // of q, k, v: y [batch…, T, E], each query's largest score, and its sum of e^(score − largest)
	AttentionQueries                      // of q, dy, k, v, largest, sum, dy·y: the gradient of q
	AttentionKeys                         // of k, v, q, dy, largest, sum, dy·y: the gradients of k and v
)

// AttentionWidth is how large D and E are at most.
const AttentionWidth = 128

// Layout returns the shape in which a result [batch…, n, width] lies in memory, and the permutation that gives it back.
func (a *Attention) Layout(n, width int) (shape, back []int) {
	front := len(a.Batch) - a.Heads
	shape = slices.Concat(a.Batch[:front], []int{n}, a.Batch[front:], []int{width})
	return shape, slices.Concat(Counting(0, front), Counting(front+1, a.Heads), []int{front, len(a.Batch) + 1})
}

// Count is the number of elements of [batch…, n, width].
func (a *Attention) Count(n, width int) int { return Size(a.Batch) * n * width }

// Reads is true of layouts without padding.
func (a *Attention) Reads(_ int, v View) bool { return v.Lo == nil }

// Joins is false.
func (a *Attention) Joins() bool { return false }
