package tensor

import (
	"genview/shaders/spirv"
	"genview/vk"
	"genview/vk/vktest"
)

// SetMaxGroups lowers how many workgroups lie along x, and returns what takes that back.
func SetMaxGroups(n int) (back func()) {
	old := maxGroupsX
	maxGroupsX = n
	return func() { maxGroupsX = old }
}

// WithoutSubgroups lets the runtime's kernels combine through shared memory alone.
func (rt *Runtime) WithoutSubgroups() { rt.target.Info.Arithmetic = false }

func (rt *Runtime) mustSettle() {
	if err := rt.settle(); err != nil {
		panic(err)
	}
}

// Ways returns in how many ways the runtime can write the kernels of products: all tiles of a GPU, whether they suit or not.
func (rt *Runtime) Ways() int {
	rt.mustSettle()
	if rt.target.CPU {
		return 6
	}
	return len(tiles)
}

// Written returns the graph of y with the kernels of all products written in one of the ways, and none of them in parts. A way that a
// product does not have is its last one.
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
		if p := t.op.product; p != nil {
			c.op.Kernel = func(f *fusion, u *unit, on Target) generated {
				w := p.producer(f, u, on)
				if !on.CPU {
					return w.tiledOf(tiles[way]).generate()
				}
				all := w.variants()
				return all[min(way, len(all)-1)].generate()
			}
		}
		done[t] = &c
		return &c
	}
	return copied(y)
}

// Multiply has the runtime's GPU kernels multiply matrices so, whatever the device says.
func (rt *Runtime) Multiply(m spirv.Matrices) {
	rt.mustSettle()
	rt.target.Matrices = m
}

func init() { timedMatrices = 128 }

// Trusts tells whether matrices that the device is said to multiply so give right products in less time, or are known to.
func (rt *Runtime) Trusts(m spirv.Matrices) (bool, error) {
	rt.target.Info.Matrices = m
	return rt.trusts(m)
}

// MatrixModules returns a kernel's words for each way in which operands lie, in one dialect, of a device that there need not be.
func MatrixModules(m spirv.Matrices) [][]uint32 {
	i := vk.Info{SubgroupSize: 32, Matrices: m, Limits: vk.Limits{
		MaxStorageRange: 1 << 30, MaxInvocations: 1024, MaxGroupSize: [3]int{1024, 1024, 64}, SharedMemory: 48 << 10,
	}}
	on := Target{Info: i, Matrices: m}
	x, odd := Var("x", Full(1, 64, 64).Cast(F16)), Var("odd", Full(1, 65, 65).Cast(F16))
	var all [][]uint32
	for _, y := range []*Tensor{x.MatMul(x), x.T().MatMul(x), x.MatMul(x.T()).Exp(), odd.MatMul(odd), odd.T().MatMul(odd.T())} {
		low := newLowering(on)
		f := low.fuse([]*Tensor{low.whole(low.lower(y))}, nil, nil)
		for _, u := range f.units {
			if u.node != nil && u.node.op.product != nil {
				all = append(all, u.node.op.product.producer(f, u, on).variants()[0].generate().module.Words)
			}
		}
	}
	return all
}

// Limit lets tensors have no more than n elements until the returned function is called.
func Limit(n int) (restore func()) {
	limit = n
	return func() { limit = most }
}

// FewBuffers has the runtime's shaders bind no more than n storage buffers.
func (rt *Runtime) FewBuffers(n int) { rt.target.Info.Limits.MaxBuffers = n }

// Candidates are the kernels among which the tuner chooses for the products that y takes.
func (rt *Runtime) Candidates(of string, y *Tensor) (all []vktest.Shader) {
	rt.mustSettle()
	low := newLowering(rt.target)
	f := low.fuse([]*Tensor{low.whole(low.lower(y))}, nil, nil)
	for _, u := range f.units {
		if u.node == nil || u.node.op.product == nil {
			continue
		}
		for i := range u.node.op.product.producer(f, u, rt.target).variants() { // generate uses its producer up, so each form has a new one
			g := u.node.op.product.producer(f, u, rt.target).variants()[i].generate()
			all = append(all, vktest.Shader{
				Of: of, Ops: u.title(), Form: g.form, FLOPs: g.flops, Groups: [3]int{g.groups, 1, 1}, Module: g.module, Consts: g.constants(),
			})
		}
	}
	return all
}
