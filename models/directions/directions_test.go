package directions

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPCA finds directions that are known, from activations of fewer and of more dimensions than points, that are linear in latent vectors.
func TestPCA(t *testing.T) {
	const count, z = 400, 6
	rng := rand.New(rand.NewPCG(1, 2))
	for _, width := range []int{10, 1000} {
		// Two orthogonal directions of the latent space move the activations by 5 and by 2 along two of their own.
		one, two := []float64{0.6, 0.8, 0, 0, 0, 0}, []float64{0, 0, 1, 0, 0, 0}
		var zs, xs [][]float32
		for range count {
			v, x := make([]float32, z), make([]float32, width)
			a, b := 0.0, 0.0
			for j := range v {
				v[j] = float32(rng.NormFloat64())
				a, b = a+one[j]*float64(v[j]), b+two[j]*float64(v[j])
			}
			for j := range x {
				x[j] = float32(5*a*math.Cos(float64(j)) + 2*b*math.Sin(float64(j)) + 0.01*rng.NormFloat64())
			}
			zs, xs = append(zs, v), append(xs, x)
		}
		found, err := PCA(zs, xs, 2)
		if err != nil || len(found) != 2 {
			t.Fatal(found, err)
		}
		for k, want := range [][]float64{one, two} {
			cos, norm := 0.0, 0.0
			for j, v := range found[k].Z {
				cos, norm = cos+want[j]*float64(v), norm+float64(v)*float64(v)
			}
			if cos/math.Sqrt(norm) < 0.98 || math.Abs(math.Sqrt(norm)-1) > 0.15 {
				t.Errorf("%d dimensions: component %d is %v, want %v", width, k, found[k].Z, want)
			}
		}
		if s := found[0].Share; s < 0.8 || s > 0.92 {
			t.Errorf("the first component has %v of the variance, want about 25/29", s)
		}
		again, _ := PCA(zs, xs, 2)
		if !slices.Equal(again[1].Z, found[1].Z) {
			t.Error("the same data give other directions")
		}
	}
}

func TestPCAOfNothing(t *testing.T) {
	rows := func(n, width int) [][]float32 {
		var out [][]float32
		for range n {
			out = append(out, make([]float32, width))
		}
		return out
	}
	for want, f := range map[string]func() ([]Component, error){
		"do not vary":               func() ([]Component, error) { return PCA(rows(9, 2), rows(9, 3), 1) },
		"9 latent vectors and 8":    func() ([]Component, error) { return PCA(rows(9, 2), rows(8, 3), 1) },
		"give 2 or more":            func() ([]Component, error) { return PCA(nil, nil, 1) },
		"4 components: there are 3": func() ([]Component, error) { return PCA(rows(9, 2), rows(9, 3), 4) },
		"give 2000 at most":         func() ([]Component, error) { return PCA(rows(2001, 1), rows(2001, 1), 1) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDifferenceAndOrthogonal(t *testing.T) {
	d, err := Difference([][]float32{{0, 0}, {2, 0}}, [][]float32{{1, 3}, {1, 5}})
	if err != nil || !slices.Equal(d, []float32{0, 4}) {
		t.Errorf("got %v, %v", d, err)
	}
	if _, err := Difference(nil, [][]float32{{1}}); err == nil {
		t.Error("a difference from nothing")
	}
	o, err := Orthogonal([]float32{1, 2, 3}, []float32{2, 0, 0}, []float32{5, 1, 0}, []float32{0, 0, 0})
	if err != nil || math.Abs(float64(o[0])) > 1e-6 || math.Abs(float64(o[1])) > 1e-6 || o[2] != 3 {
		t.Errorf("got %v, %v", o, err)
	}
	// Of two parallel ones the second leaves only what rounding makes of it, which is no direction.
	if o, err = Orthogonal([]float32{-2, 1, 5}, []float32{0.1, 0.2, 0.3}, []float32{0.3, 0.6, 0.9}); err != nil {
		t.Fatal(err)
	}
	once, err := Orthogonal([]float32{-2, 1, 5}, []float32{0.1, 0.2, 0.3})
	for i := range o {
		if err != nil || math.Abs(float64(o[i]-once[i])) > 1e-5 {
			t.Errorf("beside two parallel directions %v is left, beside one %v, %v", o, once, err)
			break
		}
	}
	if _, err := Orthogonal([]float32{0, 0}); err == nil || !strings.Contains(err.Error(), "the direction is 0") {
		t.Errorf("no direction gives %v", err)
	}
	if _, err := Orthogonal([]float32{1, 2}, []float32{-2, -4}); err == nil || !strings.Contains(err.Error(), "nothing of it is left") {
		t.Errorf("a direction along the other gives %v", err)
	}
}

// TestFiles keeps directions in a folder, and refuses what is none.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	if names, err := Names(dir); err != nil || len(names) != 0 {
		t.Fatal(names, err)
	}
	if _, err := Read(dir, "smile", 2); err == nil || !strings.Contains(err.Error(), "the run has none") {
		t.Errorf("a direction of none: %v", err)
	}
	for _, name := range []string{"smile", "fc3.pc1", "smile"} {
		if err := Write(dir, name, []float32{1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	for _, bad := range []string{"", "a-b", "1st", "a b", "é", "../a", "a/b"} {
		if err := Write(dir, bad, []float32{1}); err == nil {
			t.Errorf("%q is taken for a name", bad)
		}
	}
	if names, err := Names(dir); err != nil || !slices.Equal(names, []string{"fc3.pc1", "smile"}) {
		t.Fatal(names, err)
	}
	if v, err := Read(dir, "smile", 2); err != nil || !slices.Equal(v, []float32{1, 2}) {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := Read(dir, "smile", 3); err == nil || !strings.Contains(err.Error(), "has 2 numbers, the model's z has 3") {
		t.Errorf("a direction of another model gives %v", err)
	}
	if err := Write(dir, "nan", []float32{float32(math.NaN()), 0}); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("NaN is kept as a direction: %v", err)
	}
	if _, err := Read(dir, "nan", 2); err == nil || !strings.Contains(err.Error(), `no direction "nan"`) {
		t.Errorf("a direction that was refused is there: %v", err)
	}
	if err := Write(dir, "nan", []float32{1, 0}); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(pathOf(dir, "nan"))
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(p[len(p)-8:], math.Float32bits(float32(math.NaN())))
	if err := os.WriteFile(pathOf(dir, "nan"), p, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, "nan", 2); err == nil || !strings.Contains(err.Error(), "has NaN as number 1") {
		t.Errorf("NaN is taken for a direction: %v", err)
	}
	for _, name := range []string{"nan", "fc3.pc1"} {
		if err := Remove(dir, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := Remove(dir, "fc3.pc1"); err == nil || !strings.Contains(err.Error(), "but smile") {
		t.Errorf("a direction that is gone: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "directions", "smile.npy"), []byte("no"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir, "smile", 2); err == nil || !strings.Contains(err.Error(), "is no .npy file") {
		t.Errorf("a damaged file gives %v", err)
	}
}
