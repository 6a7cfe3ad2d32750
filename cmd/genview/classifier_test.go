package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// halves writes pictures of 8 × 8 into a folder for each class: of those in left the left half is bright, of those in right the right one.
func halves(t *testing.T, dir string, n int) {
	t.Helper()
	for class, name := range []string{"left", "right"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			img := image.NewGray(image.Rect(0, 0, 8, 8))
			for j := range img.Pix {
				img.Pix[j] = byte(j * (i + 3) * 37 % 100)
				if j%8/4 == class {
					img.SetGray(j%8, j/8, color.Gray{img.Pix[j] + 150})
				}
			}
			var p bytes.Buffer
			if err := png.Encode(&p, img); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name, fmt.Sprintf("%d.png", i)), p.Bytes())
		}
	}
}

// TestClassifierLife trains on a folder of folders, evaluates the model, and classifies pictures with it.
func TestClassifierLife(t *testing.T) {
	dir := t.TempDir()
	pictures, run := filepath.Join(dir, "halves"), filepath.Join(dir, "run")
	halves(t, pictures, 40)
	must(t, "train", "classifier", "--no-tune", "--data", pictures, "--batch", "8", "--set", "model.hidden=4", "--set", "data.flip=false",
		"--set", "optim.lr=0.02", "--set", "optim.warmup=0", "--set", "optim.decay=0", "--out", run, "--steps", "40")
	var e struct {
		Step, Examples      int
		Accuracy, Loss, ECE float64
		Split               string
		Classes             []struct {
			Name       string
			Examples   int
			Recall, F1 float64
		}
		Confusion [][]int
	}
	if err := json.Unmarshal([]byte(must(t, "eval", "--no-tune", run, "--json")), &e); err != nil || e.Step != 40 || e.Examples < 2 || e.Accuracy != 1 ||
		!(e.Loss < 0.5) || !(e.ECE < 0.5) || e.Split != "test" || len(e.Classes) != 2 || e.Classes[1].Name != "right" || e.Classes[1].F1 != 1 ||
		len(e.Confusion) != 2 || e.Confusion[0][0]+e.Confusion[1][1] != e.Examples {
		t.Errorf("eval says %+v (%v)", e, err)
	}
	if table := must(t, "eval", "--no-tune", run); !strings.Contains(table, "right, loss 0.") || !strings.Contains(table, "\nleft ") || !strings.Contains(table, "taken for") {
		t.Errorf("eval says %s", table)
	}
	left, right := filepath.Join(pictures, "left", "1.png"), filepath.Join(pictures, "right", "2.png")
	if told := must(t, "classify", "--no-tune", run, left, right, "--top", "1"); !strings.HasPrefix(told, left+": left ") || !strings.Contains(told, "\n"+right+": right ") {
		t.Errorf("classify says %s", told)
	}
	var c struct {
		Picture string
		Classes []struct {
			Class       string
			Probability float64
		}
	}
	if err := json.Unmarshal([]byte(must(t, "classify", "--no-tune", run, right, "--json")), &c); err != nil || c.Picture != right || len(c.Classes) != 2 ||
		c.Classes[0].Class != "right" || !(math.Abs(c.Classes[0].Probability+c.Classes[1].Probability-1) < 1e-6) {
		t.Errorf("classify says %+v (%v)", c, err)
	}
	refused(t, 2, "--top 0", "classify", run, right, "--top", "0")
	refused(t, 1, "none.png cannot be read", "classify", "--no-tune", run, filepath.Join(dir, "none.png"))
	refused(t, 1, "the model is a CNN classifier, which makes no pictures", "sample", "--no-tune", run)
	more := filepath.Join(dir, "more")
	halves(t, more, 12)
	if err := os.Rename(filepath.Join(more, "left"), filepath.Join(more, "middle")); err != nil {
		t.Fatal(err)
	}
	if _, said, code := genview(t, "eval", "--no-tune", run, "--data", more, "--accept-data"); code != 1 || !strings.Contains(said, "has the class middle, and the model knows left, right") {
		t.Errorf("a class that the model does not know: exit code %d and %q", code, said)
	}
	if err := os.RemoveAll(filepath.Join(more, "middle")); err != nil {
		t.Fatal(err)
	}
	out := must(t, "eval", "--no-tune", run, "--data", more, "--accept-data", "--json") // whose only class is the model's second
	if !strings.Contains(out, `"confusion":[[0,0],[0,`) {
		t.Errorf("eval of other pictures says %s", out)
	}
	refused(t, 1, "are all of one class: put those of each class into a folder", "train", "classifier", "--data", more, "--out", filepath.Join(dir, "no"))
	refused(t, 2, "model.patch is 5 and must divide data.size, 28", "train", "vit", "--set", "model.patch=5", "--out", filepath.Join(dir, "no"))
	refused(t, 2, "model.heads is 0 and must divide model.width, 64", "train", "vit", "--set", "model.heads=0", "--out", filepath.Join(dir, "no"))
}
