package vk_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"genview/vk"
	"genview/vk/vktest"
)

func TestPipelinesAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "vk")
	use := func() (path string, loaded int, data []byte) {
		dev := vktest.OpenWith(t, vk.Options{CacheDir: dir})
		y := vktest.Buffer(t, dev, make([]float32, 64))
		rec := dev.NewRecorder()
		rec.Dispatch(vktest.Kernel(t, dev, scale(false)), vk.Threads(16), vktest.Buffer(t, dev, make([]float32, 64)).View(), y.View())
		p, err := rec.Finish()
		if err != nil {
			t.Fatal(err)
		}
		vktest.Run(t, p)
		vktest.Equal(t, y, slices.Repeat([]float32{1}, 64))
		p.Close()
		return dev.CachePath(), dev.CacheLoaded(), dev.CacheData()
	}
	path, loaded, data := use()
	if loaded != 0 || len(data) < 32 {
		t.Fatalf("with an empty folder %d bytes were loaded; the cache has %d", loaded, len(data))
	}
	if err := vk.WriteCache(path, data); err != nil {
		t.Fatal(err)
	}
	if _, loaded, _ := use(); loaded != len(data) {
		t.Errorf("%d of %d bytes were loaded", loaded, len(data))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign := slices.Clone(data)
	foreign[8]++ // the vendor
	for name, spoil := range map[string]func() error{
		"damaged": func() error {
			p := slices.Clone(whole)
			p[len(p)-1]++
			return os.WriteFile(path, p, 0o644)
		},
		"cut":     func() error { return os.WriteFile(path, whole[:len(whole)-1], 0o644) },
		"tiny":    func() error { return os.WriteFile(path, whole[:9], 0o644) },
		"foreign": func() error { return vk.WriteCache(path, foreign) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, loaded, _ := use(); loaded != 0 {
			t.Errorf("%d bytes of a %s file were loaded", loaded, name)
		}
	}
}

// TestKeepingClears: a kept text replaces the old one, and removes partial files of killed processes.
func TestKeepingClears(t *testing.T) {
	dir := t.TempDir()
	dev := vktest.OpenWith(t, vk.Options{CacheDir: dir})
	dev.Keep("verdict", "wrong")
	names, err := filepath.Glob(filepath.Join(dir, "verdict-*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("kept as %q, %v", names, err)
	}
	left := filepath.Join(dir, "."+filepath.Base(names[0])+".abcdefgh.genview-partial")
	if err := os.WriteFile(left, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	dev.Keep("verdict", "right")
	if got := dev.Recall("verdict"); got != "right" {
		t.Errorf("recalled %q", got)
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("what was left half written is still there")
	}
}

func TestPipelinesAreWrittenAtClose(t *testing.T) {
	dir := t.TempDir()
	var before []byte
	for run := range 2 {
		dev, err := vk.Open(vk.Options{CacheDir: dir, Device: os.Getenv("GENVIEW_DEVICE")})
		if err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
		vktest.Kernel(t, dev, scale(false))
		path, more := dev.CachePath(), len(dev.CacheData()) > 32
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(path)
		if more == (err != nil) { // lavapipe's cache is empty
			t.Fatalf("there is something to keep: %v; the file: %v", more, err)
		}
		if run > 0 && !bytes.Equal(before, now) {
			t.Error("a run that made nothing new has written the file again")
		}
		before = now
	}
}
