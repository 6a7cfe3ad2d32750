package virtual

import (
	"encoding/binary"
	"math"
)

// kind is the kind of a type.
type kind uint8

const (
	kVoid kind = iota
	kBool
	kInt
	kFloat
	kVector
	kArray
	kRuntime
	kStruct
	kPointer
	kImage
	kMatrix
	kOther
)

// A typ is a type. In registers and in local and shared memory, a value takes one cell a scalar.
type typ struct {
	kind    kind
	id      uint32 // of a struct
	bits    int
	signed  bool
	elem    *typ // of vectors, arrays and pointers
	n       int  // of a vector or an array; rows of a matrix
	members []*typ
	offsets []int // of a struct's members, in bytes
	stride  int   // of an array's elements, in bytes
	class   uint32
	cells   int
	flat    []place // see places
}

// A place is where a scalar of a type lies in a buffer, in bytes from where the value begins.
type place struct{ at, bits int }

// places lists the scalars of a type in the order of cells.
func (t *typ) places() []place {
	if t.flat != nil {
		return t.flat
	}
	add := func(part *typ, at int) {
		for _, p := range part.places() {
			t.flat = append(t.flat, place{at + p.at, p.bits})
		}
	}
	switch t.kind {
	case kVector, kArray:
		for i := range t.n {
			add(t.elem, i*t.stride)
		}
	case kStruct:
		for i, m := range t.members {
			add(m, t.offsets[i])
		}
	default:
		t.flat = []place{{0, t.bits}}
	}
	return t.flat
}

// bytes is the size in shared memory.
func (t *typ) bytes() int {
	switch t.kind {
	case kVector, kArray:
		return t.n * t.elem.bytes()
	case kStruct:
		n := 0
		for _, m := range t.members {
			n += m.bytes()
		}
		return n
	case kBool:
		return 4
	}
	return t.bits / 8
}

//go:norace
func f32(v uint64) float32 { return math.Float32frombits(uint32(v)) }

//go:norace
func bitsOf(f float32) uint64 { return uint64(math.Float32bits(f)) }

//go:norace
func word(p []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint32(p[at:])) }
