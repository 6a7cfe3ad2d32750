// Package vk is the Vulkan device: memory, kernels, recordings that run many times. It knows bytes and SPIR-V, and nothing of tensors.
//
// The one idea: a recording is made once, so it can check and derive everything (sizes, reads and writes, barriers, descriptors). Running
// it is one call of vkQueueSubmit, or a few on GPUs if it takes so long that the system would kill it. The SPIR-V says what a shader reads
// and writes, and that decides where barriers are needed. No author of a kernel writes synchronization.
//
// Rejected: a default loader (vulkan-go's needs the development symlink and has no macOS case), a descriptor heap shared by all programs
// (programs are closed in any order), and finalizers (the owner frees device memory).
package vk
