package script

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestFrame: a script drives a picture by its function frame. Its errors have their places in it, and it writes nothing.
func TestFrame(t *testing.T) {
	const z = 3
	dir := t.TempDir()
	frame := func(source string, times ...float64) (out []float32, err error) {
		in := New(Options{Steps: 100_000, Presents: true, Dir: dir})
		if err := in.Run(t.Context(), "t.star", []byte(source)); err != nil {
			return nil, err
		}
		for _, at := range times {
			if out, err = in.Frame(t.Context(), at, z); err != nil {
				return nil, err
			}
		}
		return out, in.Close()
	}
	got, err := frame("a = noise(3, seed=1)(0)\ndef frame(t):\n    return a * t", 1, 2)
	one, err2 := frame("frame = noise(3, seed=1)", 0)
	if err != nil || err2 != nil || len(got) != z || got[0] != 2*one[0] || one[0] == 0 {
		t.Errorf("got %v, %v, and %v, %v", got, err, one, err2)
	}
	for source, want := range map[string]string{
		"x = 1":                                 "has no function frame(t)",
		"frame = 3":                             "has no function frame(t)",
		"def frame():\n    return 1":            "t.star:1:1: function frame accepts no arguments (1 given)",
		"\ndef frame(t):\n    return t":         "t.star:2:1: frame(0.5) returns a float: return a latent vector",
		"def frame(t):\n    return noise(2)(t)": "t.star:1:1: frame(0.5) returns a latent vector of 2 numbers, where the model's have 3",
		"def frame(t):\n    return noise(3)(t) * float('nan')":    "t.star:1:1: frame(0.5) returns a latent vector with NaN in it",
		"def frame(t):\n    return 1 // 0":                        "t.star:2:14: floored division by zero",
		"def frame(t):\n    while True:\n        pass":            "more than 100000 steps: does it end?",
		"film('a.gif', 3, lambda i, t: noise(3)(t))":              "t.star:1:5: nothing is written while a script drives a picture",
		"def frame(t):\n    save_latents('a.npy', [noise(3)(t)])": "t.star:2:17: nothing is written while a script drives a picture",
	} {
		if _, err := frame(source, 0.5); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\ngives %v, want %q", source, err, want)
		}
	}
	runtime.GC() // what other tests left would be freed meanwhile, and hide what is kept
	in := New(Options{Presents: true, Memory: 16 << 20})
	err = in.Run(t.Context(), "t.star", []byte("all = []\ndef frame(t):\n    all.append([0] * 1000)\n    return noise(3)(t)"))
	n := 0
	for ; n < 1500 && err == nil; n++ { // of 16 kB each
		_, err = in.Frame(t.Context(), 0, z)
	}
	if err == nil || !strings.Contains(err.Error(), "more than 16 MiB of memory") {
		t.Errorf("a script that keeps a list from each of %d calls gives %v", n, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is written, %v", left, err)
	}
}
