package ir

import (
	"genview/shaders/spirv"
	"genview/vk"
)

// A Target is what kernels are chosen for.
type Target struct {
	CPU   bool // lavapipe: texel loads, no shared memory; otherwise a GPU
	Lanes int  // of lavapipe, 8 or 16
	Info  vk.Info
	Bind  int // bytes that one binding holds at most; 0: what the device says

	Row int // workgroups along x at most, where tests lower that; 0: as any device allows

	Products DType          // what operands of products are kept in
	Matrices spirv.Matrices // that a GPU multiplies; zero: none, or it does so wrong
}

// Room returns how many bytes a binding holds that is read by texels of that many bytes, or, with 0, as a storage buffer: a multiple
// of what any device asks of offsets.
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

// GroupsX is how many workgroups lie along x; more go on along y. Every device allows 65,535.
func (on Target) GroupsX() int {
	if on.Row > 0 {
		return on.Row
	}
	return 1 << 15
}

// Invocations is how many of so many, a power of two, a workgroup may have.
func (on Target) Invocations(most int) int {
	const all = 128 // that all of Vulkan has
	for l := on.Info.Limits; most > max(all, min(l.MaxInvocations, l.MaxGroupSize[0])); {
		most /= 2
	}
	return most
}

// Cores is how many processors with shared memory of their own the device has: Vulkan does not say.
func (on Target) Cores() int {
	if on.Info.Type == "integrated" {
		return 12
	}
	return 64
}

// Alignment is that of every value: what any device asks of a binding's offset.
const Alignment = 256

// Aligned returns n, rounded up to a multiple of Alignment.
func Aligned(n int) int { return Up(n, Alignment) * Alignment }
