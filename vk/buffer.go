package vk

import (
	"fmt"
	"io"
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

// A Buffer is device memory. Several goroutines may use it, but it does not order their writes.
type Buffer struct {
	d      *Device
	id     uint64
	name   string
	size   int
	kind   int
	buf    vulkan.Buffer
	slab   *slab
	offset int
	room   int
	texels map[texelKey]vulkan.BufferView
	closed bool
}

type texelKey struct {
	lo, hi int
	format vulkan.Format
}

// NewBuffer makes a buffer of that many bytes in device memory, with undefined contents.
func (d *Device) NewBuffer(name string, size int) (*Buffer, error) {
	return d.newBuffer(name, size, onDevice)
}

// NewHostBuffer makes a buffer in memory that is mapped for the host and usable by the device: to feed a program and to read its results.
func (d *Device) NewHostBuffer(name string, size int) (*Buffer, error) {
	return d.newBuffer(name, size, onHost)
}

func (d *Device) outOfMemory(asked int) error {
	return &MemoryError{Asked: int64(asked), Held: d.held, Total: d.info.HeapBytes}
}

// newBuffer makes a buffer in memory of the given kind.
func (d *Device) newBuffer(name string, size, kind int) (*Buffer, error) {
	if size < 1 {
		return nil, fmt.Errorf("vk: NewBuffer %s: a size of %d bytes", name, size)
	}
	info := bufferInfo(size)
	b := &Buffer{d: d, name: name, size: size, kind: kind, texels: map[texelKey]vulkan.BufferView{}}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errClosed
	}
	if size > d.info.Limits.MaxAllocation { // must not ask the driver for more than its limit
		return nil, d.outOfMemory(size)
	}
	var buf vulkan.Buffer
	switch r := vulkan.CreateBuffer(d.dev, &info, nil, &buf); {
	case r == vulkan.ErrorOutOfDeviceMemory || r == vulkan.ErrorOutOfHostMemory:
		return nil, d.outOfMemory(size)
	case r < 0:
		return nil, check("vkCreateBuffer", r)
	}
	b.buf = buf
	var need vulkan.MemoryRequirements
	vulkan.GetBufferMemoryRequirements(d.dev, b.buf, &need)
	need.Deref()
	b.room = (int(need.Size) + align - 1) / align * align
	var err error
	if b.slab, b.offset, err = d.take(kind, b.room); err != nil {
		vulkan.DestroyBuffer(d.dev, b.buf, nil)
		return nil, err
	}
	if err := check("vkBindBufferMemory", vulkan.BindBufferMemory(d.dev, b.buf, b.slab.mem, vulkan.DeviceSize(b.offset))); err != nil {
		d.give(kind, b.slab, b.offset, b.room)
		vulkan.DestroyBuffer(d.dev, b.buf, nil)
		return nil, err
	}
	d.nextID++
	b.id = d.nextID
	d.live[b] = true
	return b, nil
}

// Close frees the buffer once the device no longer uses it. A second Close does nothing, nor does one after the device's Close. If waiting
// for the device fails, the device's Close frees the buffer.
func (b *Buffer) Close() {
	if !b.d.opened() {
		return
	}
	err := b.d.wait()
	b.d.mu.Lock()
	defer b.d.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	if unused(err) {
		b.free()
	}
}

// free frees the buffer's Vulkan objects. d.mu is held, or the device is being closed.
func (b *Buffer) free() {
	for _, v := range b.texels {
		vulkan.DestroyBufferView(b.d.dev, v, nil)
	}
	vulkan.DestroyBuffer(b.d.dev, b.buf, nil)
	b.d.give(b.kind, b.slab, b.offset, b.room)
	delete(b.d.live, b)
}

// Name returns the buffer's name.
func (b *Buffer) Name() string { return b.name }

// Size returns the buffer's size in bytes.
func (b *Buffer) Size() int { return b.size }

// Bytes returns the buffer's memory if it is mapped, else nil. The caller must make sure that no program uses it at the same time.
func (b *Buffer) Bytes() []byte {
	if b.closed || b.slab.ptr == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Add(b.slab.ptr, b.offset)), b.size)
}

func (b *Buffer) inRange(p []byte, off int64) error {
	if b.closed {
		return fmt.Errorf("vk: %s is closed", b.name)
	}
	if off < 0 || off+int64(len(p)) > int64(b.size) {
		return fmt.Errorf("vk: %s: bytes %d to %d of %d", b.name, off, off+int64(len(p)), b.size)
	}
	return nil
}

// ReadAt waits for the device and copies bytes from the buffer; it is an io.ReaderAt.
func (b *Buffer) ReadAt(p []byte, off int64) (int, error) {
	short := false
	if n := int64(b.size) - off; off >= 0 && int64(len(p)) > n {
		if n <= 0 {
			return 0, io.EOF
		}
		p, short = p[:n], true
	}
	if err := b.inRange(p, off); err != nil {
		return 0, err
	}
	if err := b.d.wait(); err != nil {
		return 0, err
	}
	if m := b.Bytes(); m != nil {
		copy(p, m[off:])
	} else if err := b.stage(p, int(off), false); err != nil {
		return 0, err
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

// WriteAt waits for the device and copies bytes to the buffer; it is an io.WriterAt.
func (b *Buffer) WriteAt(p []byte, off int64) (int, error) {
	if err := b.inRange(p, off); err != nil {
		return 0, err
	}
	if err := b.d.wait(); err != nil {
		return 0, err
	}
	if m := b.Bytes(); m != nil {
		return copy(m[off:], p), nil
	}
	if err := b.stage(p, int(off), true); err != nil {
		return 0, err
	}
	return len(p), nil
}

// stage copies bytes through host memory, in pieces.
func (b *Buffer) stage(p []byte, off int, write bool) error {
	const piece = 8 << 20
	host, err := b.d.NewHostBuffer("staging", min(len(p)+3, piece))
	if err != nil {
		return err
	}
	defer host.Close()
	for len(p) > 0 {
		n := min(len(p), piece)
		rec := b.d.NewRecorder()
		if write {
			copy(host.Bytes(), p[:n])
			rec.Copy(b.Slice(off, off+n), host.Slice(0, n))
		} else {
			rec.Copy(host.Slice(0, n), b.Slice(off, off+n))
		}
		if err := rec.once(); err != nil {
			return err
		}
		if !write {
			copy(p[:n], host.Bytes())
		}
		p, off = p[n:], off+n
	}
	return nil
}

// A View is a range of a buffer's bytes: to device memory what a slice is to an array.
type View struct {
	Buffer *Buffer
	Lo, Hi int
}

// View returns all of the buffer.
func (b *Buffer) View() View { return View{b, 0, b.size} }

// Slice returns the bytes lo ≤ i < hi.
func (b *Buffer) Slice(lo, hi int) View { return View{b, lo, hi} }

// Slice returns the bytes lo ≤ i < hi of the view.
func (v View) Slice(lo, hi int) View { return View{v.Buffer, v.Lo + lo, v.Lo + hi} }

// Len returns the view's size in bytes.
func (v View) Len() int { return v.Hi - v.Lo }

func (v View) extent() extent { return extent{v.Buffer.id, v.Lo, v.Hi} }

// texel returns the texel buffer view of the bytes, which it makes once.
func (v View) texel(format vulkan.Format) (vulkan.BufferView, error) {
	b := v.Buffer
	key := texelKey{v.Lo, v.Hi, format}
	b.d.mu.Lock()
	defer b.d.mu.Unlock()
	if t, ok := b.texels[key]; ok {
		return t, nil
	}
	info := vulkan.BufferViewCreateInfo{
		SType: vulkan.StructureTypeBufferViewCreateInfo, Buffer: b.buf, Format: format,
		Offset: vulkan.DeviceSize(v.Lo), Range: vulkan.DeviceSize(v.Len()),
	}
	var t vulkan.BufferView
	if err := check("vkCreateBufferView", vulkan.CreateBufferView(b.d.dev, &info, nil, &t)); err != nil {
		return t, err
	}
	b.texels[key] = t
	return t, nil
}
