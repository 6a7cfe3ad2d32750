package ir

import (
	"genview/shaders/spirv"
	"genview/vk"
)

// A Target describes the device for which kernels are chosen.
type Target struct {
	CPU   bool // lavapipe: texel loads, no shared memory; false: a GPU
	Lanes int  // of lavapipe, 8 or 16
	Info  vk.Info
	Bind  int // the most bytes that one binding holds; 0: the device's limit

	Row int // the most workgroups along x, if tests lower it; 0: the limit that every device has

	Products DType          // the type in which operands of products are kept
	Matrices spirv.Matrices // the matrices that a GPU multiplies; zero: none, or it multiplies them wrong
}

// Room returns how many bytes one binding holds, rounded down to a multiple of the offset alignment of every device. texel is the size of
// a texel if the buffer is read by texels, or 0 for a storage buffer.
func (on Target) Room(texel int) int {
	n := on.Info.Limits.MaxStorageRange
	if texel > 0 {
		n = on.Info.Limits.MaxTexels * texel
	}
	if on.Bind > 0 {
		n = min(n, on.Bind)
	}
	return max(n/Alignment, 1) * Alignment
}

// GroupsX returns the most workgroups along x; further ones lie along y. Every device allows 65,535.
func (on Target) GroupsX() int {
	if on.Row > 0 {
		return on.Row
	}
	return 1 << 15
}

// Invocations returns the most invocations of a workgroup, up to the given power of two.
func (on Target) Invocations(most int) int {
	const all = 128 // the limit that every Vulkan device has
	for l := on.Info.Limits; most > max(all, min(l.MaxInvocations, l.MaxGroupSize[0])); {
		most /= 2
	}
	return most
}

// Cores returns an estimate of the number of processors with shared memory of their own. Vulkan does not report it.
func (on Target) Cores() int {
	if on.Info.Type == "integrated" {
		return 12
	}
	return 64
}

// Alignment is the alignment of every value in memory: a multiple of what any device needs for the offset of a binding.
const Alignment = 256

// Aligned returns n, rounded up to a multiple of Alignment.
func Aligned(n int) int { return Up(n, Alignment) * Alignment }
