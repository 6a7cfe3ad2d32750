// Package examples holds the programs of its folders to what they say.
package examples

import (
	"fmt"
	"image/gif"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"genview/vk/vktest"
)

// program runs an example and returns what it prints.
func program(t *testing.T, words ...string) string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"run"}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go run %q: %v: %s", words, err, out)
	}
	return string(out)
}

// film is an animation of at least n pictures.
func film(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if g, err := gif.DecodeAll(f); err != nil || len(g.Image) < n {
		t.Errorf("%s: %d pictures, %v; want %d", path, len(g.Image), err, n)
	}
}

// TestPictures trains a run for a moment, with a walk through it, and films it.
func TestPictures(t *testing.T) {
	vktest.Open(t)
	run, films := filepath.Join(t.TempDir(), "run"), t.TempDir()
	program(t, "./train", run, "60")
	film(t, filepath.Join(run, "walk.gif"), 30)
	program(t, "./film", run, films)
	film(t, filepath.Join(films, "walk.gif"), 30)
	film(t, filepath.Join(films, "training.gif"), 2)
}

func TestOp(t *testing.T) {
	vktest.Open(t)
	var loss float64
	var steps int
	if n, err := fmt.Sscanf(program(t, "./op", "600"), "loss %g nats after %d steps", &loss, &steps); n != 2 || err != nil || !(loss < 1) {
		t.Errorf("the loss is %v after %d steps, %v; want less than 1, of 2.77 at the beginning", loss, steps, err)
	}
}
