package safetensors

import (
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
