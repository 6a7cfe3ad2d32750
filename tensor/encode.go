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

// put copies host values of that type and count to p without allocating.
func put(p []byte, dt DType, values any) error {
	n := len(p) / 4
	got, ok := 0, false
	switch v := values.(type) {
	case []float32:
		if got, ok = len(v), dt == F32; ok && got == n {
			for i, x := range v {
				binary.LittleEndian.PutUint32(p[4*i:], math.Float32bits(x))
			}
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
				p[4*i] = 0
				if x {
					p[4*i] = 1
				}
			}
		}
	}
	return agree(values, dt, got, n, ok)
}

// take copies device bytes to host values of that type and count.
func take(values any, dt DType, p []byte) error {
	n := len(p) / 4
	got, ok := 0, false
	switch v := values.(type) {
	case []float32:
		if got, ok = len(v), dt == F32; ok && got == n {
			for i := range v {
				v[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
			}
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
				v[i] = p[4*i] != 0
			}
		}
	}
	return agree(values, dt, got, n, ok)
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
