package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"genview/models/fuzzing"
)

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
	labels := filepath.Join(dir, idxFiles[3])
	writeIDX(t, labels, []uint32{2}, []byte{9, 10})
	if _, err := Open(context.Background(), Options{Name: "mnist", Dir: dir}); err == nil || !strings.Contains(err.Error(), labels+" names class 10, and mnist has the classes 0 to 9") {
		t.Errorf("a class that there is not gives the error %v", err)
	}
}

func TestDamagedIDX(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, idxFiles[0])
	writeIDX(t, path, []uint32{2, 2, 2}, make([]byte, 8))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(whole)
	z.Close()
	var files [][]byte
	for n := range whole {
		files = append(files, whole[:n])
	}
	for n := 2; n < packed.Len(); n++ { // with less it is no compressed file
		files = append(files, packed.Bytes()[:n])
	}
	flipped := slices.Clone(packed.Bytes())
	flipped[len(flipped)-8]++ // of the checksum
	for _, p := range append(files, flipped) {
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), Options{Name: "mnist", Dir: dir})
		if err == nil || !strings.Contains(err.Error(), path+" is ") || !strings.Contains(err.Error(), "replace it by a whole copy") {
			t.Errorf("the %d bytes %x give %v", len(p), p, err)
		}
	}
}

// TestIDXThatExpandsTooFar has small files that claim, or hold, much more.
func TestIDXThatExpandsTooFar(t *testing.T) {
	pack := func(p []byte, zeros int) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(p)
		for range zeros >> 20 {
			z.Write(make([]byte, 1<<20))
		}
		z.Close()
		return b.Bytes()
	}
	head := func(dims ...uint32) []byte {
		p := []byte{0, 0, 8, byte(len(dims))}
		for _, d := range dims {
			p = binary.BigEndian.AppendUint32(p, d)
		}
		return p
	}
	for what, c := range map[string]struct {
		p    []byte
		want string
	}{
		"three gigabytes":           {pack(head(60000, 224, 224), 64<<20), "more than 1024 MiB"},
		"axes that overflow":        {head(1<<31, 1<<31, 1<<31), "more than 1024 MiB"},
		"a claim that cannot be":    {head(1000, 1000, 1000), "cannot hold 1000000000"},
		"a packed one":              {pack(head(1000, 1000, 1000), 0), "cannot hold 1000000000"},
		"more than it says to hold": {pack(head(2, 2, 2), 64<<20), "more than 8 bytes"},
	} {
		path := filepath.Join(t.TempDir(), idxFiles[0])
		if err := os.WriteFile(path, c.p, 0o644); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readIDX(filepath.Dir(path), idxFiles[0])
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q in it", what, err, c.want)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
			t.Errorf("%s takes %d bytes of memory", what, took)
		}
	}
}

func TestCacheThatTakesNoFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), Options{Name: "mnist", CacheDir: file})
	if err == nil || !strings.Contains(err.Error(), "cannot be kept") || !strings.Contains(err.Error(), "data.dir") {
		t.Errorf("got %v, want what is wrong and a way round", err)
	}
}

func FuzzIDX(f *testing.F) {
	f.Add([]byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 2})
	f.Add([]byte{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 28, 1, 2})
	f.Add([]byte{0, 0, 8, 255, 0, 0, 0, 2, 1, 2})
	f.Fuzz(func(t *testing.T, p []byte) {
		_ = fuzzing.Check(t, p, fuzzing.Usage{}, func() error {
			x, err := parseIDX("f", bytes.NewReader(p), int64(len(p)))
			if err == nil && len(x.data) == 0 {
				t.Error("an empty file was taken")
			}
			return err
		})
	})
}
