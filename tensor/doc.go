// Package tensor computes on a Vulkan device: tensors are graphs, graphs compile to programs, a program runs as one submission.
//
// The one idea: a [Tensor] is its graph and nothing else. [Grad] takes tensors and gives tensors, so a gradient can be
// differentiated again; [Runtime.Compile] sees forward pass, backward pass and optimizer as one graph, fuses what touches the same
// elements, plans all memory before any is allocated, and records one [Program]. Variables are the only state between two runs, and the
// device runs one program after the other. So programs share the memory of their intermediate values.
//
// A run reads the values that variables had before it: updates may swap two variables, and a variable that is fetched has its old value
// ([Outputs]).
//
// Three kinds of node exist. Views cost nothing: a [View] is a layout that the reader follows. Elementwise nodes write one
// expression each, and whole chains of them become one shader, assembled at run time. Kernels are everything else. Reductions are
// assembled too, with the expression that they reduce.
//
// # Special numbers
//
// NaN, infinities, zeros of both signs, ties, constant rows and masks that exclude everything give the same values and gradients as in
// PyTorch 1.13, on devices that promise to keep such numbers (shaderSignedZeroInfNanPreserveFloat32, which all usual ones do). Denormal
// numbers are kept where the device keeps them. These differ on purpose:
//   - squares: variances and norms square in float32, so that Std and the norms of elements above 10¹⁹, or below 10⁻¹⁹, overflow to ∞,
//     or underflow to 0. PyTorch adds up squares in float64.
//   - products: the gradient of Prod multiplies the elements before and after each in float32, PyTorch in float64.
//   - shares: the gradient of LogSumExp adds up to 1 where elements are so large that log 2 is nothing beside them. PyTorch's does not.
//   - denormal results: functions made of eˣ give 0 for results below 10⁻³⁸ where the device's eˣ does.
//   - log1p: log(1 + x) is finite for all finite x; PyTorch's float32 is ∞ from 2·10³⁸ on.
//   - expm1: ELU and SELU are x near 0; PyTorch's float32 subtracts 1 from eˣ, which leaves 0.
//   - cross-entropy: BCEWithLogits does not cancel for large logits, and at −∞ it is ∞ for positive targets. PyTorch's float32 is 0 and NaN.
//   - indices: an index out of range reads zeros and adds nothing, where PyTorch reports an error.
//
// # From another module
//
// The module's path is genview, which no proxy serves. Another module uses a copy of the source beside it:
//
//	go mod edit -require=genview@v0.0.0 -replace=genview=../genview
//	go mod tidy
//
// or, in a workspace, go work init . ../genview.
//
// Rejected: an eager mode (each op a dispatch, which costs 40 µs on the software driver), and shapes known only at run time (they
// are what makes index arithmetic cheap and errors early).
package tensor
