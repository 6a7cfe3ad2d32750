package directions_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"genview/models/directions"
	"genview/models/fuzzing"
	"genview/models/npy"
)

// FuzzRead reads the files of directions in a run's folder.
func FuzzRead(f *testing.F) {
	var whole, many bytes.Buffer
	if npy.Write(&whole, []float32{1, 2}, 2) != nil || npy.Write(&many, []float32{1, 2, 3, 4}, 2, 2) != nil {
		f.Fatal("no seed")
	}
	f.Add(whole.Bytes())
	f.Add(many.Bytes())
	f.Add(bytes.Replace(whole.Bytes(), []byte("(2,)"), []byte("(4294967296, 4294967296)"), 1))
	f.Add(bytes.Replace(whole.Bytes(), []byte("(2,)"), bytes.Repeat([]byte("("), 4), 1))
	f.Add(whole.Bytes()[:100])
	dir := f.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "directions"), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if err := os.WriteFile(filepath.Join(dir, "directions", "a.npy"), p, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = fuzzing.Check(t, p, fuzzing.Usage{}, func() error {
			v, err := directions.Read(dir, "a", 2)
			if err == nil && len(v) != 2 {
				t.Errorf("it has %d numbers", len(v))
			}
			return err
		})
	})
}
