package tensor_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"genview/tensor"
)

// A specialCase is one of PyTorch's answers to special numbers, from testdata/special.txt.
type specialCase struct {
	name  string // an op in specialOps
	in    []specialInput
	shape []int
	y     []float32
	grads [][]float32 // of each differentiable input; nil: y has no gradients
}

// A specialInput has a name, because several cases use it. Its kind is x if it has a gradient, f if it has none, i if it is int32.
type specialInput struct {
	name, kind string
	shape      []int
	v          []float32
}

func (in specialInput) tensor() *T {
	if in.kind != "i" {
		return tensor.Const(in.v, in.shape...)
	}
	v := make([]int32, len(in.v))
	for i, x := range in.v {
		v[i] = int32(x)
	}
	return tensor.Const(v, in.shape...)
}

// specialCases reads testdata/special.txt, which scripts/torchspecial writes.
func specialCases(t *testing.T) []*specialCase {
	t.Helper()
	f, err := os.Open("testdata/special.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inputs := map[string]specialInput{}
	var all []*specialCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "#":
		case "in":
			inputs[words[1]] = specialInput{words[1], words[2], specialShape(t, words[3]), specialNumbers(t, words[4:])}
		case "case":
			c := &specialCase{name: words[1]}
			for _, name := range words[2:] {
				c.in = append(c.in, inputs[name])
			}
			all = append(all, c)
		case "y":
			c := all[len(all)-1]
			c.shape, c.y = specialShape(t, words[1]), specialNumbers(t, words[2:])
		default: // g0, g1, …
			c := all[len(all)-1]
			c.grads = append(c.grads, specialNumbers(t, words[1:]))
		}
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("testdata/special.txt: %d cases: %v", len(all), err)
	}
	return all
}

// specialShape reads a shape such as 3x5, or () for a scalar.
func specialShape(t *testing.T, s string) []int {
	t.Helper()
	if s == "()" {
		return nil
	}
	var shape []int
	for _, d := range strings.Split(s, "x") {
		n, err := strconv.Atoi(d)
		if err != nil {
			t.Fatal(err)
		}
		shape = append(shape, n)
	}
	return shape
}

func specialNumbers(t *testing.T, words []string) []float32 {
	t.Helper()
	v := make([]float32, len(words))
	for i, w := range words {
		x, err := strconv.ParseFloat(w, 32)
		if err != nil {
			t.Fatal(err)
		}
		v[i] = float32(x)
	}
	return v
}
