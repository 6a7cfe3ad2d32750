package vk

import (
	"errors"
	mathbits "math/bits"
	"slices"
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

const (
	align = 256 // of every buffer: at least the offset alignment of any device

	onDevice = 0 // pools and memory types
	onHost   = 1
)

// memory describes a device's memory; the numbers are memory types.
type memory struct {
	device, host, both uint32
	unified            bool // some memory belongs to both the device and the host
	heap               int64
}

// A memoryType is a type of memory: its properties, and the size of its heap in bytes.
type memoryType struct {
	flags uint32
	heap  int64
}

// Properties of a memory type: VkMemoryPropertyFlagBits.
const (
	local     = 0x1 // fast for the device
	visible   = 0x2 // it can be mapped
	coherent  = 0x4 // writes need not be flushed
	cached    = 0x8 // fast for the host to read
	protected = 0x20
	slow      = 0x40 | 0x80 // AMD's types for debugging, which bypass the device's caches
)

// memoryTypes lists the kinds of memory that a device has, with the sizes of their heaps.
func memoryTypes(pd vulkan.PhysicalDevice) []memoryType {
	var p vulkan.PhysicalDeviceMemoryProperties
	vulkan.GetPhysicalDeviceMemoryProperties(pd, &p)
	p.Deref()
	all := make([]memoryType, p.MemoryTypeCount)
	for i := range all {
		t := p.MemoryTypes[i]
		t.Deref()
		h := p.MemoryHeaps[t.HeapIndex]
		h.Deref()
		all[i] = memoryType{uint32(t.PropertyFlags), int64(h.Size)}
	}
	return all
}

// chooseMemory picks the memory types for buffers. bits says which types buffers can use. It picks the first type that has the needed
// properties and most of the desired ones, because drivers list the better of equal types first (specification, section 11.2.1).
func chooseMemory(types []memoryType, bits uint32) memory {
	pick := func(need, good uint32) (uint32, bool) {
		best, most, found := 0, -1, false
		for i, t := range types {
			if bits>>i&1 == 0 || t.flags&need != need || t.flags&(protected|slow) != 0 {
				continue
			}
			if n := mathbits.OnesCount32(t.flags & good); n > most {
				best, most, found = i, n, true
			}
		}
		return uint32(best), found
	}
	var m memory
	device, found := pick(local, 0)
	if found {
		m.device, m.heap = device, types[device].heap
	}
	m.host, _ = pick(visible|coherent, cached)
	m.both, m.unified = pick(local|visible|coherent, cached)
	return m
}

// memoryBits returns the memory types that buffers can use, as bits. They are the same for all buffers, which have the same usage.
func (d *Device) memoryBits() (uint32, error) {
	info := bufferInfo(1)
	var buf vulkan.Buffer
	if err := check("vkCreateBuffer", vulkan.CreateBuffer(d.dev, &info, nil, &buf)); err != nil {
		return 0, err
	}
	defer vulkan.DestroyBuffer(d.dev, buf, nil)
	var need vulkan.MemoryRequirements
	vulkan.GetBufferMemoryRequirements(d.dev, buf, &need)
	need.Deref()
	return need.MemoryTypeBits, nil
}

func bufferInfo(size int) vulkan.BufferCreateInfo {
	return vulkan.BufferCreateInfo{
		SType: vulkan.StructureTypeBufferCreateInfo, Size: vulkan.DeviceSize(size), SharingMode: vulkan.SharingModeExclusive,
		Usage: vulkan.BufferUsageFlags(vulkan.BufferUsageStorageBufferBit | vulkan.BufferUsageStorageTexelBufferBit |
			vulkan.BufferUsageTransferSrcBit | vulkan.BufferUsageTransferDstBit),
	}
}

// slab is a block of device memory with its mapping.
type slab struct {
	*block
	mem vulkan.DeviceMemory
	ptr unsafe.Pointer
}

type pool struct{ slabs []*slab }

func (p *pool) free(d *Device) {
	for _, s := range p.slabs {
		vulkan.FreeMemory(d.dev, s.mem, nil)
	}
	p.slabs = nil
}

// take returns n bytes of a pool, from a new block if necessary. d.mu is held.
func (d *Device) take(kind, n int) (*slab, int, error) {
	p := &d.pools[kind]
	for _, s := range p.slabs {
		if lo, ok := s.alloc(n, align); ok {
			return s, lo, nil
		}
	}
	size := blockSize(n, int(d.held))
	s, err := d.newSlab(kind, size)
	if err != nil && size > n { // perhaps there is still room for this buffer alone
		size = n
		s, err = d.newSlab(kind, n)
	}
	if err != nil {
		return nil, 0, err
	}
	d.held += int64(size)
	p.slabs = append(p.slabs, s)
	lo, _ := s.alloc(n, align)
	return s, lo, nil
}

// newSlab allocates memory that buffers will share.
func (d *Device) newSlab(kind, size int) (*slab, error) {
	if size > d.info.Limits.MaxAllocation { // some drivers promise more than they have
		return nil, d.outOfMemory(size)
	}
	s := &slab{block: newBlock(size)}
	info := vulkan.MemoryAllocateInfo{
		SType: vulkan.StructureTypeMemoryAllocateInfo, AllocationSize: vulkan.DeviceSize(size), MemoryTypeIndex: d.types[kind],
	}
	switch err := d.fails("vkAllocateMemory"); {
	case errors.Is(err, ErrOutOfMemory):
		return nil, d.outOfMemory(size)
	case err != nil:
		return nil, err
	}
	var mem vulkan.DeviceMemory
	switch r := vulkan.AllocateMemory(d.dev, &info, nil, &mem); {
	case r == vulkan.ErrorOutOfDeviceMemory || r == vulkan.ErrorOutOfHostMemory:
		return nil, d.outOfMemory(size)
	case r < 0:
		return nil, check("vkAllocateMemory", r)
	}
	if kind == onHost || d.mapped {
		var ptr unsafe.Pointer
		err := d.fails("vkMapMemory")
		if err == nil {
			err = check("vkMapMemory", vulkan.MapMemory(d.dev, mem, 0, vulkan.DeviceSize(size), 0, &ptr))
		}
		if err != nil {
			vulkan.FreeMemory(d.dev, mem, nil)
			if errors.Is(err, ErrOutOfMemory) {
				err = d.outOfMemory(size)
			}
			return nil, err
		}
		s.ptr = ptr
	}
	s.mem = mem
	return s, nil
}

// give returns memory to its pool. A pool keeps one empty block, if it is small. d.mu is held.
func (d *Device) give(kind int, s *slab, lo, n int) {
	s.release(lo, n)
	p, spare := &d.pools[kind], false
	p.slabs = slices.DeleteFunc(p.slabs, func(t *slab) bool {
		if !t.empty() {
			return false
		}
		if t.size <= smallBlock && !spare {
			spare = true
			return false
		}
		vulkan.FreeMemory(d.dev, t.mem, nil)
		d.held -= int64(t.size)
		return true
	})
}

// MemoryStats says how much device memory is in use.
type MemoryStats struct {
	Held    int64 // bytes allocated from the driver
	Used    int64 // bytes in open buffers
	Buffers int   // open buffers
}

// Memory returns the memory in use.
func (d *Device) Memory() MemoryStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := MemoryStats{Held: d.held, Buffers: len(d.live)}
	for b := range d.live {
		m.Used += int64(b.size)
	}
	return m
}
