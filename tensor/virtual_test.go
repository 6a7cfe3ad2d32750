package tensor_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"genview/shaders/spirv/virtual"
	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk/vktest"
)

// TestVirtualGPU runs the table of ops on a virtual GPU, with gradients, and for small ops with second gradients. It finds faults that
// lavapipe tolerates. Subgroups have sizes that lavapipe does not have, a different one for each op; -subgroups runs all ops with all
// sizes.
func TestVirtualGPU(t *testing.T) {
	sizes := []int{32, 4, 64, 1, 16, 128, 8}
	for n, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			rt, err := tensor.NewRuntimeWith(vktest.Open(t), tensor.Options{Family: tensor.ForGPU})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			rt.Subgroups(size)
			gpu := tensor.NewVirtualGPU(virtual.Options{Subgroup: size, SharedMemory: 16 << 10, Seed: 1})
			for i, c := range optest.Cases {
				if *allSubgroups || i%len(sizes) == n {
					t.Run(c.Name, func(t *testing.T) { virtually(t, rt, gpu, c) })
				}
			}
		})
	}
	t.Run("lavapipe", func(t *testing.T) {
		t.Parallel()
		dev := vktest.Open(t)
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: tensor.ForLavapipe})
		if err != nil {
			t.Skip(err)
		}
		defer rt.Close()
		gpu := tensor.NewVirtualGPU(virtual.Options{Subgroup: dev.Info().SubgroupSize, Seed: 1, Forgiving: true})
		for i, c := range optest.Cases {
			if *allSubgroups || i%4 == 0 {
				t.Run(c.Name, func(t *testing.T) { virtually(t, rt, gpu, c) })
			}
		}
	})
}

var allSubgroups = flag.Bool("subgroups", false, "TestVirtualGPU runs every op with every size of subgroups")

func virtually(t *testing.T, rt *tensor.Runtime, gpu *tensor.VirtualGPU, c optest.Case) {
	for n, shapes := range c.Dims {
		r := rand.New(rand.NewPCG(3, uint64(n)))
		in := c.Draw(r, shapes)
		want := c.Ref(in)
		xs := optest.Tensors(in)
		y := c.Op(xs).Cast(tensor.F32)
		if elements(shapes) > 4096 || y.Len() > 4096 {
			continue // too slow for an interpreter
		}
		fetch := []*tensor.Tensor{y}
		var probe *probe
		second := false
		if !c.Ints {
			probe = opCase{c}.probe(r, in, want.Shape)
			fetch = append(fetch, probe.grads...)
			const small = 128
			if second = c.Order != 1 && elements(shapes) <= small; second {
				fetch = append(fetch, probe.seconds()...)
			}
		}
		o := tensor.Outputs{}
		for _, x := range fetch {
			o.Fetch = append(o.Fetch, x.Cast(tensor.F32))
		}
		p, err := rt.Compile(o)
		if err != nil {
			t.Fatal(err)
		}
		faults, read, err := gpu.Run(p)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		for _, f := range faults {
			if what := fmt.Sprint(f.Kernel, f.What, f.Code); !said[what] {
				t.Errorf("%v: %v", shapes, f)
				said[what] = true
			}
		}
		var got [][]float32
		for _, x := range o.Fetch {
			v, err := read(x)
			if err != nil {
				t.Errorf("%v: %v", shapes, err)
			}
			got = append(got, v)
		}
		err = optest.Compare(got[0], want.V, c.Tolerance())
		if probe != nil {
			sum, size := dot(got[1:1+len(in)], probe.u)
			err = errors.Join(err, probe.first(sum, size, c.Tolerance()))
		}
		if second {
			sum, size := dot(got[1+len(in):], probe.v)
			err = errors.Join(err, probe.second(sum, size, c.Tolerance()))
		}
		if err != nil {
			t.Errorf("%v: %v", shapes, err)
		}
		p.Close()
	}
}

// TestVirtualUpdates checks that a variable that is updated in place is bound twice, for reading and for writing, and declared Aliased.
// Invocations without work do not read it. Lanes of lavapipe without work read it, but do not use the value.
func TestVirtualUpdates(t *testing.T) {
	for _, family := range []tensor.Family{tensor.ForGPU, tensor.ForLavapipe} {
		dev := vktest.Open(t)
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
		if err != nil {
			continue // on lavapipe only
		}
		x, m := filled("x", 1, 1001), filled("m", 0, 1001)
		p := compile(t, rt, tensor.Outputs{Update: []tensor.Update{{Var: m, Value: m.Scale(0.9).Add(x)}, {Var: x, Value: x.Sub(m.Scale(0.1))}}})
		if n := p.BoundTwice(); n == 0 {
			t.Errorf("%v: nothing is updated in place", family)
		}
		faults, _, err := tensor.NewVirtualGPU(virtual.Options{Subgroup: dev.Info().SubgroupSize, Seed: 3, Forgiving: family == tensor.ForLavapipe}).Run(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%v: %v", family, f)
		}
		p.Close()
		rt.Close()
	}
}

// TestVirtualGuards runs the ops with at most three workgroups along x. Most dispatches then launch more invocations than there is work,
// as on a real device from 32,768 workgroups on.
func TestVirtualGuards(t *testing.T) {
	for _, family := range []tensor.Family{tensor.ForGPU, tensor.ForLavapipe} {
		t.Run(family.String(), func(t *testing.T) {
			dev := vktest.Open(t)
			rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: family})
			if err != nil {
				t.Skip(err)
			}
			defer rt.Close()
			rt.MaxGroups(3)
			gpu := tensor.NewVirtualGPU(virtual.Options{Subgroup: dev.Info().SubgroupSize, Seed: 2, Forgiving: family == tensor.ForLavapipe})
			x := tensor.Const(make([]float32, 16*1024), 16, 1024) // four or more whole workgroups of quads
			for name, y := range map[string]*tensor.Tensor{
				"elementwise": x.Exp(), "columns": x.Reshape(16, 8, 128).Sum(1), "rows": x.Reshape(256, 64).Sum(1), "short rows": x.Reshape(4096, 4).Sum(1),
				"softmax": x.Reshape(256, 64).Softmax(-1), "product": x.Reshape(256, 64).MatMul(x.Reshape(64, 256)),
				"attention": tensor.ScaledDotProductAttention(x.Reshape(16, 32, 32), x.Reshape(16, 32, 32), x.Reshape(16, 32, 32), tensor.AttentionOptions{}),
			} {
				p, err := rt.Compile(tensor.Outputs{Fetch: []*tensor.Tensor{y}})
				if err != nil {
					t.Fatal(name, err)
				}
				faults, _, err := gpu.Run(p)
				if err != nil {
					t.Fatal(name, err)
				}
				for _, f := range faults {
					t.Errorf("%s: %v", name, f)
				}
				p.Close()
			}
		})
	}
}
