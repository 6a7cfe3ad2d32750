package tensor_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"genview/shaders/spirv"
	"genview/tensor"
	"genview/tensor/optest"
	"genview/vk"
	"genview/vk/vktest"
)

var matrixSizes = []spirv.Matrices{{M: 16, N: 16, K: 16}, {M: 8, N: 16, K: 16}, {M: 16, N: 8, K: 8}}

// TestMatrices computes products with the matrix kernel and its matrix instructions written out as plain ones. It checks everything in
// the kernel except those instructions.
func TestMatrices(t *testing.T) {
	t.Parallel()
	for _, o := range []tensor.Options{{Family: tensor.ForGPU}, {Family: tensor.ForGPU, MaxBind: 4096}} {
		if o.MaxBind > 0 && testing.Short() {
			continue
		}
		rt, err := tensor.NewRuntimeWith(vktest.Open(t), o)
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		for _, m := range matrixSizes {
			if (o.MaxBind > 0 || testing.Short()) && m != matrixSizes[0] {
				continue
			}
			m.Dialect = spirv.Spelled
			rt.Multiply(m)
			used, want := 0, 0
			for _, c := range optest.Cases {
				switch c.Name {
				case "MatMul/f16":
					c.Dims = [][][]int{{{64, 64}, {64, 64}}, {{2, 65, 33}, {2, 33, 67}}, {{70, 40}, {40, 130}}}
				case "MatMul/f16 transposed":
					c.Dims = [][][]int{{{36, 64}, {68, 36}}, {{33, 65}, {67, 33}}}
				case "MatMul/f16 to f16":
					c.Dims = [][][]int{{{65, 40}, {40, 72}}}
				default:
					continue
				}
				if testing.Short() {
					c.Dims = c.Dims[len(c.Dims)-1:]
				}
				want += len(c.Dims)
				for _, shapes := range c.Dims {
					in := c.Draw(rand.New(rand.NewPCG(3, 4)), shapes)
					if err := c.Value(rt, in); err != nil {
						t.Errorf("%+v: %s %v: %v", m, c.Name, shapes, err)
					}
					for _, k := range compile(t, rt, tensor.Outputs{Fetch: []*T{c.Op(optest.Tensors(in))}}).Kernels() {
						if strings.HasPrefix(k.Form, "matrices") {
							used++
						}
					}
				}
			}
			if used != want || used == 0 {
				t.Errorf("%+v: %d of %d products were made by multiplying matrices", m, used, want)
			}
		}
		if forms := compile(t, rt, tensor.Outputs{Fetch: []*T{tensor.Full(1, 64, 64).Exp().MatMul(tensor.Full(1, 64, 64).Exp())}}).String(); strings.Contains(forms, "matrices") {
			t.Errorf("operands of f32 are rounded:\n%s", forms)
		}
	}
}

// TestMatricesAreTried checks that the matrix multiplication of a device is tried once, that the result is kept, and that it is tried
// again if the kept result is damaged.
func TestMatricesAreTried(t *testing.T) {
	dir := t.TempDir()
	dev := vktest.OpenWith(t, vk.Options{CacheDir: dir})
	trusts := func(m spirv.Matrices) bool {
		rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: tensor.ForGPU})
		if err != nil {
			t.Fatal(err)
		}
		defer rt.Close()
		ok, err := rt.Trusts(m)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	m := spirv.Matrices{M: 16, N: 16, K: 16, Dialect: spirv.Spelled}
	first := trusts(m) // if they are faster
	kept := dev.Recall("matrices")
	verdict, kernels, _ := strings.Cut(kept, " ")
	if verdict != map[bool]string{true: "right", false: "slow"}[first] {
		t.Fatalf("right products are trusted: %t; kept is %q", first, kept)
	}
	for verdict, want := range map[string]bool{"right": true, "slow": false, "wrong": false} {
		dev.Keep("matrices", verdict+" "+kernels)
		if trusts(m) != want {
			t.Errorf("what is known to be %s is trusted: %t", verdict, !want)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "matrices-*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("kept are %v, %v", files, err)
	}
	if err := os.Truncate(files[0], 20); err != nil {
		t.Fatal(err)
	}
	trusts(m)
	if verdict, again, _ := strings.Cut(dev.Recall("matrices"), " "); verdict == "wrong" || again != kernels {
		t.Errorf("what was damaged was not tried anew: kept is %q", dev.Recall("matrices"))
	}
}

// TestMatrixDialects checks that the kernels of both extensions differ only in the instructions that multiply matrices, and in their
// types.
func TestMatrixDialects(t *testing.T) {
	kinds := map[uint32]string{4456: "type", 4457: "load", 4458: "store", 4459: "add", 5358: "type", 5359: "load", 5360: "store", 5361: "add"}
	count := func(words []uint32) map[string]int {
		n := map[string]int{}
		for at := 5; at < len(words); at += int(words[at] >> 16) {
			if kind := kinds[words[at]&0xffff]; kind != "" {
				n[kind]++
			} else {
				n["other"]++
			}
		}
		return n
	}
	for _, m := range matrixSizes {
		m.Dialect = spirv.NV
		nv := tensor.MatrixModules(m)
		m.Dialect = spirv.KHR
		for i, words := range tensor.MatrixModules(m) {
			got, want := count(words), count(nv[i])
			if got["load"] != want["load"] || got["store"] != want["store"] || got["add"] != want["add"] || got["add"] == 0 || got["type"] != 3 {
				t.Errorf("%+v, kernel %d: KHR's instructions are %v, NVIDIA's %v", m, i, got, want)
			}
		}
	}
}

// TestMatrixInstructions validates the kernels with NVIDIA's instructions, which SPIR-V's validator knows.
func TestMatrixInstructions(t *testing.T) {
	val, err := exec.LookPath("spirv-val")
	if err != nil {
		t.Skip("SKIPPED: there is no spirv-val: apt-get install spirv-tools")
	}
	for _, m := range matrixSizes {
		m.Dialect = spirv.NV
		all := tensor.MatrixModules(m)
		if len(all) != 5 {
			t.Fatalf("%d kernels multiply matrices, want 5", len(all))
		}
		for i, words := range all {
			file := filepath.Join(t.TempDir(), "kernel.spv")
			p, _ := binary.Append(nil, binary.LittleEndian, words)
			if err := os.WriteFile(file, p, 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(val, "--target-env", "vulkan1.2", file).CombinedOutput(); err != nil {
				t.Errorf("%+v, kernel %d: %v\n%s", m, i, err, out)
			}
		}
	}
}

// TestMatricesOutOfMemory checks that a trial that ran out of memory decides nothing: nothing is kept, and the next trial decides.
func TestMatricesOutOfMemory(t *testing.T) {
	var on atomic.Bool
	dev := vktest.OpenWith(t, vk.Options{CacheDir: t.TempDir(), Fail: func(call string) error {
		if call == "vkCreateComputePipelines" && on.Load() {
			return &vk.MemoryError{Asked: 1, Total: 1}
		}
		return nil
	}})
	rt, err := tensor.NewRuntimeWith(dev, tensor.Options{Family: tensor.ForGPU})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	m := spirv.Matrices{M: 16, N: 16, K: 16, Dialect: spirv.Spelled}
	on.Store(true)
	var memory *vk.MemoryError
	if _, err := rt.Trusts(m); !errors.As(err, &memory) || dev.Recall("matrices") != "" {
		t.Errorf("a trial without memory gives %v and keeps %q", err, dev.Recall("matrices"))
	}
}
