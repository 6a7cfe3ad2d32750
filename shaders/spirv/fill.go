package spirv

import "strings"

// A Hole is a function of a module whose body is written at run time. Its parameters are passed by value.
type Hole struct {
	Name string
	// Body writes the function and returns its result, 0 for none.
	Body func(b *Block, args []ID) ID
}

// instructions calls f with the opcode and the operands of each instruction, and with all of its words.
func (m *Module) instructions(f func(op uint32, args, words []uint32)) {
	for at := 5; at < len(m.Words); {
		n := int(m.Words[at] >> 16)
		f(m.Words[at]&0xffff, m.Words[at+1:at+n], m.Words[at:at+n])
		at += n
	}
}

// A filling is a module while its holes are filled, in the sections that SPIR-V prescribes (section 2.4).
type filling struct {
	b       *Block
	names   map[uint32]string // of functions
	types   map[uint32]Type
	imports []uint32
	model   []uint32 // memory model, entry point, execution modes
	main    uint32   // the entry point
	funcs   []uint32
}

// Fill returns m under another name with the bodies of functions replaced. Holes are filled in the order in which their functions
// stand in m. It panics where m has no such function: that is a mistake in the program, not in its input.
func (m *Module) Fill(name string, holes ...Hole) *Module {
	f := &filling{
		b:     &Block{name: name, next: ID(m.Words[3]), caps: map[uint32]bool{}, known: map[key]ID{}, typeOf: map[ID]Type{}, zeros: map[ID]bool{}},
		names: map[uint32]string{}, types: map[uint32]Type{},
	}
	byName := map[string]*Hole{}
	for i := range holes {
		byName[holes[i].Name] = &holes[i]
	}
	var open *Hole // the function that is being passed over
	var args []ID
	inside := false
	m.instructions(func(op uint32, a, words []uint32) {
		switch {
		case op == opFunction:
			inside, args = true, nil
			open = byName[f.names[a[1]]]
			delete(byName, f.names[a[1]])
			f.funcs = append(f.funcs, words...)
		case !inside:
			f.declaration(op, a, words)
		case open == nil:
			f.funcs = append(f.funcs, words...)
		case op == opFunctionParameter:
			f.funcs = append(f.funcs, words...)
			args = append(args, ID(a[1]))
			f.b.typeOf[ID(a[1])] = f.types[a[0]]
		case op == opFunctionEnd:
			f.body(open, args)
		}
	})
	for name := range byName {
		panic("spirv: " + m.Name + " has no function " + name)
	}
	return f.module(m)
}

// declaration sorts what stands before the first function into its section, and learns the types.
func (f *filling) declaration(op uint32, a, words []uint32) {
	b := f.b
	adopt := func(k key) { b.known[k] = ID(a[0]) }
	scalar := func(t Type) {
		adopt(key{opTypeVoid, uint32(t.Elem), 0, 0})
		f.types[a[0]] = t
	}
	switch op {
	case opCapability:
		b.caps[a[0]] = true
		return
	case opExtInstImport:
		if literal(a[1:]) == glslStd {
			b.glsl = ID(a[0])
		}
		f.imports = append(f.imports, words...)
		return
	case opMemoryModel, opEntryPoint, opExecutionMode:
		if op == opEntryPoint {
			f.main = a[1]
		}
		f.model = append(f.model, words...)
		return
	case 5: // OpName
		f.names[a[0]], _, _ = strings.Cut(literal(a[1:]), "(") // glslang adds the types of a function's parameters
		return
	case 2, 3, 4, 6, 7, 8, 10, 330: // other debug instructions, extensions that are core by now
		return
	case opDecorate, opMemberDecorate:
		b.decor = append(b.decor, words...)
		return
	case opTypeVoid:
		scalar(Type{Void, 1})
	case opTypeBool:
		scalar(Type{Bool, 1})
	case opTypeFloat:
		scalar(Type{Float, 1})
	case opTypeInt:
		scalar(Type{map[uint32]Elem{0: Uint, 1: Int}[a[2]], 1})
	case opTypeVector:
		adopt(key{opTypeVector, a[1], a[2], 0})
		f.types[a[0]] = Type{f.types[a[1]].Elem, int(a[2])}
	case opTypePointer:
		adopt(key{opTypePointer, a[1], a[2], 0})
	}
	b.globals = append(b.globals, words...)
}

// body writes a function's body and its end.
func (f *filling) body(h *Hole, args []ID) {
	b := f.b
	if b.glsl == 0 {
		b.glsl = b.id()
		f.imports = inst(f.imports, opExtInstImport, append([]uint32{uint32(b.glsl)}, str(glslStd)...)...)
	}
	b.vars, b.code = nil, nil
	first := b.id()
	result := h.Body(b, args)
	f.funcs = inst(f.funcs, opLabel, uint32(first))
	f.funcs = append(append(f.funcs, b.vars...), b.code...)
	if result != 0 {
		f.funcs = inst(f.funcs, opReturnValue, uint32(result))
	} else {
		f.funcs = inst(f.funcs, opReturn)
	}
	f.funcs = inst(f.funcs, opFunctionEnd)
}

// module puts the parts together to a module, in the order that SPIR-V asks for.
func (f *filling) module(m *Module) *Module {
	b := f.b
	w := b.header()
	for _, e := range b.extensions {
		w = inst(w, opExtension, str(e)...)
	}
	if b.special {
		f.model = inst(f.model, opExecutionMode, f.main, keepSpecial, 32)
	}
	for _, part := range [][]uint32{f.imports, f.model, b.decor, b.globals, f.funcs} {
		w = append(w, part...)
	}
	w[3] = uint32(b.next)
	filled := *m
	filled.Name, filled.Words, filled.Bindings = b.name, w, b.binds
	return &filled
}
