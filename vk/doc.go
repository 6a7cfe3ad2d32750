// Package vk is the Vulkan device: memory, kernels, recordings that run many times. It knows bytes and SPIR-V, and nothing of
// tensors.
//
// The one idea: a recording is made once, so it may check and derive everything (sizes, reads and writes, barriers, descriptors),
// and running it is one call to vkQueueSubmit, or a few on GPUs where it takes so long that the system would end it. What a shader
// reads and writes comes from its SPIR-V; where a barrier belongs comes from that. Nothing here asks an author to synchronise.
//
// Rejected: a default loader (vulkan-go's wants the development symlink and has no macOS case), a descriptor heap shared by all
// programs (programs outlive each other in any order), and finalizers (device memory is freed by whoever made it).
package vk
