package vk

import (
	"unsafe"

	"genview/shaders/spirv"

	vulkan "github.com/vulkan-go/vulkan"
)

// prepare makes the program's Vulkan objects, and records it.
func (p *Program) prepare() error {
	d := p.d
	d.cmu.Lock()
	defer d.cmu.Unlock()
	fence := vulkan.FenceCreateInfo{SType: vulkan.StructureTypeFenceCreateInfo}
	p.fence = make([]vulkan.Fence, 1)
	if err := check("vkCreateFence", vulkan.CreateFence(d.dev, &fence, nil, &p.fence[0])); err != nil {
		p.fence = nil
		return err
	}
	if err := p.descriptors(p.commands); err != nil {
		return err
	}
	if err := p.timers(); err != nil {
		return err
	}
	return p.write()
}

// write records a command buffer for each submission. d.cmu is held.
func (p *Program) write() error {
	d := p.d
	alloc := vulkan.CommandBufferAllocateInfo{
		SType: vulkan.StructureTypeCommandBufferAllocateInfo, CommandPool: d.cmds,
		Level: vulkan.CommandBufferLevelPrimary, CommandBufferCount: uint32(len(p.begins)),
	}
	if err := d.fails("vkAllocateCommandBuffers"); err != nil {
		return err
	}
	p.cmds = make([]vulkan.CommandBuffer, len(p.begins))
	if err := check("vkAllocateCommandBuffers", vulkan.AllocateCommandBuffers(d.dev, &alloc, p.cmds)); err != nil {
		p.cmds = nil
		return err
	}
	p.dispatches, p.barriers = 0, 0
	for i, cmd := range p.cmds {
		lo, hi := p.begins[i], len(p.commands)
		if i+1 < len(p.begins) {
			hi = p.begins[i+1]
		}
		if err := p.piece(cmd, lo, hi); err != nil {
			return err
		}
	}
	return nil
}

// piece records the commands lo ≤ i < hi. A barrier also covers what was submitted earlier.
func (p *Program) piece(cmd vulkan.CommandBuffer, lo, hi int) error {
	d := p.d
	var a arena
	defer a.free()
	begin := vulkan.CommandBufferBeginInfo{SType: vulkan.StructureTypeCommandBufferBeginInfo}
	if err := check("vkBeginCommandBuffer", vulkan.BeginCommandBuffer(cmd, &begin)); err != nil {
		return err
	}
	const host = vulkan.PipelineStageFlags(vulkan.PipelineStageHostBit)
	if lo == 0 {
		if p.timed() {
			vulkan.CmdResetQueryPool(cmd, p.queries, 0, uint32(len(p.commands)+1))
		}
		d.newer.barrier(cmd, host|work, work, vulkan.AccessHostWriteBit|written, read|written) // after the previous run
		p.stamp(cmd, 0)
	}
	for i, c := range p.commands[lo:hi] {
		if c.barrier {
			d.newer.barrier(cmd, work, work, written, read|written)
			p.barriers++
		}
		switch {
		case c.kernel != nil:
			p.dispatch(cmd, c, p.sets[p.dispatches])
			p.dispatches++
		case c.fill != nil:
			v := c.views[0]
			vulkan.CmdFillBuffer(cmd, v.Buffer.buf, vulkan.DeviceSize(v.Lo), vulkan.DeviceSize(v.Len()), *c.fill)
		case c.target != nil:
			d.newer.show(cmd, c.views[0], c.target)
		default:
			dst, src := c.views[0], c.views[1]
			d.newer.call("vkCmdCopyBuffer", uintptr(unsafe.Pointer(cmd)), uintptr(unsafe.Pointer(src.Buffer.buf)),
				uintptr(unsafe.Pointer(dst.Buffer.buf)), 1, at(&a, bufferCopy{uint64(src.Lo), uint64(dst.Lo), uint64(src.Len())}))
		}
		p.stamp(cmd, lo+i+1)
	}
	if hi == len(p.commands) {
		d.newer.barrier(cmd, work, host, written, vulkan.AccessHostReadBit)
	}
	return check("vkEndCommandBuffer", vulkan.EndCommandBuffer(cmd))
}

const (
	work    = vulkan.PipelineStageFlags(vulkan.PipelineStageComputeShaderBit | vulkan.PipelineStageTransferBit)
	read    = vulkan.AccessShaderReadBit | vulkan.AccessTransferReadBit
	written = vulkan.AccessShaderWriteBit | vulkan.AccessTransferWriteBit
)

func (n newer) barrier(cmd vulkan.CommandBuffer, from, to vulkan.PipelineStageFlags, src, dst vulkan.AccessFlagBits) {
	var a arena
	defer a.free()
	m := at(&a, memoryBarrier{head(vulkan.StructureTypeMemoryBarrier), uint32(src), uint32(dst)})
	n.call("vkCmdPipelineBarrier", uintptr(unsafe.Pointer(cmd)), uintptr(from), uintptr(to), 0, 1, m, 0, 0, 0, 0)
}

func (p *Program) dispatch(cmd vulkan.CommandBuffer, c command, set vulkan.DescriptorSet) {
	k := c.kernel
	vulkan.CmdBindPipeline(cmd, vulkan.PipelineBindPointCompute, k.pipeline)
	vulkan.CmdBindDescriptorSets(cmd, vulkan.PipelineBindPointCompute, k.layout, 0, 1, []vulkan.DescriptorSet{set}, 0, nil)
	vulkan.CmdDispatch(cmd, uint32(c.groups[0]), uint32(c.groups[1]), uint32(c.groups[2]))
}

// descriptors makes one set for each dispatch.
func (p *Program) descriptors(commands []command) error {
	storage, texel, sets := 0, 0, 0
	for _, c := range commands {
		if c.kernel == nil {
			continue
		}
		sets++
		for _, b := range c.kernel.module.Bindings {
			if b.Kind == spirv.Storage {
				storage++
			} else {
				texel++
			}
		}
	}
	if sets == 0 {
		return nil
	}
	dev := p.d.dev
	var a arena
	defer a.free()
	var sizes []poolSize
	if storage > 0 {
		sizes = append(sizes, poolSize{uint32(vulkan.DescriptorTypeStorageBuffer), uint32(storage)})
	}
	if texel > 0 {
		sizes = append(sizes, poolSize{uint32(vulkan.DescriptorTypeStorageTexelBuffer), uint32(texel)})
	}
	pool, err := p.d.newer.create("vkCreateDescriptorPool", unsafe.Pointer(dev), at(&a, descriptorPoolInfo{
		chained: head(vulkan.StructureTypeDescriptorPoolCreateInfo), sets: uint32(sets), count: uint32(len(sizes)), sizes: at(&a, sizes...),
	}))
	if err != nil {
		return err
	}
	p.pool = vulkan.DescriptorPool(pool)
	for _, c := range commands {
		if c.kernel == nil {
			continue
		}
		alloc := vulkan.DescriptorSetAllocateInfo{
			SType: vulkan.StructureTypeDescriptorSetAllocateInfo, DescriptorPool: p.pool,
			DescriptorSetCount: 1, PSetLayouts: []vulkan.DescriptorSetLayout{c.kernel.setup},
		}
		var set vulkan.DescriptorSet
		if err := check("vkAllocateDescriptorSets", vulkan.AllocateDescriptorSets(dev, &alloc, &set)); err != nil {
			return err
		}
		p.sets = append(p.sets, set)
		var writes []writeDescriptor
		for i, b := range c.kernel.module.Bindings {
			v := c.views[i]
			w := writeDescriptor{
				chained: head(vulkan.StructureTypeWriteDescriptorSet), set: uintptr(unsafe.Pointer(set)), binding: uint32(b.Index),
				count: 1, kind: uint32(descriptorType(b.Kind)),
			}
			if b.Kind == spirv.Storage {
				w.buffers = at(&a, descriptorBuffer{uintptr(unsafe.Pointer(v.Buffer.buf)), uint64(v.Lo), uint64(v.Len())})
			} else {
				t, err := v.texel(formats[b.Kind])
				if err != nil {
					return err
				}
				w.texels = at(&a, uintptr(unsafe.Pointer(t)))
			}
			writes = append(writes, w)
		}
		p.d.newer.call("vkUpdateDescriptorSets", uintptr(unsafe.Pointer(dev)), uintptr(len(writes)), at(&a, writes...), 0, 0)
	}
	return nil
}
