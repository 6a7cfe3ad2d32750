package vk

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"genview/shaders/spirv"

	vulkan "github.com/vulkan-go/vulkan"
)

// A Kernel is a compute pipeline, ready to be dispatched. The device owns it.
type Kernel struct {
	d        *Device
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

// NewKernel makes the pipeline of a module with these specialization constants, once for each combination.
func (d *Device) NewKernel(m *spirv.Module, c ...spirv.Const) (*Kernel, error) {
	consts := make([]byte, 0, 8*len(c))
	for _, v := range c {
		consts = binary.LittleEndian.AppendUint32(consts, uint32(v.ID))
		consts = binary.LittleEndian.AppendUint32(consts, v.Value)
	}
	key := kernelKey{m, string(consts)}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, errClosed
	}
	k := d.kernels[key]
	if k != nil {
		d.mu.Unlock()
		<-k.done
		return k, k.err
	}
	k = &Kernel{d: d, module: m, consts: slices.Clone(c), done: make(chan struct{})}
	d.kernels[key] = k
	d.mu.Unlock()
	if k.err = k.build(c); k.err != nil {
		k.err = fmt.Errorf("vk: kernel %s: %w", m.Name, k.err)
	}
	if Passing(k.err) { // the next to ask may have it
		d.mu.Lock()
		delete(d.kernels, key)
		d.mu.Unlock()
		k.free()
	}
	close(k.done)
	return k, k.err
}

func (k *Kernel) build(c []spirv.Const) error {
	m, d := k.module, k.d
	limits := d.info.Limits
	if m.PushSize > limits.PushConstants {
		return beyond("%d bytes of push constants, the device takes %d", m.PushSize, limits.PushConstants)
	}
	if buffers, texels := m.Buffers(); buffers > limits.MaxBuffers || texels > limits.MaxTexelBuffers {
		return beyond("%d buffers and %d texel buffers, the device takes %d and %d", buffers, texels, limits.MaxBuffers, limits.MaxTexelBuffers)
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
	var a arena
	defer a.free()
	const stages = uint32(vulkan.ShaderStageComputeBit)
	bindings := make([]setLayoutBinding, len(m.Bindings))
	for i, b := range m.Bindings {
		bindings[i] = setLayoutBinding{binding: uint32(b.Index), kind: uint32(descriptorType(b.Kind)), count: 1, stages: stages}
	}
	set, err := d.newer.create("vkCreateDescriptorSetLayout", unsafe.Pointer(d.dev), at(&a, setLayoutInfo{
		chained: head(vulkan.StructureTypeDescriptorSetLayoutCreateInfo), count: uint32(len(bindings)), bindings: at(&a, bindings...),
	}))
	if err != nil {
		return err
	}
	k.setup = vulkan.DescriptorSetLayout(set)
	layout := pipelineLayoutInfo{
		chained: head(vulkan.StructureTypePipelineLayoutCreateInfo), setCount: 1, sets: at(&a, uintptr(set)),
	}
	if m.PushSize > 0 {
		layout.pushCount, layout.pushes = 1, at(&a, pushRange{stages: stages, size: uint32(m.PushSize)})
	}
	pl, err := d.newer.create("vkCreatePipelineLayout", unsafe.Pointer(d.dev), at(&a, layout))
	if err != nil {
		return err
	}
	k.layout = vulkan.PipelineLayout(pl)
	code := vulkan.ShaderModuleCreateInfo{
		SType: vulkan.StructureTypeShaderModuleCreateInfo, CodeSize: uint(4 * len(m.Words)), PCode: m.Words,
	}
	var shader vulkan.ShaderModule
	if err := check("vkCreateShaderModule", vulkan.CreateShaderModule(d.dev, &code, nil, &shader)); err != nil {
		return err
	}
	defer vulkan.DestroyShaderModule(d.dev, shader, nil)
	stage := shaderStage{
		chained: head(vulkan.StructureTypePipelineShaderStageCreateInfo), stage: stages,
		module: uintptr(unsafe.Pointer(shader)), name: a.text(m.Entry),
	}
	if len(c) > 0 {
		entries, values := make([]mapEntry, len(c)), make([]uint32, len(c))
		for i, v := range c {
			entries[i], values[i] = mapEntry{id: uint32(v.ID), offset: uint32(4 * i), size: 4}, v.Value
		}
		stage.specialization = at(&a, specializationInfo{
			count: uint32(len(c)), entries: at(&a, entries...), size: uintptr(4 * len(c)), data: at(&a, values...),
		})
	}
	if err := d.fails("vkCreateComputePipelines"); err != nil {
		return err
	}
	out, pipeline := put(&a, uintptr(0))
	err = check("vkCreateComputePipelines", d.newer.call("vkCreateComputePipelines", uintptr(unsafe.Pointer(d.dev)), uintptr(unsafe.Pointer(d.pipelines.handle)), 1, at(&a, computePipelineInfo{
		chained: head(vulkan.StructureTypeComputePipelineCreateInfo), stage: stage, layout: uintptr(pl),
	}), 0, out))
	k.pipeline = vulkan.Pipeline(pointer(pipeline[0]))
	return err
}

func (k *Kernel) destroy() {
	<-k.done
	k.free()
}

// free gives back what the kernel has of the driver's, also where it is not complete.
func (k *Kernel) free() {
	vulkan.DestroyPipeline(k.d.dev, k.pipeline, nil)
	vulkan.DestroyPipelineLayout(k.d.dev, k.layout, nil)
	vulkan.DestroyDescriptorSetLayout(k.d.dev, k.setup, nil)
}
