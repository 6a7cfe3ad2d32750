// Package codegen writes the shaders of units.
package codegen

import (
	"fmt"
	"slices"

	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// A Bound is what one binding of a shader is: bytes lo ≤ i < hi of a tensor's memory.
type Bound struct {
	Of     *ir.Node
	Lo, Hi int
}

// A Generated shader: what it binds, in order, its constants, how many workgroups it wants, and of a kernel, in which form it is
// written and what it adds and multiplies.
type Generated struct {
	Module *spirv.Module
	Binds  []Bound
	Groups int
	Row    int // of the workgroups, that many lie along x at most
	Consts []spirv.Const
	Form   string
	FLOPs  float64
}

// A Pick chooses among the forms in which the shader of a class of products can be written; nil is the first.
type Pick func(class string, forms []string) int

// Generate writes the shader of a unit.
func Generate(f *fuse.Fusion, u *fuse.Unit, on ir.Target, pick Pick) Generated {
	g := generate(f, u, on, pick)
	g.Row = on.GroupsX()
	return g
}

func generate(f *fuse.Fusion, u *fuse.Unit, on ir.Target, pick Pick) Generated {
	switch {
	case u.Node == nil:
		return elementwise(f, u, on)
	case u.Node.Reduce != nil:
		return reduce(f, u, on)
	}
	switch k := u.Node.Kernel.(type) {
	case Writer:
		return k.Write(f, u, on)
	case *ir.Contraction:
		return product(f, u, on, pick)
	case *ir.Attention:
		return attention(f, u, on, k)
	case ir.GroupRows:
		return groupRows(f, u, on, k.V)
	case ir.SumRows:
		return sumRows(f, u, on)
	}
	panic(fmt.Sprintf("codegen: there is no shader for %s", u.Node))
}

// A Writer is a kernel that writes its shader itself: tests have such.
type Writer interface {
	ir.Kernel
	Write(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated
}

// pair is how many of so many quads, one behind the other, a lane writes at once: lavapipe finds out for each store anew which lanes
// write, and where. Of what is packed it is one.
func pair(on ir.Target, u *fuse.Unit, quads int) int {
	packed := slices.ContainsFunc(u.Outs, func(t *ir.Node) bool { return t.DType.Packed() })
	if on.CPU && on.Info.Int64 && quads%2 == 0 && !packed {
		return 2
	}
	return 1
}

// group returns the number of this workgroup, counted along x, then y.
func group(b *spirv.Block, on ir.Target, groups int) spirv.ID {
	if groups <= on.GroupsX() {
		return b.Group(0)
	}
	return b.Add(b.Mul(b.Group(1), b.Index(on.GroupsX())), b.Group(0))
}

// Bound returns the shader as it must be declared where its bindings are these views, some of which may share memory.
func (g Generated) Bound(views []vk.View) *spirv.Module {
	return g.Module.Alias(vk.Shared(g.Module, views)...)
}

// Grid is how many workgroups run.
func (g Generated) Grid() vk.Grid {
	if g.Groups <= g.Row {
		return vk.Groups(g.Groups)
	}
	return vk.Groups(g.Row, ir.Up(g.Groups, g.Row))
}

// Constants are those of the shader, with how many workgroups lie along x where a test has lowered that.
func (g Generated) Constants() []spirv.Const {
	const row = 31 // the constant's number in all kernels that are written in GLSL
	for _, c := range g.Module.Consts {
		if c.ID == row && int(c.Default) != g.Row {
			return append(slices.Clone(g.Consts), spirv.Const{ID: row, Value: uint32(g.Row)})
		}
	}
	return g.Consts
}

// launched is how many workgroups run where a shader asks for so many: those along y come in whole rows.
func launched(on ir.Target, groups int) int {
	if groups <= on.GroupsX() {
		return groups
	}
	return ir.Up(groups, on.GroupsX()) * on.GroupsX()
}
