package tensor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"genview/shaders/spirv/virtual"
	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

// TestFewBuffers runs programs that read and write many tensors at once on a GPU whose shaders bind as few buffers as Vulkan allows.
func TestFewBuffers(t *testing.T) {
	t.Parallel()
	rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: tensor.ForGPU})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	rt.Subgroups(32)
	rt.FewBuffers(4)
	gpu := tensor.NewVirtualGPU(virtual.Options{Subgroup: 32, SharedMemory: 16 << 10, Seed: 3})
	for _, name := range []string{"Sort/places", "TopK", "Gather/first", "InstanceNorm"} {
		c := optest.Cases[slices.IndexFunc(optest.Cases, func(c optest.Case) bool { return c.Name == name })]
		c.Dims = c.Dims[:1]
		t.Run(name, func(t *testing.T) { virtually(t, rt, gpu, c) })
	}
}

// TestOnlyWhatBindsTooMuchIsSplit checks that a unit that binds too many buffers is split, and that all other kernels of the program are
// the same as on a device that binds more.
func TestOnlyWhatBindsTooMuchIsSplit(t *testing.T) {
	rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: tensor.ForGPU})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	in := make([]*tensor.Tensor, 9)
	for i := range in {
		in[i] = tensor.Input(fmt.Sprint("x", i), tensor.F32, 32, 32)
	}
	sum := in[0]
	for _, x := range in[1:] {
		sum = sum.Add(x).Tanh()
	}
	x := tensor.Input("x", tensor.F32, 64, 48)
	o := tensor.Outputs{Fetch: []*tensor.Tensor{sum, x.Softmax(-1), x.MatMul(x.T()).GELU(), x.Square().Shift(1).Sqrt()}}
	codes := func() (all []string) {
		for _, k := range compile(t, rt, o).Kernels() {
			all = append(all, k.Ops+" "+k.Form)
		}
		return all
	}
	whole := codes()
	rt.FewBuffers(6)
	split := codes()
	kept := slices.DeleteFunc(slices.Clone(split), func(s string) bool { return strings.Contains(s, "Add·Tanh") })
	want := slices.DeleteFunc(slices.Clone(whole), func(s string) bool { return strings.Contains(s, "Add·Tanh") })
	if !slices.Equal(kept, want) || len(split) != len(whole)+1 {
		t.Errorf("with six buffers the kernels are\n%s\nof\n%s", strings.Join(split, "\n"), strings.Join(whole, "\n"))
	}
	rt.FewBuffers(2)
	if _, err := rt.Compile(o); err == nil || !strings.Contains(err.Error(), "needs 3 buffers") || !strings.Contains(err.Error(), "takes 2") {
		t.Errorf("with two buffers the error is %v", err)
	}
}
