package vk

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"

	"genview/shaders/spirv"
)

// Info describes a device.
type Info struct {
	Index         int            `json:"index"`
	Name          string         `json:"name"`
	Type          string         `json:"type"` // discrete, integrated, virtual, cpu, other
	Class         Class          `json:"class"`
	Driver        string         `json:"driver"`
	API           string         `json:"api"`
	Compute       bool           `json:"compute"`       // has a queue that runs compute shaders, and a driver that is new enough
	Old           bool           `json:"old,omitempty"` // has such a queue, but its driver speaks a Vulkan below 1.1, which does not take our kernels
	Unified       bool           `json:"unified"`       // device memory is the host's and stays mapped
	Int64         bool           `json:"int64"`         // shaders may have integers of 64 bits
	Lavapipe      bool           `json:"lavapipe"`      // runs the kernels made for lavapipe: Mesa's software driver with 8 or 16 lanes
	SubgroupSize  int            `json:"subgroup_size"`
	FullSubgroups bool           `json:"full_subgroups"`      // kernels can be made with subgroups of that size, all of them full
	Matrices      spirv.Matrices `json:"matrices"`            // that shaders multiply; zero: none
	Arithmetic    bool           `json:"subgroup_arithmetic"` // compute shaders may combine what a subgroup has in one instruction
	Special       bool           `json:"special"`             // shaders may ask that NaN, infinities and signs of zeros be kept
	HeapBytes     int64          `json:"heap_bytes"`
	Limits        Limits         `json:"limits"`

	TimestampBits int `json:"timestamp_bits"` // of the times that its queue for computing keeps; 0: it keeps none

	period    float64 // nanoseconds per tick of a timestamp
	typeOrder int
	driver    uint32 // VkDriverId; 0: unknown
}

// Limits are the largest values that a dispatch or a binding may have.
type Limits struct {
	MaxAllocation   int    `json:"max_allocation"`    // bytes of one buffer
	MaxStorageRange int    `json:"max_storage_range"` // bytes in one storage buffer binding
	MaxTexels       int    `json:"max_texels"`        // in one texel buffer view
	MaxBuffers      int    `json:"max_buffers"`       // storage buffers that one shader binds
	MaxTexelBuffers int    `json:"max_texel_buffers"` // texel buffers that one shader binds
	MaxGroups       [3]int `json:"max_groups"`
	MaxGroupSize    [3]int `json:"max_group_size"`
	MaxInvocations  int    `json:"max_invocations"` // in one workgroup
	SharedMemory    int    `json:"shared_memory"`
	StorageAlign    int    `json:"storage_align"`
	TexelAlign      int    `json:"texel_align"`
}

// Key returns a name for a device with its driver, for file names.
func (i Info) Key() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s|%s|%s", i.Name, i.Driver, i.API)
	return hex.EncodeToString(h.Sum(nil))
}
