package spirv

import "math"

// opcodes of one operation for floats, signed ints, unsigned ints and bools; 0 where there is none.
type opcodes struct{ f, i, u, b uint32 }

// of returns the instruction for elements of a type.
func (o opcodes) of(e Elem) uint32 {
	switch e {
	case Float:
		return o.f
	case Int:
		return o.i
	case Uint:
		return o.u
	}
	return o.b
}

func (b *Block) binary(o opcodes, x, y ID) ID {
	t := b.typeOf[x]
	return b.emit(o.of(t.Elem), t, x, y)
}

func (b *Block) compare(o opcodes, x, y ID) ID {
	t := b.typeOf[x]
	return b.emit(o.of(t.Elem), Type{Bool, t.N}, x, y)
}

// Add returns x + y.
func (b *Block) Add(x, y ID) ID { return b.binary(opcodes{opFAdd, 128, 128, 0}, x, y) }

// Sub returns x − y.
func (b *Block) Sub(x, y ID) ID { return b.binary(opcodes{opFSub, 130, 130, 0}, x, y) }

// Mul returns x · y.
func (b *Block) Mul(x, y ID) ID { return b.binary(opcodes{opFMul, 132, 132, 0}, x, y) }

// Div returns x / y; ints round towards zero.
func (b *Block) Div(x, y ID) ID { return b.binary(opcodes{136, 135, 134, 0}, x, y) }

// Mod returns x − y·⌊x/y⌋, which has the sign of y.
func (b *Block) Mod(x, y ID) ID { return b.binary(opcodes{141, 139, 137, 0}, x, y) }

// Neg returns −x.
func (b *Block) Neg(x ID) ID {
	t := b.typeOf[x]
	return b.emit(opcodes{127, 126, 126, 0}.of(t.Elem), t, x)
}

// And returns the bitwise (ints) or logical (bools) and.
func (b *Block) And(x, y ID) ID { return b.binary(opcodes{0, 199, 199, 167}, x, y) }

// Or returns the bitwise or logical or.
func (b *Block) Or(x, y ID) ID { return b.binary(opcodes{0, 197, 197, 166}, x, y) }

// Xor returns the bitwise exclusive or; for bools it is logical.
func (b *Block) Xor(x, y ID) ID { return b.binary(opcodes{0, 198, 198, 165}, x, y) }

// Not returns the logical not of bools.
func (b *Block) Not(x ID) ID { return b.emit(168, b.typeOf[x], x) }

// Shl shifts x left by the constant n.
func (b *Block) Shl(x ID, n int) ID { return b.emit(196, b.typeOf[x], x, b.Same(x, float64(n))) }

// Shr shifts x right by the constant n: by sign for ints, with zeros for uints.
func (b *Block) Shr(x ID, n int) ID {
	t := b.typeOf[x]
	return b.emit(opcodes{0, 195, 194, 0}.of(t.Elem), t, x, b.Same(x, float64(n)))
}

// ShlBy shifts each component of x left by that of n, which is less than 32.
func (b *Block) ShlBy(x, n ID) ID { return b.emit(196, b.typeOf[x], x, n) }

// ShrBy shifts each component of uints x right by that of n, which is less than 32, with zeros.
func (b *Block) ShrBy(x, n ID) ID { return b.emit(194, b.typeOf[x], x, n) }

// Less returns x < y, false for NaN.
func (b *Block) Less(x, y ID) ID { return b.compare(opcodes{184, 177, 176, 0}, x, y) }

// LessEqual returns x ≤ y, false for NaN.
func (b *Block) LessEqual(x, y ID) ID { return b.compare(opcodes{188, 179, 178, 0}, x, y) }

// Equal returns x = y, false for NaN.
func (b *Block) Equal(x, y ID) ID { return b.compare(opcodes{180, 170, 170, 164}, x, y) }

// NotEqual returns x ≠ y, true for NaN.
func (b *Block) NotEqual(x, y ID) ID { return b.compare(opcodes{183, 171, 171, 165}, x, y) }

// Select returns x where cond is true, else y.
func (b *Block) Select(cond, x, y ID) ID { return b.emit(169, b.typeOf[x], cond, x, y) }

// MulHi returns the high and the low 32 bits of the product of uints.
func (b *Block) MulHi(x, y ID) (hi, lo ID) {
	t := b.typeOf[x]
	u := b.typ(t)
	s := b.global(opTypeStruct, uint32(u), uint32(u), 0, func(r ID) {
		b.globals = inst(b.globals, opTypeStruct, uint32(r), uint32(u), uint32(u))
	})
	r := b.id()
	b.code = inst(b.code, 151, uint32(s), uint32(r), uint32(x), uint32(y)) // OpUMulExtended
	part := func(i uint32) ID {
		p := b.id()
		b.code = inst(b.code, opCompositeExtract, uint32(u), uint32(p), uint32(r), i)
		b.typeOf[p] = t
		return p
	}
	return part(1), part(0)
}

// Cast converts x to another component type by value: floats to ints round towards zero, bools become 0 or 1, anything not 0
// becomes true.
func (b *Block) Cast(x ID, to Elem) ID {
	from := b.typeOf[x]
	t := Type{to, from.N}
	switch {
	case from.Elem == to:
		return x
	case to == Bool:
		return b.NotEqual(x, b.Zero(from))
	case from.Elem == Bool:
		one := Type{to, from.N}
		if to == Float {
			return b.Select(x, b.bits(one, 0x3f800000), b.Zero(one))
		}
		return b.Select(x, b.bits(one, 1), b.Zero(one))
	case from.Elem == Float:
		return b.emit(opcodes{0, 110, 109, 0}.of(to), t, x)
	case to == Float:
		return b.emit(opcodes{0, 111, 112, 0}.of(from.Elem), t, x)
	}
	return b.Bitcast(x, to)
}

// Bitcast reinterprets the bits of x.
func (b *Block) Bitcast(x ID, to Elem) ID {
	t := b.typeOf[x]
	if t.Elem == to {
		return x
	}
	return b.emit(opBitcast, Type{to, t.N}, x)
}

// Ext is an instruction of GLSL.std.450.
type Ext uint32

// The instructions of GLSL.std.450 that act on each component alone.
const (
	Trunc   Ext = 3
	FAbs    Ext = 4
	SAbs    Ext = 5
	FSign   Ext = 6
	Floor   Ext = 8
	Ceil    Ext = 9
	Fract   Ext = 10
	Sin     Ext = 13
	Cos     Ext = 14
	Tanh    Ext = 21
	Pow     Ext = 26
	Exp     Ext = 27
	Log     Ext = 28
	Exp2    Ext = 29
	Log2    Ext = 30
	Sqrt    Ext = 31
	InvSqrt Ext = 32
	FMin    Ext = 37
	UMin    Ext = 38
	SMin    Ext = 39
	FMax    Ext = 40
	UMax    Ext = 41
	SMax    Ext = 42
)

// Ext applies an instruction of GLSL.std.450.
func (b *Block) Ext(e Ext, x ...ID) ID {
	y := b.emit(opExtInst, b.typeOf[x[0]], append([]ID{b.glsl, ID(e)}, x...)...)
	if !b.careful {
		return y
	}
	if e == Exp || e == Log {
		y = b.Select(b.Equal(x[0], x[0]), y, x[0])
	}
	if e == Log {
		zero := b.Same(x[0], 0)
		y = b.Select(b.Equal(x[0], zero), b.Same(x[0], math.Inf(-1)), b.Select(b.Less(x[0], zero), b.Same(x[0], math.NaN()), y))
	}
	return y
}

// RoundEven rounds floats to the nearest whole number, halves to the even one. It is made of other operations because lavapipe rounds
// halves away from zero where its vectors are wider than the processor's.
func (b *Block) RoundEven(x ID) ID {
	whole := b.Ext(Trunc, x)
	rest := b.Ext(FAbs, b.Sub(x, whole)) // exact
	half := b.Mul(whole, b.Same(x, 0.5))
	odd := b.NotEqual(b.Ext(Trunc, half), half)
	away := b.Or(b.Less(b.Same(x, 0.5), rest), b.And(b.Equal(rest, b.Same(x, 0.5)), odd))
	step := b.Select(b.Less(x, b.Same(x, 0)), b.Same(x, -1), b.Same(x, 1))
	return b.Select(away, b.Add(whole, step), whole)
}

// Min returns the smaller of x and y.
func (b *Block) Min(x, y ID) ID {
	return b.Ext(Ext(opcodes{uint32(FMin), uint32(SMin), uint32(UMin), 0}.of(b.typeOf[x].Elem)), x, y)
}

// Max returns the larger of x and y.
func (b *Block) Max(x, y ID) ID {
	return b.Ext(Ext(opcodes{uint32(FMax), uint32(SMax), uint32(UMax), 0}.of(b.typeOf[x].Elem)), x, y)
}

// Vec makes a vector of four scalars.
func (b *Block) Vec(x, y, z, w ID) ID {
	return b.emit(opCompositeBuild, Type{b.typeOf[x].Elem, 4}, x, y, z, w)
}

// Splat makes a vector of one scalar.
func (b *Block) Splat(x ID) ID { return b.Vec(x, x, x, x) }

// Component returns component i of a vector.
func (b *Block) Component(x ID, i int) ID {
	return b.emit(opCompositeExtract, Type{b.typeOf[x].Elem, 1}, x, ID(i))
}
