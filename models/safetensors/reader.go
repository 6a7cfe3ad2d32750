package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Reader reads the tensors of a file one by one. Its header has been checked. It is for one goroutine.
type Reader struct {
	name    string // of the file; "" if it has none
	src     io.ReaderAt
	close   func() error
	body    int64 // offset of the numbers
	meta    map[string]string
	sum     string // checksum in the metadata; "" if there is none
	head    []byte // the header as it is
	entries []Entry
}

// An Entry is the header's description of a tensor.
type Entry struct {
	Name  string
	DType string // F32, I64, …; perhaps one that the package does not know
	Shape []int

	lo, hi int64 // bytes after the header
}

// Float tells whether [Reader.Float32s] can read the tensor: F64, F32, F16 and BF16.
func (e Entry) Float() bool { return kinds[e.DType].float != nil }

// Int tells whether [Reader.Int32s] can read the tensor: all integers but U64.
func (e Entry) Int() bool { return kinds[e.DType].int != nil }

// Wider tells whether the tensor's type has numbers that do not fit float32 or int32: F64, I64 and U32.
func (e Entry) Wider() bool { return kinds[e.DType].size > 4 || e.DType == "U32" }

// Open opens a file, encrypted or not, and checks its header. An error names the file.
func Open(path string) (*Reader, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(f, f.Size())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("safetensors: %s %w; replace it by a whole copy", path, err), f.Close())
	}
	r.name, r.close = path, f.Close
	return r, nil
}

// NewReader checks the header of a file of size bytes. An error is the end of a sentence that begins with the file's name.
func NewReader(src io.ReaderAt, size int64) (*Reader, error) {
	var first [8]byte
	if size < int64(len(first)) {
		return nil, fmt.Errorf("is truncated: %d bytes", size)
	}
	if n, err := src.ReadAt(first[:], 0); n < len(first) {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	n := binary.LittleEndian.Uint64(first[:])
	if n > 100e6 || int64(n) > size-8 { // the format's own limit
		return nil, fmt.Errorf("is truncated or no safetensors file: a header of %d bytes in a file of %d", n, size)
	}
	head := make([]byte, n)
	if n, err := src.ReadAt(head, 8); n < len(head) {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	r := &Reader{src: src, body: 8 + int64(n), head: head, close: func() error { return nil }}
	if err := r.parse(head); err != nil {
		return nil, err
	}
	return r, r.fit(size - r.body)
}

// Close closes the file.
func (r *Reader) Close() error { return r.close() }

// Meta returns the file's metadata without the checksum. It may be nil.
func (r *Reader) Meta() map[string]string { return r.meta }

// Entries returns the tensors' descriptions, sorted by name.
func (r *Reader) Entries() []Entry { return r.entries }

// Find returns the entry of a name.
func (r *Reader) Find(name string) (Entry, bool) {
	i, ok := slices.BinarySearchFunc(r.entries, name, func(e Entry, name string) int { return strings.Compare(e.Name, name) })
	if !ok {
		return Entry{}, false
	}
	return r.entries[i], true
}

// rawEntry is an entry of the header. Its pointers and slices distinguish missing values from zeros.
type rawEntry struct {
	DType   *string `json:"dtype"`
	Shape   dims    `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// dims is a shape. It refuses long ones, which would need eight times the memory of their text.
type dims []int

const mostDims = 64

func (d *dims) UnmarshalJSON(p []byte) error {
	if bytes.Count(p, []byte(",")) >= mostDims {
		return fmt.Errorf("a shape of more than %d sizes", mostDims)
	}
	return json.Unmarshal(p, (*[]int)(d))
}

// parse reads the header name by name, because a map would hide duplicate names.
func (r *Reader) parse(head []byte) error {
	if !utf8.Valid(head) {
		return errors.New("has a broken header: it is no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(head))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("has a broken header: it is no JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, _ := t.(string)
		if err != nil {
			return errors.New("has a broken header: it is no JSON")
		}
		if seen[name] {
			return fmt.Errorf("has a broken header: %s stands there twice", short(name))
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errors.New("has a broken header: it is no JSON")
		}
		if err := r.add(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("has a broken header: it is no JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has a broken header: something follows its JSON object")
	}
	slices.SortFunc(r.entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// add adds one value of the header.
func (r *Reader) add(name string, value json.RawMessage) error {
	if name == metaKey {
		var meta map[string]*string
		if err := json.Unmarshal(value, &meta); err != nil {
			return errors.New("has broken metadata: they must be a JSON object of strings")
		}
		for _, k := range slices.Sorted(maps.Keys(meta)) {
			if meta[k] == nil {
				return fmt.Errorf("has broken metadata: %s is null and must be a string", short(k))
			}
			if k == checksumKey {
				r.sum = *meta[k]
				continue
			}
			if r.meta == nil {
				r.meta = map[string]string{}
			}
			r.meta[k] = *meta[k]
		}
		return nil
	}
	var e rawEntry
	if err := json.Unmarshal(value, &e); err != nil || e.DType == nil || e.Shape == nil || len(e.Offsets) != 2 {
		return fmt.Errorf(`has a broken entry %s: it must have a "dtype", a "shape" of at most %d sizes and two "data_offsets"`, short(name), mostDims)
	}
	r.entries = append(r.entries, Entry{name, *e.DType, e.Shape, e.Offsets[0], e.Offsets[1]})
	return nil
}

// fit checks that each tensor has as many bytes as its shape needs, and that the tensors cover the body of the file exactly.
func (r *Reader) fit(body int64) error {
	for _, e := range r.entries {
		if e.lo < 0 || e.hi < e.lo || e.hi > body {
			return fmt.Errorf("is truncated: %s lies at bytes %d to %d of %d", short(e.Name), e.lo, e.hi, body)
		}
		k, known := kinds[e.DType]
		size, ok := sizeOf(e.Shape, max(k.size, 1))
		if !ok || known && size != e.hi-e.lo {
			return fmt.Errorf("has a tensor %s of %d bytes for the shape %v of %s", short(e.Name), e.hi-e.lo, e.Shape, short(e.DType))
		}
	}
	order := slices.Clone(r.entries)
	slices.SortFunc(order, func(a, b Entry) int { // an empty tensor comes before the one that begins at its byte
		return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi))
	})
	end := int64(0)
	for _, e := range order {
		if e.lo != end {
			return fmt.Errorf("is damaged: its tensors overlap or leave holes at byte %d", end)
		}
		end = e.hi
	}
	if end != body {
		return fmt.Errorf("is truncated or damaged: its tensors take %d bytes, it has %d", end, body)
	}
	return nil
}

// sizeOf returns the number of bytes of a shape; false if a size is negative or the product of the sizes that are not zero overflows an
// int64.
func sizeOf(shape []int, each int64) (int64, bool) {
	n, empty := each, false
	for _, d := range shape {
		switch {
		case d < 0 || d > 0 && n > math.MaxInt64/int64(d):
			return 0, false
		case d == 0:
			empty = true
		default:
			n *= int64(d)
		}
	}
	if empty {
		n = 0
	}
	return n, true
}

// short quotes a name from the file for a message, because it may be long and contain anything.
func short(name string) string {
	if runes := []rune(name); len(runes) > 80 {
		name = string(runes[:80]) + "…"
	}
	return fmt.Sprintf("%q", name)
}

// Float32s reads the numbers of a tensor of F32, F64, F16 or BF16. F64 is rounded; a number out of float32's range is an error.
func (r *Reader) Float32s(e Entry) ([]float32, error) {
	of := kinds[e.DType].float
	if of == nil {
		return nil, r.wrong(e, "numbers of F32, F64, F16 or BF16 are needed")
	}
	return read(r, e, func(p []byte) (float32, error) {
		x := of(p)
		if v := float32(x); !math.IsInf(float64(v), 0) || math.IsInf(x, 0) {
			return v, nil
		}
		return 0, r.wrong(e, fmt.Sprintf("%g is too large for float32", x))
	})
}

// Int32s reads the numbers of a tensor of I32, I64, I16, I8, U32, U16 or U8; a number out of int32's range is an error.
func (r *Reader) Int32s(e Entry) ([]int32, error) {
	of := kinds[e.DType].int
	if of == nil {
		return nil, r.wrong(e, "integers are needed")
	}
	return read(r, e, func(p []byte) (int32, error) {
		x := of(p)
		if v := int32(x); int64(v) == x {
			return v, nil
		}
		return 0, r.wrong(e, fmt.Sprintf("%d is too large for int32", x))
	})
}

// wrong returns the error that a correct tensor is not of the kind asked for.
func (r *Reader) wrong(e Entry, why string) error {
	return fmt.Errorf("safetensors: %sthe tensor %s is of type %s: %s", r.in(), short(e.Name), short(e.DType), why)
}

func (r *Reader) in() string {
	if r.name == "" {
		return ""
	}
	return r.name + ": "
}

// read reads the numbers of a tensor piece by piece, so that it needs little memory besides the result.
func read[T any](r *Reader, e Entry, of func(p []byte) (T, error)) ([]T, error) {
	const piece = 1 << 16 // a multiple of each type's size
	size := kinds[e.DType].size
	out := make([]T, 0, (e.hi-e.lo)/size)
	p := make([]byte, min(piece, e.hi-e.lo))
	for at := e.lo; at < e.hi; at += piece {
		p = p[:min(piece, e.hi-at)]
		if n, err := r.src.ReadAt(p, r.body+at); n < len(p) {
			return nil, fmt.Errorf("safetensors: %sthe tensor %s cannot be read: %w", r.in(), short(e.Name), err)
		}
		for i := int64(0); i < int64(len(p)); i += size {
			v, err := of(p[i : i+size])
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}
