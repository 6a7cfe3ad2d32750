package codegen

import (
	"fmt"
	"slices"

	"genview/shaders/spirv"
	"genview/tensor/internal/fuse"
	"genview/tensor/internal/ir"
	"genview/vk"
)

// A Bound is the content of one binding of a shader: the bytes lo ≤ i < hi of a tensor's memory.
type Bound struct {
	Of     *ir.Node
	Lo, Hi int
}

// A Generated holds a shader, the tensors that it binds in order, its constants and its number of workgroups. For a kernel it also has
// the form and the FLOPs.
type Generated struct {
	Module *spirv.Module
	Binds  []Bound
	Groups int
	Row    int // the most workgroups along x
	Consts []spirv.Const
	Form   string
	FLOPs  float64
}

// A Pick chooses among the forms in which the shader of a class of products can be written. A nil Pick takes the first.
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
	case ir.Resample:
		return resample(f, u, on)
	}
	panic(fmt.Sprintf("codegen: there is no shader for %s", u.Node))
}

// A Writer is a kernel that writes its shader itself. Tests use it.
type Writer interface {
	ir.Kernel
	Write(f *fuse.Fusion, u *fuse.Unit, on ir.Target) Generated
}

// quadsPerStore returns the number of consecutive quads that a lane writes at once, for a lane with so many quads. It is more than one on
// lavapipe, which determines for each store which lanes write, and where. It is one for packed outputs.
func quadsPerStore(on ir.Target, u *fuse.Unit, quads int) int {
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

// Bound returns the shader with the declarations that it needs if its bindings are these views. Views may share memory.
func (g Generated) Bound(views []vk.View) *spirv.Module {
	return g.Module.Alias(vk.Shared(g.Module, views)...)
}

// Grid returns the grid of workgroups to launch.
func (g Generated) Grid() vk.Grid {
	if g.Groups <= g.Row {
		return vk.Groups(g.Groups)
	}
	return vk.Groups(g.Row, ir.Up(g.Groups, g.Row))
}

// Constants returns the constants of the shader. If a test has lowered the number of workgroups along x, that number is one of them.
func (g Generated) Constants() []spirv.Const {
	const row = 31 // the number of the constant in all kernels written in GLSL
	for _, c := range g.Module.Consts {
		if c.ID == row && int(c.Default) != g.Row {
			return append(slices.Clone(g.Consts), spirv.Const{ID: row, Value: uint32(g.Row)})
		}
	}
	return g.Consts
}

// launched returns how many workgroups run if a shader asks for so many: if they need more than one row, all rows are full.
func launched(on ir.Target, groups int) int {
	if groups <= on.GroupsX() {
		return groups
	}
	return ir.Up(groups, on.GroupsX()) * on.GroupsX()
}
