package vk

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"genview/shaders/spirv"

	vulkan "github.com/vulkan-go/vulkan"
)

// A Kernel is a compute pipeline, ready to be dispatched. The device owns it.
type Kernel struct {
	d        *Device
	module   *spirv.Module
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
	k := d.kernels[key]
	if k != nil {
		d.mu.Unlock()
		<-k.done
		return k, k.err
	}
	k = &Kernel{d: d, module: m, done: make(chan struct{})}
	d.kernels[key] = k
	d.mu.Unlock()
	if k.err = k.build(c); k.err != nil {
		k.err = fmt.Errorf("vk: kernel %s: %w", m.Name, k.err)
	}
	close(k.done)
	return k, k.err
}

func (k *Kernel) build(c []spirv.Const) error {
	m, d := k.module, k.d
	limits := d.info.Limits
	if m.PushSize > limits.PushConstants {
		return fmt.Errorf("%d bytes of push constants, the device takes %d", m.PushSize, limits.PushConstants)
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
			return fmt.Errorf("a workgroup of %v, the device takes %v and %d in all", k.local, limits.MaxGroupSize, limits.MaxInvocations)
		}
	}
	bindings := make([]vulkan.DescriptorSetLayoutBinding, len(m.Bindings))
	for i, b := range m.Bindings {
		bindings[i] = vulkan.DescriptorSetLayoutBinding{
			Binding: uint32(b.Index), DescriptorType: descriptorType(b.Kind), DescriptorCount: 1,
			StageFlags: vulkan.ShaderStageFlags(vulkan.ShaderStageComputeBit),
		}
	}
	set := vulkan.DescriptorSetLayoutCreateInfo{
		SType: vulkan.StructureTypeDescriptorSetLayoutCreateInfo, BindingCount: uint32(len(bindings)), PBindings: bindings,
	}
	var sets vulkan.DescriptorSetLayout
	if err := check("vkCreateDescriptorSetLayout", vulkan.CreateDescriptorSetLayout(d.dev, &set, nil, &sets)); err != nil {
		return err
	}
	k.setup = sets
	layout := vulkan.PipelineLayoutCreateInfo{
		SType: vulkan.StructureTypePipelineLayoutCreateInfo, SetLayoutCount: 1, PSetLayouts: []vulkan.DescriptorSetLayout{k.setup},
	}
	if m.PushSize > 0 {
		layout.PushConstantRangeCount = 1
		layout.PPushConstantRanges = []vulkan.PushConstantRange{{
			StageFlags: vulkan.ShaderStageFlags(vulkan.ShaderStageComputeBit), Size: uint32(m.PushSize),
		}}
	}
	var pl vulkan.PipelineLayout
	if err := check("vkCreatePipelineLayout", vulkan.CreatePipelineLayout(d.dev, &layout, nil, &pl)); err != nil {
		return err
	}
	k.layout = pl
	code := vulkan.ShaderModuleCreateInfo{
		SType: vulkan.StructureTypeShaderModuleCreateInfo, CodeSize: uint(4 * len(m.Words)), PCode: m.Words,
	}
	var shader vulkan.ShaderModule
	if err := check("vkCreateShaderModule", vulkan.CreateShaderModule(d.dev, &code, nil, &shader)); err != nil {
		return err
	}
	defer vulkan.DestroyShaderModule(d.dev, shader, nil)
	stage := vulkan.PipelineShaderStageCreateInfo{
		SType: vulkan.StructureTypePipelineShaderStageCreateInfo, Stage: vulkan.ShaderStageComputeBit,
		Module: shader, PName: m.Entry + "\x00",
	}
	values := make([]uint32, len(c)+1)
	if len(c) > 0 {
		entries := make([]vulkan.SpecializationMapEntry, len(c))
		for i, v := range c {
			values[i] = v.Value
			entries[i] = vulkan.SpecializationMapEntry{ConstantID: uint32(v.ID), Offset: uint32(4 * i), Size: 4}
		}
		stage.PSpecializationInfo = []vulkan.SpecializationInfo{{
			MapEntryCount: uint32(len(c)), PMapEntries: entries, DataSize: uint(4 * len(c)), PData: unsafe.Pointer(&values[0]),
		}}
	}
	info := []vulkan.ComputePipelineCreateInfo{{
		SType: vulkan.StructureTypeComputePipelineCreateInfo, Stage: stage, Layout: k.layout,
	}}
	out := make([]vulkan.Pipeline, 1)
	r := vulkan.CreateComputePipelines(d.dev, vulkan.NullPipelineCache, 1, info, nil, out)
	k.pipeline = out[0]
	return check("vkCreateComputePipelines", r)
}

func (k *Kernel) destroy() {
	<-k.done
	vulkan.DestroyPipeline(k.d.dev, k.pipeline, nil)
	vulkan.DestroyPipelineLayout(k.d.dev, k.layout, nil)
	vulkan.DestroyDescriptorSetLayout(k.d.dev, k.setup, nil)
}
