package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"math"
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
	if !slices.Equal(read(0, 9), read(9, 0)) { // 6 batches an epoch: the tenth belongs to the second epoch
		t.Error("batch 9 differs when the loader begins there")
	}
	if slices.Equal(read(0, 0), read(6, 0)) {
		t.Error("two epochs begin with the same batch")
	}
}

// TestClasses: the classes that are named without reading pictures are those that a data set has.
func TestClasses(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"dogs/a.png", "cats/b.png", "cats/old/c.png", "d.png"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var p bytes.Buffer
		if err := png.Encode(&p, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, p.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []Options{{Name: "glyphs", Size: 8}, {Name: dir, Size: 2}, {Name: "folder", Dir: dir, Size: 2}} {
		set, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Classes(t.Context(), o.Name, o.Dir); err != nil || len(got) < 3 || !slices.Equal(got, set.Classes) {
			t.Errorf("%s: got %q (%v), want %q", o.Name, got, err, set.Classes)
		}
	}
	for name, want := range map[string]string{"points:ring8": "points:ring8 has no pictures of classes", filepath.Join(dir, "none"): "there is no folder"} {
		if got, err := Classes(t.Context(), name, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q and the error %v, want %q", name, got, err, want)
		}
	}
	if got, err := Classes(t.Context(), "fashion-mnist", ""); err != nil || len(got) != 10 || got[9] != "boot" {
		t.Errorf("fashion-mnist has %q (%v)", got, err)
	}
}

// TestAugment: pictures of an asymmetric pattern are shifted by whole pixels and mirrored, each way about equally often, and not changed
// otherwise; a loader that begins later returns the same ones.
func TestAugment(t *testing.T) {
	const side, shift = 6, 2
	set := &stored{c: 2, h: side, w: side, classes: []int32{0}}
	for i := range 2 * side * side {
		set.pixels = append(set.pixels, byte(100+i))
	}
	key := func(p []float32) string { return fmt.Sprint(p) }
	ways := map[string]int{}
	for way := range 2 * (2*shift + 1) * (2*shift + 1) {
		mirrored, down, right := way%2 == 1, way/2%(2*shift+1)-shift, way/2/(2*shift+1)-shift
		p := make([]float32, 2*side*side)
		for i := range p {
			y, x := i/side%side-down, i%side-right
			if y < 0 || y >= side || x < 0 || x >= side {
				continue
			}
			if mirrored {
				x = side - 1 - x
			}
			p[i] = float32(set.pixels[i/side/side*side*side+y*side+x]) / 255
		}
		ways[key(p)] = way
	}
	read := func(a Augment, first, n int) (seen []string) {
		l, err := NewLoader(set, LoaderOptions{Batch: 1, Seed: 3, Augment: &a}, first)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range n {
			b, err := l.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, key(b.Images))
			l.Release(b)
		}
		return seen
	}
	counts := map[int]int{}
	all := read(Augment{Flip: true, Shift: shift}, 0, 50*len(ways))
	for _, k := range all {
		way, ok := ways[k]
		if !ok {
			t.Fatalf("a picture is neither shifted nor mirrored: %s", k)
		}
		counts[way]++
	}
	for way := range ways {
		if n := counts[ways[way]]; n < 20 || n > 90 { // 50 ± 7
			t.Errorf("way %d was taken %d times, want about 50", ways[way], n)
		}
	}
	if later := read(Augment{Flip: true, Shift: shift}, 7, 20); !slices.Equal(later, all[7:27]) {
		t.Error("a loader that begins with batch 7 gives other pictures")
	}
	for _, k := range read(Augment{}, 0, 10) {
		if ways[k] != 2*(shift*(2*shift+1)+shift) {
			t.Error("a picture is varied although nothing is to be")
		}
	}
}

// TestAugmentReplacesMirroring: pictures of a folder, which are mirrored by themselves, are so only where that is wanted.
func TestAugmentReplacesMirroring(t *testing.T) {
	f := &folder{stored: stored{c: 1, h: 1, w: 2, pixels: []byte{0, 255}, classes: []int32{0}}}
	for _, a := range []*Augment{nil, {}} {
		l, err := NewLoader(f, LoaderOptions{Batch: 1, Seed: 3, Augment: a}, 0)
		if err != nil {
			t.Fatal(err)
		}
		mirrored := 0
		for range 100 {
			b, err := l.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			mirrored += int(b.Images[0])
			l.Release(b)
		}
		l.Close()
		if (a == nil) != (mirrored > 0) {
			t.Errorf("%d of 100 are mirrored with %v", mirrored, a)
		}
	}
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
	for _, missing := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "a", "1.png")} {
		_, err := Open(context.Background(), Options{Name: "folder", Dir: missing, Size: 8})
		if err == nil || !strings.Contains(err.Error(), "no folder "+missing) {
			t.Errorf("%s as a folder gives %v", missing, err)
		}
	}
}

// aPicture is a PNG file of 20×10 pixels.
func aPicture(t *testing.T) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i)
	}
	var p bytes.Buffer
	if err := png.Encode(&p, img); err != nil {
		t.Fatal(err)
	}
	return p.Bytes()
}

func TestDamagedPicture(t *testing.T) {
	whole := aPicture(t)
	torn := filepath.Join(t.TempDir(), "17.png")
	check := func(what string, p []byte) {
		t.Helper()
		if err := os.WriteFile(torn, p, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadImage(torn, 1, 8, 8)
		if err == nil || !strings.Contains(err.Error(), torn+" cannot be read") || !strings.Contains(err.Error(), "mend it or leave") {
			t.Errorf("%s: got %v, want an error that names %s and says what to do", what, err, torn)
		}
	}
	const end = 12 // bytes of the last chunk, which holds nothing
	for n := range len(whole) - end {
		check(fmt.Sprintf("%d of %d bytes", n, len(whole)), whole[:n])
	}
	// A BMP has no checksum, so one wrong byte in its header can ask for more memory than there is.
	huge := append([]byte("BM"), make([]byte, 52)...)
	binary.LittleEndian.PutUint32(huge[10:], 54)
	binary.LittleEndian.PutUint32(huge[14:], 40)
	binary.LittleEndian.PutUint32(huge[18:], 1<<23)
	binary.LittleEndian.PutUint32(huge[22:], 1<<23)
	binary.LittleEndian.PutUint16(huge[26:], 1)
	binary.LittleEndian.PutUint16(huge[28:], 24)
	check("a header of 2⁴⁶ pixels", huge)
}

func TestUnknownName(t *testing.T) {
	if _, err := Open(context.Background(), Options{Name: "minst"}); err == nil || !strings.Contains(err.Error(), "mnist") {
		t.Errorf("got %v, want the names there are", err)
	}
}

func TestFramed(t *testing.T) {
	s := &stored{c: 1, h: 2, w: 2, pixels: []byte{1, 2, 3, 4, 5, 6, 7, 8}, classes: []int32{0, 1}}
	if got := s.framed(2); got != s {
		t.Error("pictures of the size are changed")
	}
	want := []byte{0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6, 0, 0, 7, 8, 0, 0, 0, 0, 0}
	if got := s.framed(4); !slices.Equal(got.pixels, want) || got.h != 4 || got.w != 4 || got.Len() != 2 {
		t.Errorf("got %v, want %v", got.pixels, want)
	}
}

func TestPoints(t *testing.T) {
	for name, modes := range map[string]int{"points:ring8": 8, "points:grid25": 25} {
		d, err := Open(context.Background(), Options{Name: name, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		p := d.Test.(*Points)
		var xy []float32
		for i := range p.Len() {
			dst := make([]float32, 2)
			if _, err := p.Read(i, nil, dst); err != nil {
				t.Fatal(err)
			}
			xy = append(xy, dst...)
		}
		// Of a normal distribution in the plane, exp(−9/2) lies outside of 3 σ.
		if found, quality := p.Cover(xy); found != modes || quality < 0.985 || quality > 0.993 {
			t.Errorf("%s covers %d of its own %d modes with %v in 3 σ, want all and 0.989", name, found, modes, quality)
		}
		at := p.Modes[0]
		one := slices.Repeat([]float32{float32(at[0]), float32(at[1])}, 100)
		if got := p.Covered(xy); got < 0.9 || got > 0.993 {
			t.Errorf("the share of all modes is %v", got)
		}
		if got, want := p.Covered(append(slices.Clone(one), one...)), 1/float64(modes); math.Abs(got-want) > 1e-9 {
			t.Errorf("the share of one mode is %v, want %v", got, want)
		}
		if found, quality := p.Cover(append(one, 1000, 1000)); found != 1 || quality < 0.99 || quality == 1 {
			t.Errorf("%s: one mode and a stray point: %d modes, %v", name, found, quality)
		}
	}
}
