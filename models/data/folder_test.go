package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// tree writes files to a new folder.
func tree(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, p := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// opened opens a folder and returns the lines that it logs.
func opened(dir string) (d *Dataset, lines []string, err error) {
	d, err = Open(context.Background(), Options{
		Name: "folder", Dir: dir, Size: 8, Channels: 1, Log: func(line string) { lines = append(lines, line) },
	})
	return d, lines, err
}

// numbered writes n pictures, some of them damaged.
func numbered(t *testing.T, n int, damaged ...int) map[string][]byte {
	whole, files := aPicture(t), map[string][]byte{}
	for i := range n {
		p := whole
		if slices.Contains(damaged, i) {
			p = whole[:len(whole)/2]
		}
		files[fmt.Sprintf("%03d.png", i)] = p
	}
	return files
}

func TestAFewDamagedPicturesAreLeftOut(t *testing.T) {
	all := make([]int, 0, 12)
	for i := range 12 {
		all = append(all, 10*i)
	}
	held := 0
	for _, i := range all {
		if setAside(fmt.Sprintf("%03d.png", i)) {
			held++
		}
	}
	if held == 0 {
		t.Fatal("none of the damaged pictures is held out")
	}
	dir := tree(t, numbered(t, 120, all...))
	d, lines, err := opened(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Train.Len() + d.Test.Len(); n != 108 || d.LeftOut != 12 {
		t.Errorf("%d pictures are read and %d left out, want 108 and 12", n, d.LeftOut)
	}
	if want := "read 108 pictures of " + dir + ", 12 left out (12 that cannot be read)"; len(lines) != 12 || lines[0] != want {
		t.Errorf("got %q, want %q, ten names, and that there are more", lines, want)
	}
	for i, line := range lines[1:] {
		want := fmt.Sprintf("left out: %s: ", filepath.Join(dir, fmt.Sprintf("%03d.png", all[i])))
		if i == 10 {
			want = "left out: 2 more"
		}
		if !strings.HasPrefix(line, want) {
			t.Errorf("got %q, want %q", line, want)
		}
	}
	// The other pictures are the same as without the damaged ones.
	for _, i := range all {
		if err := os.Remove(filepath.Join(dir, fmt.Sprintf("%03d.png", i))); err != nil {
			t.Fatal(err)
		}
	}
	without, _, err := opened(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := make([]float32, 64), make([]float32, 64)
	for i := range d.Train.Len() {
		_, errA := d.Train.Read(i, nil, a)
		_, errB := without.Train.Read(i, nil, b)
		if errA != nil || errB != nil || !slices.Equal(a, b) {
			t.Fatalf("picture %d differs from what it is without the damaged ones, or %v, %v", i, errA, errB)
		}
	}
	if d.Identity != without.Identity {
		t.Error("pictures that are left out are part of the identity")
	}
}

func TestMoreThanATenthDamagedEnds(t *testing.T) {
	dir := tree(t, numbered(t, 100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
	_, _, err := opened(dir)
	for _, want := range []string{"11 of 100 pictures", filepath.Join(dir, "000.png") + ": ", "1 more", "mend them or leave them out"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	_, _, err = opened(tree(t, numbered(t, 1, 0)))
	if err == nil || !strings.Contains(err.Error(), "the only picture") {
		t.Errorf("one damaged picture alone gives %v", err)
	}
}

func TestOtherFilesAreCounted(t *testing.T) {
	files := numbered(t, 3)
	for _, name := range []string{"a/1.HEIC", "a/2.heic", "b/3.heic", "notes.txt", "README", ".hidden.txt", ".git/config.txt"} {
		files[name] = []byte("x")
	}
	dir := tree(t, files)
	d, lines, err := opened(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := "read 3 pictures of " + dir + ", 5 left out (3 .heic, 1 without an ending, 1 .txt)"
	if !slices.Equal(lines, []string{want}) || d.LeftOut != 5 {
		t.Errorf("got %q and %d, want %q and 5", lines, d.LeftOut, want)
	}
	if !slices.Equal(d.Classes, []string{"."}) {
		t.Errorf("folders without pictures are classes: %q", d.Classes)
	}
	_, _, err = opened(tree(t, map[string][]byte{"1.heic": nil, "2.heic": nil}))
	if err == nil || !strings.Contains(err.Error(), "no pictures in") || !strings.Contains(err.Error(), "2 .heic") {
		t.Errorf("a folder of other files gives %v", err)
	}
}

func TestLinks(t *testing.T) {
	p := aPicture(t)
	cats := tree(t, map[string][]byte{"1.png": p, "2.jpe": p, "3.jfif": p})
	root := tree(t, map[string][]byte{"dogs/1.png": p, "dogs/deep/2.png": p})
	link := func(old, name string) {
		t.Helper()
		if err := os.Symlink(old, filepath.Join(root, name)); err != nil {
			t.Skip(err)
		}
	}
	link(cats, "cats")
	link(root, "dogs/deep/root")     // a circle
	link(cats, "dogs/deep/more")     // read already
	link("nowhere.png", "dogs/gone") // not a picture by its name
	link(filepath.Join(cats, "1.png"), "dogs/linked.png")
	outside := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, outside); err != nil {
		t.Fatal(err)
	}
	d, lines, err := opened(outside)
	if err != nil {
		t.Fatal(err)
	}
	want := "read 6 pictures of " + outside + ", 1 left out (1 without an ending)"
	if !slices.Equal(lines, []string{want}) || !slices.Equal(d.Classes, []string{"cats", "dogs"}) {
		t.Errorf("got %q of %q, want %q of cats and dogs", lines, d.Classes, want)
	}
}

// write writes a picture as PNG.
func write(t *testing.T, img image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picture.png")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := png.Encode(w, img); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBlackPicturesAndSilhouettes(t *testing.T) {
	rect := image.Rect(0, 0, 16, 16)
	black := image.NewRGBA(rect)
	for i := 3; i < len(black.Pix); i += 4 {
		black.Pix[i] = 255
	}
	half := image.NewNRGBA(rect) // black, the left half to be seen
	for y := range 16 {
		for x := range 8 {
			half.SetNRGBA(x, y, color.NRGBA{0, 0, 0, 255})
		}
	}
	red := image.NewNRGBA(rect) // red, the left half to be seen
	for y := range 16 {
		for x := range 16 {
			red.SetNRGBA(x, y, color.NRGBA{255, 0, 0, uint8(255 * (1 - x/8))})
		}
	}
	for _, c := range []struct {
		what        string
		img         image.Image
		left, right [3]float32
	}{
		{"opaque black", black, [3]float32{}, [3]float32{}},
		{"opaque grey black", image.NewGray(rect), [3]float32{}, [3]float32{}},
		{"nothing to be seen", image.NewNRGBA(rect), [3]float32{}, [3]float32{}},
		{"a silhouette", half, [3]float32{1, 1, 1}, [3]float32{}},
		{"red on nothing", red, [3]float32{1, 0, 0}, [3]float32{}},
	} {
		for _, channels := range []int{1, 3} {
			p, err := ReadImage(write(t, c.img), channels, 4, 4)
			if err != nil {
				t.Fatal(err)
			}
			for k := range channels {
				left, right := c.left[k], c.right[k]
				if channels == 1 && c.left[0] != c.left[1] {
					left = 76. / 255 // the luma of red
				}
				if p[16*k] != left || p[16*k+3] != right {
					t.Errorf("%s: channel %d of %d is %v and %v, want %v and %v", c.what, k, channels, p[16*k], p[16*k+3], left, right)
				}
			}
		}
	}
}

// TestPicturesTooLargeToDecode uses files that hold little more than a header.
func TestPicturesTooLargeToDecode(t *testing.T) {
	dir := t.TempDir()
	for i, side := range []int{16384, 1 << 20} {
		path := filepath.Join(dir, fmt.Sprint(i)+".png")
		if err := os.WriteFile(path, hugePNG(side), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadImage(path, 1, 8, 8)
		if err == nil || !strings.Contains(err.Error(), "MiB of memory") || !strings.Contains(err.Error(), fmt.Sprintf("%d×%d", side, side)) {
			t.Errorf("%d² pixels of 16 bits give %v", side, err)
		}
	}
}

func TestFolderTooLargeToKeep(t *testing.T) {
	if err := affordable(100_000, 3, 64); err != nil {
		t.Error(err)
	}
	for _, c := range [][3]int{{100_000, 3, 1024}, {1, 3, 1 << 40}, {1 << 40, 1, 1}} {
		err := affordable(c[0], c[1], c[2])
		if err == nil || !strings.Contains(err.Error(), "data.size smaller") {
			t.Errorf("%v gives %v", c, err)
		}
	}
}

// hugePNG is a file that says to have side × side pixels of four channels with 16 bits each.
func hugePNG(side int) []byte {
	p := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	p = binary.BigEndian.AppendUint32(p, uint32(side))
	p = binary.BigEndian.AppendUint32(p, uint32(side))
	p = append(p, 16, 6, 0, 0, 0)
	p = binary.BigEndian.AppendUint32(p, crc32.ChecksumIEEE(p[12:]))
	return append(p, "\x00\x00\x00\x00IDAT\x35\xaf\x06\x1e\x00\x00\x00\x00IEND\xae\x42\x60\x82"...)
}

// TestDecodersShareTheirMemory asks, while a picture is decoded, how much is left for others.
func TestDecodersShareTheirMemory(t *testing.T) {
	path, memory := write(t, image.NewNRGBA(image.Rect(0, 0, 100, 50))), newBudget()
	const took = 4 * 100 * 50
	err := memory.with(context.Background(), path, func(raster) {
		if memory.decoded.TryAcquire(maxDecoded - took + 1) {
			t.Error("the picture's memory counts as free")
		}
		if !memory.decoded.TryAcquire(maxDecoded - took) {
			t.Error("more is taken than the picture needs")
		}
		memory.decoded.Release(maxDecoded - took)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !memory.decoded.TryAcquire(maxDecoded) || !memory.files.TryAcquire(maxFile) {
		t.Error("memory is not given back")
	}
}

// TestLook tells grey from colour by pixels where headers do not, and sizes by the one in the middle.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	grey, coloured := image.NewRGBA(image.Rect(0, 0, 30, 20)), image.NewRGBA(image.Rect(0, 0, 90, 80))
	for i := range grey.Pix {
		grey.Pix[i] = 255
	}
	for i := 0; i < len(coloured.Pix); i += 4 {
		copy(coloured.Pix[i:], []byte{200, 20, 20, 255})
	}
	for i := range 3 {
		if err := os.Rename(write(t, grey), filepath.Join(dir, fmt.Sprint(i)+".png")); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Look(context.Background(), dir)
	if want := (Survey{3, 30, 20, true}); err != nil || s != want {
		t.Errorf("got %+v, %v; want %+v", s, err, want)
	}
	if err := os.Rename(write(t, coloured), filepath.Join(dir, "3.png")); err != nil {
		t.Fatal(err)
	}
	s, err = Look(context.Background(), dir)
	if want := (Survey{4, 30, 20, false}); err != nil || s != want {
		t.Errorf("with a coloured one: got %+v, %v; want %+v", s, err, want)
	}
	if _, err := Look(context.Background(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no pictures") {
		t.Errorf("an empty folder gives %v", err)
	}
}

// TestBlackInEveryFormat writes opaque black pictures as other programs do.
func TestBlackInEveryFormat(t *testing.T) {
	rect := image.Rect(0, 0, 16, 16)
	colours, grey := image.NewRGBA(rect), image.NewGray(rect)
	for i := 3; i < len(colours.Pix); i += 4 {
		colours.Pix[i] = 255
	}
	for format, encode := range map[string]func(io.Writer, image.Image) error{
		"png":  png.Encode,
		"jpg":  func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) },
		"gif":  func(w io.Writer, img image.Image) error { return gif.Encode(w, img, nil) },
		"bmp":  bmp.Encode,
		"tiff": func(w io.Writer, img image.Image) error { return tiff.Encode(w, img, nil) },
	} {
		for _, img := range []image.Image{colours, grey} {
			var p bytes.Buffer
			if err := encode(&p, img); err != nil {
				t.Fatal(format, err)
			}
			dir := tree(t, map[string][]byte{"black." + format: p.Bytes()})
			for _, channels := range []int{1, 3} {
				got, err := ReadImage(filepath.Join(dir, "black."+format), channels, 4, 4)
				if err != nil || slices.Max(got) > 0 {
					t.Errorf("%T as %s with %d channels: got %v, %v; want black", img, format, channels, got, err)
				}
			}
		}
	}
}
