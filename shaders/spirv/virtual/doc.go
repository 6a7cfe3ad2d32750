// Package virtual runs compute shaders on a GPU that is not there, to find what real ones would do wrong with them.
//
// It interprets SPIR-V: any subgroup size, workgroups in random order, the invocations of a workgroup interleaved at random, and
// every access to memory checked. Where Vulkan leaves a result undefined, a driver may do what one hopes for, as lavapipe drops
// stores outside of a buffer; the virtual GPU reports a [Fault] instead:
//
//   - a read or write outside of the range that is bound, or outside of an array
//   - an address or a branch that depends on memory that nobody has written; what such memory is copied to counts as unwritten, too,
//     so that who reads a result sees whether it is known
//   - two invocations that touch one word, one of them writing, without a barrier between them
//   - a barrier, or an operation of a subgroup, that not all of its invocations reach, or not in the same round of a loop
//   - an operation of a subgroup that reads from an invocation that does not exist, or whose operands differ where they must not, as
//     those of matrices that a subgroup multiplies together
//   - an invocation that runs on and on
//   - shared memory that is accessed, in Vulkan's memory model, as if it were an invocation's own
//   - more shared memory, a larger workgroup or a larger range than the device has
//   - a range that is misaligned, or no part of its buffer
//   - memory that is bound twice and written, by variables that are not declared Aliased
//
// A fault says which kernel, the expression as the kernel computes it, the invocation, and the address.
//
// It knows the instructions that this project's kernels consist of; another one is an error of [Load]. It is for tests: it runs some forty
// million instructions a second. Its inner functions are hidden from the race detector, which would make them ten times slower; memory
// belongs to one dispatch.
package virtual
