package vk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"genview/vk/files"

	vulkan "github.com/vulkan-go/vulkan"
)

// pipelines is the driver's pipeline cache, which a file keeps from one process to the next. The zero value has no file.
type pipelines struct {
	path   string
	loaded int // bytes read from the file
	handle vulkan.PipelineCache
}

// cacheHeader is the beginning of a device's cache data: VkPipelineCacheHeaderVersionOne.
type cacheHeader struct {
	Size, Version, Vendor, Device uint32
	UUID                          [16]byte
}

const cacheHeaderSize = 32

func (h cacheHeader) bytes() []byte {
	p, _ := binary.Append(nil, binary.LittleEndian, h) // cannot fail for a struct of fixed size
	return p
}

// openPipelines loads the file of a device. Without a whole file of this driver it starts with an empty cache.
func (d *Device) openPipelines() error {
	if d.opts.CacheDir == "" {
		return nil
	}
	path, h := d.cacheFile("pipelines")
	data := readCache(path, h)
	var a arena
	defer a.free()
	handle, err := d.newer.create("vkCreatePipelineCache", unsafe.Pointer(d.dev), at(&a, pipelineCacheInfo{
		chained: head(vulkan.StructureTypePipelineCacheCreateInfo), size: uintptr(len(data)), data: at(&a, data...),
	}))
	d.pipelines = pipelines{path, len(data), vulkan.PipelineCache(handle)}
	return err
}

// cacheFile returns the path of a file about the device, and the header that marks it as written by this version of the driver.
func (d *Device) cacheFile(name string) (path string, h cacheHeader) {
	var p vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(d.pd, &p)
	p.Deref()
	path = filepath.Join(d.opts.CacheDir, fmt.Sprintf("%s-%x-%x-%d.bin", name, p.VendorID, p.DeviceID, d.info.driver))
	return path, cacheHeader{cacheHeaderSize, 1, p.VendorID, p.DeviceID, p.PipelineCacheUUID}
}

// Recall returns the text that Keep kept under a name for this device and version of its driver; empty: there is none, or it is damaged.
func (d *Device) Recall(name string) string {
	if d.opts.CacheDir == "" {
		return ""
	}
	path, h := d.cacheFile(name)
	return string(bytes.TrimPrefix(readCache(path, h), h.bytes()))
}

// Keep writes a text to the cache folder, if there is one, whole or not at all. If that fails, Recall does not find it.
func (d *Device) Keep(name, text string) {
	if d.opts.CacheDir == "" {
		return
	}
	path, h := d.cacheFile(name)
	_ = writeCache(path, append(h.bytes(), text...))
}

// closePipelines writes the cache to its file if it has grown. If that fails, the next start is slow again.
func (d *Device) closePipelines() {
	c := d.pipelines
	if c.path == "" {
		return
	}
	if data := d.cached(); len(data) > max(c.loaded, cacheHeaderSize) { // lavapipe's cache is always a header alone
		_ = writeCache(c.path, data)
	}
	vulkan.DestroyPipelineCache(d.dev, c.handle, nil)
}

// cached returns the data of the cache; nil if the driver does not return it.
func (d *Device) cached() []byte {
	var a arena
	defer a.free()
	ask := func(size, data uintptr) bool {
		return d.newer.call("vkGetPipelineCacheData", uintptr(unsafe.Pointer(d.dev)), uintptr(unsafe.Pointer(d.pipelines.handle)), size, data) == vulkan.Success
	}
	psize, size := put(&a, uintptr(0))
	if !ask(psize, 0) {
		return nil
	}
	pdata, data := put(&a, make([]byte, size[0])...)
	if !ask(psize, pdata) {
		return nil
	}
	return data[:size[0]]
}

// readCache returns the content of a file if it is whole and begins with the header, else nil, because drivers may crash on damaged data.
func readCache(path string, h cacheHeader) []byte {
	p, err := os.ReadFile(path)
	if err != nil || len(p) < sha256.Size {
		return nil
	}
	sum, data := p[:sha256.Size], p[sha256.Size:]
	if want := sha256.Sum256(data); !bytes.Equal(sum, want[:]) || !bytes.HasPrefix(data, h.bytes()) {
		return nil
	}
	return data
}

// writeCache writes the data after its SHA-256, whole or not at all. The file survives a power loss, because some of it says that the
// driver may be about to crash the machine.
func writeCache(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	return files.WriteBytes(path, append(sum[:], data...))
}
