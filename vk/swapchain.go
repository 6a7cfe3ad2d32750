package vk

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

// ErrOutdated says that a swapchain no longer fits its window, which has another size or place: close it and make another one.
var ErrOutdated = errors.New("the swapchain is outdated")

// ErrSurfaceLost says that a window has lost its surface: close both and make others.
var ErrSurfaceLost = errors.New("the surface is lost")

// ErrNoImage says that no image of a swapchain became free in time, as while a window is hidden: ask again.
var ErrNoImage = errors.New("no image is free")

// A Swapchain is the images that a window shows in turn. It is for one goroutine. Close frees it, and comes before that of its surface and
// device.
//
//	i, err := chain.Next()
//	…
//	err = chain.Show(programs[i], i) // a program for each image, whose recording ended with Recorder.Show
type Swapchain struct {
	d         *Device
	handle    uintptr
	size      extent2
	blueFirst bool
	images    []uint64
	free      []uint64 // of each image the semaphore that its newest acquisition signalled
	spare     uint64   // the semaphore for the next acquisition
	shown     []uint64 // of each image the semaphore after which it can be shown
}

// NewSwapchain makes the images of a window of that many pixels; the window system has the last word on the size. The pace is one of
// [Surface.Paces]. The error is [ErrOutdated] while the window has no pixels, as one that is minimised.
func (s *Surface) NewSwapchain(width, height int, p Pace) (*Swapchain, error) {
	caps, err := s.capabilities()
	if err != nil {
		return nil, err
	}
	c := &Swapchain{d: s.d, size: caps.fit(width, height)}
	if c.size.w == 0 || c.size.h == 0 {
		return nil, fmt.Errorf("vk: a window without pixels: %w", ErrOutdated)
	}
	if caps.supportedUsage&uint32(vulkan.ImageUsageTransferDstBit) == 0 {
		return nil, fmt.Errorf("vk: %s: %w: nothing can be copied to its images", s.d.info.Name, ErrCannotPresent)
	}
	var format surfaceFormat
	if format, c.blueFirst, err = s.format(); err != nil {
		return nil, err
	}
	if err := c.make(s, caps, format, p); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// fit returns the size of images: the window's own, or the one wanted if the window takes any.
func (c surfaceCapabilities) fit(width, height int) extent2 {
	const any = ^uint32(0)
	if c.extent.w != any {
		return c.extent
	}
	return extent2{min(max(uint32(width), c.least.w), c.most.w), min(max(uint32(height), c.least.h), c.most.h)}
}

func (c *Swapchain) make(s *Surface, caps surfaceCapabilities, format surfaceFormat, p Pace) error {
	d := c.d
	count := caps.minImages + 1 // one more than the window system keeps, so that there is one to draw
	if caps.maxImages > 0 {
		count = min(count, caps.maxImages)
	}
	const opaque = 1 // VK_COMPOSITE_ALPHA_OPAQUE_BIT_KHR
	alpha := uint32(opaque)
	if caps.compositeAlpha&opaque == 0 {
		alpha = caps.compositeAlpha & -caps.compositeAlpha // any: pixels are opaque
	}
	var a arena
	defer a.free()
	if err := d.fails("vkCreateSwapchainKHR"); err != nil {
		return err
	}
	h, err := d.newer.create("vkCreateSwapchainKHR", unsafe.Pointer(d.dev), at(&a, swapchainInfo{
		chained: chained{sType: 1000001000}, surface: uint64(s.handle), count: count, format: format, extent: c.size, layers: 1,
		usage: uint32(vulkan.ImageUsageTransferDstBit), transform: caps.transform, alpha: alpha, mode: modes[p], clipped: 1,
	}))
	if err != nil {
		return err
	}
	c.handle = uintptr(h)
	if c.images, err = listed(d.newer, &a, "vkGetSwapchainImagesKHR", uintptr(unsafe.Pointer(d.dev)), c.handle, uint64(0)); err != nil {
		return err
	}
	semaphores := make([]uint64, 2*len(c.images)+1)
	c.free, c.shown = semaphores[:len(c.images)], semaphores[len(c.images):2*len(c.images)]
	for i := range semaphores {
		h, err := d.newer.create("vkCreateSemaphore", unsafe.Pointer(d.dev), at(&a, semaphoreInfo{chained: head(vulkan.StructureTypeSemaphoreCreateInfo)}))
		if err != nil {
			return err
		}
		semaphores[i] = uint64(uintptr(h))
	}
	c.spare = semaphores[2*len(c.images)]
	return nil
}

// Size returns the size of the images in pixels.
func (c *Swapchain) Size() (width, height int) { return int(c.size.w), int(c.size.h) }

// Images returns how many images there are.
func (c *Swapchain) Images() int { return len(c.images) }

// BlueFirst tells whether the bytes of a pixel are blue, green, red, alpha, and not red, green, blue, alpha.
func (c *Swapchain) BlueFirst() bool { return c.blueFirst }

// imageWait is how long Next waits for an image. A window that is hidden may have none for as long as it is.
const imageWait = time.Second / 2

// Next returns the image to draw next, once there is one. The error may be [ErrNoImage], [ErrOutdated] or [ErrSurfaceLost].
func (c *Swapchain) Next() (image int, err error) {
	d := c.d
	const name = "vkAcquireNextImageKHR"
	if err := d.fails(name); err != nil {
		return 0, err
	}
	var a arena
	defer a.free()
	out, index := put(&a, uint32(0))
	r := d.newer.call(name, uintptr(unsafe.Pointer(d.dev)), c.handle, uintptr(imageWait), uintptr(c.spare), 0, out)
	switch {
	case r == vulkan.Timeout || r == vulkan.NotReady:
		return 0, fmt.Errorf("vk: %s: %w", name, ErrNoImage)
	case r < 0:
		return 0, check(name, r)
	}
	i := index[0]
	// The image's program waits for its former run, which had waited for this semaphore, before anyone signals it again.
	c.spare, c.free[i] = c.free[i], c.spare
	return int(i), nil
}

// Show runs a program that ends with [Recorder.Show] of an image, and shows the image. It returns before the device has finished. The error
// may be [ErrOutdated] or [ErrSurfaceLost].
func (c *Swapchain) Show(p *Program, image int) error {
	p.mu.Lock()
	p.after, p.before = c.free[image], c.shown[image]
	p.mu.Unlock()
	if _, err := p.Submit(); err != nil {
		return err
	}
	d := c.d
	const name = "vkQueuePresentKHR"
	if err := d.fails(name); err != nil {
		return err
	}
	var a arena
	defer a.free()
	info := at(&a, presentInfo{
		chained: chained{sType: 1000001001}, waitCount: 1, waits: at(&a, c.shown[image]),
		count: 1, swapchains: at(&a, uint64(c.handle)), indices: at(&a, uint32(image)),
	})
	d.qmu.Lock()
	defer d.qmu.Unlock()
	return check(name, d.newer.call(name, uintptr(unsafe.Pointer(d.queue)), info))
}

// Close waits for the device and frees the images. If the wait fails, nothing is freed, because the driver may still use it.
func (c *Swapchain) Close() {
	if c.handle == 0 || !unused(c.d.wait()) {
		return
	}
	dev := uintptr(unsafe.Pointer(c.d.dev))
	for _, s := range slices.Concat(c.free, c.shown, []uint64{c.spare}) {
		c.d.newer.call("vkDestroySemaphore", dev, uintptr(s), 0)
	}
	c.d.newer.call("vkDestroySwapchainKHR", dev, c.handle, 0)
	c.handle, c.free, c.shown = 0, nil, nil
}

// A target is the image that a command copies pixels to.
type target struct {
	image uint64
	size  extent2
}

// Show copies pixels of four bytes, row after row, to an image of a swapchain, as the last command of a program for [Swapchain.Show].
func (r *Recorder) Show(c *Swapchain, image int, pixels View) {
	if r.err != nil {
		return
	}
	w, h := c.Size()
	if err := r.inside(pixels); err != nil {
		r.fail("Show: %v", err)
		return
	}
	if image < 0 || image >= len(c.images) || pixels.Len() != 4*w*h || pixels.Lo%4 != 0 {
		r.fail("Show: %d bytes for image %d of %d of %d × %d pixels", pixels.Len(), image, len(c.images), w, h)
		return
	}
	r.add(command{label: "Show", views: []View{pixels}, target: &target{c.images[image], c.size}, reads: []extent{pixels.extent()}})
}

const (
	layoutUndefined   = uint32(vulkan.ImageLayoutUndefined)
	layoutTransferDst = uint32(vulkan.ImageLayoutTransferDstOptimal)
	layoutPresent     = 1000001002 // VK_IMAGE_LAYOUT_PRESENT_SRC_KHR
)

// show records the copy of a view to the target. The former contents of the image are given up first.
func (n newer) show(cmd vulkan.CommandBuffer, v View, t *target) {
	var a arena
	defer a.free()
	const transfer, written = uint32(vulkan.PipelineStageTransferBit), uint32(vulkan.AccessTransferWriteBit)
	const end = uint32(vulkan.PipelineStageBottomOfPipeBit)
	n.turn(cmd, t, transfer, transfer, 0, written, layoutUndefined, layoutTransferDst)
	n.call("vkCmdCopyBufferToImage", uintptr(unsafe.Pointer(cmd)), uintptr(unsafe.Pointer(v.Buffer.buf)), uintptr(t.image),
		uintptr(layoutTransferDst), 1, at(&a, imageCopy{offset: uint64(v.Lo), aspect: colour, layers: 1, size: [3]uint32{t.size.w, t.size.h, 1}}))
	n.turn(cmd, t, transfer, end, written, 0, layoutTransferDst, layoutPresent)
}

// turn records a barrier that turns the target's image from one layout to another.
func (n newer) turn(cmd vulkan.CommandBuffer, t *target, from, to, src, dst, before, after uint32) {
	var a arena
	defer a.free()
	n.call("vkCmdPipelineBarrier", uintptr(unsafe.Pointer(cmd)), uintptr(from), uintptr(to), 0, 0, 0, 0, 0, 1, at(&a, imageBarrier{
		chained: head(vulkan.StructureTypeImageMemoryBarrier), src: src, dst: dst, before: before, after: after,
		families: [2]uint32{ignored, ignored}, image: t.image, aspect: colour, levels: 1, layers: 1,
	}))
}

const (
	colour  = uint32(vulkan.ImageAspectColorBit)
	ignored = ^uint32(0) // VK_QUEUE_FAMILY_IGNORED
)

type swapchainInfo struct {
	chained
	_                      uint32
	surface                uint64
	count                  uint32
	format                 surfaceFormat
	extent                 extent2
	layers, usage          uint32
	_, _                   uint32 // one queue family uses the images
	_                      uintptr
	transform, alpha, mode uint32
	clipped                uint32
	_                      uint64 // the swapchain before
}

type semaphoreInfo struct {
	chained
	_ uint32
}

type presentInfo struct {
	chained
	waitCount           uint32
	waits               uintptr
	count               uint32
	swapchains, indices uintptr
	_                   uintptr
}

type imageBarrier struct {
	chained
	src, dst, before, after      uint32
	families                     [2]uint32
	image                        uint64
	aspect, _, levels, _, layers uint32
}

type imageCopy struct {
	offset               uint64
	_, _                 uint32 // rows lie one after the other
	aspect, _, _, layers uint32
	_                    [3]int32
	size                 [3]uint32
}
