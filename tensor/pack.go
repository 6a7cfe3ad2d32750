package tensor

import (
	"fmt"
	"slices"

	"genview/tensor/internal/ir"
)

// A pack is a group of tensors that lie one behind the other in memory, so that one dispatch can process all of them.
type pack struct {
	flat    *Tensor // [N], the whole pack
	members []*Tensor
	at      []int // the offset of each member, in elements: each member can be bound by itself, and the gaps between members are zero
}

func newPack(members []*Tensor) (p *pack, total int) {
	p = &pack{members: members}
	for _, t := range members {
		p.at = append(p.at, total)
		total += ir.Aligned(t.bytes()) / F32.Bytes(1)
	}
	return p, total
}

// place returns the offset of a member in the flat tensor, in elements.
func (p *pack) place(member *Tensor) int {
	for i, t := range p.members {
		if t == member {
			return p.at[i]
		}
	}
	panic("tensor: not a member of the pack")
}

// Flat returns a variable [N] that consists of all the variables, one behind the other, with zeros between them. It shares their memory:
// a write to one is visible in the other. The variables must be f32, and no program may have been compiled with them yet. A variable can
// be part of one flat variable only.
func Flat(name string, vars ...*Tensor) *Tensor {
	for _, v := range vars {
		if v.err != nil {
			return v
		}
		if v.op.kind != ir.Var || v.op.DType != F32 || v.home != nil {
			return fail("Flat", []*Tensor{v}, "%s is no variable of f32, or is a part of another one", v.Name())
		}
	}
	p, total := newPack(vars)
	p.flat = Var(name, Full(0, total))
	p.flat.home = p
	for _, v := range vars {
		v.home = p
	}
	return p.flat
}

// LikeFlat lays tensors out in the way of a flat variable, so that one expression can process all of them together with it. The tensors
// must have the shapes of the flat variable's parts.
func LikeFlat(flat *Tensor, parts ...*Tensor) *Tensor {
	if flat.err != nil {
		return flat
	}
	if flat.home == nil || flat.home.flat != flat || len(parts) != len(flat.home.members) {
		return fail("LikeFlat", []*Tensor{flat}, "it is not the flat variable of %d parts", len(parts))
	}
	for i, x := range parts {
		if want := flat.home.members[i]; x.err == nil && (dims(x.op.Shape) != dims(want.op.Shape) || x.op.DType != F32) {
			return fail("LikeFlat", []*Tensor{x}, "part %d must be of the shape %s", i, dims(want.op.Shape))
		}
	}
	quads := make([]*Tensor, len(parts))
	for i, x := range parts { // kernels write four consecutive elements at once: the elements after the end must be zero
		quads[i] = x.Reshape(-1).Pad(0, 0, -x.Len()&3)
	}
	return Op{Name: "Pack", Shape: flat.op.Shape, DType: F32, pack: &ir.Pack{At: flat.home.at}}.On(quads...)
}

// overlaps tells whether a variable of the pack shares memory with one of the others.
func (p *pack) overlaps(v *Tensor, others map[*Tensor]bool) bool {
	if p.flat != v {
		return others[p.flat]
	}
	return slices.ContainsFunc(p.members, func(m *Tensor) bool { return others[m] })
}

// initializeFlat writes the first values of all members to a flat variable.
func (rt *Runtime) initializeFlat(p *pack, all []byte) error {
	for i, v := range p.members {
		rest := all[F32.Bytes(p.at[i]):]
		if err := rt.initialize(v, rest[:v.bytes()]); err != nil {
			return fmt.Errorf("tensor: %s: %w", v.Name(), err)
		}
		clear(rest[v.bytes():ir.Aligned(v.bytes())])
	}
	return nil
}
