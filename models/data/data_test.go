package data

import (
	"context"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func glyphSet(t *testing.T, seed uint64) *Dataset {
	t.Helper()
	d, err := Open(context.Background(), Options{Name: "glyphs", Size: 28, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGlyphsAreAFunctionOfTheSeed(t *testing.T) {
	a, b, c := glyphSet(t, 1), glyphSet(t, 1), glyphSet(t, 2)
	x, y, z := make([]float32, 784), make([]float32, 784), make([]float32, 784)
	same := true
	for i := range 50 {
		for _, p := range []struct {
			d   *Dataset
			dst []float32
		}{{a, x}, {b, y}, {c, z}} {
			if _, err := p.d.Train.Read(i, nil, p.dst); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(x, y) {
			t.Fatalf("picture %d differs between two sets of one seed", i)
		}
		same = same && slices.Equal(x, z)
		ink := float32(0)
		for _, v := range x {
			ink += v
		}
		if ink < 8 || ink > 500 {
			t.Errorf("picture %d has the ink of %v pixels", i, ink)
		}
	}
	if same {
		t.Error("another seed gives the same pictures")
	}
}

func TestLoaderResumesToTheSameBatches(t *testing.T) {
	set := glyphSet(t, 1).Test
	o := LoaderOptions{Batch: 300, Seed: 7, Binarize: true}
	read := func(first, skip int) []float32 {
		l, err := NewLoader(set, o, first)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range skip {
			b, err := l.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			l.Release(b)
		}
		b, err := l.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return b.Images
	}
	if !slices.Equal(read(0, 9), read(9, 0)) { // 6 batches an epoch: the tenth is of the second
		t.Error("batch 9 differs when the loader begins there")
	}
	if slices.Equal(read(0, 0), read(6, 0)) {
		t.Error("two epochs begin with the same batch")
	}
}

func writeIDX(t *testing.T, path string, dims []uint32, data []byte) {
	t.Helper()
	p := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		p = binary.BigEndian.AppendUint32(p, d)
	}
	if err := os.WriteFile(path, append(p, data...), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestIDX(t *testing.T) {
	dir := t.TempDir()
	for i, name := range idxFiles {
		if i%2 == 0 {
			writeIDX(t, filepath.Join(dir, name), []uint32{2, 2, 2}, []byte{0, 51, 102, 153, 204, 255, 0, 0})
		} else {
			writeIDX(t, filepath.Join(dir, name), []uint32{2}, []byte{3, 4})
		}
	}
	d, err := Open(context.Background(), Options{Name: "mnist", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 4)
	class, err := d.Test.Read(1, nil, got)
	if want := []float32{0.8, 1, 0, 0}; err != nil || class != 4 || !slices.Equal(got, want) {
		t.Errorf("got %v of class %d, %v; want %v of class 4", got, class, err, want)
	}
	writeIDX(t, filepath.Join(dir, idxFiles[2]), []uint32{2, 2, 2}, []byte{0, 51})
	if _, err := Open(context.Background(), Options{Name: "mnist", Dir: dir}); err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("a truncated file gives %v", err)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 2})
	f.Fuzz(func(t *testing.T, p []byte) {
		if x, err := parseIDX("f", p); err == nil && len(x.data) == 0 {
			t.Error("an empty file was taken")
		}
	})
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(context.Background(), Options{Name: "folder", Dir: dir, Size: 8}); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Errorf("an empty folder gives %v", err)
	}
	img := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range img.Pix {
		img.Pix[i] = 200
	}
	for _, name := range []string{"a/1.png", "b/2.png", "b/3.png"} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		w, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(w, img); err != nil {
			t.Fatal(err)
		}
		w.Close()
	}
	d, err := Open(context.Background(), Options{Name: "folder", Dir: dir, Size: 8, Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 3*64)
	if _, err := d.Train.Read(0, nil, dst); err != nil || dst[0] < 0.77 || dst[100] > 0.80 {
		t.Errorf("got %v…, %v; want 200/255", dst[:2], err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a", "1.png"), []byte("\x89PNG"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadImage(filepath.Join(dir, "a", "1.png"), 1, 8, 8); err == nil || !strings.Contains(err.Error(), "1.png") {
		t.Errorf("a truncated picture gives %v", err)
	}
}

func TestUnknownName(t *testing.T) {
	if _, err := Open(context.Background(), Options{Name: "minst"}); err == nil || !strings.Contains(err.Error(), "mnist") {
		t.Errorf("got %v, want the names there are", err)
	}
}
