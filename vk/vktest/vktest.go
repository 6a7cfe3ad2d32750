// Package vktest opens devices for tests with the validation layer turned on. A message of the layer, or a leak, fails the test.
package vktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"genview/shaders/spirv"
	"genview/vk"
	"genview/vk/vktest/pose"
)

// Open opens the device that GENVIEW_DEVICE names, or the best one, until the test ends. If GENVIEW_POSE names a pose, it opens lavapipe in
// that pose. Without a driver the test is skipped; if CI is set, it fails.
func Open(t testing.TB) *vk.Device {
	t.Helper()
	return OpenWith(t, vk.Options{})
}

// Assisted is an environment variable, and AssistedBy what it is where the validation layer writes checks into kernels, which tell of
// accesses past the end of buffers and texel views: drivers forgive them, each in its own way. Kernels for lavapipe read past ends on
// purpose, and what has checks takes several times as long to compile.
const Assisted, AssistedBy = "VK_LAYER_ENABLES", "VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT"

// Options returns options with the device and the validation of tests.
func Options(t testing.TB, o vk.Options) vk.Options {
	o.Device = os.Getenv("GENVIEW_DEVICE")
	o.Validation = os.Getenv("GENVIEW_NO_VALIDATION") == ""
	o.OnMessage = func(s string) { t.Errorf("validation: %s", s) }
	return o
}

// OpenWith is Open with options. It sets the device and validation itself.
func OpenWith(t testing.TB, o vk.Options) *vk.Device {
	t.Helper()
	d := openWith(t, o)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// OpenUnclosed is OpenWith for tests of Close, which they call themselves.
func OpenUnclosed(t testing.TB, o vk.Options) *vk.Device {
	t.Helper()
	return openWith(t, o)
}

// openWith opens a device for a test. Without any it skips the test, or fails it in CI.
func openWith(t testing.TB, o vk.Options) *vk.Device {
	t.Helper()
	if err := posed(); err != nil {
		t.Fatal(err)
	}
	d, err := vk.Open(Options(t, o))
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must have a Vulkan device: %v", err)
		}
		t.Skipf("SKIPPED, no Vulkan device: %v", err)
	}
	return d
}

// posed makes the process pose if GENVIEW_POSE names a pose. Whoever sets the variable removes the files that are left in the folder for
// temporary files.
var posed = sync.OnceValue(func() error {
	name := os.Getenv("GENVIEW_POSE")
	if name == "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "pose-")
	if err != nil {
		return err
	}
	return named(dir, name, os.Setenv)
})

// Pose makes devices that the test opens pose as one of [pose.Poses], until the test ends. Without lavapipe or a C compiler the test is
// skipped; if CI is set, it fails.
func Pose(t testing.TB, name string) {
	t.Helper()
	if _, ok := pose.Poses[name]; !ok {
		t.Fatalf("there is no pose %q, there are %v", name, pose.Names())
	}
	err := named(t.TempDir(), name, func(key, value string) error { t.Setenv(key, value); return nil })
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("CI must have lavapipe and a C compiler: %v", err)
	default:
		t.Skipf("SKIPPED, nothing to pose with: %v", err)
	}
}

// named makes the Vulkan loader use a driver that poses as a device: it sets the environment variables that name the driver's file in dir.
func named(dir, name string, set func(key, value string) error) error {
	p, ok := pose.Poses[name]
	if !ok {
		return fmt.Errorf("there is no pose %q, there are %v", name, pose.Names())
	}
	file, err := pose.Driver(dir, p)
	if err != nil {
		return err
	}
	for _, v := range pose.Variables {
		err = errors.Join(err, set(v, file))
	}
	return err
}

// Buffer makes a buffer with these values, a slice of 4-byte scalars, until the test ends.
func Buffer[T float32 | int32 | uint32](t testing.TB, d *vk.Device, values []T) *vk.Buffer {
	t.Helper()
	p, err := encode(values)
	if err != nil {
		t.Fatal(err)
	}
	b, err := d.NewBuffer(t.Name(), (len(p)+15)/16*16)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	if _, err := b.WriteAt(p, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// Kernel makes a kernel, until the test ends.
func Kernel(t testing.TB, d *vk.Device, m *spirv.Module, c ...spirv.Const) *vk.Kernel {
	t.Helper()
	k, err := d.NewKernel(m, c...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

// Run runs a program once.
func Run(t testing.TB, p *vk.Program) {
	t.Helper()
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Floats returns the contents of a buffer.
func Floats(t testing.TB, b *vk.Buffer) []float32 {
	t.Helper()
	p := make([]byte, b.Size())
	if _, err := b.ReadAt(p, 0); err != nil {
		t.Fatal(err)
	}
	return decode(p)
}

// Equal fails the test unless a buffer begins with these values.
func Equal(t testing.TB, b *vk.Buffer, want []float32) {
	t.Helper()
	if got := Floats(t, b)[:len(want)]; !slices.Equal(got, want) {
		t.Errorf("%s holds %v, want %v", b.Name(), got, want)
	}
}
