package expr

import (
	"math"

	"genview/shaders/spirv"
)

// The functions of this file make random numbers, which are to have the same bits on every device. They consist of operations on integers,
// and of what Vulkan has correctly rounded (its appendix "Precision and Operation of SPIR-V Instructions"): sums, differences and products
// of floats. Devices are off by what they like in quotients, roots, logarithms and sines. No number on the way is so small that a device may
// take it for 0, and spirv's Block.Apart keeps a device from rounding a·b + c once. The result is then that of devices which round to the
// nearest, as all do that are known.

// Unit returns a number from [0, 1), in steps of 2⁻²⁴, of random bits.
func Unit(b *spirv.Block, u spirv.ID) spirv.ID {
	x := b.Cast(b.Shr(u, 8), spirv.Float)
	return b.Mul(x, b.Same(x, math.Exp2(-24)))
}

// Open returns a number from (0, 1), an odd multiple of 2⁻²⁴, of random bits.
func Open(b *spirv.Block, u spirv.ID) spirv.ID {
	x := b.Cast(b.Or(b.Shr(u, 8), b.Uint(1)), spirv.Float)
	return b.Mul(x, b.Float(math.Exp2(-24)))
}

// Normal returns a number of the normal distribution, made of two words of random bits. It is off by at most 2⁻²¹ of its size, or by 2⁻⁴²
// where it is smaller than 2⁻²¹ (Box & Muller 1958).
func Normal(b *spirv.Block, radius, angle spirv.ID) spirv.ID {
	r := evenRoot(b, b.Mul(b.Float(-2), evenLog(b, Open(b, radius))))
	// A turn is 2³² steps of the angle: n quarters, and from −⅛ to ⅛, of which the upper 24 bits are taken.
	n := b.Bitcast(b.Shr(b.Add(angle, b.Uint(1<<29)), 30), spirv.Int)
	rest := b.Cast(b.Shr(b.Bitcast(b.Shl(angle, 2), spirv.Int), 8), spirv.Float)
	return b.Mul(r, sineSeries(b, b.Add(n, b.Int(1)), b.Mul(rest, b.Float(math.Pi/2*math.Exp2(-24)))))
}

// Gumbel returns a number of the standard Gumbel distribution, of a word of random bits (Gumbel 1954).
func Gumbel(b *spirv.Block, u spirv.ID) spirv.ID {
	return b.Neg(evenLog(b, b.Neg(evenLog(b, Open(b, u)))))
}

// InverseErf is the inverse of the error function for |x| ≤ 1 − 2⁻²³ (Giles 2012, "Approximating the erfinv function", table 5).
func InverseErf(b *spirv.Block, x spirv.ID) spirv.ID {
	w := b.Neg(evenLog(b, b.Mul(b.Sub(b.Float(1), x), b.Add(b.Float(1), x))))
	near := polynomial(b, b.Sub(w, b.Float(2.5)), 1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06,
		-3.5233877e-06, 3.43273939e-07, 2.81022636e-08)
	root := evenRoot(b, b.Max(w, b.Float(5)))
	far := polynomial(b, b.Sub(root, b.Float(3)), 2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844,
		0.00134934322, 0.000100950558, -0.000200214257)
	return b.Mul(x, b.Select(b.Less(w, b.Float(5)), near, far))
}

// evenLog is the logarithm of positive numbers that are not denormal, to 4 units in the last place. It divides by 1 + m, which lies from 1.7
// to 2.42, by Newton's iteration for the reciprocal: r ← r·(2 − (1 + m)·r). The first r is the line that is off by 1.5 % at most, and each
// squares that.
func evenLog(b *spirv.Block, x spirv.ID) spirv.ID {
	m, k := parts(b, x)
	divisor := b.Add(m, b.Float(1))
	r := b.Sub(b.Float(0.98506), b.Mul(divisor, b.Float(0.239016)))
	for range 2 {
		r = b.Mul(r, b.Sub(b.Float(2), b.Mul(divisor, r)))
	}
	return logSeries(b, b.Mul(b.Sub(m, b.Float(1)), r), k)
}

// evenRoot is the square root of positive numbers of moderate size, to 2 units in the last place: x times Newton's iteration for 1/√x,
// y ← y·(3/2 − x/2·y²), which begins off by 3.5 % because halving a float's bits nearly halves its exponent (Lomont 2003).
func evenRoot(b *spirv.Block, x spirv.ID) spirv.ID {
	half := b.Mul(x, b.Float(0.5))
	y := b.Bitcast(b.Sub(b.Int(0x5f3759df), b.Shr(b.Bitcast(x, spirv.Int), 1)), spirv.Float)
	for range 3 {
		y = b.Mul(y, b.Sub(b.Float(1.5), b.Mul(half, b.Mul(y, y))))
	}
	return b.Mul(x, y)
}

// Philox runs the ten rounds of Philox4x32 (Salmon et al. 2011, section 3.3) for a position in a stream: the state's words are the key,
// which is the seed, and the step.
func Philox(b *spirv.Block, stream int, at spirv.ID, state [4]spirv.ID) [4]spirv.ID {
	k0, k1, c := state[0], state[1], [4]spirv.ID{at, b.Same(at, float64(stream)), state[2], state[3]}
	for round := range 10 {
		if round > 0 {
			k0, k1 = b.Add(k0, b.Same(k0, 0x9E3779B9)), b.Add(k1, b.Same(k1, 0xBB67AE85))
		}
		hi0, lo0 := b.MulHi(c[0], b.Same(c[0], 0xD2511F53))
		hi1, lo1 := b.MulHi(c[2], b.Same(c[2], 0xCD9E8D57))
		c = [4]spirv.ID{b.Xor(b.Xor(hi1, c[1]), k0), lo1, b.Xor(b.Xor(hi0, c[3]), k1), lo0}
	}
	return c
}
