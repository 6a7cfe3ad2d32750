package spirv

import "math"

// packed tells whether two elements share 32 bits in memory. Loads give a Float. Stores take one and round it to the nearest, halves to
// even.
func (e Elem) packed() bool { return e == Half || e == Brain }

// value is the type of what a Load from memory of that type gives.
func (t Type) value() Type {
	if t.Elem.packed() {
		return Type{Float, t.N}
	}
	return t
}

// memory is the type as which elements of t are declared.
func (t Type) memory() Type {
	if t.Elem.packed() {
		return Type{Uint, max(t.N/2, 1)}
	}
	return t
}

// Narrow rounds floats to Half or Brain.
func (b *Block) Narrow(x ID, to Elem) ID {
	if b.typeOf[x].N == 1 {
		return b.unpack(b.narrowed(x, to), to, 0)
	}
	words := b.pack(x, to)
	y := b.unpack4(words, to)
	if b.packs == nil {
		b.packs = map[packed]ID{}
	}
	b.packs[packed{y, to}] = words
	return y
}

// packed names four floats as what they are rounded to.
type packed struct {
	x  ID
	to Elem
}

// narrowed returns the 16 bits of each float as a uint. They are worked out with integers because what PackHalf2x16 does with what
// lies between two numbers is the driver's choice, and AMD's cuts off.
func (b *Block) narrowed(x ID, to Elem) ID {
	t := b.typeOf[x]
	number := func(v uint32) ID { return b.bits(Type{Uint, t.N}, v) }
	u := b.Bitcast(x, Uint)
	abs := b.And(u, number(0x7fffffff))
	nan := b.Less(number(0x7f800000), abs)
	odd := func(x ID, n int) ID { return b.And(b.Shr(x, n), number(1)) }
	if to == Brain {
		r := b.Shr(b.Add(u, b.Add(odd(u, 16), number(0x7fff))), 16)
		return b.Select(nan, b.Or(b.Shr(u, 16), number(0x40)), r)
	}
	const least = 113 << 23 // 2⁻¹⁴: below it the 16 bits count 2⁻²⁴
	normal := b.Shr(b.Add(b.Sub(abs, number(112<<23)), b.Add(odd(abs, 13), number(0xfff))), 13)
	normal = b.Min(normal, number(0x7c00))
	count := b.RoundEven(b.Mul(b.Bitcast(b.Min(abs, number(least)), Float), b.bits(t, math.Float32bits(1<<24))))
	r := b.Select(b.Less(abs, number(least)), b.Cast(count, Uint), normal)
	r = b.Select(nan, number(0x7e00), r)
	return b.Or(r, b.And(b.Shr(u, 16), number(0x8000)))
}

// pack returns four floats in two uints: those that they came from, if they did.
func (b *Block) pack(x ID, to Elem) ID {
	if words, ok := b.packs[packed{x, to}]; ok {
		return words
	}
	h := b.narrowed(x, to)
	word := func(i int) ID { return b.Or(b.Component(h, i), b.Shl(b.Component(h, i+1), 16)) }
	return b.emit(opCompositeBuild, Type{Uint, 2}, word(0), word(2))
}

// unpack returns the low (i = 0) or the high number (i = 1) of a uint.
func (b *Block) unpack(word ID, from Elem, i int) ID {
	if from == Half { // Mesa 22.3 makes 0 of the high number of a constant
		if i == 1 {
			word = b.Shr(word, 16)
		}
		const unpackHalf2x16 = 62
		return b.Component(b.emit(opExtInst, Type{Float, 2}, b.glsl, unpackHalf2x16, word), 0)
	}
	if i == 0 {
		return b.Bitcast(b.Shl(word, 16), Float)
	}
	return b.Bitcast(b.And(word, b.bits(Type{Uint, 1}, 0xffff0000)), Float)
}

// unpack4 returns the four numbers of two uints.
func (b *Block) unpack4(words ID, from Elem) ID {
	lo, hi := b.Component(words, 0), b.Component(words, 1)
	return b.Vec(b.unpack(lo, from, 0), b.unpack(lo, from, 1), b.unpack(hi, from, 0), b.unpack(hi, from, 1))
}

// loadPacked reads element i of packed memory: one number, or four.
func (b *Block) loadPacked(m Mem, i ID) ID {
	words, from := m, m.elem.Elem
	words.elem = m.elem.memory()
	if m.kind != Storage {
		words.elem = Type{Int, 1}
	}
	switch {
	case m.elem.N == 1:
		half := b.Bitcast(b.Shl(b.And(i, b.Index(1)), 4), Uint)
		word := b.Bitcast(b.Load(words, b.Shr(i, 1)), Uint)
		return b.unpack(b.emit(opShiftRight, Type{Uint, 1}, word, half), from, 0)
	case m.kind == Storage:
		return b.unpack4(b.Load(words, i), from)
	}
	first := b.Shl(i, 1)
	lo, hi := b.Load(words, first), b.Load(words, b.Add(first, b.Index(1)))
	return b.unpack4(b.emit(opCompositeBuild, Type{Uint, 2}, b.Bitcast(lo, Uint), b.Bitcast(hi, Uint)), from)
}
