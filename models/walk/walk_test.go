package walk

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSlerpKeepsLengthAndAngle(t *testing.T) {
	a, b := []float32{2, 0, 0}, []float32{0, 2, 0}
	for _, x := range []float64{0, 0.25, 0.5, 1} {
		got := Slerp(a, b, x)
		angle := math.Atan2(float64(got[1]), float64(got[0]))
		length := math.Hypot(float64(got[0]), float64(got[1]))
		if math.Abs(angle-x*math.Pi/2) > 1e-6 || math.Abs(length-2) > 1e-6 {
			t.Errorf("at %v: got %v, of length %v at %v", x, got, length, angle)
		}
	}
	if got := Slerp(a, a, 0.5); !slices.Equal(got, a) {
		t.Errorf("between equal points: got %v, want %v", got, a)
	}
}

func TestPath(t *testing.T) {
	stops := [][]float32{{0}, {1}, {3}}
	got, err := Path(stops, 5, Lerp)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{0, 0.5, 1, 2, 3} {
		if got(i)[0] != want {
			t.Errorf("frame %d: got %v, want %v", i, got(i)[0], want)
		}
	}
	if _, err := Path(stops, 0, Lerp); err == nil || !strings.Contains(err.Error(), "give 1 or more") {
		t.Errorf("no frames give %v", err)
	}
}

func TestPoint(t *testing.T) {
	a, _ := Point("seed:3", 20)
	b, _ := Point("seed:3", 20)
	c, _ := Point("seed:4", 20)
	if !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Error("a point must be a function of its seed")
	}
	path := filepath.Join(t.TempDir(), "z.json")
	if err := os.WriteFile(path, []byte("[1, 2]"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Point("file:"+path, 2); err != nil || !slices.Equal(got, []float32{1, 2}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"seed:x", "seed:-1", "7", "file:/none", "file:" + path, "file:/dev/zero"} {
		if _, err := Point(bad, 3); err == nil {
			t.Errorf("%q was taken for a point", bad)
		}
	}
}

// TestPointOfAFile reads latent vectors in the forms in which programs write them, and files that are none.
func TestPointOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "z.json")
	for text, want := range map[string]string{
		"[1, -2.5, 3e1]":           "[1 -2.5 30] <nil>",
		"\ufeff[1,2,3]\r\n":        "[1 2 3] <nil>",
		"[[1,2,3]]":                "[1 2 3] <nil>",
		" [ [[1,2,3]] ] ":          "[1 2 3] <nil>",
		"[1,null,3]":               path + " has null where number 2 should be",
		"[1,2,\"3\"]":              "has a string where number 3 should be",
		"[true,2,3]":               "has true or false where number 1 should be",
		"[1,{},3]":                 "has an object where number 2 should be",
		"[1,[2],3]":                "holds more than one array",
		"[[1,2,3],[4,5,6]]":        "holds more than one array",
		"[1,2]":                    "has 2 numbers, the model's z has 3",
		"[]":                       "has 0 numbers",
		"[1,NaN,3]":                "is no JSON: it must be an array of 3 numbers",
		"[1,Infinity,3]":           "is no JSON",
		"[1,1e39,3]":               "that float32 does not hold, as number 2",
		"[1,-1e400,3]":             "that float32 does not hold, as number 2",
		"[1,2,3][4]":               "is no JSON",
		"":                         "is no JSON",
		"null":                     "is no JSON array of numbers",
		"{\"z\":[1,2,3]}":          "is no JSON array of numbers",
		"7":                        "is no JSON array of numbers",
		strings.Repeat("[", 70000): "too many for 3 numbers",
		strings.Repeat("[", 9000) + strings.Repeat("]", 9000): "is no JSON array of numbers",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		v, err := Point("file:"+path, 3)
		if got := fmt.Sprint(v, err); !strings.Contains(got, want) {
			t.Errorf("%.60q: got %s, want %s", text, got, want)
		}
	}
}
