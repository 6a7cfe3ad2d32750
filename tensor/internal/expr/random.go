package expr

import (
	"math"

	"genview/shaders/spirv"
)

// This file has random numbers with the same bits on every device. It uses only integer operations, and those float operations that
// Vulkan rounds correctly (its appendix "Precision and Operation of SPIR-V Instructions"): sums, differences and products. Quotients,
// roots, logarithms and sines differ between devices. No intermediate result is so small that a device may replace it by 0, and spirv's
// Block.NoContraction keeps a device from rounding a·b + c only once. The result is then the same on all devices that round to the nearest, as
// all known ones do.

// Uniform returns a number in [0, 1), in steps of 2⁻²⁴, from random bits.
func Uniform(b *spirv.Block, u spirv.ID) spirv.ID {
	x := b.Cast(b.Shr(u, 8), spirv.Float)
	return b.Mul(x, b.Same(x, math.Exp2(-24)))
}

// Open returns a number in (0, 1), an odd multiple of 2⁻²⁴, from random bits.
func Open(b *spirv.Block, u spirv.ID) spirv.ID {
	x := b.Cast(b.Or(b.Shr(u, 8), b.Uint(1)), spirv.Float)
	return b.Mul(x, b.Float(math.Exp2(-24)))
}

// Normal returns a number of the normal distribution from two words of random bits. Its error is at most 2⁻²¹ of its size, or 2⁻⁴² if it
// is smaller than 2⁻²¹ (Box & Muller 1958).
func Normal(b *spirv.Block, radius, angle spirv.ID) spirv.ID {
	r := evenRoot(b, b.Mul(b.Float(-2), evenLog(b, Open(b, radius))))
	// The angle counts 2³² steps per turn. It is split into n quarter turns and a rest from −⅛ to ⅛ turns. The upper 24 bits of the rest
	// are used.
	n := b.Bitcast(b.Shr(b.Add(angle, b.Uint(1<<29)), 30), spirv.Int)
	rest := b.Cast(b.Shr(b.Bitcast(b.Shl(angle, 2), spirv.Int), 8), spirv.Float)
	return b.Mul(r, sineSeries(b, b.Add(n, b.Int(1)), b.Mul(rest, b.Float(math.Pi/2*math.Exp2(-24)))))
}

// Gumbel returns a number of the standard Gumbel distribution from a word of random bits (Gumbel 1954).
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

// evenLog returns the logarithm of positive normal numbers to 4 units in the last place. It divides by 1 + m, from 1.7 to 2.42, with
// Newton's iteration for the reciprocal: r ← r·(2 − (1 + m)·r). The first r is a straight line with an error of at most 1.5 %, and each
// iteration squares the error.
func evenLog(b *spirv.Block, x spirv.ID) spirv.ID {
	m, k := parts(b, x)
	divisor := b.Add(m, b.Float(1))
	r := b.Sub(b.Float(0.98506), b.Mul(divisor, b.Float(0.239016)))
	for range 2 {
		r = b.Mul(r, b.Sub(b.Float(2), b.Mul(divisor, r)))
	}
	return logSeries(b, b.Mul(b.Sub(m, b.Float(1)), r), k)
}

// evenRoot returns the square root of positive numbers of moderate size, to 2 units in the last place. It multiplies x by 1/√x, which it
// computes with Newton's iteration y ← y·(3/2 − x/2·y²). The first y has an error of 3.5 %, because halving a float's bits nearly halves
// its exponent (Lomont 2003).
func evenRoot(b *spirv.Block, x spirv.ID) spirv.ID {
	half := b.Mul(x, b.Float(0.5))
	y := b.Bitcast(b.Sub(b.Int(0x5f3759df), b.Shr(b.Bitcast(x, spirv.Int), 1)), spirv.Float)
	for range 3 {
		y = b.Mul(y, b.Sub(b.Float(1.5), b.Mul(half, b.Mul(y, y))))
	}
	return b.Mul(x, y)
}

// Philox runs the ten rounds of Philox4x32 (Salmon et al. 2011, section 3.3) for a position in a stream. The words of the state are the
// key, which is the seed, and the step.
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
