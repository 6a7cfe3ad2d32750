package vk_test

import (
	"testing"

	"genview/shaders/spirv"
	"genview/vk"
	"genview/vk/vktest"
)

// TestFullSubgroups makes a kernel that counts on full subgroups of the device's size, and none of another.
func TestFullSubgroups(t *testing.T) {
	dev := vktest.Open(t)
	n := dev.Info().SubgroupSize
	module := func(size int) *spirv.Module {
		b := spirv.NewBlock("subgroups", 4*n, 1, 1)
		b.Multiply(spirv.Matrices{M: 16, N: 16, K: 16, Dialect: spirv.Spelled}, size)
		out := b.Buffer(0, spirv.Type{Elem: spirv.Float, N: 1}, false, true)
		b.Store(out, b.LocalID(0), b.Cast(b.Subgroup(), spirv.Float))
		return b.Module()
	}
	k, err := dev.NewKernel(module(n))
	if !dev.Info().FullSubgroups {
		if !vk.Unbuildable(err) {
			t.Fatalf("without full subgroups the error is %v", err)
		}
		t.Skip("SKIPPED: the device promises no full subgroups")
	}
	if err != nil {
		t.Fatal(err)
	}
	out := vktest.Buffer(t, dev, make([]float32, 4*n))
	rec := dev.NewRecorder()
	rec.Dispatch(k, vk.Groups(1), out.View())
	p, err := rec.Finish()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	vktest.Run(t, p)
	want := make([]float32, 4*n)
	for i := range want {
		want[i] = float32(i / n)
	}
	vktest.Equal(t, out, want)
	if _, err := dev.NewKernel(module(2 * n)); !vk.Unbuildable(err) {
		t.Errorf("subgroups of another size: %v", err)
	}
}
