// Package spirv reads and writes SPIR-V compute shaders.
//
// [Parse] tells what a shader binds and can be specialised on, so that nothing of it is typed twice in Go.
// [Block] assembles shaders at run time, one for each distinct chain of elementwise work.
package spirv

import "slices"

// A Module is a compute shader with all that a caller has to know to run it. It is never changed once made.
type Module struct {
	Name     string   // of the kernel, for profiles and error messages
	Words    []uint32 // the SPIR-V itself
	Entry    string   // name of the GLCompute entry point
	Local    [3]int   // workgroup size where it is fixed; the default where it is specialised
	LocalID  [3]int   // constant_id of each workgroup dimension, -1 where it is fixed
	Bindings []Binding
	Subgroup int // invocations of each subgroup, which the kernel counts on; 0: on none
	Consts   []SpecConst
}

// A Binding is one descriptor of set 0. Several GLSL variables on one binding are one Binding.
type Binding struct {
	Index   int
	Name    string
	Kind    Kind
	Reads   bool
	Writes  bool
	Aliased bool // its memory may be that of another binding which is Aliased, too
}

// Alias returns m with some bindings, by their place in its list, declared Aliased. They must be so if their memory overlaps and one of
// them is written: a driver may otherwise keep what it has read through one while another is written (SPIR-V specification, section
// 2.18.2).
func (m *Module) Alias(bindings ...int) *Module {
	if len(bindings) == 0 {
		return m
	}
	out := *m
	out.Bindings, out.Words = slices.Clone(m.Bindings), slices.Clone(m.Words[:5])
	declared := map[uint32]bool{} // indexes
	for _, i := range bindings {
		declared[uint32(m.Bindings[i].Index)] = !m.Bindings[i].Aliased
		out.Bindings[i].Aliased = true
	}
	m.instructions(func(op uint32, args, words []uint32) {
		out.Words = append(out.Words, words...)
		if op == opDecorate && args[1] == binding && declared[args[2]] {
			out.Words = inst(out.Words, opDecorate, args[0], aliased)
		}
	})
	return &out
}

// Decorations of variables (SPIR-V specification, section 3.20).
const (
	aliased     = 20
	nonWritable = 24
	nonReadable = 25
	binding     = 33
	set         = 34
)

// Buffers counts the bindings of each kind: storage buffers, and texel buffers of all types.
func (m *Module) Buffers() (storage, texels int) {
	for _, b := range m.Bindings {
		if b.Kind == Storage {
			storage++
		} else {
			texels++
		}
	}
	return storage, texels
}

// Kind says how a shader sees a buffer.
type Kind int

// A buffer is bound as plain memory or as an array of texels.
const (
	Storage      Kind = iota // a storage buffer (SSBO)
	TexelR32F                // imageBuffer, one float32 a texel
	TexelRGBA32F             // imageBuffer, four float32 a texel
	TexelR32I                // iimageBuffer, one int32 a texel
	TexelRGBA32I             // iimageBuffer, four int32 a texel
)

// A SpecConst is a specialization constant that the module declares.
type SpecConst struct {
	ID      int
	Name    string
	Default uint32 // its bits
}

// A Const gives a specialization constant its value, as bits.
type Const struct {
	ID    int
	Value uint32
}
