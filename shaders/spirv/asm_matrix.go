package spirv

// Matrices says how the invocations of a subgroup multiply matrices together: M × K and K × N, of Halves, are multiplied and added to
// M × N, of Floats. The zero value is of a device that has no instructions for it.
type Matrices struct {
	M       int     `json:"m"`
	N       int     `json:"n"`
	K       int     `json:"k"`
	Dialect Dialect `json:"dialect"`
}

// Dialect says which instructions these are.
type Dialect uint8

// The extensions that have them. Spelled spells them out in arithmetic of single numbers, which any device has: it shows that a kernel
// is right where there is none of the extensions.
const (
	KHR     Dialect = iota + 1 // SPV_KHR_cooperative_matrix
	NV                         // SPV_NV_cooperative_matrix
	Spelled                    // for tests
)

func (d Dialect) String() string { return [...]string{"none", "KHR", "NV", "spelled"}[d] }

// MarshalText writes the dialect by name.
func (d Dialect) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// A Factor is a matrix that lies in shared memory, four Halves in each element of it.
type Factor struct {
	shared  Shared
	at      ID  // the element where it begins
	stride  int // elements from one line to the next
	columns bool
	id      ID
}

// A Sum is a matrix of Floats that products are added to, which the invocations of a subgroup hold together until they store it.
type Sum struct {
	m      Matrices
	to     Shared // of Floats
	at     ID     // where it will be stored
	stride int    // from one of its rows to the next
	lanes  int    // of the subgroup
	lane   ID
	v      ID // the variable
}

const (
	opTypeMatrixKHR, opLoadMatrixKHR, opStoreMatrixKHR, opMulAddKHR = 4456, 4457, 4458, 4459
	opTypeMatrixNV, opLoadMatrixNV, opStoreMatrixNV, opMulAddNV     = 5358, 5359, 5360, 5361

	factorA, factorB, summed = 0, 1, 2 // what a matrix is used for
)

// Multiply declares that the shader multiplies matrices, each held by a subgroup of so many invocations. It comes before all else.
func (b *Block) Multiply(m Matrices, subgroup int) {
	b.subgroup = subgroup
	if m.Dialect == Spelled {
		return
	}
	b.vulkan = true
	b.caps[9], b.caps[5345] = true, true // Float16, VulkanMemoryModel
	b.extensions = append(b.extensions, "SPV_KHR_vulkan_memory_model")
	if m.Dialect == NV {
		b.caps[5357] = true
		b.extensions = append(b.extensions, "SPV_NV_cooperative_matrix")
	} else {
		b.caps[6022] = true
		b.extensions = append(b.extensions, "SPV_KHR_cooperative_matrix")
	}
}

func (b *Block) scope(v uint32) ID { return b.bits(Type{Uint, 1}, v) }

const workgroup, subgroup = 2, 3 // scopes

// matrixType returns the type of a matrix: a left factor M × K, a right one K × N, or a sum M × N.
func (b *Block) matrixType(m Matrices, use uint32) ID {
	rows, cols := m.M, m.N
	elem := b.typ(Type{Float, 1})
	if use != summed {
		elem = b.global(opTypeFloat, 16, 0, 0, func(r ID) { b.globals = inst(b.globals, opTypeFloat, uint32(r), 16) })
	}
	switch use {
	case factorA:
		cols = m.K
	case factorB:
		rows = m.K
	}
	args := []uint32{uint32(elem), uint32(b.scope(subgroup)), uint32(b.scope(uint32(rows))), uint32(b.scope(uint32(cols)))}
	op := uint32(opTypeMatrixNV)
	if m.Dialect == KHR {
		op, args = opTypeMatrixKHR, append(args, uint32(b.scope(use)))
	}
	key := use
	if m.Dialect == NV && use == factorB && m.M == m.K && m.K == m.N { // the same type as A's
		key = factorA
	}
	return b.global(op, key, 0, 0, func(r ID) { b.globals = inst(b.globals, op, append([]uint32{uint32(r)}, args...)...) })
}

// layout is the constant that says whether lines in memory are columns.
func (b *Block) layout(m Matrices, columns bool) ID {
	v := uint32(0)
	if columns {
		v = 1
	}
	if m.Dialect == NV {
		return b.bits(Type{Bool, 1}, v)
	}
	return b.scope(v)
}

// FactorA loads a left factor from shared memory, from element at on. Its rows, or with columns its columns, begin stride elements from
// each other.
func (b *Block) FactorA(m Matrices, s Shared, at ID, stride int, columns bool) Factor {
	return b.factor(m, factorA, s, at, stride, columns)
}

// FactorB loads a right factor, as FactorA does a left one.
func (b *Block) FactorB(m Matrices, s Shared, at ID, stride int, columns bool) Factor {
	return b.factor(m, factorB, s, at, stride, columns)
}

// factor loads a factor from shared memory. In the spelled dialect AddProduct reads the elements one by one instead.
func (b *Block) factor(m Matrices, use uint32, s Shared, at ID, stride int, columns bool) Factor {
	f := Factor{shared: s, at: at, stride: stride, columns: columns}
	if m.Dialect == Spelled {
		return f
	}
	op := uint32(opLoadMatrixNV)
	if m.Dialect == KHR {
		op = opLoadMatrixKHR
	}
	t, p, lines, distance := b.matrixType(m, use), b.sharedAt(s, at), b.layout(m, columns), b.scope(uint32(stride))
	if m.Dialect == KHR {
		lines, distance = distance, lines
	}
	f.id = b.id()
	// NV: pointer, stride, columns. KHR: pointer, layout, stride.
	b.code = inst(b.code, op, uint32(t), uint32(f.id), uint32(p), uint32(distance), uint32(lines), nonPrivate|visible, uint32(b.scope(workgroup)))
	return f
}

// Sum begins a sum of products with 0. It will be stored in shared memory of Floats, from element at on, with stride elements between the
// beginnings of rows. lane is the invocation's place in its subgroup of so many lanes.
func (b *Block) Sum(m Matrices, to Shared, at ID, stride, lanes int, lane ID) Sum {
	s := Sum{m: m, to: to, at: at, stride: stride, lanes: lanes, lane: lane}
	if m.Dialect == Spelled {
		b.spell(s, func(_, _, place ID) { b.StoreShared(to, place, b.Zero(Type{Float, 1})) })
		return s
	}
	t := b.matrixType(m, summed)
	p := b.ptr(classFunction, t)
	s.v = b.id()
	b.vars = inst(b.vars, opVariable, uint32(p), uint32(s.v), classFunction)
	zero := b.Zero(Type{Float, 1})
	c := b.global(opConstantComposite, uint32(t), uint32(zero), 0, func(r ID) {
		b.globals = inst(b.globals, opConstantComposite, uint32(t), uint32(r), uint32(zero))
	})
	b.code = inst(b.code, opStore, uint32(s.v), uint32(c))
	return s
}

// spell runs f for each of an invocation's elements of a sum, which are in their place from the beginning.
func (b *Block) spell(s Sum, f func(row, col, place ID)) {
	b.For(s.lane, b.Index(s.m.M*s.m.N), s.lanes, func(e ID) {
		row, col := b.Div(e, b.Index(s.m.N)), b.Mod(e, b.Index(s.m.N))
		f(row, col, b.Add(s.at, b.Add(b.Mul(row, b.Index(s.stride)), col)))
	})
}

// one reads the number in a line of a factor.
func (b *Block) one(f Factor, line, i ID) ID {
	at := b.Add(f.at, b.Add(b.Mul(line, b.Index(f.stride)), b.Shr(i, 2)))
	words := b.LoadShared(f.shared, at)
	word := b.Select(b.Equal(b.And(i, b.Index(2)), b.Index(0)), b.Component(words, 0), b.Component(words, 1))
	return b.unpack(b.emit(opShiftRight, Type{Uint, 1}, word, b.Bitcast(b.Shl(b.And(i, b.Index(1)), 4), Uint)), Half, 0)
}

// AddProduct adds x·y to the sum.
func (b *Block) AddProduct(s Sum, x, y Factor) {
	if s.m.Dialect == Spelled {
		b.spell(s, func(row, col, place ID) {
			sum := b.Cell(b.LoadShared(s.to, place))
			b.For(b.Index(0), b.Index(s.m.K), 1, func(k ID) {
				line := func(f Factor, row, col ID) ID {
					if f.columns {
						return b.one(f, col, row)
					}
					return b.one(f, row, col)
				}
				b.Set(sum, b.Add(b.Get(sum), b.Mul(line(x, row, k), line(y, k, col))))
			})
			b.StoreShared(s.to, place, b.Get(sum))
		})
		return
	}
	t := uint32(b.matrixType(s.m, summed))
	op := uint32(opMulAddNV)
	if s.m.Dialect == KHR {
		op = opMulAddKHR
	}
	old, sum := b.id(), b.id()
	b.code = inst(b.code, opLoad, t, uint32(old), uint32(s.v))
	b.code = inst(b.code, op, t, uint32(sum), uint32(x.id), uint32(y.id), uint32(old))
	b.code = inst(b.code, opStore, uint32(s.v), uint32(sum))
}

// StoreSum writes the sum where it is to be.
func (b *Block) StoreSum(s Sum) {
	if s.m.Dialect == Spelled {
		return
	}
	x, p := b.id(), b.sharedAt(s.to, s.at)
	b.code = inst(b.code, opLoad, uint32(b.matrixType(s.m, summed)), uint32(x), uint32(s.v))
	op, lines, distance := uint32(opStoreMatrixNV), b.layout(s.m, false), b.scope(uint32(s.stride))
	if s.m.Dialect == KHR {
		op, lines, distance = opStoreMatrixKHR, distance, lines
	}
	b.code = inst(b.code, op, uint32(p), uint32(x), uint32(distance), uint32(lines), nonPrivate|available, uint32(b.scope(workgroup)))
}

// PackHalf returns four floats as Halves in two uints, each rounded as the driver likes: for what is a Half already.
func (b *Block) PackHalf(x ID) ID {
	const packHalf2x16 = 58
	word := func(i int) ID {
		pair := b.emit(opCompositeBuild, Type{Float, 2}, b.Component(x, i), b.Component(x, i+1))
		return b.emit(opExtInst, Type{Uint, 1}, b.glsl, packHalf2x16, pair)
	}
	return b.emit(opCompositeBuild, Type{Uint, 2}, word(0), word(2))
}

// RoundHalf is PackHalf for any floats: it rounds to the nearest.
func (b *Block) RoundHalf(x ID) ID { return b.pack(x, Half) }
