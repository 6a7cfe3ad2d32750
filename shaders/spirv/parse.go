package spirv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parser collects what the declarations of a module say.
type parser struct {
	m      *Module
	names  map[uint32]string
	decor  map[uint32]map[uint32]uint32    // id → decoration → operand
	fields map[[2]uint32]map[uint32]uint32 // struct, member → decoration → operand
	types  map[uint32][]uint32             // id → opcode and operands
	consts map[uint32]uint32
	specs  map[uint32]bool
	vars   [][3]uint32 // id, pointer type, class
	local  map[int]uint32
}

// Parse reads what a compute shader binds and can be specialised on.
func Parse(name string, code []byte) (*Module, error) {
	if len(code) < 20 || len(code)%4 != 0 {
		return nil, fmt.Errorf("spirv: %s: %d bytes are no module", name, len(code))
	}
	words := make([]uint32, len(code)/4)
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	if words[0] != 0x07230203 {
		return nil, fmt.Errorf("spirv: %s: the first word %#x is not SPIR-V's", name, words[0])
	}
	p := &parser{
		m: &Module{Name: name, Words: words, LocalID: [3]int{-1, -1, -1}}, names: map[uint32]string{},
		decor: map[uint32]map[uint32]uint32{}, fields: map[[2]uint32]map[uint32]uint32{},
		types: map[uint32][]uint32{}, consts: map[uint32]uint32{}, specs: map[uint32]bool{}, local: map[int]uint32{},
	}
	for at := 5; at < len(words); {
		n, op := int(words[at]>>16), words[at]&0xffff
		if n == 0 || at+n > len(words) {
			return nil, fmt.Errorf("spirv: %s: the instruction at word %d runs past the end", name, at)
		}
		p.instruction(op, words[at+1:at+n])
		at += n
	}
	return p.finish()
}

func word(a []uint32, i int) uint32 {
	if i < len(a) {
		return a[i]
	}
	return 0
}

// literal decodes a string, which ends with a zero byte.
func literal(a []uint32) string {
	var s strings.Builder
	for _, w := range a {
		for range 4 {
			if w&0xff == 0 {
				return s.String()
			}
			s.WriteByte(byte(w))
			w >>= 8
		}
	}
	return s.String()
}

func attach[K comparable](m map[K]map[uint32]uint32, k K, decoration, operand uint32) {
	if m[k] == nil {
		m[k] = map[uint32]uint32{}
	}
	m[k][decoration] = operand
}

// instruction notes what an instruction says of names, types, constants, decorations and variables.
func (p *parser) instruction(op uint32, a []uint32) {
	switch op {
	case 5: // OpName
		p.names[word(a, 0)] = literal(a[min(1, len(a)):])
	case opEntryPoint:
		if word(a, 0) == 5 && p.m.Entry == "" { // GLCompute
			p.m.Entry = literal(a[min(2, len(a)):])
		}
	case opExecutionMode, 331: // LocalSize, LocalSizeId
		for i := range 3 {
			switch word(a, 1) {
			case 17:
				p.m.Local[i] = int(word(a, 2+i))
			case 38:
				p.local[i] = word(a, 2+i)
			}
		}
	case opDecorate:
		attach(p.decor, word(a, 0), word(a, 1), word(a, 2))
	case opMemberDecorate:
		attach(p.fields, [2]uint32{word(a, 0), word(a, 1)}, word(a, 2), word(a, 3))
	case opTypeVoid, opTypeBool, opTypeInt, opTypeFloat, opTypeVector, opTypeImage, opTypeArray, opTypeRuntimeArray, opTypeStruct, opTypePointer:
		p.types[word(a, 0)] = append([]uint32{op}, a[min(1, len(a)):]...)
	case opConstant, 50: // OpSpecConstant
		p.consts[word(a, 1)] = word(a, 2)
		p.specs[word(a, 1)] = op == 50
	case opConstantTrue, 48: // OpSpecConstantTrue
		p.consts[word(a, 1)] = 1
		p.specs[word(a, 1)] = op == 48
	case opConstantFalse, 49: // OpSpecConstantFalse
		p.consts[word(a, 1)] = 0
		p.specs[word(a, 1)] = op == 49
	case opConstantComposite, 51: // OpSpecConstantComposite
		if d := p.decor[word(a, 1)]; d != nil && d[11] == 25 { // BuiltIn WorkgroupSize
			for i := range 3 {
				p.local[i] = word(a, 2+i)
			}
		}
	case opVariable:
		p.vars = append(p.vars, [3]uint32{word(a, 1), word(a, 0), word(a, 2)})
	}
}

// finish returns the module, once all instructions were read.
func (p *parser) finish() (*Module, error) {
	m := p.m
	if m.Entry == "" {
		return nil, fmt.Errorf("spirv: %s: it has no compute entry point", m.Name)
	}
	for i, id := range p.local {
		m.Local[i] = int(p.consts[id])
		if p.specs[id] {
			m.LocalID[i] = int(p.decor[id][1])
		}
	}
	for id, spec := range p.specs {
		if spec {
			m.Consts = append(m.Consts, SpecConst{ID: int(p.decor[id][1]), Name: p.names[id], Default: p.consts[id]})
		}
	}
	slices.SortFunc(m.Consts, func(a, b SpecConst) int { return a.ID - b.ID })
	for _, v := range p.vars {
		pointer := p.types[v[1]]
		if len(pointer) < 3 {
			continue
		}
		switch v[2] {
		case 9: // PushConstant
			return nil, errors.New("spirv: it has push constants: sizes of kernels are specialisation constants")
		case 0, 2, classStorageBuffer:
			if err := p.binding(v[0], v[2], pointer[2]); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(m.Bindings, func(a, b Binding) int { return a.Index - b.Index })
	return m, nil
}

// binding adds the binding of a variable, and finds from its decorations whether the shader reads or writes it.
func (p *parser) binding(id, class, pointee uint32) error {
	index, ok := p.decor[id][binding]
	if !ok {
		return nil
	}
	b := Binding{Index: int(index), Name: p.names[id], Reads: true, Writes: true}
	has := func(decoration uint32) bool {
		if _, ok := p.decor[id][decoration]; ok {
			return true
		}
		members := len(p.types[pointee]) - 1
		for i := range max(members, 0) {
			if _, ok := p.fields[[2]uint32{pointee, uint32(i)}][decoration]; !ok {
				return false
			}
		}
		return class != 0 && members > 0
	}
	b.Writes, b.Reads = !has(nonWritable), !has(nonReadable)
	_, b.Aliased = p.decor[id][aliased]
	t := p.types[pointee]
	if class == 0 { // an image
		if len(t) < 8 || t[0] != opTypeImage || t[2] != 5 || t[6] != 2 {
			return fmt.Errorf("spirv: %s: binding %d is neither a storage buffer nor a storage texel buffer", p.m.Name, index)
		}
		kinds := map[uint32]Kind{1: TexelRGBA32F, 3: TexelR32F, 21: TexelRGBA32I, 24: TexelR32I}
		if b.Kind, ok = kinds[t[7]]; !ok {
			return fmt.Errorf("spirv: %s: binding %d has the image format %d, which is not supported", p.m.Name, index, t[7])
		}
	}
	for i := range p.m.Bindings {
		have := &p.m.Bindings[i]
		if have.Index != b.Index {
			continue
		}
		if have.Kind != b.Kind {
			return fmt.Errorf("spirv: %s: binding %d is declared in two kinds", p.m.Name, index)
		}
		have.Reads, have.Writes = have.Reads || b.Reads, have.Writes || b.Writes
		have.Aliased = have.Aliased && b.Aliased
		return nil
	}
	p.m.Bindings = append(p.m.Bindings, b)
	return nil
}
