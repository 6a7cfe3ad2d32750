package vk

import (
	"errors"
	"fmt"

	vulkan "github.com/vulkan-go/vulkan"
)

// ErrDeviceLost is the error of every call after the device was lost.
var ErrDeviceLost = errors.New("device lost")

// ErrOutOfMemory is the error of what the device, or the host for its driver, has no memory for.
var ErrOutOfMemory = errors.New("out of memory")

// An Error is the error of a Vulkan call.
type Error struct {
	Call   string
	Result int32
}

func (e *Error) Error() string {
	return fmt.Sprintf("vk: %s: %s", e.Call, resultName(e.Result))
}

// Is makes errors.Is(err, ErrDeviceLost) true for a lost device, and so on for the other errors that callers tell apart.
func (e *Error) Is(target error) bool {
	switch vulkan.Result(e.Result) {
	case vulkan.ErrorDeviceLost:
		return target == ErrDeviceLost
	case vulkan.ErrorOutOfDeviceMemory, vulkan.ErrorOutOfHostMemory:
		return target == ErrOutOfMemory
	case vulkan.ErrorOutOfDate:
		return target == ErrOutdated
	case vulkan.ErrorSurfaceLost:
		return target == ErrSurfaceLost
	}
	return false
}

var resultNames = map[vulkan.Result]string{
	vulkan.ErrorOutOfHostMemory:      "out of host memory (VK_ERROR_OUT_OF_HOST_MEMORY)",
	vulkan.ErrorOutOfDeviceMemory:    "out of device memory (VK_ERROR_OUT_OF_DEVICE_MEMORY)",
	vulkan.ErrorInitializationFailed: "initialization failed (VK_ERROR_INITIALIZATION_FAILED)",
	vulkan.ErrorDeviceLost:           "device lost (VK_ERROR_DEVICE_LOST)",
	vulkan.ErrorMemoryMapFailed:      "memory map failed (VK_ERROR_MEMORY_MAP_FAILED)",
	vulkan.ErrorLayerNotPresent:      "layer not present (VK_ERROR_LAYER_NOT_PRESENT)",
	vulkan.ErrorExtensionNotPresent:  "extension not present (VK_ERROR_EXTENSION_NOT_PRESENT)",
	vulkan.ErrorFeatureNotPresent:    "feature not present (VK_ERROR_FEATURE_NOT_PRESENT)",
	vulkan.ErrorIncompatibleDriver:   "incompatible driver (VK_ERROR_INCOMPATIBLE_DRIVER)",
	vulkan.ErrorTooManyObjects:       "too many objects (VK_ERROR_TOO_MANY_OBJECTS)",
	vulkan.ErrorFragmentedPool:       "fragmented pool (VK_ERROR_FRAGMENTED_POOL)",
	vulkan.ErrorOutOfDate:            "outdated (VK_ERROR_OUT_OF_DATE_KHR)",
	vulkan.ErrorSurfaceLost:          "surface lost (VK_ERROR_SURFACE_LOST_KHR)",
}

func resultName(r int32) string {
	if name, ok := resultNames[vulkan.Result(r)]; ok {
		return name
	}
	return fmt.Sprintf("result %d", r)
}

func check(call string, r vulkan.Result) error {
	if r >= 0 {
		return nil
	}
	return &Error{Call: call, Result: int32(r)}
}

// Passing tells whether the same call may succeed later: memory or another resource had run out, or the device was lost. All other errors
// are expected to recur.
func Passing(err error) bool {
	var memory *MemoryError
	if errors.As(err, &memory) {
		return true
	}
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch vulkan.Result(e.Result) {
	case vulkan.ErrorOutOfHostMemory, vulkan.ErrorOutOfDeviceMemory, vulkan.ErrorDeviceLost, vulkan.ErrorMemoryMapFailed,
		vulkan.ErrorTooManyObjects, vulkan.ErrorFragmentedPool:
		return true
	}
	return false
}

// Unbuildable tells whether the device cannot have such a kernel: it lacks a feature, or its driver fails to compile the kernel and always
// will.
func Unbuildable(err error) bool {
	var limit *LimitError
	var e *Error
	if errors.As(err, &limit) {
		return true
	}
	return errors.As(err, &e) && !Passing(err) && (e.Call == "vkCreateComputePipelines" || e.Call == "vkCreateShaderModule")
}

// A MemoryError says that the device has no room for an allocation.
type MemoryError struct {
	Asked, Held, Total int64 // bytes; Total is the size of the device's heap
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("vk: vkAllocateMemory: out of device memory: asked %s, held %s, free at most %s of the device's %s",
		Bytes(e.Asked), Bytes(e.Held), Bytes(max(0, e.Total-e.Held)), Bytes(e.Total))
}

// Is makes errors.Is(err, ErrOutOfMemory) true.
func (e *MemoryError) Is(target error) bool { return target == ErrOutOfMemory }

// A LimitError says that a kernel exceeds a limit of the device.
type LimitError struct {
	Asked string // what the kernel needs, and what the device has
}

// Error says what the kernel has, as the end of a message that begins with the kernel's name.
func (e *LimitError) Error() string { return "it has " + e.Asked }

func beyond(format string, args ...any) error {
	return &LimitError{Asked: fmt.Sprintf(format, args...)}
}

// Bytes formats a size, such as 1.5 MiB.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/unit, 0
	for v >= unit && i < 4 {
		v, i = v/unit, i+1
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGTP"[i])
}
