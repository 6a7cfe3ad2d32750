package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// encode returns the type of host values and their bytes on the device.
func encode(values any) (DType, []byte, error) {
	switch v := values.(type) {
	case []float32:
		p := make([]byte, 0, 4*len(v))
		for _, x := range v {
			p = binary.LittleEndian.AppendUint32(p, math.Float32bits(x))
		}
		return F32, p, nil
	case []int32:
		p := make([]byte, 0, 4*len(v))
		for _, x := range v {
			p = binary.LittleEndian.AppendUint32(p, uint32(x))
		}
		return I32, p, nil
	case []bool:
		p := make([]byte, 4*len(v))
		for i, x := range v {
			if x {
				p[4*i] = 1
			}
		}
		return Bool, p, nil
	}
	return 0, nil, fmt.Errorf("the values are a %T and must be []float32, []int32 or []bool", values)
}

// put copies host values to p without allocating. It checks their type and count.
func put(p []byte, dt DType, values any) error {
	n := len(p) / dt.Bytes(1)
	got, ok := 0, false
	switch v := values.(type) {
	case []float32:
		if got, ok = len(v), dt.IsFloat(); ok && got == n {
			putFloats(p, dt, v)
		}
	case []int32:
		if got, ok = len(v), dt == I32; ok && got == n {
			for i, x := range v {
				binary.LittleEndian.PutUint32(p[4*i:], uint32(x))
			}
		}
	case []bool:
		if got, ok = len(v), dt == Bool; ok && got == n {
			for i, x := range v {
				var word uint32 // all four bytes are written: the memory may hold another value
				if x {
					word = 1
				}
				binary.LittleEndian.PutUint32(p[4*i:], word)
			}
		}
	}
	return agree(values, dt, got, n, ok)
}

// take copies device bytes to host values. It checks their type and count.
func take(values any, dt DType, p []byte) error {
	n := len(p) / dt.Bytes(1)
	got, ok := 0, false
	switch v := values.(type) {
	case []float32:
		if got, ok = len(v), dt.IsFloat(); ok && got == n {
			takeFloats(v, dt, p)
		}
	case []int32:
		if got, ok = len(v), dt == I32; ok && got == n {
			for i := range v {
				v[i] = int32(binary.LittleEndian.Uint32(p[4*i:]))
			}
		}
	case []bool:
		if got, ok = len(v), dt == Bool; ok && got == n {
			for i := range v {
				v[i] = binary.LittleEndian.Uint32(p[4*i:]) != 0
			}
		}
	}
	return agree(values, dt, got, n, ok)
}

// putFloats writes floats as bytes of a type.
func putFloats(p []byte, dt DType, v []float32) {
	for i, x := range v {
		switch dt {
		case F16:
			binary.LittleEndian.PutUint16(p[2*i:], half(x))
		case BF16:
			binary.LittleEndian.PutUint16(p[2*i:], brain(x))
		default:
			binary.LittleEndian.PutUint32(p[4*i:], math.Float32bits(x))
		}
	}
}

// takeFloats reads floats from bytes of a type.
func takeFloats(v []float32, dt DType, p []byte) {
	for i := range v {
		switch dt {
		case F16:
			v[i] = ofHalf(binary.LittleEndian.Uint16(p[2*i:]))
		case BF16:
			v[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(p[2*i:])) << 16)
		default:
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
		}
	}
}

// half returns the binary16 nearest to x; a tie goes to the even one.
func half(x float32) uint16 {
	const least = 113 << 23 // 2⁻¹⁴, the least normal number: below it the bits count steps of 2⁻²⁴
	u := math.Float32bits(x)
	sign, abs := uint16(u>>16)&0x8000, u&0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00 // NaN
	case abs < least:
		return sign | uint16(math.RoundToEven(math.Abs(float64(x))*(1<<24)))
	}
	return sign | uint16(min((abs-112<<23+0xfff+abs>>13&1)>>13, 0x7c00))
}

// ofHalf returns the value of a binary16.
func ofHalf(h uint16) float32 {
	bits := uint32(h&0x7fff) << 13
	x := math.Float32frombits(bits) * 0x1p112 // also right for denormal numbers
	if h&0x7c00 == 0x7c00 {
		x = math.Float32frombits(bits | 0x7f800000)
	}
	return math.Float32frombits(math.Float32bits(x) | uint32(h&0x8000)<<16)
}

// brain returns the bfloat16 nearest to x; a tie goes to the even one.
func brain(x float32) uint16 {
	u := math.Float32bits(x)
	if u&0x7fffffff > 0x7f800000 {
		return uint16(u>>16) | 0x40 // NaN
	}
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

func agree(values any, dt DType, got, want int, ok bool) error {
	if !ok {
		return fmt.Errorf("%T does not hold %s", values, dt)
	}
	if got != want {
		return fmt.Errorf("%d values where there are %d", got, want)
	}
	return nil
}
