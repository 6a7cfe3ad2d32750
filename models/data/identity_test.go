package data

import (
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// pngFile writes a grey picture of a width and returns its path.
func pngFile(t *testing.T, width int, path ...string) string {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	img := image.NewGray(image.Rect(0, 0, width, 10))
	for i := range img.Pix {
		img.Pix[i] = byte(i*i + width)
	}
	if err := png.Encode(w, img); err != nil {
		t.Fatal(err)
	}
	return name
}

func identityOf(t *testing.T, o Options) string {
	t.Helper()
	d, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if d.Identity == "" {
		t.Fatalf("%+v has no identity", o)
	}
	return d.Identity
}

func TestIdentityOfAFolder(t *testing.T) {
	make := func(t *testing.T) string {
		dir := t.TempDir()
		for _, name := range []string{"a/1.png", "a/2.png", "b/3.png"} {
			pngFile(t, 20, dir, name)
		}
		return dir
	}
	at := func(dir string) string { return identityOf(t, Options{Name: "folder", Dir: dir, Size: 8, Channels: 1}) }
	first := at(make(t))
	if other := at(make(t)); other != first {
		t.Errorf("the same pictures elsewhere are %q and %q", first, other)
	}
	for what, change := range map[string]func(dir string) error{
		"one more":    func(dir string) error { pngFile(t, 20, dir, "b", "4.png"); return nil },
		"one less":    func(dir string) error { return os.Remove(filepath.Join(dir, "a", "1.png")) },
		"another one": func(dir string) error { pngFile(t, 33, dir, "a", "1.png"); return nil },
		"a new name": func(dir string) error {
			return os.Rename(filepath.Join(dir, "a", "1.png"), filepath.Join(dir, "a", "0.png"))
		},
	} {
		dir := make(t)
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		if at(dir) == first {
			t.Errorf("%s leaves the identity as it was", what)
		}
	}
}

func TestIdentityOfIDXAndWhatIsMade(t *testing.T) {
	write := func(last byte) string {
		dir := t.TempDir()
		for i, name := range idxFiles {
			if i%2 == 0 {
				writeIDX(t, filepath.Join(dir, name), []uint32{2, 2, 2}, []byte{0, 51, 102, 153, 204, 255, 0, last})
			} else {
				writeIDX(t, filepath.Join(dir, name), []uint32{2}, []byte{3, 4})
			}
		}
		return dir
	}
	at := func(dir string, size int) string { return identityOf(t, Options{Name: "mnist", Dir: dir, Size: size}) }
	first := at(write(0), 2)
	if first != at(write(0), 4) {
		t.Error("a margin changes the identity of the files")
	}
	if first == at(write(1), 2) {
		t.Error("another pixel leaves the identity as it was")
	}
	for _, name := range []string{"glyphs", "points:ring8", "points:grid25"} {
		one := identityOf(t, Options{Name: name, Size: 28, Seed: 1})
		if one != identityOf(t, Options{Name: name, Size: 28, Seed: 1}) || one == identityOf(t, Options{Name: name, Size: 28, Seed: 2}) {
			t.Errorf("the identity of %s does not follow its seed: %q", name, one)
		}
	}
}
