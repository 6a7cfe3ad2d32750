package pose_test

import (
	"testing"
	"unsafe"

	"genview/vk"
	"genview/vk/vktest"
	"genview/vk/vktest/pose"
)

// TestPoses: an opened device reports what its pose says, the fields of Limits lie where C has them, and it computes.
func TestPoses(t *testing.T) {
	for _, name := range pose.Names() {
		t.Run(name, func(t *testing.T) {
			p := pose.Poses[name]
			vktest.Pose(t, name)
			dev := vktest.Open(t)
			i := dev.Info()
			var l pose.Limits
			p.Limits(&l)
			if i.Name != p.Name || i.Class != vk.GPU || i.SubgroupSize != int(p.Subgroup) || i.Int64 == p.NoInt64 || i.Unified != p.Integrated {
				t.Errorf("it says %+v", i)
			}
			if i.Limits.SharedMemory != int(l.SharedMemory) || l.StorageAlign > 0 && i.Limits.StorageAlign != int(l.StorageAlign) {
				t.Errorf("its limits are %+v", i.Limits)
			}
			b := vktest.Buffer(t, dev, []float32{1, 2, 3, 4})
			vktest.Equal(t, b, []float32{1, 2, 3, 4})
		})
	}
	vktest.Pose(t, "minimum")
	got := vktest.Open(t).Info().Limits
	want := vk.Limits{
		MaxAllocation: got.MaxAllocation, MaxStorageRange: 128 << 20, MaxTexels: 64 << 10, MaxBuffers: 4, MaxTexelBuffers: 4, MaxGroups: [3]int{65535, 65535, 65535},
		MaxGroupSize: [3]int{128, 128, 64}, MaxInvocations: 128, SharedMemory: 16 << 10, StorageAlign: 256, TexelAlign: 256,
	}
	if size := unsafe.Sizeof(pose.Limits{}); got != want || size != 504 { // bytes of VkPhysicalDeviceLimits

		t.Errorf("the least limits of %d bytes are %+v, want %+v", size, got, want)
	}
}
