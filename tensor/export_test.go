package tensor

import (
	"genview/shaders/spirv"
	"genview/tensor/internal/codegen"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/vk"
	"genview/vk/vktest"
)

// MaxGroups lowers the number of workgroups along x.
func (rt *Runtime) MaxGroups(n int) { rt.target.Row = n }

// WithoutSubgroups makes the runtime's kernels combine through shared memory alone.
func (rt *Runtime) WithoutSubgroups() { rt.target.Info.Arithmetic = false }

func (rt *Runtime) mustSettle() {
	if err := rt.settle(); err != nil {
		panic(err)
	}
}

// Ways returns the number of ways in which the runtime can write the kernels of products: all tiles of a GPU, even those that do not
// suit.
func (rt *Runtime) Ways() int {
	rt.mustSettle()
	if rt.target.CPU {
		return 6
	}
	return len(codegen.Tiles())
}

// Written returns the graph of y with the kernels of all products written in the given way, and no product in parts. A product with fewer
// ways uses its last one.
func Written(y *Tensor, way int) *Tensor {
	done := map[*Tensor]*Tensor{}
	var copied func(t *Tensor) *Tensor
	copied = func(t *Tensor) *Tensor {
		if c := done[t]; c != nil || t.isLeaf() {
			if c == nil {
				c = t
			}
			return c
		}
		c := *t
		c.in = nil
		for _, x := range t.in {
			c.in = append(c.in, copied(x))
		}
		if p, ok := t.op.kernel.(*ir.Contraction); ok {
			c.op.kernel, c.op.instead = written{p, way}, nil
		}
		done[t] = &c
		return &c
	}
	return copied(y)
}

// written returns a product whose kernel is written in one way.
type written struct {
	*ir.Contraction
	way int
}

func (w written) Write(f *fuse.Fusion, u *fuse.Unit, on ir.Target) codegen.Generated {
	all := codegen.NewProduct(f, u, on).Every()
	return all[min(w.way, len(all)-1)].Generate()
}

// Multiply makes the runtime's GPU kernels use this matrix multiplication, whatever the device reports.
func (rt *Runtime) Multiply(m spirv.Matrices) {
	rt.mustSettle()
	rt.target.Matrices = m
}

func init() { timedMatrices = 128 }

// Trusts tells whether the device's matrix multiplication gives right products in less time, or is known to.
func (rt *Runtime) Trusts(m spirv.Matrices) (bool, error) {
	rt.target.Info.Matrices = m
	return rt.trusts(m)
}

// MatrixModules returns the words of a kernel for each layout of the operands, in one dialect, for a device that need not exist.
func MatrixModules(m spirv.Matrices) [][]uint32 {
	i := vk.Info{SubgroupSize: 32, Matrices: m, Limits: vk.Limits{
		MaxStorageRange: 1 << 30, MaxInvocations: 1024, MaxGroupSize: [3]int{1024, 1024, 64}, SharedMemory: 48 << 10,
	}}
	on := ir.Target{Info: i, Matrices: m}
	x, odd := Var("x", Full(1, 64, 64).Cast(F16)), Var("odd", Full(1, 65, 65).Cast(F16))
	var all [][]uint32
	for _, y := range []*Tensor{x.MatMul(x), x.T().MatMul(x), x.MatMul(x.T()).Exp(), odd.MatMul(odd), odd.T().MatMul(odd.T())} {
		f := units(on, y)
		for _, u := range f.Units {
			if u.Node != nil && u.Node.Contraction() != nil {
				all = append(all, codegen.NewProduct(f, u, on).Variants()[0].Generate().Module.Words)
			}
		}
	}
	return all
}

// Limit lowers the largest number of elements of a tensor to n until the returned function is called.
func Limit(n int) (restore func()) {
	limit = n
	return func() { limit = most }
}

// FewBuffers limits the storage buffers that the runtime's shaders bind to n.
func (rt *Runtime) FewBuffers(n int) { rt.target.Info.Limits.MaxBuffers = n }

// Candidates returns the kernels among which the tuner chooses for the products that y needs.
func (rt *Runtime) Candidates(of string, y *Tensor) (all []vktest.Shader) {
	rt.mustSettle()
	f := units(rt.target, y)
	for _, u := range f.Units {
		if u.Node == nil || u.Node.Contraction() == nil {
			continue
		}
		for i := range codegen.NewProduct(f, u, rt.target).Variants() { // Generate uses up its product, so each form has a new one
			g := codegen.NewProduct(f, u, rt.target).Variants()[i].Generate()
			all = append(all, vktest.Shader{
				Of: of, Ops: u.Title(), Form: g.Form, FLOPs: g.FLOPs, Groups: [3]int{g.Groups, 1, 1}, Module: g.Module, Consts: g.Constants(),
			})
		}
	}
	return all
}
