package spirv

// Mem is a buffer as the shader sees it.
type Mem struct {
	kind  Kind
	v     ID // the variable
	elem  Type
	image ID
	parts []Mem // in place of v where a buffer is too large for one binding
	each  int   // elements of each part but the last
}

// Join makes one buffer of several bound ones. Each holds that many elements, the last one the rest.
func Join(each int, parts ...Mem) Mem {
	if len(parts) == 1 {
		return parts[0]
	}
	return Mem{elem: parts[0].elem, parts: parts, each: each}
}

// inParts runs f where element i is, with the part and its index there.
func (b *Block) inParts(m Mem, i ID, f func(m Mem, i ID)) {
	part := b.Div(i, b.Index(m.each))
	for k, p := range m.parts {
		b.If(b.Equal(part, b.Index(k)), func() { f(p, b.Sub(i, b.Index(k*m.each))) })
	}
}

const (
	classUniformConstant = 0
	classInput           = 1
	classWorkgroup       = 4
	classFunction        = 7
	classStorageBuffer   = 12
)

// bind decorates the variable v with a binding and with how it is accessed.
func (b *Block) bind(v ID, m Binding) {
	b.decor = inst(b.decor, opDecorate, uint32(v), set, 0)
	b.decor = inst(b.decor, opDecorate, uint32(v), binding, uint32(m.Index))
	if !m.Writes {
		b.decor = inst(b.decor, opDecorate, uint32(v), nonWritable)
	}
	if !m.Reads {
		b.decor = inst(b.decor, opDecorate, uint32(v), nonReadable)
	}
	for i := range b.binds {
		if b.binds[i].Index == m.Index {
			b.binds[i].Reads = b.binds[i].Reads || m.Reads
			b.binds[i].Writes = b.binds[i].Writes || m.Writes
			return
		}
	}
	b.binds = append(b.binds, m)
}

// Buffer declares a storage buffer at the next or a given binding, as an array of elem. Two arrays may share a binding to be
// seen as scalars and as vectors.
func (b *Block) Buffer(index int, elem Type, reads, writes bool) Mem {
	held := elem.memory()
	et := b.typ(held)
	bytes := 4 * held.N
	if held.Elem == Long {
		bytes = 8 * held.N
	}
	arr := b.global(opTypeRuntimeArray, uint32(et), 0, 0, func(r ID) {
		b.globals = inst(b.globals, opTypeRuntimeArray, uint32(r), uint32(et))
		b.decor = inst(b.decor, opDecorate, uint32(r), 6, uint32(bytes)) // ArrayStride
	})
	st := b.global(opTypeStruct, uint32(arr), 0, 1, func(r ID) {
		b.globals = inst(b.globals, opTypeStruct, uint32(r), uint32(arr))
		b.decor = inst(b.decor, opDecorate, uint32(r), 2)              // Block
		b.decor = inst(b.decor, opMemberDecorate, uint32(r), 0, 35, 0) // Offset 0
	})
	p := b.ptr(classStorageBuffer, st)
	v := b.id()
	b.globals = inst(b.globals, opVariable, uint32(p), uint32(v), classStorageBuffer)
	b.bind(v, Binding{Index: index, Kind: Storage, Reads: reads, Writes: writes})
	return Mem{kind: Storage, v: v, elem: elem}
}

// Texels declares a read-only storage texel buffer whose texels are of type elem, floats or ints, or hold two that are packed.
func (b *Block) Texels(index int, elem Type) Mem {
	if elem.Elem.packed() {
		m := b.Texels(index, Type{Int, 1})
		m.elem = elem
		return m
	}
	b.caps[47] = true // ImageBuffer
	kind, format := TexelR32F, uint32(3)
	switch {
	case elem == Type{Float, 4}:
		kind, format = TexelRGBA32F, 1
	case elem == Type{Int, 1}:
		kind, format = TexelR32I, 24
	case elem == Type{Int, 4}:
		kind, format = TexelRGBA32I, 21
	}
	et := b.typ(Type{elem.Elem, 1})
	img := b.global(opTypeImage, uint32(et), format, 0, func(r ID) {
		b.globals = inst(b.globals, opTypeImage, uint32(r), uint32(et), 5, 0, 0, 0, 2, format) // Buffer, storage
	})
	p := b.ptr(classUniformConstant, img)
	v := b.id()
	b.globals = inst(b.globals, opVariable, uint32(p), uint32(v), classUniformConstant)
	b.bind(v, Binding{Index: index, Kind: kind, Reads: true})
	return Mem{kind: kind, v: v, elem: elem, image: img}
}

// Load reads element i, a scalar int, of m.
func (b *Block) Load(m Mem, i ID) ID {
	if m.parts != nil {
		x := b.Cell(b.Zero(m.elem.value()))
		b.inParts(m, i, func(m Mem, i ID) { b.Set(x, b.Load(m, i)) })
		return b.Get(x)
	}
	if m.elem.Elem.packed() {
		return b.loadPacked(m, i)
	}
	if m.kind == Storage {
		p := b.access(m, i)
		return b.emit(opLoad, m.elem, p)
	}
	img := b.id()
	b.code = inst(b.code, opLoad, uint32(m.image), uint32(img), uint32(m.v))
	v := b.emit(opImageRead, Type{m.elem.Elem, 4}, img, i)
	if m.elem.N == 1 {
		return b.Component(v, 0)
	}
	return v
}

// Longs joins two vectors of four components of 32 bits to four Longs.
func (b *Block) Longs(x, y ID) ID {
	x, y = b.emit(opBitcast, Type{Long, 2}, x), b.emit(opBitcast, Type{Long, 2}, y)
	return b.emit(opVectorShuffle, Type{Long, 4}, x, y, 0, 1, 2, 3)
}

// Store writes element i, a scalar int, of a storage buffer: x itself, or the result of Fit. Packed elements are stored four at a time,
// because one alone shares its 32 bits with another, which another invocation may be writing.
func (b *Block) Store(m Mem, i, x ID) {
	if m.parts != nil {
		b.inParts(m, i, func(m Mem, i ID) { b.Store(m, i, x) })
		return
	}
	if m.elem.Elem.packed() && m.elem.N == 1 {
		panic("spirv: one of two numbers that share a word is stored alone")
	}
	x = b.Fit(m, x)
	p := b.access(m, i)
	b.code = inst(b.code, opStore, uint32(p), uint32(x))
}

// Fit returns four components of 32 bits as two Longs, or packed, where m has them so.
func (b *Block) Fit(m Mem, x ID) ID {
	switch {
	case m.elem.Elem == Long && b.TypeOf(x).Elem != Long:
		return b.emit(opBitcast, m.elem, x)
	case m.elem.Elem.packed() && b.TypeOf(x) != Type{Uint, 2}:
		return b.pack(x, m.elem.Elem)
	}
	return x
}

func (b *Block) access(m Mem, i ID) ID {
	p := b.ptr(classStorageBuffer, b.typ(m.elem.memory()))
	r := b.id()
	b.code = inst(b.code, opAccessChain, uint32(p), uint32(r), uint32(m.v), uint32(b.Index(0)), uint32(i))
	return r
}

// Shared is an array in the workgroup's shared memory.
type Shared struct {
	v    ID
	elem Type
}

// Shared declares n elements of shared memory.
func (b *Block) Shared(n int, elem Type) Shared {
	et, size := b.typ(elem), b.Index(n)
	arr := b.global(opTypeArray, uint32(et), uint32(size), 0, func(r ID) {
		b.globals = inst(b.globals, opTypeArray, uint32(r), uint32(et), uint32(size))
	})
	p := b.ptr(classWorkgroup, arr)
	v := b.id()
	b.globals = inst(b.globals, opVariable, uint32(p), uint32(v), classWorkgroup)
	return Shared{v, elem}
}

func (b *Block) sharedAt(s Shared, i ID) ID {
	p := b.ptr(classWorkgroup, b.typ(s.elem))
	r := b.id()
	b.code = inst(b.code, opAccessChain, uint32(p), uint32(r), uint32(s.v), uint32(i))
	return r
}

// LoadShared reads element i.
func (b *Block) LoadShared(s Shared, i ID) ID {
	p := b.sharedAt(s, i)
	if b.vulkan {
		return b.emit(opLoad, s.elem, p, nonPrivate|visible, b.bits(Type{Uint, 1}, workgroup))
	}
	return b.emit(opLoad, s.elem, p)
}

// How memory is accessed that others of the workgroup access, in Vulkan's memory model.
const nonPrivate, available, visible = 0x20, 0x8, 0x10

// StoreShared writes element i.
func (b *Block) StoreShared(s Shared, i, x ID) {
	p := b.sharedAt(s, i)
	if b.vulkan {
		b.code = inst(b.code, opStore, uint32(p), uint32(x), nonPrivate|available, uint32(b.bits(Type{Uint, 1}, workgroup)))
		return
	}
	b.code = inst(b.code, opStore, uint32(p), uint32(x))
}

// Barrier waits until all of the workgroup are here and shared memory is seen by all.
func (b *Block) Barrier() {
	wg := b.bits(Type{Uint, 1}, 2)
	sem := b.bits(Type{Uint, 1}, 0x108) // AcquireRelease | WorkgroupMemory
	b.code = inst(b.code, opControlBarrier, uint32(wg), uint32(wg), uint32(sem))
}

// Cell is a variable of one invocation, for what a loop carries.
type Cell struct {
	v ID
	t Type
}

// Cell declares a variable and gives it its first value here.
func (b *Block) Cell(x ID) Cell {
	t := b.typeOf[x]
	p := b.ptr(classFunction, b.typ(t))
	v := b.id()
	b.vars = inst(b.vars, opVariable, uint32(p), uint32(v), classFunction)
	c := Cell{v, t}
	b.Set(c, x)
	return c
}

// Get reads the variable.
func (b *Block) Get(c Cell) ID { return b.emit(opLoad, c.t, c.v) }

// Set writes the variable.
func (b *Block) Set(c Cell, x ID) { b.code = inst(b.code, opStore, uint32(c.v), uint32(x)) }

func (b *Block) label(l ID) { b.code = inst(b.code, opLabel, uint32(l)) }

func (b *Block) branch(l ID) { b.code = inst(b.code, opBranch, uint32(l)) }

// For runs body with i = lo, lo+step, … while i < hi; all are scalar ints.
func (b *Block) For(lo, hi ID, step int, body func(i ID)) {
	i := b.Cell(lo)
	head, test, work, next, done := b.id(), b.id(), b.id(), b.id(), b.id()
	b.branch(head)
	b.label(head)
	b.code = inst(b.code, opLoopMerge, uint32(done), uint32(next), 0)
	b.branch(test)
	b.label(test)
	b.code = inst(b.code, opBranchConditional, uint32(b.Less(b.Get(i), hi)), uint32(work), uint32(done))
	b.label(work)
	body(b.Get(i))
	b.branch(next)
	b.label(next)
	b.Set(i, b.Add(b.Get(i), b.Index(step)))
	b.branch(head)
	b.label(done)
}

// If runs body where the scalar bool cond holds.
func (b *Block) If(cond ID, body func()) {
	work, done := b.id(), b.id()
	b.code = inst(b.code, opSelectionMerge, uint32(done), 0)
	b.code = inst(b.code, opBranchConditional, uint32(cond), uint32(work), uint32(done))
	b.label(work)
	body()
	b.branch(done)
	b.label(done)
}

// builtin returns component i of a built-in uvec3 as a scalar int.
func (b *Block) builtin(id uint32, i int) ID {
	ut := b.typ(Type{Uint, 1})
	vec := b.global(opTypeVector, uint32(ut), 3, 0, func(r ID) {
		b.globals = inst(b.globals, opTypeVector, uint32(r), uint32(ut), 3)
	})
	v := b.global(opVariable, id, 0, 0, func(r ID) {
		p := b.ptr(classInput, vec)
		b.globals = inst(b.globals, opVariable, uint32(p), uint32(r), classInput)
		b.decor = inst(b.decor, opDecorate, uint32(r), 11, id)
		b.iface = append(b.iface, r)
	})
	l := b.id()
	b.code = inst(b.code, opLoad, uint32(vec), uint32(l), uint32(v))
	return b.Bitcast(b.emit(opCompositeExtract, Type{Uint, 1}, l, ID(i)), Int)
}

// Group returns the workgroup's position along axis 0, 1 or 2.
func (b *Block) Group(axis int) ID { return b.builtin(26, axis) }

// LocalID returns the invocation's position within its workgroup along axis 0, 1 or 2.
func (b *Block) LocalID(axis int) ID { return b.builtin(27, axis) }

// number returns a built-in uint as a scalar int.
func (b *Block) number(id uint32) ID {
	b.caps[61] = true // GroupNonUniform
	t := Type{Uint, 1}
	v := b.global(opVariable, id, 0, 0, func(r ID) {
		p := b.ptr(classInput, b.typ(t))
		b.globals = inst(b.globals, opVariable, uint32(p), uint32(r), classInput)
		b.decor = inst(b.decor, opDecorate, uint32(r), 11, id)
		b.iface = append(b.iface, r)
	})
	return b.Bitcast(b.emit(opLoad, t, v), Int)
}

// Subgroups returns how many subgroups the workgroup has.
func (b *Block) Subgroups() ID { return b.number(38) }

// Subgroup returns which of them this is.
func (b *Block) Subgroup() ID { return b.number(40) }

// Elect returns true in one invocation of each subgroup.
func (b *Block) Elect() ID {
	b.caps[61] = true
	return b.emit(opElect, Type{Bool, 1}, b.bits(Type{Uint, 1}, 3))
}

// together combines x of all invocations of the subgroup; all get the result.
func (b *Block) together(o opcodes, x ID) ID {
	b.caps[61], b.caps[63] = true, true // GroupNonUniform, GroupNonUniformArithmetic
	t := b.typeOf[x]
	const reduce = 0
	return b.emit(o.of(t.Elem), t, b.bits(Type{Uint, 1}, 3), reduce, x)
}

// SubgroupAdd returns the sum of x over the subgroup.
func (b *Block) SubgroupAdd(x ID) ID { return b.together(opcodes{350, 349, 349, 0}, x) }

// SubgroupMul returns the product of x over the subgroup.
func (b *Block) SubgroupMul(x ID) ID { return b.together(opcodes{352, 351, 351, 0}, x) }

// SubgroupMin returns the smallest x of the subgroup; NaN may count or not.
func (b *Block) SubgroupMin(x ID) ID { return b.together(opcodes{355, 353, 354, 0}, x) }

// SubgroupMax returns the largest x of the subgroup; NaN may count or not.
func (b *Block) SubgroupMax(x ID) ID { return b.together(opcodes{358, 356, 357, 0}, x) }

// ShuffleXor returns x of the invocation of this subgroup whose number differs in the bits of mask, a constant.
func (b *Block) ShuffleXor(x ID, mask int) ID {
	b.caps[61], b.caps[65] = true, true // GroupNonUniform, GroupNonUniformShuffle
	scope := b.bits(Type{Uint, 1}, 3)
	return b.emit(opShuffleXor, b.typeOf[x], scope, x, b.bits(Type{Uint, 1}, uint32(mask)))
}
