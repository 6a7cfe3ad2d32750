package vk

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"genview/shaders/spirv"

	vulkan "github.com/vulkan-go/vulkan"
)

// A Kernel is a compute pipeline. The caller of NewKernel closes it; programs that dispatch it keep it as long as they need it.
type Kernel struct {
	d        *Device
	key      kernelKey
	users    int // programs, and calls of NewKernel without a Close; guarded by d.mu
	module   *spirv.Module
	consts   []spirv.Const
	local    [3]int
	setup    vulkan.DescriptorSetLayout
	layout   vulkan.PipelineLayout
	pipeline vulkan.Pipeline
	err      error
	done     chan struct{}
}

var formats = map[spirv.Kind]vulkan.Format{
	spirv.TexelR32F:    vulkan.FormatR32Sfloat,
	spirv.TexelRGBA32F: vulkan.FormatR32g32b32a32Sfloat,
	spirv.TexelR32I:    vulkan.FormatR32Sint,
	spirv.TexelRGBA32I: vulkan.FormatR32g32b32a32Sint,
}

func descriptorType(k spirv.Kind) vulkan.DescriptorType {
	if k == spirv.Storage {
		return vulkan.DescriptorTypeStorageBuffer
	}
	return vulkan.DescriptorTypeStorageTexelBuffer
}

const computeStage = uint32(vulkan.ShaderStageComputeBit)

// idleKernels is how many unused kernels are kept in case they are asked for again: as many as a large training step has.
const idleKernels = 256

// kernelKey hashes a module's words, its required subgroup size, and the constants. Equal shaders share a pipeline.
type kernelKey [sha256.Size]byte

// keyOf hashes everything that a pipeline is made from.
func keyOf(m *spirv.Module, c []spirv.Const) kernelKey {
	p := make([]byte, 0, 16+8*len(c)+4*len(m.Words))
	p = binary.LittleEndian.AppendUint64(p, uint64(len(c)))
	p = binary.LittleEndian.AppendUint64(p, uint64(m.Subgroup))
	for _, v := range c {
		p = binary.LittleEndian.AppendUint32(p, uint32(v.ID))
		p = binary.LittleEndian.AppendUint32(p, v.Value)
	}
	for _, w := range m.Words {
		p = binary.LittleEndian.AppendUint32(p, w)
	}
	return sha256.Sum256(p)
}

// NewKernel returns the pipeline of a module with these specialization constants, which it makes unless there is one with the same words
// and constants. Close releases it.
func (d *Device) NewKernel(m *spirv.Module, c ...spirv.Const) (*Kernel, error) {
	key := keyOf(m, c)
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, errClosed
	}
	k := d.kernels[key]
	if k != nil {
		d.use(k)
		d.mu.Unlock()
		<-k.done
		return k.made()
	}
	k = &Kernel{d: d, key: key, users: 1, module: m, consts: slices.Clone(c), done: make(chan struct{})}
	d.kernels[key] = k
	d.mu.Unlock()
	if k.err = k.build(c); k.err != nil {
		k.err = fmt.Errorf("vk: kernel %s: %w", m.Name, k.err)
	}
	if Passing(k.err) { // a later call may succeed
		d.mu.Lock()
		delete(d.kernels, key)
		d.mu.Unlock()
		k.free()
	}
	close(k.done)
	return k.made()
}

// made returns the kernel, or the error of building it.
func (k *Kernel) made() (*Kernel, error) {
	if k.err != nil {
		k.Close()
		return nil, k.err
	}
	return k, nil
}

// Close releases the kernel, once for each time that NewKernel returned it. Programs can still dispatch it. Closing a nil kernel does
// nothing.
func (k *Kernel) Close() {
	if k == nil {
		return
	}
	k.d.mu.Lock()
	defer k.d.mu.Unlock()
	k.d.unuse(k)
}

// use adds a user of a kernel. d.mu is held.
func (d *Device) use(k *Kernel) {
	if k.users++; k.users == 1 {
		d.idle = slices.DeleteFunc(d.idle, func(i *Kernel) bool { return i == k })
	}
}

// unuse removes a user of a kernel. Of the kernels without users, the newest are kept. d.mu is held.
func (d *Device) unuse(k *Kernel) {
	if k.users--; k.users > 0 || d.closed || d.kernels[k.key] != k {
		return
	}
	d.idle = append(d.idle, k)
	if len(d.idle) > idleKernels {
		oldest := d.idle[0]
		d.idle = slices.Delete(d.idle, 0, 1)
		delete(d.kernels, oldest.key)
		oldest.free()
	}
}

// fit returns an error if the module needs more than the device has. It sets k.local.
func (k *Kernel) fit(c []spirv.Const) error {
	m, info := k.module, k.d.info
	limits := info.Limits
	if buffers, texels := m.Buffers(); buffers > limits.MaxBuffers || texels > limits.MaxTexelBuffers {
		return beyond("%d buffers and %d texel buffers, the device takes %d and %d", buffers, texels, limits.MaxBuffers, limits.MaxTexelBuffers)
	}
	if m.Subgroup > 0 && (!info.FullSubgroups || m.Subgroup != info.SubgroupSize) {
		return beyond("full subgroups of %d invocations, which the device does not promise", m.Subgroup)
	}
	total := 1
	for i, n := range m.Local {
		for _, v := range c {
			if m.LocalID[i] == v.ID {
				n = int(v.Value)
			}
		}
		k.local[i] = n
		total *= n
		if n > limits.MaxGroupSize[i] || total > limits.MaxInvocations {
			return beyond("a workgroup of %v, the device takes %v and %d in all", k.local, limits.MaxGroupSize, limits.MaxInvocations)
		}
	}
	if n := m.SharedMemory(c...); n > limits.SharedMemory {
		return beyond("%d bytes of shared memory, the device takes %d", n, limits.SharedMemory)
	}
	return nil
}

// lay makes the layout of the kernel's bindings.
func (k *Kernel) lay() error {
	m, d := k.module, k.d
	var a arena
	defer a.free()
	bindings := make([]setLayoutBinding, len(m.Bindings))
	for i, b := range m.Bindings {
		bindings[i] = setLayoutBinding{binding: uint32(b.Index), kind: uint32(descriptorType(b.Kind)), count: 1, stages: computeStage}
	}
	set, err := d.newer.create("vkCreateDescriptorSetLayout", unsafe.Pointer(d.dev), at(&a, setLayoutInfo{
		chained: head(vulkan.StructureTypeDescriptorSetLayoutCreateInfo), count: uint32(len(bindings)), bindings: at(&a, bindings...),
	}))
	if err != nil {
		return err
	}
	k.setup = vulkan.DescriptorSetLayout(set)
	h, err := d.newer.create("vkCreatePipelineLayout", unsafe.Pointer(d.dev), at(&a, pipelineLayoutInfo{
		chained: head(vulkan.StructureTypePipelineLayoutCreateInfo), setCount: 1, sets: at(&a, uintptr(set)),
	}))
	if err != nil {
		return err
	}
	k.layout = vulkan.PipelineLayout(h)
	return nil
}

// specialize returns the address of constants as Vulkan takes them, in the arena; 0 where there are none.
func specialize(a *arena, c []spirv.Const) uintptr {
	if len(c) == 0 {
		return 0
	}
	entries, values := make([]mapEntry, len(c)), make([]uint32, len(c))
	for i, v := range c {
		entries[i], values[i] = mapEntry{id: uint32(v.ID), offset: uint32(4 * i), size: 4}, v.Value
	}
	return at(a, specializationInfo{
		count: uint32(len(c)), entries: at(a, entries...), size: uintptr(4 * len(c)), data: at(a, values...),
	})
}

// build makes the pipeline with the given constants, if the device can run it.
func (k *Kernel) build(c []spirv.Const) error {
	if err := k.fit(c); err != nil {
		return err
	}
	if err := k.lay(); err != nil {
		return err
	}
	m, d := k.module, k.d
	code := vulkan.ShaderModuleCreateInfo{
		SType: vulkan.StructureTypeShaderModuleCreateInfo, CodeSize: uint(4 * len(m.Words)), PCode: m.Words,
	}
	var shader vulkan.ShaderModule
	if err := check("vkCreateShaderModule", vulkan.CreateShaderModule(d.dev, &code, nil, &shader)); err != nil {
		return err
	}
	defer vulkan.DestroyShaderModule(d.dev, shader, nil)
	var a arena
	defer a.free()
	stage := shaderStage{
		chained: head(vulkan.StructureTypePipelineShaderStageCreateInfo), stage: computeStage,
		module: uintptr(unsafe.Pointer(shader)), name: a.text(m.Entry), specialization: specialize(&a, c),
	}
	if m.Subgroup > 0 {
		stage.flags = requireFullSubgroups
		stage.pNext = pointer(at(&a, requiredSubgroupSize{chained: chained{sType: requiredSubgroup}, size: uint32(m.Subgroup)}))
	}
	if err := d.fails("vkCreateComputePipelines"); err != nil {
		return err
	}
	info := computePipelineInfo{
		chained: head(vulkan.StructureTypeComputePipelineCreateInfo), stage: stage, layout: uintptr(unsafe.Pointer(k.layout)),
	}
	if d.compilerSpeaks {
		info.flags = captureStatistics
	}
	out, pipeline := put(&a, uintptr(0))
	err := check("vkCreateComputePipelines", d.newer.call("vkCreateComputePipelines", uintptr(unsafe.Pointer(d.dev)), uintptr(unsafe.Pointer(d.pipelines.handle)), 1, at(&a, info), 0, out))
	k.pipeline = vulkan.Pipeline(pointer(pipeline[0]))
	return err
}

func (k *Kernel) destroy() {
	<-k.done
	k.free()
}

// free frees the kernel's Vulkan objects, also if it is incomplete.
func (k *Kernel) free() {
	vulkan.DestroyPipeline(k.d.dev, k.pipeline, nil)
	vulkan.DestroyPipelineLayout(k.d.dev, k.layout, nil)
	vulkan.DestroyDescriptorSetLayout(k.d.dev, k.setup, nil)
}
