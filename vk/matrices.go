package vk

import (
	"unsafe"

	"genview/shaders/spirv"

	vulkan "github.com/vulkan-go/vulkan"
)

// matrixExtensions are the extensions for cooperative matrices, the better first, with the types of their structures and the function that
// lists the sizes.
var matrixExtensions = []struct {
	name                 string
	dialect              spirv.Dialect
	features, properties uint32
	words                int // 64-bit words of a size's structure
	list                 string
}{
	{"VK_KHR_cooperative_matrix", spirv.KHR, 1000506000, 1000506001, 7, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"},
	{"VK_NV_cooperative_matrix", spirv.NV, 1000249000, 1000249001, 6, "vkGetPhysicalDeviceCooperativeMatrixPropertiesNV"},
}

type extensionProperties struct {
	name [256]byte
	_    uint32
}

type features2 struct {
	chained
	_ [56]uint32
}

// switches is a structure of features, each on or off.
type switches struct {
	chained
	on [4]uint32
}

// The other structures that cooperative matrices need, each with its first feature: Vulkan's memory model and shaderFloat16.
const memoryModelFeatures, float16Features = 1000211000, 1000082000

// A matrixSize is a size in the form of VkCooperativeMatrixPropertiesKHR and NVIDIA's structure: the types of both factors, the summand and
// the result.
type matrixSize struct {
	m, n, k    uint32
	a, b, c, r uint32
	scope      uint32 // of the invocations that share a matrix
}

// extensions returns the extensions of a physical device.
func (n newer) extensions(pd vulkan.PhysicalDevice) map[string]bool {
	var a arena
	defer a.free()
	pcount, count := put(&a, uint32(0))
	n.call("vkEnumerateDeviceExtensionProperties", uintptr(unsafe.Pointer(pd)), 0, pcount, 0)
	pall, all := put(&a, make([]extensionProperties, count[0])...)
	n.call("vkEnumerateDeviceExtensionProperties", uintptr(unsafe.Pointer(pd)), 0, pcount, pall)
	names := map[string]bool{}
	for _, e := range all[:min(int(count[0]), len(all))] {
		names[text(e.name[:])] = true
	}
	return names
}

// matrices returns the cooperative matrix support of a physical device of Vulkan 1.2 or newer.
func (n newer) matrices(pd vulkan.PhysicalDevice, api uint32) spirv.Matrices {
	if api < vulkan.MakeVersion(1, 2, 0) {
		return spirv.Matrices{}
	}
	names := n.extensions(pd)
	for _, e := range matrixExtensions {
		if !names[e.name] || n.find(e.list) == 0 || !n.has(pd, e.features, memoryModelFeatures, float16Features) {
			continue
		}
		if m := chooseMatrices(n.sizes(pd, e.list, e.properties, e.words), e.dialect); m.M > 0 {
			return m
		}
	}
	return spirv.Matrices{}
}

// has tells whether a physical device has the first feature of each structure.
func (n newer) has(pd vulkan.PhysicalDevice, structures ...uint32) bool {
	var a arena
	defer a.free()
	next, found := chain(&a, 0, structures)
	all := at(&a, features2{chained: chained{1000059000, pointer(next)}})
	n.call("vkGetPhysicalDeviceFeatures2", uintptr(unsafe.Pointer(pd)), all)
	for _, s := range found {
		if s[0].on[0] == 0 {
			return false
		}
	}
	return true
}

// chain stores structures of features with the first feature of each set to a value, and links them.
func chain(a *arena, value uint32, structures []uint32) (first uintptr, all [][]switches) {
	for _, t := range structures {
		p, s := put(a, switches{chained: chained{t, pointer(first)}, on: [4]uint32{value}})
		first, all = p, append(all, s)
	}
	return first, all
}

// sizes lists the matrix sizes of a physical device, as structures of that many 64-bit words.
func (n newer) sizes(pd vulkan.PhysicalDevice, list string, structure uint32, words int) []matrixSize {
	var a arena
	defer a.free()
	pcount, count := put(&a, uint32(0))
	n.call(list, uintptr(unsafe.Pointer(pd)), pcount, 0)
	blank := make([]uint64, int(count[0])*words)
	for i := 0; i < len(blank); i += words {
		blank[i] = uint64(structure)
	}
	pall, all := put(&a, blank...)
	n.call(list, uintptr(unsafe.Pointer(pd)), pcount, pall)
	var out []matrixSize
	for i := range min(int(count[0]), len(all)/words) {
		out = append(out, sizeOf(all[i*words:(i+1)*words]))
	}
	return out
}

// sizeOf parses a structure, after its type and its link. The scope is the last number; KHR's structure has one before it that NVIDIA's
// lacks.
func sizeOf(words []uint64) matrixSize {
	field := func(i int) uint32 { return uint32(words[2+i/2] >> (32 * (i % 2))) }
	s := matrixSize{field(0), field(1), field(2), field(3), field(4), field(5), field(6), field(7)}
	if len(words) > 6 {
		s.scope = field(8)
	}
	return s
}

// chooseMatrices returns the first size with factors of float16 that a subgroup sums in float32, and that divides 32 × 32 × 32.
func chooseMatrices(all []matrixSize, d spirv.Dialect) spirv.Matrices {
	const float16, float32, subgroup, part = 0, 1, 3, 32
	fits := func(n uint32) bool { return n >= 4 && part%n == 0 }
	for _, p := range all {
		if p.a == float16 && p.b == float16 && p.c == float32 && p.r == float32 && p.scope == subgroup && fits(p.m) && fits(p.n) && fits(p.k) {
			return spirv.Matrices{M: int(p.m), N: int(p.n), K: int(p.k), Dialect: d}
		}
	}
	return spirv.Matrices{}
}

// enableMatrices returns what a device needs at its creation for cooperative matrices: an extension, and a chain of features.
func enableMatrices(a *arena, m spirv.Matrices) (extensions []string, next uintptr) {
	for _, e := range matrixExtensions {
		if e.dialect == m.Dialect {
			next, _ = chain(a, 1, []uint32{e.features, memoryModelFeatures, float16Features})
			return []string{e.name}, next
		}
	}
	return nil, 0
}
