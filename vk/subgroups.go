package vk

import (
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

// Constants of VK_EXT_subgroup_size_control. Without the extension a driver may run a kernel with another subgroup size than it reports, as
// Intel's does, or with subgroups that are not full (Vulkan specification, section 9.2.3).
const (
	subgroupSizeControl    = "VK_EXT_subgroup_size_control"
	subgroupSizeProperties = 1000225000
	requiredSubgroup       = 1000225001
	subgroupSizeFeatures   = 1000225002
	requireFullSubgroups   = 2 // a flag of a pipeline stage
)

type requiredSubgroupSize struct {
	chained
	size uint32
}

// subgroupSizes is VkPhysicalDeviceSubgroupSizeControlProperties.
type subgroupSizes struct {
	chained
	least, most, _, stages uint32
}

// fullSubgroups tells whether a physical device can run kernels with full subgroups of a given size.
func (n newer) fullSubgroups(pd vulkan.PhysicalDevice, api uint32, size int) bool {
	if api < vulkan.MakeVersion(1, 1, 0) || !n.extensions(pd)[subgroupSizeControl] {
		return false
	}
	var a arena
	defer a.free()
	pf, f := put(&a, switches{chained: chained{sType: subgroupSizeFeatures}})
	n.call("vkGetPhysicalDeviceFeatures2", uintptr(unsafe.Pointer(pd)), at(&a, features2{chained: chained{1000059000, pointer(pf)}}))
	ps, s := put(&a, subgroupSizes{chained: chained{sType: subgroupSizeProperties}})
	n.call("vkGetPhysicalDeviceProperties2", uintptr(unsafe.Pointer(pd)), at(&a, properties2{chained: chained{1000059001, pointer(ps)}}))
	controlled, full := f[0].on[0] != 0, f[0].on[1] != 0
	return controlled && full && s[0].stages&uint32(vulkan.ShaderStageComputeBit) != 0 && s[0].least <= uint32(size) && uint32(size) <= s[0].most
}
