package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"genview/vk"
	"genview/vk/vktest"
)

func TestCompareWidths(t *testing.T) {
	calls := map[string]int{}
	step := func(preset string, bits int) (float64, error) { // each third step of each is slowed down by something else
		key := fmt.Sprint(preset, bits)
		calls[key]++
		ms := map[string]float64{"a512": 10, "a256": 5, "b512": 10, "b256": 8}[key]
		if calls[key]%3 == 0 {
			ms *= 7
		}
		if bits == 512 && calls[key]%3 == 1 {
			ms *= 3
		}
		return ms, nil
	}
	ratio, err := compareWidths([]string{"a", "b"}, 512, 256, step)
	if want := math.Sqrt(0.5 * 0.8); err != nil || math.Abs(ratio-want) > 1e-9 {
		t.Errorf("got %g (%v), want %g", ratio, err, want)
	}
	broken := errors.New("broken")
	_, err = compareWidths([]string{"a"}, 512, 256, func(_ string, bits int) (float64, error) {
		if bits == 256 {
			return 0, broken
		}
		return 1, nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got the error %v, want %v", err, broken)
	}
}

// TestWiden: the width that was found is taken, unless the user has set one, asked for nothing of the kind, or it was found elsewhere.
func TestWiden(t *testing.T) {
	lavapipe := vktest.Open(t).Info().Lavapipe
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv(vk.WidthVariable, "") // put back after the test
	if err := os.MkdirAll(filepath.Dir(vectorsPath()), 0o755); err != nil {
		t.Fatal(err)
	}
	usual := vk.UsualWidth()
	other := 256 + 512 - usual
	good := fmt.Sprintf(`{"version":1,"usual":%d,"bits":%d}`, usual, other)
	for _, c := range []struct{ file, user, flag, want string }{
		{good, "", "", fmt.Sprint(other)},
		{good, fmt.Sprint(usual), "", fmt.Sprint(usual)},
		{good, "", "--no-tune", ""},
		{fmt.Sprintf(`{"version":1,"usual":%d,"bits":%d}`, other, other), "", "", ""},
		{fmt.Sprintf(`{"version":2,"usual":%d,"bits":%d}`, usual, other), "", "", ""},
		{fmt.Sprintf(`{"version":1,"usual":%d,"bits":7}`, usual), "", "", ""},
		{good[:9], "", "", ""},
	} {
		write(t, vectorsPath(), []byte(c.file))
		if c.user == "" {
			os.Unsetenv(vk.WidthVariable)
		} else {
			os.Setenv(vk.WidthVariable, c.user)
		}
		(&app{noTune: c.flag != ""}).widen()
		if got := os.Getenv(vk.WidthVariable); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
	if !lavapipe || usual != 512 {
		t.Skip("the rest is for lavapipe on a processor with AVX-512")
	}
	write(t, vectorsPath(), []byte(good))
	os.Unsetenv(vk.WidthVariable)
	for flag, want := range map[string]string{"--no-tune=false": "256 bits", "--no-tune": "512 bits"} {
		if out := must(t, "devices", flag); !strings.Contains(out, want) {
			t.Errorf("devices %s says %s, want %s", flag, out, want)
		}
	}
	os.Setenv(vk.WidthVariable, "512")
	refused(t, 2, "is set, which decides", "tune", "vae", "--vectors")
}

// TestRunKeepsItsVectors: a resumed run keeps its vector width, and its bits, although tuning has found another width to be better.
func TestRunKeepsItsVectors(t *testing.T) {
	if !vktest.Open(t).Info().Lavapipe || vk.UsualWidth() != 512 {
		t.Skip("for lavapipe on a processor with AVX-512")
	}
	keepMachineCode(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv(vk.WidthVariable, "")
	os.Unsetenv(vk.WidthVariable)
	dir := t.TempDir()
	steps := func(run, steps string) {
		must(t, "train", "gan", "--batch", "16", "--set", "model.hidden=96", "--set", "model.z=4", "--out", filepath.Join(dir, run), "--steps", steps)
	}
	resume := func(run string) { must(t, "train", "--resume", filepath.Join(dir, run), "--steps", "12") }
	find := func(bits int) {
		if err := os.MkdirAll(filepath.Dir(vectorsPath()), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, vectorsPath(), fmt.Appendf(nil, `{"version":1,"usual":512,"bits":%d}`, bits))
	}
	steps("wide", "12")
	steps("begun wide", "5")
	find(256)
	resume("begun wide")
	steps("narrow", "12")
	steps("begun narrow", "5")
	find(512)
	resume("begun narrow")
	read := func(run string) string { return string(newest(t, filepath.Join(dir, run))) }
	if read("wide") == read("narrow") {
		t.Fatal("the width changes nothing here: this test shows nothing")
	}
	for _, width := range []string{"wide", "narrow"} {
		if read(width) != read("begun "+width) {
			t.Errorf("a %s run that goes on beside other vectors gives other bits", width)
		}
	}
}
