package safetensors

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
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

// TestBrokenFileIsNamedWithTheRemedy has files that are cut off, and two that look whole: one with a hole, and one with a shape
// whose size wraps around to that of the tensor's bytes.
func TestBrokenFileIsNamedWithTheRemedy(t *testing.T) {
	whole, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	header := func(text string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":      {nil, "is truncated: 0 bytes"},
		"half":       {whole[:len(whole)/2], "is truncated"},
		"last byte":  {whole[:len(whole)-1], "is truncated"},
		"no header":  {header("nothing"), "broken header"},
		"wrapped":    {header(`{"a":{"dtype":"F32","shape":[2147483648,2147483648],"data_offsets":[0,0]}}`), "of the shape [2147483648"},
		"hole":       {append(header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`), make([]byte, 8)...), "leave holes at byte 0"},
		"wrong type": {append(header(`{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}`), make([]byte, 4)...), "of type F64"},
	} {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := os.WriteFile(path, c.file, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		for _, want := range []string{path, c.want, "delete it or replace it"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %q", name, err, want)
			}
		}
	}
}

func TestUnwritableFileIsNamedWithTheRemedy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "x.safetensors")
	err := Write(path, sample())
	if want := path + " cannot be written: no such file or directory; make room"; err == nil || !strings.Contains(err.Error(), want) {
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

func FuzzDecode(f *testing.F) {
	p, _ := Encode(sample())
	f.Add(p)
	f.Fuzz(func(t *testing.T, p []byte) {
		if file, err := Decode(p); err == nil {
			if _, err := Encode(file); err != nil {
				t.Error(err)
			}
		}
	})
}
