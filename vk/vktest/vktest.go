// Package vktest opens devices for tests: the validation layer is on, and a message of it or a leak fails the test.
package vktest

import (
	"context"
	"os"
	"slices"
	"testing"

	"genview/shaders/spirv"
	"genview/vk"
)

// Open opens the device that GENVIEW_DEVICE names, or the best there is, until the test ends. Without a driver the test is
// skipped; where CI is set it fails.
func Open(t testing.TB) *vk.Device {
	t.Helper()
	return OpenWith(t, vk.Options{})
}

// OpenWith is Open with options; device and validation are set here.
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

func openWith(t testing.TB, o vk.Options) *vk.Device {
	t.Helper()
	o.Device = os.Getenv("GENVIEW_DEVICE")
	o.Validation = os.Getenv("GENVIEW_NO_VALIDATION") == ""
	o.OnMessage = func(s string) { t.Errorf("validation: %s", s) }
	d, err := vk.Open(o)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("CI must have a Vulkan device: %v", err)
		}
		t.Skipf("SKIPPED, no Vulkan device: %v", err)
	}
	return d
}

// Buffer makes a buffer that holds values, a slice of 4-byte scalars, until the test ends.
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

// Floats returns what a buffer holds.
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
