// Package safetensors reads and writes the file format of Hugging Face's safetensors: a JSON header and the raw numbers.
//
// A [Reader] checks the whole header before it reads a number: every tensor must have as many bytes as its type and shape need, and
// together they must cover the file. So a small file never needs much memory, and the error for a truncated or damaged file says what is
// wrong. Each tensor is read separately; one that is not read may be of any type.
//
// The package is our own because no maintained Go library reads the format.
package safetensors

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"genview/models/encrypt"
	"genview/vk/files"
)

// A Tensor is a named array.
type Tensor struct {
	Name   string
	Shape  []int
	Values any // []float32, []int32 or, for writing, Half; nil if it was read from a file and has another type
}

// A File is the contents of a file.
type File struct {
	Meta    map[string]string
	Tensors []Tensor // sorted by name once written or read
}

// Find returns the tensor of a name.
func (f *File) Find(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

const metaKey = "__metadata__"

// Encode returns the bytes of a file. They do not depend on the order of the contents.
func Encode(f *File) ([]byte, error) {
	var b strings.Builder
	if err := EncodeTo(&b, f); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// EncodeTo writes what [Encode] returns.
func EncodeTo(w io.Writer, f *File) error {
	sorted := slices.Clone(f.Tensors)
	slices.SortFunc(sorted, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	entries, err := layout(sorted)
	if err != nil {
		return err
	}
	numbers := sha256.New()
	if err := writeNumbers(numbers, sorted); err != nil {
		return err
	}
	head, err := headerOf(f.Meta, entries, checksum(entries, numbers))
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	return writeNumbers(w, sorted)
}

// writeNumbers writes the numbers of sorted tensors.
func writeNumbers(w io.Writer, sorted []Tensor) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var p [4]byte
	for _, t := range sorted {
		switch v := t.Values.(type) {
		case []float32:
			for _, x := range v {
				binary.LittleEndian.PutUint32(p[:], math.Float32bits(x))
				_, _ = out.Write(p[:]) // Flush returns the first error
			}
		case Half:
			for _, x := range v {
				binary.LittleEndian.PutUint16(p[:2], toHalf(x))
				_, _ = out.Write(p[:2])
			}
		case []int32:
			for _, x := range v {
				binary.LittleEndian.PutUint32(p[:], uint32(x))
				_, _ = out.Write(p[:])
			}
		}
	}
	return out.Flush()
}

// layout places sorted tensors one behind the other.
func layout(sorted []Tensor) ([]Entry, error) {
	var entries []Entry
	end := int64(0)
	for i, t := range sorted {
		e := Entry{Name: t.Name, Shape: t.Shape, lo: end}
		n := 0
		switch v := t.Values.(type) {
		case []float32:
			e.DType, n = "F32", len(v)
		case Half:
			e.DType, n = "F16", len(v)
		case []int32:
			e.DType, n = "I32", len(v)
		default:
			return nil, fmt.Errorf("safetensors: %s holds a %T and must be []float32, Half or []int32", t.Name, t.Values)
		}
		taken := t.Name == metaKey || i > 0 && sorted[i-1].Name == t.Name
		each := kinds[e.DType].size
		if size, ok := sizeOf(t.Shape, each); !ok || size != each*int64(n) || taken {
			return nil, fmt.Errorf("safetensors: %q has %d numbers for the shape %v, or its name is taken", t.Name, n, t.Shape)
		}
		end += each * int64(n)
		e.hi = end
		entries = append(entries, e)
	}
	return entries, nil
}

// headerOf returns the header of a file, with its own sum, padded to a multiple of 8 bytes.
func headerOf(meta map[string]string, entries []Entry, sum string) ([]byte, error) {
	head, err := jsonOf(meta, entries, sum)
	if err == nil {
		head, err = jsonOf(meta, entries, sum+":"+sumOf(head))
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	return head, err
}

// jsonOf returns the header's JSON object.
func jsonOf(meta map[string]string, entries []Entry, sum string) ([]byte, error) {
	all := map[string]string{checksumKey: sum}
	for k, v := range meta {
		if k != checksumKey {
			all[k] = v
		}
	}
	header := map[string]any{metaKey: all}
	for _, e := range entries {
		header[e.Name] = rawEntry{DType: &e.DType, Shape: append(dims{}, e.Shape...), Offsets: []int64{e.lo, e.hi}}
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return head, nil
}

// Write writes a file whole or not at all, as [files.Write] does.
func Write(path string, f *File) error {
	return files.Write(path, func(w io.Writer) error { return EncodeTo(w, f) })
}

// Read reads a file, verifies it with [Reader.Verify], and returns all tensors. Those that neither [Reader.Float32s] nor [Reader.Int32s]
// can read have no values.
func Read(path string) (*File, error) {
	r, err := Open(path)
	if err != nil {
		return nil, err
	}
	var f *File
	if err = r.Verify(); err == nil {
		f, err = r.all()
	}
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	return f, nil
}

// Decode is [Read] for the bytes of a file.
func Decode(p []byte) (*File, error) {
	r, err := NewReader(strings.NewReader(string(p)), int64(len(p)))
	if err != nil {
		return nil, err
	}
	if err := r.Verify(); err != nil {
		return nil, err
	}
	return r.all()
}

// all reads every tensor. Values of a type that is not read stay nil.
func (r *Reader) all() (*File, error) {
	f := &File{Meta: r.meta}
	for _, e := range r.entries {
		t := Tensor{Name: e.Name, Shape: e.Shape}
		var err error
		switch {
		case e.Float():
			t.Values, err = r.Float32s(e)
		case e.Int():
			t.Values, err = r.Int32s(e)
		}
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	return f, nil
}

// kinds are the number types by their names in files. Other types may occur in a file, but cannot be read.
var kinds = map[string]struct {
	size  int64 // bytes of a number
	float func(p []byte) float64
	int   func(p []byte) int64
}{
	"F64": {size: 8, float: func(p []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(p)) }},
	"F32": {size: 4, float: func(p []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(p))) }},
	"F16": {size: 2, float: func(p []byte) float64 { return float64(ofHalf(binary.LittleEndian.Uint16(p))) }},
	"BF16": {size: 2, float: func(p []byte) float64 {
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(p)) << 16))
	}},
	"I64": {size: 8, int: func(p []byte) int64 { return int64(binary.LittleEndian.Uint64(p)) }},
	"I32": {size: 4, int: func(p []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(p))) }},
	"I16": {size: 2, int: func(p []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(p))) }},
	"I8":  {size: 1, int: func(p []byte) int64 { return int64(int8(p[0])) }},
	"U32": {size: 4, int: func(p []byte) int64 { return int64(binary.LittleEndian.Uint32(p)) }},
	"U16": {size: 2, int: func(p []byte) int64 { return int64(binary.LittleEndian.Uint16(p)) }},
	"U8":  {size: 1, int: func(p []byte) int64 { return int64(p[0]) }},
	"U64": {size: 8}, "C64": {size: 8}, "BOOL": {size: 1}, "F8_E4M3": {size: 1}, "F8_E5M2": {size: 1}, "F8_E8M0": {size: 1},
}

// Half is numbers to write as F16, rounded to nearest. Numbers beyond its range become ±65504.
type Half []float32

// toHalf returns the binary16 nearest to x, and the even one of two equally near.
func toHalf(x float32) uint16 {
	bits := math.Float32bits(x)
	sign, abs := uint16(bits>>16)&0x8000, bits&0x7fffffff
	switch {
	case abs > 0x7f800000: // NaN
		return sign | 0x7e00
	case abs >= 0x477fe000: // 65504, the largest
		return sign | 0x7bff
	case abs < 0x38800000: // denormal: a multiple of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	return sign | uint16((abs-0x38000000+0xfff+abs>>13&1)>>13)
}

// ofHalf returns the value of a binary16.
func ofHalf(h uint16) float32 {
	bits := uint32(h&0x7fff) << 13
	x := math.Float32frombits(bits) * 0x1p112 // denormal numbers, too
	if h&0x7c00 == 0x7c00 {
		x = math.Float32frombits(bits | 0x7f800000)
	}
	return math.Float32frombits(math.Float32bits(x) | uint32(h&0x8000)<<16)
}

// open opens a regular file, encrypted or not. Opening a pipe would wait for its writer, and a device has no end.
func open(path string) (*encrypt.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("safetensors: %s is no file: it is a folder, a pipe or a device", path)
	}
	f, err := encrypt.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}
