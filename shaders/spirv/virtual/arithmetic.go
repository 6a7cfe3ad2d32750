package virtual

import (
	"math"
	"math/bits"
)

//go:norace
func minNum(x, y float32) float32 {
	if x != x || y < x {
		return y
	}
	return x
}

//go:norace
func maxNum(x, y float32) float32 {
	if x != x || y > x {
		return y
	}
	return x
}

func boolean(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// blurred returns the bits of a result that are unknown, where some of its operands are. Operations on bits keep them apart, so that
// two numbers may share a word.
//
//go:norace
func blurred(op uint32, x, y, xu, yu uint64) uint64 {
	switch {
	case op == 197: // or: a known 1 decides
		return xu&(yu|^y) | yu&(xu|^x)
	case op == 199: // and: a known 0 decides
		return xu&(yu|y) | yu&(xu|x)
	case op == 198:
		return xu | yu
	case op == 196 && yu == 0:
		return xu << (y & 31)
	case op == 194 && yu == 0:
		return xu & 0xffffffff >> (y & 31)
	}
	return all
}

// scalar computes one component.
//
//go:norace
func scalar(i *instruction, x, y, z uint64) (uint64, bool) {
	fx, fy := f32(x), f32(y)
	ix, iy := int32(x), int32(y)
	u := func(v uint32) (uint64, bool) { return uint64(v), true }
	f := func(v float32) (uint64, bool) { return bitsOf(v), true }
	is := func(b bool) (uint64, bool) { return boolean(b), true }
	wide := i.t.bits == 64 || i.t.elem != nil && i.t.elem.bits == 64
	if wide {
		return long(i, x, y)
	}
	switch i.op {
	case 109: // float to unsigned, to signed
		return u(uint32(int64(fx)))
	case 110:
		return u(uint32(int32(clamp(float64(fx), math.MinInt32, math.MaxInt32))))
	case 111:
		return f(float32(ix))
	case 112:
		return f(float32(uint32(x)))
	case 113, 114: // between widths
		return u(uint32(x))
	case 126:
		return u(uint32(-ix))
	case 127:
		return f(-fx)
	case 128:
		return u(uint32(ix + iy))
	case 129:
		return f(fx + fy)
	case 130:
		return u(uint32(ix - iy))
	case 131:
		return f(fx - fy)
	case 132:
		return u(uint32(ix * iy))
	case 133:
		return f(fx * fy)
	case 134:
		return u(uint32(x) / max(uint32(y), 1))
	case 135:
		if iy == 0 {
			iy = 1
		}
		return u(uint32(ix / iy))
	case 136:
		return f(fx / fy)
	case 137:
		return u(uint32(x) % max(uint32(y), 1))
	case 138, 139: // remainder with the sign of x, of y
		if iy == 0 {
			iy = 1
		}
		m := ix % iy
		if i.op == 139 && m != 0 && (m < 0) != (iy < 0) {
			m += iy
		}
		return u(uint32(m))
	case 140, 141:
		m := float32(math.Mod(float64(fx), float64(fy)))
		if i.op == 141 && m != 0 && (m < 0) != (fy < 0) {
			m += fy
		}
		return f(m)
	case 156:
		return is(fx != fx)
	case 157:
		return is(math.IsInf(float64(fx), 0))
	case 164, 170:
		return is(uint32(x) == uint32(y))
	case 165, 171:
		return is(uint32(x) != uint32(y))
	case 166:
		return x | y, true
	case 167:
		return x & y, true
	case 168:
		return x ^ 1, true
	case 172:
		return is(uint32(x) > uint32(y))
	case 173:
		return is(ix > iy)
	case 174:
		return is(uint32(x) >= uint32(y))
	case 175:
		return is(ix >= iy)
	case 176:
		return is(uint32(x) < uint32(y))
	case 177:
		return is(ix < iy)
	case 178:
		return is(uint32(x) <= uint32(y))
	case 179:
		return is(ix <= iy)
	case 180:
		return is(fx == fy)
	case 181:
		return is(fx == fy || fx != fx || fy != fy)
	case 182:
		return is(fx != fy && fx == fx && fy == fy)
	case 183:
		return is(fx != fy)
	case 184:
		return is(fx < fy)
	case 185:
		return is(!(fx >= fy))
	case 186:
		return is(fx > fy)
	case 187:
		return is(!(fx <= fy))
	case 188:
		return is(fx <= fy)
	case 189:
		return is(!(fx > fy))
	case 190:
		return is(fx >= fy)
	case 191:
		return is(!(fx < fy))
	case 194:
		return u(uint32(x) >> (y & 31))
	case 195:
		return u(uint32(ix >> (y & 31)))
	case 196:
		return u(uint32(x) << (y & 31))
	case 197:
		return u(uint32(x | y))
	case 198:
		return u(uint32(x ^ y))
	case 199:
		return u(uint32(x & y))
	case 200:
		return u(^uint32(x))
	case 205:
		return u(uint32(bits.OnesCount32(uint32(x))))
	}
	if i.op > 0x10000 {
		return extended(i.op-0x10000, x, y, z)
	}
	return 0, false
}

//go:norace
func long(i *instruction, x, y uint64) (uint64, bool) {
	switch i.op {
	case 113:
		return uint64(uint32(x)), true
	case 114:
		return uint64(int64(int32(x))), true
	case 128:
		return x + y, true
	case 132:
		return x * y, true
	case 194:
		return x >> (y & 63), true
	case 196:
		return x << (y & 63), true
	case 197:
		return x | y, true
	case 199:
		return x & y, true
	}
	return 0, false
}

//go:norace
func clamp(x, lo, hi float64) float64 {
	if x != x {
		return 0
	}
	return min(max(x, lo), hi)
}

// extended computes an instruction of GLSL.std.450.
//
//go:norace
func extended(op uint32, x, y, z uint64) (uint64, bool) {
	fx, fy := float64(f32(x)), float64(f32(y))
	ix, iy := int32(x), int32(y)
	var r float64
	switch op {
	case 1, 2:
		r = math.RoundToEven(fx)
	case 3:
		r = math.Trunc(fx)
	case 4:
		r = math.Abs(fx)
	case 5:
		return uint64(uint32(max(ix, -ix))), true
	case 6:
		switch {
		case fx > 0:
			r = 1
		case fx < 0:
			r = -1
		default:
			r = fx
		}
	case 8:
		r = math.Floor(fx)
	case 9:
		r = math.Ceil(fx)
	case 10:
		r = fx - math.Floor(fx)
	case 13:
		r = math.Sin(fx)
	case 14:
		r = math.Cos(fx)
	case 21:
		r = math.Tanh(fx)
	case 26:
		r = math.Pow(fx, fy)
	case 27:
		r = math.Exp(fx)
	case 28:
		r = math.Log(fx)
	case 29:
		r = math.Exp2(fx)
	case 30:
		r = math.Log2(fx)
	case 31:
		r = math.Sqrt(fx)
	case 32:
		r = 1 / math.Sqrt(fx)
	case 37, 79: // FMin, NMin
		return bitsOf(minNum(f32(x), f32(y))), true
	case 38:
		return min(x, y), true
	case 39:
		return uint64(uint32(min(ix, iy))), true
	case 40, 80: // FMax, NMax
		return bitsOf(maxNum(f32(x), f32(y))), true
	case 41:
		return max(x, y), true
	case 42:
		return uint64(uint32(max(ix, iy))), true
	case 43, 81: // FClamp, NClamp
		return bitsOf(minNum(maxNum(f32(x), f32(y)), f32(z))), true
	case 44:
		return min(max(x, y), z), true
	case 45:
		return uint64(uint32(min(max(ix, iy), int32(z)))), true
	case 50:
		r = math.FMA(fx, fy, float64(f32(z)))
	case 53: // Ldexp
		r = math.Ldexp(fx, int(iy))
	default:
		return 0, false
	}
	return bitsOf(float32(r)), true
}

func ofHalf(h uint16) float32 {
	bits := uint32(h&0x7fff) << 13
	x := math.Float32frombits(bits) * 0x1p112
	if h&0x7c00 == 0x7c00 {
		x = math.Float32frombits(bits | 0x7f800000)
	}
	return math.Float32frombits(math.Float32bits(x) | uint32(h&0x8000)<<16)
}

// toHalf rounds to the nearest binary16, halves to the even one.
func toHalf(f float32) uint16 {
	sign := uint16(math.Float32bits(f) >> 16 & 0x8000)
	a := math.Abs(float64(f))
	switch {
	case f != f:
		return sign | 0x7e00
	case a >= 65520:
		return sign | 0x7c00
	case a < 0x1p-14:
		return sign | uint16(math.RoundToEven(a*0x1p24))
	}
	frac, exp := math.Frexp(a) // a = frac·2^exp, frac in [½, 1)
	m := math.RoundToEven(frac * 2048)
	if m == 2048 {
		m, exp = 1024, exp+1
	}
	return sign | uint16(exp+14)<<10 | uint16(m)&0x3ff
}
