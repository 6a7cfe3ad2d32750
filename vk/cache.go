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

// pipelines is what the driver keeps of the pipelines that it made, in a file from one process to the next. The zero value keeps
// nothing.
type pipelines struct {
	path   string
	loaded int // bytes that came from the file
	handle vulkan.PipelineCache
}

// cacheHeader is what the data of a device's cache begins with: VkPipelineCacheHeaderVersionOne.
type cacheHeader struct {
	Size, Version, Vendor, Device uint32
	UUID                          [16]byte
}

const cacheHeaderSize = 32

func (h cacheHeader) bytes() []byte {
	p, _ := binary.Append(nil, binary.LittleEndian, h) // which a struct of fixed size cannot fail
	return p
}

// openPipelines loads the file of a device; where there is none that this driver wrote, whole, it begins anew.
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

// cacheFile returns where something about the device is kept, and what it begins with: this version of the driver wrote it.
func (d *Device) cacheFile(name string) (path string, h cacheHeader) {
	var p vulkan.PhysicalDeviceProperties
	vulkan.GetPhysicalDeviceProperties(d.pd, &p)
	p.Deref()
	path = filepath.Join(d.opts.CacheDir, fmt.Sprintf("%s-%x-%x-%d.bin", name, p.VendorID, p.DeviceID, d.info.driver))
	return path, cacheHeader{cacheHeaderSize, 1, p.VendorID, p.DeviceID, p.PipelineCacheUUID}
}

// Recall returns what Keep kept under a name for this device and version of its driver; empty: nothing, or what was kept is damaged.
func (d *Device) Recall(name string) string {
	if d.opts.CacheDir == "" {
		return ""
	}
	path, h := d.cacheFile(name)
	return string(bytes.TrimPrefix(readCache(path, h), h.bytes()))
}

// Keep keeps a text in the cache folder, if there is one, whole or not at all. Where that fails it is not recalled, and no more.
func (d *Device) Keep(name, text string) {
	if d.opts.CacheDir == "" {
		return
	}
	path, h := d.cacheFile(name)
	_ = writeCache(path, append(h.bytes(), text...))
}

// closePipelines writes what has been added to the cache to its file. Where that fails the next start is slow again, and no worse.
func (d *Device) closePipelines() {
	c := d.pipelines
	if c.path == "" {
		return
	}
	if data := d.cached(); len(data) > max(c.loaded, cacheHeaderSize) { // lavapipe's cache is a header and nothing else, ever
		_ = writeCache(c.path, data)
	}
	vulkan.DestroyPipelineCache(d.dev, c.handle, nil)
}

// cached returns the data of the cache, nil where the driver does not give it.
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

// readCache returns what a file holds if it is whole and begins with the header, else nil: drivers take damaged data badly.
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

// writeCache writes the data after its SHA-256, whole or not at all. They are on the disk when it returns, for what is kept may be that
// the driver takes the machine down with what comes next.
func writeCache(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	return files.WriteBytes(path, append(sum[:], data...))
}
