package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"genview/models/fuzzing"
)

func sample() *File {
	return &File{Meta: map[string]string{"step": "7"}, Tensors: []Tensor{
		{Name: "a.weight", Shape: []int{2, 3}, Values: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "step", Shape: []int{}, Values: []int32{-9}},
	}}
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := Write(path, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("got %v, %v, want %v", got, err, sample())
	}
}

// TestReadsNumbersOf16Bits: as the float32 that they are, an odd count of them, too.
func TestReadsNumbersOf16Bits(t *testing.T) {
	for dtype, one := range map[string]uint16{"F16": 0x3c00, "BF16": 0x3f80} {
		head := fmt.Sprintf(`{"a":{"dtype":%q,"shape":[3],"data_offsets":[0,6]}}`, dtype)
		p := append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
		for _, h := range []uint16{one, one | 0x8000, 0} {
			p = binary.LittleEndian.AppendUint16(p, h)
		}
		f, err := Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(f.Tensors[0].Values), "[1 -1 0]"; got != want {
			t.Errorf("%s: got %s, want %s", dtype, got, want)
		}
	}
}

func TestEveryTruncationIsAnError(t *testing.T) {
	p, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	for n := range p {
		if _, err := Decode(p[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were read as a file", n, len(p))
		}
	}
}

// header returns the beginning of a file.
func header(text string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
}

func saved(t *testing.T, p []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, p, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrokenFileIsNamedWithTheRemedy has truncated files, and some that look whole, such as one with a shape whose size overflows to that
// of the tensor's bytes.
func TestBrokenFileIsNamedWithTheRemedy(t *testing.T) {
	whole, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":     {nil, "is truncated: 0 bytes"},
		"half":      {whole[:len(whole)/2], "is truncated"},
		"last byte": {whole[:len(whole)-1], "is truncated"},
		"no header": {header("nothing"), "broken header"},
		"wrapped":   {header(`{"a":{"dtype":"F32","shape":[2147483648,2147483648],"data_offsets":[0,0]}}`), "for the shape [2147483648"},
		"negative":  {header(`{"a":{"dtype":"F32","shape":[-1,0],"data_offsets":[0,0]}}`), "for the shape [-1 0]"},
		"backwards": {append(header(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}`), make([]byte, 4)...), "bytes 4 to 0"},
		"twice": {
			append(header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`), make([]byte, 4)...),
			`"a" stands there twice`,
		},
		"no shape":      {header(`{"a":{"dtype":"F32","data_offsets":[0,0]}}`), `broken entry "a"`},
		"null shape":    {header(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,0]}}`), `broken entry "a"`},
		"three offsets": {header(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}}`), `broken entry "a"`},
		"no number":     {header(`{"a":{"dtype":"F32","shape":["x"],"data_offsets":[0,0]}}`), `broken entry "a"`},
		"long shape":    {header(`{"a":{"dtype":"F32","shape":[0` + strings.Repeat(",0", 100) + `],"data_offsets":[0,0]}}`), "at most 64 sizes"},
		"more":          {header(`{} {}`), "something follows"},
		"metadata":      {header(`{"__metadata__":{"a":1}}`), "has broken metadata"},
		"null metadata": {header(`{"__metadata__":{"a":null}}`), `broken metadata: "a" is null`},
		"no UTF-8":      {header("{\"\xff\":{}}"), "no UTF-8"},
		"hole":          {append(header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`), make([]byte, 8)...), "leave holes at byte 0"},
		"wrong type":    {append(header(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}`), make([]byte, 4)...), `4 bytes for the shape [1] of "F64"`},
	} {
		path := saved(t, c.file)
		_, err := Read(path)
		for _, want := range []string{path, c.want, "replace it by a whole copy"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", name, err, want)
			}
		}
	}
}

func TestUnwritableFileIsNamedWithTheRemedy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "x.safetensors")
	err := Write(path, sample())
	if want := path + " cannot be written: no such file or directory"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %q", err, want)
	}
}

func TestReadsPyTorchsFile(t *testing.T) {
	path := "../../../shared/data/mnist_gan_generator.safetensors"
	if _, err := os.Stat(path); err != nil {
		t.Skipf("SKIPPED: %s is not here", path)
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, x := range f.Tensors {
		if strings.HasSuffix(x.Name, "weight") && len(x.Shape) == 2 {
			n++
		}
	}
	if n != 3 {
		t.Errorf("got %d weight matrices, want 3", n)
	}
}

// TestEmptyTensorsAndThoseNobodyNeeds reads a file that also holds empty tensors and tensors of every other type. An unstable sort of equal
// offsets would sometimes refuse it.
func TestEmptyTensorsAndThoseNobodyNeeds(t *testing.T) {
	var entries []string
	var body []byte
	put := func(name, kind, shape string, p ...byte) {
		entries = append(entries, fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, kind, shape, len(body), len(body)+len(p)))
		body = append(body, p...)
	}
	for i := range 40 {
		put(fmt.Sprintf("empty%d", i), "F32", "[0,4]")
		put(fmt.Sprintf("full%d", i), "F32", "[1]", 0, 0, 0x80, 0x3f)
		put(fmt.Sprintf("void%d", i), "I64", "[3,0]")
	}
	put("flags", "BOOL", "[3]", 1, 0, 1)
	put("bytes", "U8", "[3]", 1, 0, 1)
	put("complex", "C64", "[]", make([]byte, 8)...)
	put("eight", "F8_E4M3", "[2]", 1, 2)
	put("four", "F4", "[4]", 1, 2) // two numbers a byte: of a type that the package does not know
	put("count", "I64", "[]", 5, 0, 0, 0, 0, 0, 0, 0)
	p := append(header("{"+strings.Join(entries, ",")+"}   "), body...)
	for range 20 {
		f, err := Decode(p)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]any{"full7": []float32{1}, "empty7": []float32{}, "count": []int32{5}, "bytes": []int32{1, 0, 1}, "flags": nil, "four": nil} {
			if got, ok := f.Find(name); !ok || !reflect.DeepEqual(got.Values, want) {
				t.Fatalf("%s: got %v, want %v", name, got.Values, want)
			}
		}
	}
}

// TestOtherTypes reads numbers of each type as float32 or int32, which must refuse numbers out of range.
func TestOtherTypes(t *testing.T) {
	for _, c := range []struct {
		kind string
		p    []byte
		want string
	}{
		{"F64", binary.LittleEndian.AppendUint64(nil, math.Float64bits(-1.5)), "[-1.5]"},
		{"F64", binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.Inf(1))), "[+Inf]"},
		{"F64", binary.LittleEndian.AppendUint64(nil, math.Float64bits(1e300)), `x.safetensors: the tensor "a" is of type "F64": 1e+300 is too large for float32`},
		{"I64", binary.LittleEndian.AppendUint64(nil, 1<<64-7), "[-7]"},
		{"I64", binary.LittleEndian.AppendUint64(nil, 1<<40), `the tensor "a" is of type "I64": 1099511627776 is too large for int32`},
		{"U32", []byte{255, 255, 255, 255}, "too large for int32"},
		{"U16", []byte{255, 255}, "[65535]"},
		{"I16", []byte{255, 255}, "[-1]"},
		{"I8", []byte{128}, "[-128]"},
		{"BOOL", []byte{1}, "are needed"},
	} {
		path := saved(t, append(header(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[1],"data_offsets":[0,%d]}}`, c.kind, len(c.p))), c.p...))
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		e, _ := r.Find("a")
		var got string
		if e.Float() {
			v, err := r.Float32s(e)
			got = fmt.Sprint(v, err)
		} else {
			v, err := r.Int32s(e)
			got = fmt.Sprint(v, err)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s %v: got %s, want %s", c.kind, c.p, got, c.want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSmallFileTakesLittleMemory has ten thousand tensors that share the same megabyte, which would decode to ten gigabytes, and shapes of
// exabytes.
func TestSmallFileTakesLittleMemory(t *testing.T) {
	const size = 1 << 20
	var shared []string
	for i := range 10000 {
		shared = append(shared, fmt.Sprintf(`"%d":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}`, i, size/4, size))
	}
	for name, c := range map[string]struct {
		head, want string
	}{
		"shared": {"{" + strings.Join(shared, ",") + "}", "overlap"},
		"huge":   {fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, int64(1)<<60, int64(1)<<62), "is truncated"},
		"empty":  {fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d,%d,0],"data_offsets":[0,0]}}`, int64(1)<<40, int64(1)<<40), "for the shape"},
	} {
		p := append(header(c.head), make([]byte, size)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(p)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%s: a file of %d bytes took %d", name, len(p), took)
		}
	}
}

// TestFileThatShrinks reads from a file that is cut off after it was opened.
func TestFileThatShrinks(t *testing.T) {
	p, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	path := saved(t, p)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(path, int64(len(p)-20)); err != nil {
		t.Fatal(err)
	}
	e, _ := r.Find("a.weight")
	if v, err := r.Float32s(e); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	for _, path := range []string{t.TempDir(), "/dev/zero"} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	p, _ := Encode(sample())
	f.Add(p)
	f.Add([]byte("\x00\x00\x00\x06\x00\x00\x00\x00{"))
	f.Add(append(binary.LittleEndian.AppendUint64(nil, 5000), bytes.Repeat([]byte("["), 5000)...))
	f.Fuzz(func(t *testing.T, p []byte) {
		var file *File
		if err := fuzzing.Check(t, p, fuzzing.Usage{}, func() (err error) { file, err = Decode(p); return err }); err != nil {
			return
		}
		file.Tensors = slices.DeleteFunc(file.Tensors, func(x Tensor) bool { return x.Values == nil })
		if _, err := Encode(file); err != nil {
			t.Error(err)
		}
	})
}

// TestChecksum: any changed bit of the numbers is found. A file that another program has rewritten with the same metadata is read, although
// its layout or its type of numbers has changed.
func TestChecksum(t *testing.T) {
	f := &File{Meta: map[string]string{"step": "7"}, Tensors: []Tensor{{"a", []int{3}, []float32{1, 2, 3}}, {"b", []int{2}, []int32{4, 5}}}}
	p, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * 20 { // the numbers are the last 20 bytes
		q := bytes.Clone(p)
		q[len(q)-1-bit/8] ^= 1 << (bit % 8)
		if _, err := Decode(q); !errors.Is(err, ErrDamaged) {
			t.Fatalf("bit %d: %v, want %v", bit, err, ErrDamaged)
		}
	}
	half := bytes.Replace(p, []byte(`"b":{"dtype":"I32"`), []byte(`"b":{"dtype":"U32"`), 1)
	half[len(half)-1] ^= 1 << 4
	if got, err := Decode(half); bytes.Equal(half, p) || err != nil || len(got.Tensors) != 2 {
		t.Errorf("a file written anew: %v", err)
	}
}

// TestIntact: any changed bit of a file is found, also of its header. A file of an earlier version is read, and is not said to be sealed.
func TestIntact(t *testing.T) {
	f := &File{Meta: map[string]string{"step": "7"}, Tensors: []Tensor{{"a", []int{3}, []float32{1, 2, 3}}, {"b", []int{2}, []int32{4, 5}}}}
	p, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	path := saved(t, p)
	if sealed, err := Intact(path); !sealed || err != nil {
		t.Fatalf("got %v, %v", sealed, err)
	}
	for bit := range 8 * len(p) {
		q := bytes.Clone(p)
		q[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, q, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Intact(path); err == nil {
			t.Fatalf("bit %d of byte %d, %q: it is not found", bit%8, bit/8, p[max(0, bit/8-8):bit/8+1])
		}
	}
	at := regexp.MustCompile(`:[0-9a-f]{64}"`).FindAllIndex(p, -1)
	sum := at[len(at)-1]
	old := slices.Concat(p[:sum[0]], p[sum[1]-1:len(p)-20], bytes.Repeat([]byte(" "), sum[1]-1-sum[0]), p[len(p)-20:])
	if err := os.WriteFile(path, old, 0o644); err != nil {
		t.Fatal(err)
	}
	if sealed, err := Intact(path); sealed || err != nil {
		t.Errorf("a file of an earlier version: %v, %v", sealed, err)
	}
}

// TestHalvesComeBack: every F16 survives a round trip; other numbers become the nearest F16, and those out of range the largest.
func TestHalvesComeBack(t *testing.T) {
	var all Half
	for h := range 1 << 16 {
		if h&0x7c00 != 0x7c00 {
			all = append(all, ofHalf(uint16(h)))
		}
	}
	n := len(all)
	all = append(all, 1e9, float32(math.Inf(-1)), 65519, 1+1./2048, 1+3./2048, 1+1.01/2048, 1e-9, 0x1p-25*1.01, float32(math.NaN()))
	p, err := Encode(&File{Tensors: []Tensor{{Name: "x", Shape: []int{len(all)}, Values: all}}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Decode(p)
	if err != nil {
		t.Fatal(err)
	}
	got := f.Tensors[0].Values.([]float32)
	for i, v := range all[:n] {
		if math.Float32bits(got[i]) != math.Float32bits(v) {
			t.Fatalf("%v came back as %v", v, got[i])
		}
	}
	for i, want := range []float32{65504, -65504, 65504, 1, 1 + 2./1024, 1 + 1./1024, 0, 0x1p-24} {
		if got[n+i] != want {
			t.Errorf("%v came back as %v, want %v", all[n+i], got[n+i], want)
		}
	}
	if v := got[len(got)-1]; v == v {
		t.Errorf("NaN came back as %v", v)
	}
}
