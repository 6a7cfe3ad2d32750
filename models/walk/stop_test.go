package walk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"genview/models/fuzzing"
	"genview/models/npy"
	"genview/models/safetensors"
)

// flat is a space of two dimensions, whose pictures have points by their names.
func flat(t *testing.T) *Space {
	found := 0
	return &Space{
		Z: 2, Step: 500,
		Find: func(_ context.Context, file string) ([]float32, error) {
			if found++; found > 2 {
				t.Error("a picture was looked for twice")
			}
			switch filepath.Base(file) {
			case "a.png":
				return []float32{1, 0}, nil
			case "my-cat (2).png":
				return []float32{0, 1}, nil
			}
			return nil, fmt.Errorf("%s is not there", file)
		},
		Direction: func(name string) ([]float32, error) {
			switch name {
			case "smile":
				return []float32{0, 10}, nil
			case "wrong":
				return []float32{1}, nil
			}
			return nil, fmt.Errorf("there is no direction %q", name)
		},
	}
}

// TestStops reads what names points.
func TestStops(t *testing.T) {
	dir := t.TempDir()
	npy := filepath.Join(dir, "my-walk.npy")
	if err := WriteLatents(npy, [][]float32{{1, 2}, {3, 4}}); err != nil {
		t.Fatal(err)
	}
	s1, s7 := Seed(1, 2), Seed(7, 2)
	plus := func(p float64, a []float32, q float64, b []float32) string {
		return fmt.Sprint([][]float32{combine(p, a, q, b)})
	}
	cat := `image:"photos/my-cat (2).png"`
	space := flat(t)
	for text, want := range map[string]string{
		"seed:1":                    fmt.Sprint([][]float32{s1}),
		"seeds:1,5-7":               fmt.Sprint([][]float32{s1, Seed(5, 2), Seed(6, 2), s7}),
		"seeds: 1 , 7 ":             fmt.Sprint([][]float32{s1, s7}),
		"mean":                      "[[0 0]]",
		"image:photos/a.png":        "[[1 0]]",
		cat:                         "[[0 1]]",
		"image:photos/a.png-" + cat: "[[1 -1]]",
		"image:photos/a.png*2":      "[[2 0]]",
		"dir:smile*2.5":             "[[0 25]]",
		"-dir:smile":                "[[0 -10]]",
		"- - +dir:smile":            "[[0 10]]",
		"seed:1+seed:7":             plus(1, s1, 1, s7),
		"seed:1-seed:7":             plus(1, s1, -1, s7),
		"0.5*seed:1 + seed:7/2":     plus(0.5, s1, 0.5, s7),
		"(seed:1+seed:7)*1e0":       plus(1, s1, 1, s7),
		"mean+0.5*(image:photos/a.png-" + cat + ")": "[[0.5 -0.5]]",
		"2*(3-1)/4*dir:smile":                       "[[0 10]]",
		"z:" + npy:                                  "[[1 2] [3 4]]",
		"z:" + npy + "[1]":                          "[[3 4]]",
		"z:" + npy + "[1]-z:" + npy + "[0]":         "[[2 2]]",
		"file:" + npy + "[0]*2":                     "[[2 4]]",
		" seed:1 ":                                  fmt.Sprint([][]float32{s1}),
	} {
		stops, err := space.Stops(t.Context(), text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got [][]float32
		for _, s := range stops {
			got = append(got, s.Z)
			if s.Step != 500 {
				t.Errorf("%s: step %d", text, s.Step)
			}
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
	for text, want := range map[string]int{"seed:1@step:0": 0, "seeds:1-3@step:120": 120, "seed:1@step:last": 500, "mean@step:500": 500} {
		if stops, err := space.Stops(t.Context(), text); err != nil || stops[0].Step != want {
			t.Errorf("%s: %v, %v", text, stops, err)
		}
	}
}

// TestStopsThatAreNone: one line says what is wrong with a text that names no point.
func TestStopsThatAreNone(t *testing.T) {
	space := flat(t)
	for text, want := range map[string]string{
		"":                             "where it ends begins no point",
		"7":                            "is a number and no point",
		"seed":                         `at "seed" begins no point`,
		"seed:x":                       `the seed "x" must be a whole number`,
		"seed:-1":                      "seed: names nothing",
		"seed:99999999999999999999":    "must be a whole number",
		"seeds:":                       "must be a whole number",
		"seeds:5-1":                    "ends before it begins",
		"seeds:0-18446744073709551615": "more than 100000 seeds",
		"seeds:1,2+seed:3":             "must be a whole number",
		"seed:1+seeds:1,2":             "several seeds are no part of a sum",
		"sed:1":                        `"sed:" names no kind of point`,
		"seed:1+":                      "where it ends begins no point",
		"seed:1 seed:2":                `"seed:2" is one too many`,
		"(seed:1":                      "a ) is missing",
		"seed:1)":                      `")" is one too many`,
		"seed:1*seed:2":                "two points have no product",
		"2/seed:1":                     "nothing is divided by a point",
		"seed:1/0":                     "divided by 0",
		"seed:1+2":                     "have no sum",
		"seed:1*1.2.3":                 "1.2.3 is no number",
		"z:":                           `"z:": z: names nothing`,
		"image:":                       "image: names nothing",
		`image:""`:                     "image: names nothing",
		"seed:":                        "seed: names nothing",
		"z:./none.npy":                 `walk: "z:./none.npy": ./none.npy is not there`,
		"seed:1*1e999":                 "too large a number",
		"seed:1*1e300":                 "too large for float32",
		"dir:frown":                    `there is no direction "frown"`,
		"dir:wrong":                    "has 1 numbers, the model's z has 2",
		"image:b.png":                  "b.png is not there",
		`image:"b.png`:                 "begins no point",
		"z:none.npy":                   "none.npy is not there",
		"seed:1@step:x":                "@step:x: give a step",
		"seed:1@step:-3":               "@step:-3: give a step",
		"seed:1@step:501":              "the run is at step 500",
		"file:/dev/zero":               "is no file",
		strings.Repeat("(", 200000):    "nested more than 100 deep",
		strings.Repeat("-", 200000):    "nested more than 100 deep",
	} {
		_, err := space.Stops(t.Context(), text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q gives %.300v, want %q", text, err, want)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("%.60q gives %d bytes", text, len(err.Error()))
		}
	}
	none := &Space{Z: 2}
	for _, text := range []string{"image:a.png", "dir:smile"} {
		if _, err := none.Stops(t.Context(), text); err == nil {
			t.Errorf("a space without them has %s", text)
		}
	}
	if _, err := space.Point(t.Context(), "seeds:1,2"); err == nil || !strings.Contains(err.Error(), "names 2 points") {
		t.Errorf("two points for one give %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	gone := &Space{Z: 2, Find: func(ctx context.Context, _ string) ([]float32, error) { return nil, ctx.Err() }}
	if _, err := gone.Stops(cancelled, "image:a.png"); !errors.Is(err, context.Canceled) {
		t.Errorf("a search that is cancelled gives %v", err)
	}
}

// TestNoFiles: a space without files reads none, wherever in a text they stand, and says nothing of what is there.
func TestNoFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "z.json")
	if err := os.WriteFile(path, []byte("[1,2]"), 0o644); err != nil {
		t.Fatal(err)
	}
	find := func(context.Context, string) ([]float32, error) {
		t.Error("a picture is read")
		return []float32{1, 2}, nil
	}
	for _, text := range []string{"z:%s", "file:%s", "z:%s[0]", "mean+z:%s", "2*(seed:1-file:%s)", "image:%s", "seed:1+image:%s", "z:%s.none"} {
		space := &Space{Z: 2, Find: find}
		if !strings.Contains(text, "image") && !strings.Contains(text, "none") {
			if _, err := space.Stops(t.Context(), fmt.Sprintf(text, path)); err != nil {
				t.Errorf("%s with files: %v", text, err)
			}
		}
		space.NoFiles = true
		if _, err := space.Stops(t.Context(), fmt.Sprintf(text, path)); !errors.Is(err, errNoFiles) {
			t.Errorf("%s without files gives %v", text, err)
		}
	}
	few := &Space{Z: 2, NoFiles: true, Most: 3}
	if _, err := few.Stops(t.Context(), "seeds:1-2,5"); err != nil {
		t.Error(err)
	}
	if _, err := few.Stops(t.Context(), "seeds:1-2,5-6"); err == nil || !strings.Contains(err.Error(), "more than 3 seeds") {
		t.Errorf("four seeds where three are the most give %v", err)
	}
}

// TestLatentsOfFiles reads latent vectors in the forms in which programs write them, and files that are none.
func TestLatentsOfFiles(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"[1, -2.5, 3e1]":    "[[1 -2.5 30]] <nil>",
		"\ufeff[1,2,3]\r\n": "[[1 2 3]] <nil>",
		"[[1,2,3]]":         "[[1 2 3]] <nil>",
		" [ [[1,2,3]] ] ":   "[[1 2 3]] <nil>",
		"[[1,2,3],[4,5,6]]": "[[1 2 3] [4 5 6]] <nil>",
		"[1,null,3]":        "has null where number 2 should be",
		"[1,2,\"3\"]":       "has a string where number 3 should be",
		"[true,2,3]":        "has true or false where number 1 should be",
		"[1,{},3]":          "has an object where number 2 should be",
		"[1,[2],3]":         "has an array where number 2 should be",
		"[[1,2,3],4]":       "is an array of arrays but for element 1",
		"[[1,2,3],[4,5]]":   "has 2 numbers, the model's z has 3",
		"[1,2]":             "has 2 numbers, the model's z has 3",
		"[]":                "has no numbers",
		"[1,NaN,3]":         "is no JSON: it must be an array of 3 numbers",
		"[1,Infinity,3]":    "is no JSON",
		"[1,1e39,3]":        "that float32 does not hold, as number 2",
		"[1,-1e400,3]":      "that float32 does not hold, as number 2",
		"[1,2,3][4]":        "is no JSON",
		"":                  "is no JSON",
		"null":              "is no JSON array of numbers",
		"{\"z\":[1,2,3]}":   "is no JSON array of numbers",
		"7":                 "is no JSON array of numbers",
		strings.Repeat("[", 9000) + strings.Repeat("]", 9000): "is no JSON array of numbers",
	} {
		path := filepath.Join(dir, "z.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		v, err := ReadLatents(path, 3)
		if got := fmt.Sprint(v, err); !strings.Contains(got, want) {
			t.Errorf("%.60q: got %.300s, want %s", text, got, want)
		}
	}
}

// TestLatentsOfNumPy reads what WriteLatents writes, and no damaged file.
func TestLatentsOfNumPy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "z.npy")
	want := [][]float32{{1, 2, 3}, {4, 5, 6}}
	if err := WriteLatents(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLatents(path, 3)
	if err != nil || !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
		t.Errorf("got %v, %v", got, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if head := string(whole[10:80]); !strings.Contains(head, "(2, 3") || !strings.Contains(head, "<f4") {
		t.Errorf("NumPy reads %q", head)
	}
	for what, p := range map[string][]byte{
		"has 20 bytes":               whole[:len(whole)-4],
		"has no numbers":             []byte(strings.Replace(string(whole[:128]), "(2, 3)", "(0, 3)", 1)),
		"has 6 numbers, the model's": []byte(strings.Replace(strings.Replace(string(whole), "(2, 3)", "(6,)", 1), "}", "}  ", 1)),
		"holds >f4":                  []byte(strings.Replace(string(whole), "<f4", ">f4", 1)),
		"holds <f2":                  []byte(strings.Replace(string(whole), "<f4", "<f2", 1)),
		"order true":                 []byte(strings.Replace(strings.Replace(string(whole), "False", "True", 1), "}", "} ", 1)),
		"no .npy":                    []byte("PK\x03\x04"),
		"numbers than":               []byte(strings.Replace(string(whole), "(2, 3)", "(9999999999999, 3)", 1)),
		"holds <i4":                  []byte(strings.Replace(string(whole), "<f4", "<i4", 1)),
	} {
		if err := os.WriteFile(path, p, 0o644); err != nil {
			t.Fatal(err)
		}
		if v, err := ReadLatents(path, 3); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v, %v", what, v, err)
		}
	}
}

// TestLatentsOfTensors reads the tensor that is called z, or the only one.
func TestLatentsOfTensors(t *testing.T) {
	nan := filepath.Join(t.TempDir(), "nan.safetensors")
	for want, tensors := range map[string][]safetensors.Tensor{
		"has NaN as number 2 of latent vector 0": {{Name: "w", Shape: []int{3}, Values: []float32{1, float32(math.NaN()), 3}}},
		"none is called z":                       {{Name: "a", Shape: []int{3}, Values: []float32{1, 2, 3}}, {Name: "b", Shape: []int{3}, Values: []float32{1, 2, 3}}},
		"has 4 numbers, the model's z has 3":     {{Name: "z", Shape: []int{1, 4}, Values: []float32{1, 2, 3, 4}}},
		"[[1 2 3] [4 5 6]] <nil>":                {{Name: "z", Shape: []int{2, 1, 3}, Values: []float32{1, 2, 3, 4, 5, 6}}, {Name: "b", Shape: []int{1}, Values: []float32{1}}},
	} {
		if err := safetensors.Write(nan, &safetensors.File{Tensors: tensors}); err != nil {
			t.Fatal(err)
		}
		v, err := ReadLatents(nan, 3)
		if got := fmt.Sprint(v, err); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// FuzzStops: no text makes the parser panic, hang or take memory without end.
func FuzzStops(f *testing.F) {
	for _, text := range []string{"seed:1+0.5*(image:a.png-dir:x)", "seeds:1,5-9@step:3", "z:a.npy[3]", `image:"a b.png"/2`, "((((", "1e9*mean"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &Space{Z: 1, Step: 9, Find: func(context.Context, string) ([]float32, error) { return []float32{1}, nil }}
		if len(text) > 10000 || strings.Contains(text, "z:") || strings.Contains(text, "file:") { // no files
			return
		}
		var stops []Stop
		err := fuzzing.Check(t, []byte(text), fuzzing.Usage{}, func() (err error) { stops, err = s.Stops(t.Context(), text); return err })
		for _, p := range stops {
			if err != nil || len(p.Z) != 1 || math.IsNaN(float64(p.Z[0])) {
				t.Errorf("%q: %v, %v", text, p, err)
			}
		}
	})
}

// FuzzLatents: no file makes the readers panic, or take memory that it does not have itself.
func FuzzLatents(f *testing.F) {
	var file bytes.Buffer
	if err := npy.Write(&file, []float32{1, 2, 3, 4}, 2, 2); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(bytes.Replace(file.Bytes(), []byte("(2, 2)"), []byte("(4294967296, 4294967296)"), 1))
	tensors, err := safetensors.Encode(&safetensors.File{Tensors: []safetensors.Tensor{{Name: "z", Shape: []int{1, 2}, Values: []float32{1, 2}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tensors)
	f.Add(bytes.Replace(tensors, []byte("[0,8]"), []byte("[0,9]"), 1))
	for _, text := range []string{"[[1,2],[3,4]]", "[[[1,2]]]", "[1,\"NaN\"]", "\ufeff[ 1 , 2 ]", "[" + strings.Repeat("[", 20_000), "\xff\xff\xff\xff\xff\xff\xff\x00{"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var v []float32
		var shape []int
		err := fuzzing.Check(t, p, fuzzing.Usage{}, func() (err error) { v, shape, err = npy.Read(p); return err })
		if n := 1; err == nil {
			for _, d := range shape {
				n *= d
			}
			if n != len(v) || 4*n > len(p) {
				t.Errorf("%v numbers of shape %v of %d bytes", len(v), shape, len(p))
			}
		}
		for _, name := range []string{"a.json", "a.npy", "a.safetensors"} {
			_ = fuzzing.File(t, p, name, fuzzing.Usage{}, func(path string) error {
				all, err := ReadLatents(path, 2)
				for _, z := range all {
					if len(z) != 2 {
						t.Errorf("%s of %q: %v", name, p, z)
					}
				}
				return err
			})
		}
	})
}
