package vk

import (
	"unsafe"

	"genview/shaders/spirv"

	vulkan "github.com/vulkan-go/vulkan"
)

// matrixExtensions are those that multiply matrices, the better first, with the types of their structures and the name of the function
// that lists what sizes there are.
var matrixExtensions = []struct {
	name                 string
	dialect              spirv.Dialect
	features, properties uint32
	words                int // of 64 bits that a size takes
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

// switches is a structure of features, each there or not.
type switches struct {
	chained
	on [4]uint32
}

// The structures of what multiplying matrices needs besides, each with its first feature: Vulkan's memory model and shaderFloat16.
const memoryModelFeatures, float16Features = 1000211000, 1000082000

// A matrixSize is a size of matrices as VkCooperativeMatrixPropertiesKHR and NVIDIA's have it: the types of both factors, of what is
// added and of the result.
type matrixSize struct {
	m, n, k    uint32
	a, b, c, r uint32
	scope      uint32 // of the invocations that hold a matrix together
}

// extensions lists those of a physical device.
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

// matrices asks a physical device of Vulkan 1.2 or newer how it multiplies matrices.
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

// chain places structures of features, the first feature of each set to a value, and links them.
func chain(a *arena, value uint32, structures []uint32) (first uintptr, all [][]switches) {
	for _, t := range structures {
		p, s := put(a, switches{chained: chained{t, pointer(first)}, on: [4]uint32{value}})
		first, all = p, append(all, s)
	}
	return first, all
}

// sizes lists what matrices a physical device multiplies, in structures of so many words of 64 bits.
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

// sizeOf reads a structure, behind its type and its link: its scope is its last number, KHR's behind one that NVIDIA's lacks.
func sizeOf(words []uint64) matrixSize {
	field := func(i int) uint32 { return uint32(words[2+i/2] >> (32 * (i % 2))) }
	s := matrixSize{field(0), field(1), field(2), field(3), field(4), field(5), field(6), field(7)}
	if len(words) > 6 {
		s.scope = field(8)
	}
	return s
}

// chooseMatrices returns the first size of float16 that is added up in float32 by a subgroup, in parts of 32 × 32 × 32.
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

// enableMatrices returns what a device is made with so that its shaders multiply matrices: an extension, and a chain of features.
func enableMatrices(a *arena, m spirv.Matrices) (extensions []string, next uintptr) {
	for _, e := range matrixExtensions {
		if e.dialect == m.Dialect {
			next, _ = chain(a, 1, []uint32{e.features, memoryModelFeatures, float16Features})
			return []string{e.name}, next
		}
	}
	return nil, 0
}
