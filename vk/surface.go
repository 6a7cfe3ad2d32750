package vk

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	vulkan "github.com/vulkan-go/vulkan"
)

// swapchainExtension is the device's extension for windows.
const swapchainExtension = "VK_KHR_swapchain"

// A Surface is a window as Vulkan sees it. The window system makes it for the device's [Device.Instance].
type Surface struct {
	d      *Device
	handle uintptr
}

// ErrCannotPresent says that a device's driver cannot show pictures in a window.
var ErrCannotPresent = errors.New("the driver cannot show pictures in this window")

// Instance returns the VkInstance, for the window system's function that makes a surface.
func (d *Device) Instance() unsafe.Pointer { return unsafe.Pointer(d.instance) }

// NewSurface takes over a VkSurfaceKHR that was made for [Device.Instance]: the Surface's Close frees it, and after an error NewSurface has
// done so. The error is [ErrCannotPresent] if the driver cannot show pictures in that window. The device must have been opened with
// [Options].Extensions.
func (d *Device) NewSurface(handle uintptr) (*Surface, error) {
	s := &Surface{d, handle}
	able := false
	if d.presents {
		var a arena
		defer a.free()
		const name = "vkGetPhysicalDeviceSurfaceSupportKHR"
		out, supported := put(&a, uint32(0))
		err := d.fails(name)
		if err == nil {
			err = check(name, d.newer.call(name, uintptr(unsafe.Pointer(d.pd)), uintptr(d.family), handle, out))
		}
		if err != nil {
			s.Close()
			return nil, err
		}
		able = supported[0] != 0
	}
	if !able {
		s.Close()
		return nil, fmt.Errorf("vk: %s: %w", d.info.Name, ErrCannotPresent)
	}
	return s, nil
}

// Close frees the surface, whose swapchains have been closed. It comes before that of the device; after it, it does nothing.
func (s *Surface) Close() {
	if s.handle != 0 && s.d.opened() {
		s.d.newer.call("vkDestroySurfaceKHR", uintptr(unsafe.Pointer(s.d.instance)), s.handle, 0)
		s.handle = 0
	}
}

// surfaceCapabilities is VkSurfaceCapabilitiesKHR.
type surfaceCapabilities struct {
	minImages, maxImages           uint32 // a maximum of 0: no limit
	extent, least, most            extent2
	_, _, transform                uint32 // layers and all transforms come first
	compositeAlpha, supportedUsage uint32
	_                              uint32
}

type extent2 struct{ w, h uint32 }

type surfaceFormat struct{ format, space uint32 }

// capabilities asks what the surface allows at present.
func (s *Surface) capabilities() (surfaceCapabilities, error) {
	var a arena
	defer a.free()
	out, c := put(&a, surfaceCapabilities{})
	const name = "vkGetPhysicalDeviceSurfaceCapabilitiesKHR"
	if err := s.d.fails(name); err != nil {
		return surfaceCapabilities{}, err
	}
	err := check(name, s.d.newer.call(name, uintptr(unsafe.Pointer(s.d.pd)), s.handle, out))
	return c[0], err
}

// format returns the format of four bytes a pixel that the surface takes, and whether the first byte is blue. Formats that hold values as
// they are come before those that the driver regards as sRGB; pixels are copied, so that both show the same.
func (s *Surface) format() (f surfaceFormat, blueFirst bool, err error) {
	var a arena
	defer a.free()
	all, err := listed(s.d.newer, &a, "vkGetPhysicalDeviceSurfaceFormatsKHR", uintptr(unsafe.Pointer(s.d.pd)), s.handle, surfaceFormat{})
	if err != nil {
		return f, false, err
	}
	const nonlinear = 0 // VK_COLOR_SPACE_SRGB_NONLINEAR_KHR
	for _, want := range []struct {
		format    vulkan.Format
		blueFirst bool
	}{
		{vulkan.FormatB8g8r8a8Unorm, true},
		{vulkan.FormatR8g8b8a8Unorm, false},
		{vulkan.FormatA8b8g8r8UnormPack32, false},
		{vulkan.FormatB8g8r8a8Srgb, true},
		{vulkan.FormatR8g8b8a8Srgb, false},
		{vulkan.FormatA8b8g8r8SrgbPack32, false},
	} {
		for _, f := range all {
			if f.format == uint32(want.format) && f.space == nonlinear {
				return f, want.blueFirst, nil
			}
		}
	}
	return f, false, fmt.Errorf("vk: %s: %w: it offers no format of 8 bits a colour, only %v", s.d.info.Name, ErrCannotPresent, all)
}

// A Pace says when a picture replaces the one before.
type Pace int

// Fifo shows each picture at a refresh of the screen, in order. Mailbox shows the newest at a refresh, and drops those before it. Immediate
// shows each at once, which can tear.
const (
	Fifo Pace = iota
	Mailbox
	Immediate
)

var paces = []string{Fifo: "fifo", Mailbox: "mailbox", Immediate: "immediate"}

func (p Pace) String() string { return paces[p] }

// Paces returns the names of all paces, in order.
func Paces() []string { return paces }

// modes are the paces as VkPresentModeKHR.
var modes = []uint32{Fifo: 2, Mailbox: 1, Immediate: 0}

// Paces returns the paces that the driver has for the window, in order. All drivers have [Fifo].
func (s *Surface) Paces() ([]Pace, error) {
	var a arena
	defer a.free()
	all, err := listed(s.d.newer, &a, "vkGetPhysicalDeviceSurfacePresentModesKHR", uintptr(unsafe.Pointer(s.d.pd)), s.handle, uint32(0))
	var have []Pace
	for p, mode := range modes {
		if slices.Contains(all, mode) {
			have = append(have, Pace(p))
		}
	}
	return have, err
}
