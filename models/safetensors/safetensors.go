// Package safetensors reads and writes the file format of Hugging Face's safetensors: a JSON header and the raw numbers.
//
// It is our own because no Go library of it is kept up, and because a checkpoint deserves every check: a file that is cut off or
// inconsistent is refused with what is wrong about it.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"sort"

	"github.com/google/renameio/v2/maybe"
)

// A Tensor is one named array: []float32, which numbers of 16 bits are read as, too, or []int32.
type Tensor struct {
	Name   string
	Shape  []int
	Values any
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

type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

const metaKey = "__metadata__"

// Encode returns the bytes of a file: the same for the same contents, whatever their order.
func Encode(f *File) ([]byte, error) {
	sorted := slices.Clone(f.Tensors)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].Name < sorted[j].Name })
	header := map[string]any{}
	if len(f.Meta) > 0 {
		header[metaKey] = f.Meta
	}
	var body []byte
	for _, t := range sorted {
		at := int64(len(body))
		e := entry{Shape: t.Shape}
		switch v := t.Values.(type) {
		case []float32:
			e.DType = "F32"
			for _, x := range v {
				body = binary.LittleEndian.AppendUint32(body, math.Float32bits(x))
			}
		case []int32:
			e.DType = "I32"
			for _, x := range v {
				body = binary.LittleEndian.AppendUint32(body, uint32(x))
			}
		default:
			return nil, fmt.Errorf("safetensors: %s holds a %T and must be []float32 or []int32", t.Name, t.Values)
		}
		n := int64(4)
		for _, d := range t.Shape {
			n *= int64(d)
		}
		if n != int64(len(body))-at || header[t.Name] != nil || t.Name == metaKey {
			return nil, fmt.Errorf("safetensors: %s has %d bytes for the shape %v, or its name is taken", t.Name, int64(len(body))-at, t.Shape)
		}
		if e.Shape == nil {
			e.Shape = []int{}
		}
		e.Offsets = [2]int64{at, int64(len(body))}
		header[t.Name] = e
	}
	head, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(out, head...), body...), nil
}

// Write writes a file whole or not at all.
func Write(path string, f *File) error {
	p, err := Encode(f)
	if err != nil {
		return err
	}
	if err := maybe.WriteFile(path, p, 0o644); err != nil {
		var at *fs.PathError
		if errors.As(err, &at) { // of a temporary file, which tells nobody anything
			err = at.Err
		}
		return fmt.Errorf("safetensors: %s cannot be written: %w; make room in its folder or choose another", path, err)
	}
	return nil
}

// Read reads a file.
func Read(path string) (*File, error) {
	p, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f, err := Decode(p)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s %w; delete it or replace it by a whole copy", path, err)
	}
	return f, nil
}

// Decode reads the bytes of a file.
func Decode(p []byte) (*File, error) {
	if len(p) < 8 {
		return nil, fmt.Errorf("is truncated: %d bytes", len(p))
	}
	n := binary.LittleEndian.Uint64(p)
	if n > 100<<20 || n > uint64(len(p)-8) {
		return nil, fmt.Errorf("is truncated or no safetensors file: a header of %d bytes in a file of %d", n, len(p))
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(p[8:8+n], &raw); err != nil {
		return nil, fmt.Errorf("has a broken header: %w", err)
	}
	body := p[8+n:]
	f := &File{}
	var spans [][2]int64
	for name, msg := range raw {
		if name == metaKey {
			if err := json.Unmarshal(msg, &f.Meta); err != nil {
				return nil, fmt.Errorf("has broken metadata: %w", err)
			}
			continue
		}
		var e entry
		if err := json.Unmarshal(msg, &e); err != nil {
			return nil, fmt.Errorf("has a broken entry %q: %w", name, err)
		}
		t, err := e.read(name, body)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
		spans = append(spans, e.Offsets)
	}
	slices.SortFunc(spans, func(a, b [2]int64) int { return int(a[0] - b[0]) })
	end := int64(0)
	for _, s := range spans {
		if s[0] != end {
			return nil, fmt.Errorf("is damaged: its tensors overlap or leave holes at byte %d", end)
		}
		end = s[1]
	}
	if end != int64(len(body)) {
		return nil, fmt.Errorf("is truncated or damaged: its tensors take %d bytes, it has %d", end, len(body))
	}
	sort.Slice(f.Tensors, func(i, j int) bool { return f.Tensors[i].Name < f.Tensors[j].Name })
	return f, nil
}

func (e entry) read(name string, body []byte) (Tensor, error) {
	lo, hi := e.Offsets[0], e.Offsets[1]
	if lo < 0 || hi < lo || hi > int64(len(body)) {
		return Tensor{}, fmt.Errorf("is truncated: %q lies at bytes %d to %d of %d", name, lo, hi, len(body))
	}
	n := int64(4)
	if e.DType == "F16" || e.DType == "BF16" {
		n = 2
	}
	for _, d := range e.Shape {
		if d < 0 || d > 0 && n > math.MaxInt64/int64(d) {
			return Tensor{}, fmt.Errorf("has a tensor %q of the shape %v", name, e.Shape)
		}
		n *= int64(d)
	}
	if n != hi-lo {
		return Tensor{}, fmt.Errorf("has a tensor %q of %d bytes for the shape %v", name, hi-lo, e.Shape)
	}
	t := Tensor{Name: name, Shape: e.Shape}
	switch e.DType {
	case "F32":
		v := make([]float32, n/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[lo+int64(4*i):]))
		}
		t.Values = v
	case "F16", "BF16":
		v := make([]float32, n/2)
		for i := range v {
			h := binary.LittleEndian.Uint16(body[lo+int64(2*i):])
			v[i] = math.Float32frombits(uint32(h) << 16)
			if e.DType == "F16" {
				v[i] = ofHalf(h)
			}
		}
		t.Values = v
	case "I32":
		v := make([]int32, n/4)
		for i := range v {
			v[i] = int32(binary.LittleEndian.Uint32(body[lo+int64(4*i):]))
		}
		t.Values = v
	default:
		return Tensor{}, fmt.Errorf("has a tensor %q of type %s; F32, F16, BF16 and I32 are read", name, e.DType)
	}
	return t, nil
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
