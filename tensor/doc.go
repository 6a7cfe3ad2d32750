// Package tensor computes on a Vulkan device: tensors are graphs, graphs compile to programs, a program runs as one submission.
//
// The one idea: a [Tensor] is its graph and nothing else. [Grad] takes tensors and gives tensors, so a gradient can be
// differentiated again; [Runtime.Compile] sees forward pass, backward pass and optimizer as one graph, fuses what touches the same
// elements, plans all memory before any is allocated, and records one [Program]. Between two runs nothing changes but what lies in
// variables; so programs share the memory of what lies between their kernels, which the device runs one after the other.
//
// A run reads variables as they were before it: updates may take over each other's old values, and a variable that is fetched is what it
// was before the run ([Outputs]).
//
// Three kinds of node exist. Views cost nothing: a [View] is a layout that the reader follows. Elementwise nodes write one
// expression each, and whole chains of them become one shader, assembled at run time. Kernels are everything else. Reductions are
// assembled too, with the expression that they reduce.
//
// Rejected: an eager mode (each op a dispatch, which costs 40 µs on the software driver), and shapes known only at run time (they
// are what makes index arithmetic cheap and errors early).
package tensor
