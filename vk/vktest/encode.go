package vktest

import (
	"encoding/binary"
	"math"
)

func encode(values any) ([]byte, error) { return binary.Append(nil, binary.LittleEndian, values) }

func decode(p []byte) []float32 {
	out := make([]float32, len(p)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return out
}
