package data_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/data"
	"genview/models/fuzzing"
	"genview/models/npy"
)

// TestPointsFile: points are read from tables and arrays as they were written, and a file that is none is told in one line.
func TestPointsFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := []float32{1, -2.5, 0, 3}
	path := filepath.Join(dir, "written.csv")
	if err := data.WritePoints(path, want); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, write("plain.csv", "1, -2.5\n# a remark\n0,3\n"), write("named.csv", "\ufeffx,y\r\n1,-2.5\r\n0,3\r\n")} {
		if got, err := data.ReadPoints(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: read %v, %v", path, got, err)
		}
	}
	for text, problem := range map[string]string{
		"1,2,3\n4,5,6\n": "has 3 values in line 1",
		"1,2\nx,3\n":     "in line 2",
		"x,y\n1,2\n":     "fewer than two points",
		"1,2\n3,NaN\n":   "must be finite",
		"":               "fewer than two points",
	} {
		if _, err := data.ReadPoints(write("bad.csv", text)); err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error is %v, want %q", text, err, problem)
		}
	}
	if _, err := data.ReadPoints(write("bad.npy", "nothing")); err == nil || !strings.Contains(err.Error(), "bad.npy is no .npy file") {
		t.Errorf("the error is %v", err)
	}
}

// TestPointsOfFile: sets are drawn from a file's points, which are scaled to the plane, and held-out ones are others.
func TestPointsOfFile(t *testing.T) {
	var xy []float32
	for i := range 100 {
		xy = append(xy, 1000+float32(i), 7)
	}
	path := filepath.Join(t.TempDir(), "line.csv")
	if err := data.WritePoints(path, xy); err != nil {
		t.Fatal(err)
	}
	told := ""
	set, err := data.Open(t.Context(), data.Options{Name: path, Seed: 1, Log: func(line string) { told = line }})
	if err != nil {
		t.Fatal(err)
	}
	seen := [2]map[float32]bool{{}, {}}
	for k, s := range []data.Set{set.Train, set.Test} {
		var at [2]float32
		for i := range s.Len() {
			if _, err := s.Read(i, nil, at[:]); err != nil {
				t.Fatal(err)
			}
			if at[0] < -4.01 || at[0] > 4.01 || at[1] != 0 {
				t.Fatalf("point %d is %v", i, at)
			}
			seen[k][at[0]] = true
		}
	}
	if len(seen[0]) != 90 || len(seen[1]) != 10 || !strings.Contains(told, "scaled by 0.08081") || data.Reach(path) != 5 {
		t.Errorf("%d and %d different points; it says %q", len(seen[0]), len(seen[1]), told)
	}
	for x := range seen[1] {
		if seen[0][x] {
			t.Errorf("%v is held out and trained on", x)
		}
	}
}

// TestManyPointsOfFile: of more points than are drawn from few ones, each is in its set once. The first of a set are like all, though the file
// is sorted.
func TestManyPointsOfFile(t *testing.T) {
	const n = 120_000
	xy := make([]float32, 2*n)
	for i := range n {
		xy[2*i] = float32(i)/(n/8) - 4
	}
	var b bytes.Buffer
	if err := npy.Write(&b, xy, n, 2); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "line.npy")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := data.Open(t.Context(), data.Options{Name: path, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[float32]bool{}
	for _, s := range []data.Set{set.Train, set.Test} {
		var at [2]float32
		mean := 0.0
		for i := range s.Len() {
			if _, err := s.Read(i, nil, at[:]); err != nil {
				t.Fatal(err)
			}
			seen[at[0]] = true
			if i < 1000 {
				mean += float64(at[0]) / 1000
			}
		}
		if math.Abs(mean) > 0.5 {
			t.Errorf("the mean of the first points is %v, want about 0", mean)
		}
	}
	if set.Train.Len() != n*9/10 || set.Test.Len() != n/10 || len(seen) != n {
		t.Errorf("%d and %d points, %d different ones, want %d and %d", set.Train.Len(), set.Test.Len(), len(seen), n*9/10, n/10)
	}
}

// TestPointsAreKept: a copy in the run's folder is found after both the original and the folder have moved.
func TestPointsAreKept(t *testing.T) {
	dir := t.TempDir()
	s := data.PictureSettings{SourceSettings: data.SourceSettings{Name: filepath.Join(dir, "mine.csv")}}
	if err := data.WritePoints(s.Name, []float32{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	run, moved := filepath.Join(dir, "run"), filepath.Join(dir, "moved")
	if err := os.Mkdir(run, 0o755); err != nil {
		t.Fatal(err)
	}
	if kept, err := s.Keep(run); err != nil || kept != s.Name || s.Name != filepath.Join(run, "points.csv") {
		t.Fatalf("kept %q as %s, %v", kept, s.Name, err)
	}
	if err := os.Rename(run, moved); err != nil {
		t.Fatal(err)
	}
	if s.Find(moved); s.Name != filepath.Join(moved, "points.csv") {
		t.Errorf("found %s", s.Name)
	}
	folder := data.PictureSettings{SourceSettings: data.SourceSettings{Name: filepath.Join(dir, "faces.npy")}}
	if err := os.Mkdir(folder.Name, 0o755); err != nil {
		t.Fatal(err)
	}
	if kept, err := folder.Keep(moved); kept != "" || err != nil {
		t.Errorf("a folder of pictures is kept as %q: %v", kept, err)
	}
	if data.IsPointsFile(folder.Name) || !data.IsPointsFile(s.Name) {
		t.Error("a folder is a file of points, or a file is none")
	}
	if _, keeps := any(&data.TextSettings{}).(interface{ Find(dir string) }); keeps {
		t.Error("a text is taken for points if its name ends in .csv")
	}
}

func FuzzReadPoints(f *testing.F) {
	f.Add(true, []byte("x,y\n1,2\n3,4\n"))
	f.Add(false, []byte("\x93NUMPY"))
	f.Add(false, []byte("\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 2), }                                        \n"))
	f.Add(true, []byte("x,y\n1,\x1b[2J\n\"\n\n"))
	f.Fuzz(func(t *testing.T, table bool, p []byte) {
		_ = fuzzing.File(t, p, map[bool]string{true: "a.csv", false: "a.npy"}[table], fuzzing.Usage{}, func(path string) error {
			xy, err := data.ReadPoints(path)
			if err == nil && (len(xy) < 4 || len(xy)%2 != 0) {
				t.Errorf("read %v", xy)
			}
			return err
		})
	})
}
