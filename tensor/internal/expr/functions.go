package expr

import (
	"math"

	"genview/shaders/spirv"
)

// This file has functions that devices compute too coarsely. Vulkan allows an error of 2⁻²¹ in Log near its zero and of 2⁻¹¹ anywhere in
// sines and cosines, and gives no bound for sines of large angles and for powers.

// polynomial returns c[0] + x·(c[1] + x·(c[2] + …)).
func polynomial(b *spirv.Block, x spirv.ID, c ...float64) spirv.ID {
	y := b.Float(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		y = b.Add(b.Float(c[i]), b.Mul(x, y))
	}
	return y
}

// cut returns floats with the lower 12 bits of their fraction set to 0: the product of two such numbers is exact.
func cut(b *spirv.Block, x spirv.ID) spirv.ID {
	return b.Bitcast(b.And(b.Bitcast(x, spirv.Int), b.Int(-1<<12)), spirv.Float)
}

// parts returns m and k of positive x = m·2ᵏ with √½ ≤ m < √2; k is a float. It is right for denormal x where the device has them.
func parts(b *spirv.Block, x spirv.ID) (m, k spirv.ID) {
	const least, up = 0x1p-126, 24
	tiny := b.Less(x, b.Float(least))
	x = b.Select(tiny, b.Mul(x, b.Float(1<<up)), x)
	bits := b.Bitcast(x, spirv.Int)
	exponent := b.Shr(b.Sub(bits, b.Int(int(math.Float32bits(math.Sqrt2/2)))), 23)
	m = b.Bitcast(b.Sub(bits, b.Shl(exponent, 23)), spirv.Float)
	k = b.Sub(b.Cast(exponent, spirv.Float), b.Select(tiny, b.Float(up), b.Float(0)))
	return m, k
}

// Log returns log x to 2 units in the last place.
func Log(b *spirv.Block, x spirv.ID) spirv.ID {
	m, k := parts(b, x)
	y := logSeries(b, b.Div(b.Sub(m, b.Float(1)), b.Add(m, b.Float(1))), k)
	y = b.Select(b.Less(x, b.Float(math.Inf(1))), y, x) // the result for infinity and NaN
	y = b.Select(b.Equal(x, b.Float(0)), b.Float(math.Inf(-1)), y)
	return b.Select(b.Less(x, b.Float(0)), b.Float(math.NaN()), y)
}

// logSeries returns log(m·2ᵏ) = k·log 2 + 2·artanh(s) with s = (m − 1)/(m + 1), for √½ ≤ m < √2 (Abramowitz & Stegun 1964, 4.1.29).
func logSeries(b *spirv.Block, s, k spirv.ID) spirv.ID {
	const high = 0.693359375 // log 2 in 9 bits, so that its product with k is exact
	square := b.Mul(s, s)
	series := b.Mul(b.Mul(s, square), polynomial(b, square, 2.0/3, 2.0/5, 2.0/7, 2.0/9))
	low := b.Add(series, b.Mul(k, b.Float(math.Ln2-high)))
	return b.Add(b.Add(b.Add(s, s), low), b.Mul(k, b.Float(high)))
}

// Sin returns sin(x + turns·π/2) to 2 units in the last place.
func Sin(b *spirv.Block, x spirv.ID, turns int) spirv.ID {
	size := b.Ext(spirv.FAbs, x)
	large := b.Less(b.Float(8192), size)
	n, r := b.Cell(b.Int(0)), b.Cell(b.Float(0))
	near, rest := reduceNear(b, b.Select(large, b.Float(0), x))
	b.Set(n, near)
	b.Set(r, rest)
	any := b.Component(large, 0)
	for i := 1; i < 4; i++ {
		any = b.Or(any, b.Component(large, i))
	}
	b.If(any, func() {
		far, rest := reduceFar(b, size)
		below := b.Less(x, b.Float(0))
		far, rest = b.Select(below, b.Neg(far), far), b.Select(below, b.Neg(rest), rest)
		b.Set(n, b.Select(large, far, b.Get(n)))
		b.Set(r, b.Select(large, rest, b.Get(r)))
	})
	y := sineSeries(b, b.Add(b.Get(n), b.Int(turns)), b.Get(r))
	return b.Select(b.Less(size, b.Float(math.Inf(1))), y, b.Float(math.NaN()))
}

// sineSeries returns sin(quarter·π/2 + rest) for |rest| ≤ π/4. It is ± the sine or cosine of the rest, by their power series (Abramowitz
// & Stegun 1964, 4.3.65 and 66).
func sineSeries(b *spirv.Block, quarter, rest spirv.ID) spirv.ID {
	square := b.Mul(rest, rest)
	sine := b.Add(rest, b.Mul(b.Mul(rest, square), polynomial(b, square, -1.0/6, 1.0/120, -1.0/5040, 1.0/362880)))
	cosine := polynomial(b, square, 1, -0.5, 1.0/24, -1.0/720, 1.0/40320, -1.0/3628800)
	bit := func(i int) spirv.ID { return b.NotEqual(b.And(quarter, b.Int(i)), b.Int(0)) }
	y := b.Select(bit(1), cosine, sine)
	return b.Select(bit(2), b.Neg(y), y)
}

// reduceNear returns the n nearest to x·2/π, and r = x − n·π/2, for |x| ≤ 8192, so that |n| < 2¹³. It writes π/2 as the sum of three
// numbers of at most 11 bits, whose products with n are exact, and a fourth number, whose product with n has an error below 2⁻⁴⁹ (Cody &
// Waite 1980, chapter 8). A nonzero r is at least 2⁻²⁸.
func reduceNear(b *spirv.Block, x spirv.ID) (n, r spirv.ID) {
	const (
		first  = 0x1.92p0
		second = 0x1.fb4p-12
		third  = 0x1.444p-24
		fourth = math.Pi/2 - first - second - third
	)
	n = b.Cast(b.RoundEven(b.Mul(x, b.Float(2/math.Pi))), spirv.Int)
	times := b.Cast(n, spirv.Float)
	r = x
	for _, part := range []float64{first, second, third, fourth} {
		r = b.Sub(r, b.Mul(times, b.Float(part)))
	}
	return n, r
}

// twoOverPi is 2/π in binary, 32 bits per word, after a word of zeros.
var twoOverPi = [...]uint32{0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab}

// reduceFar is reduceNear for positive x from 2¹³ on. x is m·2ᵉ with m of 24 bits. It multiplies m by 96 bits of 2/π: those that give
// x·2/π modulo 4 with 62 bits behind the binary point. The last of the 62 may be wrong (Payne & Hanek 1983). r is never less than 2⁻³⁰:
// 0x1.f37c8ap95 comes nearest to a multiple of π/2.
func reduceFar(b *spirv.Block, x spirv.ID) (n, r spirv.ID) {
	bits := b.Bitcast(x, spirv.Uint)
	m := b.Or(b.And(bits, b.Uint(1<<23-1)), b.Uint(1<<23))
	skip := b.Sub(b.Min(b.Shr(bits, 23), b.Uint(254)), b.Uint(150-30)) // the first e + 30 bits of the table give whole turns of m
	skip = b.Select(b.Less(b.Shr(bits, 23), b.Uint(140)), b.Uint(20), skip)
	word, shift := b.Shr(skip, 5), b.And(skip, b.Uint(31))
	var window [4]spirv.ID
	for i := range window {
		window[i] = b.Uint(twoOverPi[i])
		for j := 1; i+j < len(twoOverPi); j++ {
			window[i] = b.Select(b.Equal(word, b.Uint(uint32(j))), b.Uint(twoOverPi[i+j]), window[i])
		}
	}
	for i := range 3 {
		next := b.ShrBy(b.Shr(window[i+1], 1), b.Sub(b.Uint(31), shift))
		window[i] = b.Or(b.ShlBy(window[i], shift), next)
	}
	carry, _ := b.MulHi(m, window[2])
	high, low := b.MulHi(m, window[1])
	low = b.Add(low, carry)
	high = b.Add(high, b.Select(b.Less(low, carry), b.Uint(1), b.Uint(0)))
	high = b.Add(high, b.Mul(m, window[0]))
	// high and low are the fraction of x/2π: two bits of n, then the fraction of x·2/π.
	n = b.Bitcast(b.Shr(b.Add(high, b.Uint(1<<29)), 30), spirv.Int)
	high, low = b.Or(b.Shl(high, 2), b.Shr(low, 30)), b.Shl(low, 2)
	negative := b.Less(b.Bitcast(high, spirv.Int), b.Int(0)) // from ½ on n is rounded up, and the rest is negative
	ones := b.Select(negative, b.Uint(math.MaxUint32), b.Uint(0))
	high, low = b.Xor(high, ones), b.Xor(low, ones) // with an error of 2⁻⁶⁴
	r = b.Add(b.Mul(b.Cast(high, spirv.Float), b.Float(0x1p-32)), b.Mul(b.Cast(low, spirv.Float), b.Float(0x1p-64)))
	r = b.Mul(r, b.Float(math.Pi/2))
	return n, b.Select(negative, b.Neg(r), r)
}

// Pow returns |x|^y of positive finite x to 4 units in the last place, also for denormal x if the device has such numbers. It computes
// 2^(y·log₂ x). y·log₂ x is up to 150 and must be right to 2⁻²⁴, so the logarithm is the sum of two numbers. The first has 12 bits, so
// that products with it are exact (Dekker 1971).
func Pow(b *spirv.Block, x, y spirv.ID) spirv.ID {
	const base = 2 / math.Ln2
	coarse := float64(math.Float32frombits(math.Float32bits(base) &^ (1<<12 - 1)))
	m, k := parts(b, x)
	above, below := b.Sub(m, b.Float(1)), b.Add(m, b.Float(1))
	s := b.Div(above, below)
	s1 := cut(b, s)
	below1 := cut(b, below)
	below2 := b.Sub(m, b.Sub(below1, b.Float(1)))
	s2 := b.Div(b.Sub(b.Sub(above, b.Mul(s1, below1)), b.Mul(s1, below2)), below) // s − s1
	square := b.Mul(s, s)
	tail := b.Mul(b.Mul(s, square), polynomial(b, square, base/3, base/5, base/7, base/9, base/11))
	tail = b.Add(tail, b.Add(b.Mul(s1, b.Float(base-coarse)), b.Mul(s2, b.Float(base))))
	first := b.Mul(s1, b.Float(coarse)) // exact
	sum := b.Add(k, first)
	tail = b.Add(tail, b.Sub(first, b.Sub(sum, k)))
	log := b.Add(sum, tail)
	tail = b.Sub(tail, b.Sub(log, sum))

	const most = 1 << 31 // for larger |y| the result is 0, 1 or infinite
	y = b.Select(b.Less(b.Float(most), y), b.Float(most), y)
	y = b.Select(b.Less(y, b.Float(-most)), b.Float(-most), y)
	y1, log1 := cut(b, y), cut(b, log)
	exact := b.Mul(y1, log1)
	rest := b.Add(b.Mul(b.Sub(y, y1), log1), b.Mul(y, b.Add(b.Sub(log, log1), tail)))
	whole := b.RoundEven(b.Add(exact, rest))
	part := b.Add(b.Sub(exact, whole), rest)
	part = b.Select(b.Less(b.Ext(spirv.FAbs, part), b.Float(1)), part, b.Float(0)) // far out of range there is no fraction
	e := polynomial(b, b.Mul(part, b.Float(math.Ln2)), 1, 1, 1.0/2, 1.0/6, 1.0/24, 1.0/120, 1.0/720, 1.0/5040)
	whole = b.Select(b.Less(whole, b.Float(-250)), b.Float(-250), whole)
	whole = b.Select(b.Less(b.Float(250), whole), b.Float(250), whole)
	exponent := b.Cast(whole, spirv.Int)
	half := b.Shr(exponent, 1)
	power2 := func(n spirv.ID) spirv.ID { return b.Bitcast(b.Shl(b.Add(n, b.Int(127)), 23), spirv.Float) }
	return b.Mul(b.Mul(e, power2(half)), power2(b.Sub(exponent, half))) // in two steps, because 2¹²⁸ and 2⁻¹⁵⁰ are no float32
}

// Log1p is 2·artanh(s) with s = x/(2 + x) near 0 (Abramowitz & Stegun 1964, 4.1.29).
func Log1p(b *spirv.Block, x spirv.ID) spirv.ID {
	s := b.Div(x, b.Add(x, b.Float(2)))
	square := b.Mul(s, s)
	series := b.Float(1.0 / 11)
	for n := 9; n > 0; n -= 2 {
		series = b.Add(b.Float(1/float64(n)), b.Mul(square, series))
	}
	near := b.Less(b.Ext(spirv.FAbs, x), b.Float(0.5))
	return b.Select(near, b.Mul(b.Add(s, s), series), b.Ext(spirv.Log, b.Add(b.Float(1), x)))
}
